"""Which device computes, and why."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path

import torch
from torch.nn import functional as F

from fice.errors import DeviceError, UsageError

# input and output channels, height, width, kernel and stride of the convolutions that `wrong_in_half` tries
CHECKED = (
    (192, 256, 4, 2, 3, 2),
    (128, 256, 4, 2, 3, 2),
    (192, 256, 4, 4, 3, 2),
    (256, 256, 8, 4, 3, 1),
    (64, 64, 16, 8, 3, 2),
    (320, 128, 4, 2, 1, 1),
)
TRIES = 12  # of each, for errors that come now and then


def resolve(name: str = "auto") -> tuple[torch.device, str]:
    """The device of a name (auto, cpu, cuda, cuda:1, mps) and the reason for people.

    `auto` takes CUDA where it works, else the CPU. Raises UsageError for another name and DeviceError for a device
    that is not there or does not work.
    """
    if name == "auto":
        trouble = _cuda_trouble(0)
        if trouble is None:
            return torch.device("cuda", 0), f"{torch.cuda.get_device_name(0)} found"
        return torch.device("cpu"), trouble
    if name == "cpu":
        return torch.device("cpu"), "asked for"
    if name == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("There is no Apple GPU that PyTorch can use here: choose --device cpu or auto.")
        return torch.device("mps"), "asked for"
    match = re.fullmatch(r"cuda(?::(\d{1,3}))?", name)
    if not match:
        raise UsageError(f"There is no device {name!r}: choose auto, cpu, cuda, cuda:0, cuda:1, ... or mps.")
    index = int(match[1] or 0)
    trouble = _cuda_trouble(index)
    if trouble is not None:
        raise DeviceError(f"The device {name} cannot be used, {trouble}: choose --device cpu or auto.")
    return torch.device("cuda", index), f"{torch.cuda.get_device_name(index)}, asked for"


def _cuda_trouble(index: int) -> str | None:
    """Why a CUDA device cannot be used; None if it can."""
    if torch.version.cuda is None:
        return "this PyTorch is built without CUDA"
    if not torch.cuda.is_available():
        return "no NVIDIA GPU with a working driver was found"
    if index >= torch.cuda.device_count():
        return f"there are only {torch.cuda.device_count()} (counted from 0)"
    try:  # a GPU newer than this PyTorch is listed, and fails at its first kernel
        torch.zeros(1, device=torch.device("cuda", index)).add_(1).item()
    except RuntimeError as error:
        return str(error).splitlines()[0].rstrip(".")
    return None


def half(device: str | torch.device) -> torch.autocast:
    """Mixed precision in bfloat16 for a recipe's networks (arXiv 1710.03740), where the device computes it right."""
    kind = torch.device(device).type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=kind != "cpu" or not wrong_in_half())


def mixed(precision: str, device: torch.device) -> torch.autocast:
    """Mixed precision (arXiv 1710.03740) in "bfloat16" or "float16"; none for any other word."""
    half = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(precision)
    return torch.autocast(device.type, half, enabled=half is not None)


def check_precision(precision: str, device: torch.device) -> None:
    """UsageError for numbers (`Settings.precision`) that a CPU does not take, DeviceError where it gets them wrong."""
    if device.type == "cpu" and precision == "float16":
        raise UsageError("precision=float16 is for GPUs: leave it out, or say precision=bfloat16.")
    if device.type == "cpu" and precision == "bfloat16" and (wrong := wrong_in_half()):
        raise DeviceError(f"This processor errs in bfloat16 ({wrong[0]}): leave out precision=bfloat16.")


@cache
def wrong_in_half() -> tuple[str, ...]:
    """Convolutions that this CPU computes wrongly in bfloat16, in words; a tenth of a second, once.

    PyTorch 2.13 on processors with AMX gets small maps of many channels wrong, in one call of several.
    """
    chance = torch.Generator().manual_seed(0)
    return tuple(
        f"{kernel}x{kernel}, stride {stride}, {inputs} to {outputs} channels of {height} x {width}"
        for inputs, outputs, height, width, kernel, stride in CHECKED
        if not _agrees(inputs, outputs, height, width, kernel, stride, chance)
    )


def _agrees(
    inputs: int, outputs: int, height: int, width: int, kernel: int, stride: int, chance: torch.Generator
) -> bool:
    """Whether a convolution in bfloat16 is that in float32, up to its rounding."""
    filters = torch.randn(outputs, inputs, kernel, kernel, generator=chance) / (inputs * kernel**2) ** 0.5
    filters = filters.bfloat16().contiguous(memory_format=torch.channels_last)
    for _ in range(TRIES):
        maps = torch.randn(4, inputs, height, width, generator=chance).bfloat16()
        maps = maps.contiguous(memory_format=torch.channels_last)
        found = F.conv2d(maps, filters, None, stride, kernel // 2).float()
        wanted = F.conv2d(maps.float(), filters.float(), None, stride, kernel // 2)
        if not (found - wanted).abs().max() < 0.1:  # of unit variance; also where it is not a number
            return False
    return True


def free_memory(device: torch.device) -> float:
    """Bytes that may still be taken; infinite where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        known = "SC_AVPHYS_PAGES" in getattr(os, "sysconf_names", {})
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if known else float("inf")


def most_held(device: torch.device) -> int | None:
    """The most bytes that this process has held so far, of a GPU's memory or the machine's; None: nobody tells."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    status = Path("/proc/self/status")
    if status.exists():
        return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) << 10
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next step, instead of returning it and asking again.

    For long runs: without it a third of a batch's time goes to the system. Does nothing where the C library has no
    such choice (glibc has).
    """
    import ctypes

    trim_threshold, mmap_threshold = -1, -3  # glibc's numbers for mallopt
    try:
        library = ctypes.CDLL(None)
        library.mallopt(trim_threshold, 2**31 - 1)
        library.mallopt(mmap_threshold, 2**25)
    except (OSError, AttributeError, TypeError):
        return


def hand_back_memory() -> None:
    """Return what is freed to the system, which the C library else keeps; does nothing where it cannot (glibc can)."""
    import ctypes

    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return
