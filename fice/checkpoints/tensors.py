"""What the converters of plain state dicts share."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from fice.checkpoints.found import Found
from fice.checkpoints.limits import plain


def named_tensors(tree: Any) -> dict[str, Tensor]:
    """The tensors of a dict by their names, numpy's arrays of numbers among them; none of anything else."""
    if not isinstance(tree, dict):
        return {}
    found = {key: as_tensor(value) for key, value in tree.items() if isinstance(key, str)}
    return {key: value for key, value in found.items() if value is not None}


def as_tensor(value: Any) -> Tensor | None:
    """A tensor, or an array of numbers that torch has, as a tensor; None for anything else."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        return torch.from_numpy(np.require(value, value.dtype.newbyteorder("="), ["C", "W"]))
    return value if isinstance(value, Tensor) else None


def select(found: Found, tensors: dict[str, Tensor], prefix: str = "") -> Found:
    """`found` with what its network needs of its state, in float32; the rest of `tensors` is named as left out.

    `prefix` is what the names in the checkpoint have before those of the state. Raises WeightsError where the state
    does not fit the network.
    """
    found.state = {key: found.state[key] for key in found.empty().state_dict()}
    others = {value.dtype for value in found.state.values() if value.is_floating_point()} - {torch.float32}
    if others:
        found.state = {key: value.float() if value.dtype in others else value for key, value in found.state.items()}
        names = " and ".join(sorted(str(dtype).removeprefix("torch.") for dtype in others))
        found.notes.append(f"Its numbers in {names} were made float32.")
    found.unexpected = _left_out(list(tensors), {prefix + key for key in found.state})
    return found


def _left_out(names: list[str], kept: set[str]) -> list[str]:
    """Names that are not kept; of those under a prefix that no kept one has only the number."""
    known = {start for key in kept for start in _starts(key)}
    groups: dict[str, list[str]] = {}
    for key in names:
        if key not in kept:
            foreign = (start for start in _starts(key) if start not in known)
            groups.setdefault(next(foreign, key), []).append(key)
    return [
        f"{plain(start)}.* ({len(keys)} entries)" if len(keys) > 1 else plain(keys[0]) for start, keys in groups.items()
    ]


def _starts(key: str) -> list[str]:
    """a.b.c -> [a, a.b]"""
    return [key[:end] for end, letter in enumerate(key) if letter == "."]
