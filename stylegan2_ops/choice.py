"""Which twin of an op runs: the compiled one where it is built, covers the case and is faster."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from . import build
from .errors import OpsError

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)

_noticed = False


def use_compiled(impl: str, x: Tensor, *, supported: bool = True, faster: bool = True) -> bool:
    """Whether to run the compiled op on x.

    supported: the compiled op can do this call. faster: it was measured to be worth it (README.md).
    Raises OpsError where impl="compiled" cannot be had, ValueError for an unknown `impl`.
    """
    if impl == "ref":
        return False
    if impl not in ("auto", "compiled"):
        raise ValueError(f'impl is "auto", "ref" or "compiled", not {impl!r}')
    supported = supported and x.device.type in ("cpu", "cuda") and x.dtype in DTYPES
    if impl == "compiled":
        if not build.load():
            raise OpsError(f"The compiled ops are not available: {build.status()['reason']}.")
        if not (supported and build.covers(x.device)):
            raise OpsError(f'The compiled op does not cover this call ({x.dtype} on {x.device}); use impl="auto".')
        return True
    if not (supported and faster) or torch.compiler.is_compiling():  # Inductor fuses the reference itself
        return False
    try:
        if build.load() and build.covers(x.device):
            return True
        text = f"stylegan2_ops: running the reference ops on {x.device.type}; `fice ops build` compiles faster ones."
        notice(text, once=True)
    except OpsError as error:
        notice(f"stylegan2_ops: running the reference ops. {error}")
    return False


def _first_time() -> bool:
    """Whether no process has told this before; an empty file where the build would lie remembers it."""
    told = build.library().parent.with_suffix(".told")
    try:
        told.parent.mkdir(parents=True, exist_ok=True)
        told.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:  # a folder that cannot be written: every process tells
        return True
    return True


def notice(text: str, once: bool = False) -> None:
    """One line, once in this process, or on this machine (until torch or the ops are others)."""
    global _noticed
    if not _noticed:
        _noticed = True
        if not once or _first_time():
            warnings.warn(text, stacklevel=4)
