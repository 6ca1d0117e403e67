"""The machine that measures: what it is, and the rates that nothing on it exceeds."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from fice.version import __version__

REPEATS = 5
MOVED = 1 << 28  # bytes: more than caches hold


def facts(device: torch.device) -> dict[str, Any]:
    """What figures depend on: {processor, device, threads, torch, fice}."""
    return {
        "processor": _processor(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "fice": __version__,
    }


def matrix_rate(device: torch.device, size: int = 2048) -> float:
    """FLOP/s of float32 matrix products: what the networks could reach at most."""
    a, b = torch.randn(2, size, size, device=device)
    return 2 * size**3 / shortest(lambda: a @ b, device)


def bandwidth(device: torch.device, size: int = MOVED) -> float:
    """Bytes a second that are read and written by a copy."""
    a, b = torch.ones(2, size // 4, device=device)
    return 2 * size / shortest(lambda: b.copy_(a), device)


def shortest(work: Callable[[], Any], device: torch.device) -> float:
    """Seconds of the shortest of some runs; other work on the machine only ever makes them longer."""
    found = float("inf")
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        found = min(found, time.perf_counter() - began)
    return found


def _processor() -> str:
    """Its name as Linux knows it, or what the system says."""
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
