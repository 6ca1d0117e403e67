"""Resampling filters: taps as a person writes them, taps as the ops use them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def setup_filter(
    taps: Tensor | Sequence | float | None,
    *,
    normalize: bool = True,
    flip_filter: bool = False,
    gain: float = 1,
    separable: bool | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Make a resampling filter for `upfirdn2d`.

    taps: a number, n taps of a one-dimensional filter, or a (h, w) table; None means one tap of 1.
    normalize: divide by the sum, so that a constant picture keeps its level. flip_filter: mirror the taps.
    gain: what the whole two-dimensional filter multiplies a constant picture by.
    separable: keep n taps one-dimensional, to be run along x and then along y (default: 8 taps or more,
    where two passes are cheaper than one table).

    Returns float32, (n,) when separable and (h, w) otherwise. Raises ValueError for taps of another shape.
    """
    f = torch.as_tensor(1.0 if taps is None else taps, dtype=torch.float32)
    if f.ndim == 0:
        f = f[None]
    if f.ndim not in (1, 2) or f.numel() == 0:
        raise ValueError(f"filter taps must be a list or a table of numbers, not of shape {tuple(f.shape)}")
    if separable is None:
        separable = f.ndim == 1 and f.numel() >= 8
    if separable and f.ndim != 1:
        raise ValueError("a separable filter is given as one list of taps, not as a table")
    if f.ndim == 1 and not separable:
        f = torch.outer(f, f)
    if normalize:
        f = f / f.sum()
    if flip_filter:
        f = f.flip(list(range(f.ndim)))
    return (f * gain ** (f.ndim / 2)).to(device)


def pair(value: int | Sequence[int], name: str) -> tuple[int, int]:
    """(x, y) from one number or two; ValueError unless both are positive."""
    x, y = (value, value) if isinstance(value, int) else value
    if x < 1 or y < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return x, y


def margins(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    """(x0, x1, y0, y1) from one number, [x, y] or [x0, x1, y0, y1]; negative numbers crop."""
    if isinstance(padding, int):
        return padding, padding, padding, padding
    if len(padding) == 2:
        x, y = padding
        return x, x, y, y
    if len(padding) == 4:
        x0, x1, y0, y1 = padding
        return x0, x1, y0, y1
    raise ValueError(f"padding is one number, [x, y] or [x0, x1, y0, y1], not {list(padding)}")


def extent(f: Tensor | None) -> tuple[int, int]:
    """(width, height) of a filter; None is a single tap."""
    if f is None:
        return 1, 1
    if f.ndim not in (1, 2) or f.numel() == 0:
        raise ValueError(f"a filter has shape (n,) or (h, w), not {tuple(f.shape)}; make it with setup_filter")
    return f.shape[-1], f.shape[0]
