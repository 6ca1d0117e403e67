"""Crops for CLIP: the garment alone on white, cut out as a square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fice.srgb import to_gamma

if TYPE_CHECKING:
    from fice.references.reference import Reference


def garment_views(
    picture: Tensor,
    garment: Tensor,
    size: int,
    generators: Sequence[torch.Generator] | None = None,
    count: int = 1,
    *,
    margin: float = 0.08,
    jitter: float = 0.1,
    clamp: bool = True,
) -> Tensor:
    """The garment alone on white, cut out as a square, seen `count` times.

    Differentiable in picture and garment; where the square lies is not. The first view is centred and as it is, the
    others are scaled and moved by up to `jitter` of the square, half of them mirrored. Without generators all are
    alike the first.

    Args:
        picture: (B, 3, H, W) in [0, 1], or about that where `clamp` is to see to it.
        garment: (B, 1, H, W) in [0, 1]; where no pixel reaches one half, the whole picture is the square.
        size: height and width of a view.
        generators: one CPU generator a picture, so that its views do not depend on its neighbours.
        margin: white around the garment's box, as a share of the box.

    Returns:
        (B, count, 3, size, size) in [0, 1].
    """
    batch, _, height, width = picture.shape
    ink = (
        1 - (picture.clamp(0, 1) if clamp else picture)
    ) * garment  # white is no ink, so zeros outside the canvas are white
    centre, half = _squares(garment.detach(), margin)
    moves = picture.new_zeros(batch, count, 4)
    if generators is not None:
        drawn = [torch.rand(count, 4, generator=generator, dtype=torch.float64) for generator in generators]
        moves = torch.stack(drawn).to(picture) * 2 - 1
        moves[:, 0] = 0
    reach = half[:, None] * (1 + jitter * moves[..., 2])  # (B, count)
    mirror = torch.where(moves[..., 3] > 0, -1.0, 1.0).to(picture)
    steps = (torch.arange(size, device=picture.device, dtype=picture.dtype) + 0.5) / size * 2 - 1
    y = (centre[:, None, 0] + jitter * moves[..., 0] * half[:, None])[..., None] + reach[..., None] * steps
    x = (centre[:, None, 1] + jitter * moves[..., 1] * half[:, None])[..., None] + (reach * mirror)[..., None] * steps
    down, across = (_weights(at, 2 * reach / size, length) for at, length in ((y, height), (x, width)))
    rows = down.flatten(1, 2) @ ink.permute(0, 2, 1, 3).flatten(2)  # (B, count * size, 3 * W)
    rows = rows.view(batch, count, size * 3, width)
    seen = (rows @ across.mT).view(batch, count, size, 3, size)
    views = 1 - seen.transpose(2, 3)
    return views.clamp(0, 1) if clamp else views  # rounding may pass 0 by a little


def on_white(reference: Reference, size: int) -> Tensor:
    """The garment that a picture shows, cut out as `garment_views` does: (1, 3, size, size) in [0, 1]."""
    return garment_views(*as_tensors(reference), size)[:, 0]


def as_tensors(reference: Reference) -> tuple[Tensor, Tensor]:
    """A picture of a garment, (1, 3, h, w) sRGB in [0, 1], and where it is, (1, 1, h, w)."""
    pixels, matte = torch.from_numpy(reference.pixels), torch.from_numpy(reference.matte)
    return to_gamma(pixels.permute(2, 0, 1)[None]).clamp(0, 1), matte[None, None]


def _weights(at: Tensor, step: Tensor, length: int) -> Tensor:
    """Resampling weights (..., n, length): the mean over `step` pixels (at least one) around each position (..., n).

    One pixel wide, that is linear interpolation; wider, the average that keeps fine stripes from aliasing. Beyond
    the ends lies nothing.
    """
    pixel = torch.arange(length, device=at.device, dtype=at.dtype)
    reach = step.clamp(min=1)[..., None, None]
    at = at[..., None]
    covered = torch.minimum(at + reach / 2, pixel + 1) - torch.maximum(at - reach / 2, pixel)
    return covered.clamp(min=0) / reach


def _squares(garment: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Centre (B, 2) as y, x and half side (B,) in pixels of the square around each garment (B, 1, H, W)."""
    inside = garment[:, 0] > 0.5
    inside = inside | ~inside.flatten(1).any(1)[:, None, None]
    ends = []
    for lines in (inside.any(2), inside.any(1)):  # rows, columns
        length = lines.shape[1]
        first = lines.to(torch.uint8).argmax(1)
        last = length - lines.flip(1).to(torch.uint8).argmax(1)
        ends.append(torch.stack([first, last], 1))
    box = torch.stack(ends, 1).to(garment.dtype)  # (B, 2, 2): axis, first and last + 1
    return box.mean(2), (box[..., 1] - box[..., 0]).amax(1) / 2 * (1 + 2 * margin)
