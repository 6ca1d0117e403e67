"""A pipeline of diffusers from a bundle's folders: read from the disk alone, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from fice.bundle.bundle import Bundle
from fice.diffusion.families import Family
from fice.errors import UsageError, WeightsError, first_line, is_out_of_memory
from fice.extras import install, need
from fice.settings import Settings


def load_pipeline(bundle: Bundle, family: Family, device: torch.device, settings: Settings, posed: bool) -> Any:
    """The pipeline of a bundle that paints inside a mask, with its ControlNet where `posed`, on a device.

    Raises UsageError where the extra is not installed or too old for the family, WeightsError for a folder that is
    damaged or does not fit.
    """
    need("diffusion", "diffusers", "transformers", "accelerate", "peft")
    import diffusers

    name = (posed and family.posed) or family.pipeline
    if not hasattr(diffusers, name):
        old = f"For {family.name} a newer diffusers is needed than {diffusers.__version__}"
        raise UsageError(f"{old}: {install('diffusion', '--upgrade')}.")
    folder = bundle.tree("pipeline")
    dtype = dtype_of(settings.precision, family, device)
    more: dict[str, Any] = {"safety_checker": None, "requires_safety_checker": False} if "safety" in name else {}
    try:
        with silent():
            if posed:
                more["controlnet"] = diffusers.ControlNetModel.from_pretrained(
                    bundle.tree("controlnet"), local_files_only=True, use_safetensors=True, dtype=dtype
                )
            pipeline = getattr(diffusers, name).from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=dtype, **more
            )
    except Exception as error:  # each component fails in its own way
        if is_out_of_memory(error):
            raise
        raise WeightsError(f"What {folder} holds fits no {family.name} ({first_line(error)}): get it again.") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def dtype_of(precision: str, family: Family, device: torch.device) -> torch.dtype:
    """The numbers that a model computes in."""
    if precision == "auto":
        precision = "float32" if device.type == "cpu" else family.half
    return getattr(torch, precision)


@contextmanager
def silent() -> Iterator[None]:
    """Keeps the library's bars and reports off the terminal: what concerns people is raised."""
    import diffusers
    import transformers

    logs = [library.utils.logging for library in (diffusers, transformers)]
    levels = [log.get_verbosity() for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.set_verbosity(level)
            log.enable_progress_bar()
