"""A pipeline of diffusers from a bundle's folders: read from the disk alone, whole or not at all."""

from __future__ import annotations

from typing import Any

import torch

from fice.bundle.bundle import Bundle
from fice.device import check_precision, free_memory
from fice.diffusion.families import Family
from fice.diffusion.size import numbers_of
from fice.errors import DeviceError, UsageError, WeightsError, first_line, is_out_of_memory
from fice.extras import install, need, silent
from fice.settings import Settings

ROOM = 1.25  # times the weights: what is computed needs room, too
PLACES = {
    "none": "The model is on {device} as a whole.",
    "model": "The model ({size} GB) is too large for what {device} has free: its parts take turns there.",
    "layer": "The model ({size} GB) is much too large for what {device} has free: its layers take turns there, slowly.",
}


def load_pipeline(
    bundle: Bundle, family: Family, device: torch.device, settings: Settings, posed: bool
) -> tuple[Any, tuple[str, ...]]:
    """The pipeline of a bundle that paints inside a mask, with its ControlNet where `posed`, on a device; and notices.

    Raises UsageError where the extra is not installed or too old for the family and for settings that do not fit it,
    DeviceError where memory does not hold the weights, WeightsError for a folder that is damaged or does not fit.
    """
    need("diffusion", "diffusers", "transformers", "accelerate", "peft")
    import diffusers

    name = (posed and family.posed) or family.pipeline
    with silent():
        there = hasattr(diffusers, name)
    if not there:
        old = f"For {family.name} a newer diffusers is needed than {diffusers.__version__}"
        raise UsageError(f"{old}: {install('diffusion', '--upgrade')}.")
    dtype = dtype_of(settings.precision, family, device)
    check_settings(settings, family, device)
    sizes = {folder: numbers_of(bundle, folder) for folder in ("pipeline", *(["controlnet"] if posed else []))}
    parts = [count * dtype.itemsize for each in sizes.values() for count in each.values()]
    _check_memory(bundle, sum(parts), dtype)
    folder = bundle.tree("pipeline")
    how: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "dtype": dtype}
    more = {}
    try:
        with silent():
            if posed:
                control = getattr(diffusers, family.control)
                more["controlnet"] = control.from_pretrained(bundle.tree("controlnet"), **how)
            pipeline = getattr(diffusers, name).from_pretrained(folder, **how, **more)
    except Exception as error:  # each component fails in its own way
        if is_out_of_memory(error):
            raise
        raise WeightsError(f"What {folder} holds fits no {family.name} ({first_line(error)}): get it again.") from error
    pipeline.set_progress_bar_config(disable=True)
    _set_scheduler(pipeline, settings.scheduler)
    place = settings.offload if settings.offload != "auto" else place_of(parts, device)
    with silent():
        put(pipeline, place, device)
    told = PLACES[place].format(size=round(sum(parts) / 1e9, 1), device=device)
    return pipeline, (told,) if place != "none" else ()


def dtype_of(precision: str, family: Family, device: torch.device) -> torch.dtype:
    """The numbers that a model computes in."""
    if precision == "auto":
        precision = "float32" if device.type == "cpu" else family.half
    return getattr(torch, precision)


def check_settings(settings: Settings, family: Family, device: torch.device) -> None:
    """UsageError for settings that no model of a family takes on a device, DeviceError for a device that errs."""
    if settings.scheduler != "own" and family.flow:
        raise UsageError(f"{family.name} has a scheduler of its own: leave out scheduler={settings.scheduler}.")
    if settings.steps * settings.noise < 1:
        raise UsageError(f"noise={settings.noise:g} leaves none of {settings.steps} steps: raise noise or --steps.")
    if device.type == "cpu" and settings.offload not in ("auto", "none"):
        raise UsageError(f"offload={settings.offload} is for GPUs: leave it out.")
    check_precision(settings.precision, device)


def _check_memory(bundle: Bundle, size: int, dtype: torch.dtype) -> None:
    """DeviceError where main memory, through which weights go to any device, does not hold them."""
    free = free_memory(torch.device("cpu"))
    if size > free:
        wanted = f"The model of bundle {bundle.name} takes {size / 1e9:.1f} GB of memory in {str(dtype)[6:]}"
        smaller = "add --set precision=bfloat16, " if dtype == torch.float32 else ""
        raise DeviceError(
            f"{wanted}, and {free / 1e9:.1f} GB are free: {smaller}use a smaller model, or --preset default, which"
            " re-dresses the photographed garment."
        )


def place_of(parts: list[int], device: torch.device) -> str:
    """Where the parts of a model, sizes in bytes, wait for their turn; see `Settings.offload`."""
    if device.type != "cuda":
        return "none"
    free = free_memory(device)
    return "none" if ROOM * sum(parts) < free else "model" if ROOM * max(parts) < free else "layer"


def put(pipeline: Any, place: str, device: torch.device) -> None:
    """A pipeline onto a device, as a whole, or its parts or layers one after another."""
    if place == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif place == "layer":
        pipeline.enable_sequential_cpu_offload(device=device)
        pipeline.vae.enable_tiling()
    else:
        pipeline.to(device)
    pipeline.vae.enable_slicing()  # pictures of a batch one after another: nothing changes but the memory


def _set_scheduler(pipeline: Any, name: str) -> None:
    import diffusers

    if name == "lcm":
        pipeline.scheduler = diffusers.LCMScheduler.from_config(pipeline.scheduler.config)
    elif name == "trailing":
        own = pipeline.scheduler.config
        pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(own, timestep_spacing="trailing")
