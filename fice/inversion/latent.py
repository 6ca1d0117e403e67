"""Latents: one of the user's own, from a file."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from tokenize import TokenError  # of numpy, which reads the headers of Python 2 by its tokens
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fice.checkpoints.files import read_checkpoint
from fice.checkpoints.tensors import as_tensor
from fice.errors import InputError
from fice.files import check_ordinary
from fice.nets.stylegan2 import Generator

NAMES = ("ws", "w_plus", "w", "latent", "latents")  # what tools call it inside their files
BLUNDERS = (ValueError, TypeError, EOFError, ArithmeticError, SyntaxError, RecursionError, TokenError)  # of numpy
MOST = 1 << 20  # numbers of a latent, fifty times what the largest generators have
NO_NUMBERS = "has entries that are no numbers: save it again."


def draw_z(z_dim: int, seeds: Sequence[int]) -> Tensor:
    """(B, z_dim) normal numbers, a row a seed: the same whatever else is drawn beside it."""
    return torch.stack([torch.randn(z_dim, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def read_latent(path: str | Path) -> Tensor:
    """W+ from safetensors, npy or pt, as it lies there: any shape of up to `MOST` numbers, float32, finite.

    Raises InputError for a file that holds no latent; nothing in it is executed.
    """
    path = Path(path)
    try:
        check_ordinary(path)
        # mapped, so that a header that claims too much is found out before memory is taken
        content = np.load(path, mmap_mode="r", allow_pickle=False) if path.suffix == ".npy" else read_checkpoint(path)
    except (OSError, *BLUNDERS) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"The latent {path} cannot be read ({reason}): give .safetensors, .npy or .pt.") from error
    found = _only(content)
    if found is None or not found.is_floating_point():
        raise InputError(f"{path} holds no latent: give a file with one array of W+, as --save-latent writes it.")
    found = found.float()
    if not found.isfinite().all():
        raise InputError(f"The latent {path} {NO_NUMBERS}")
    return found


def check_latent(ws: Tensor, generator: Generator) -> Tensor:
    """The latent itself; InputError unless it is W+ of one picture of this generator, (1, R, D), all finite."""
    wanted = (1, generator.num_ws, generator.w_dim)
    if tuple(ws.shape) != wanted:
        raise InputError(
            f"The latent has the shape {tuple(ws.shape)}, but W+ of one picture of this generator is {wanted}:"
            " give a latent of the same generator, with the picture's axis in front."
        )
    if not ws.isfinite().all():
        raise InputError(f"The latent {NO_NUMBERS}")
    return ws


def _only(content: Any) -> Tensor | None:
    """The one array of a file, or that with a known name; None where it has no numbers or too many."""
    if isinstance(content, (np.ndarray, Tensor)):
        return as_tensor(content) if 0 < prod(content.shape) <= MOST else None
    names = list(content) if isinstance(content, dict) else []
    name = names[0] if len(names) == 1 else next((name for name in NAMES if name in names), None)
    return _only(content[name]) if name is not None else None
