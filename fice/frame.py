"""The person <-> the generator's canvas: one scale, one offset, no rotation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

Size = tuple[int, int]


@dataclass(frozen=True)
class Frame:
    """Where a canvas lies in a photo.

    Attributes:
        top, left: photo coordinates of the canvas's upper left corner, in pixels from the photo's; may be negative.
        scale: photo pixels per canvas pixel.
        canvas: (H, W) of the canvas.
    """

    top: float
    left: float
    scale: float
    canvas: Size

    @classmethod
    def around(cls, box: tuple[float, float, float, float], canvas: Size, fill: float = 0.94) -> Frame:
        """The frame in which a person's box (y0, x0, y1, x1) in photo pixels is centred.

        The box takes `fill` of the canvas's height, or all of its width where it is too broad for that.
        """
        y0, x0, y1, x1 = box
        scale = max((y1 - y0) / (fill * canvas[0]), (x1 - x0) / canvas[1])
        return cls((y0 + y1 - scale * canvas[0]) / 2, (x0 + x1 - scale * canvas[1]) / 2, scale, canvas)

    def to_canvas(self, picture: Tensor, fill: float = 1.0) -> Tensor:
        """(B, C, H, W) at the photo's size -> (B, C, h, w); `fill` where the canvas reaches outside the photo.

        Linear and antialiased: photo pixels are averaged where the canvas is coarser.
        """
        return _resample(picture - fill, self.top, self.left, self.scale, self.canvas) + fill

    def to_photo(self, picture: Tensor, size: Size) -> Tensor:
        """(B, C, h, w) on the canvas -> (B, C, H, W) of a photo of this size; zero outside the canvas."""
        return _resample(picture, -self.top / self.scale, -self.left / self.scale, 1 / self.scale, size)

    def scaled(self, factor: float) -> Frame:
        """The same place on a canvas `factor` times as fine."""
        canvas = (round(self.canvas[0] * factor), round(self.canvas[1] * factor))
        return Frame(self.top, self.left, self.scale / factor, canvas)


def _resample(picture: Tensor, top: float, left: float, step: float, size: Size) -> Tensor:
    """Pixel (i, j) of the result is the source around (top + (i + 0.5) step, left + (j + 0.5) step), zero outside."""
    rows = _weights(picture.shape[-2], top, step, size[0]).to(picture)
    columns = _weights(picture.shape[-1], left, step, size[1]).to(picture)
    return _apply(_apply(picture, rows).transpose(-1, -2), columns).transpose(-1, -2)


def _weights(length: int, start: float, step: float, count: int) -> Tensor:
    """A sparse (count, length) matrix of triangular weights, as wide as the step, at least one pixel."""
    reach = max(step, 1.0)
    centres = start + (torch.arange(count, dtype=torch.float64) + 0.5) * step - 0.5
    taps = math.ceil(2 * reach) + 1
    index = (centres - reach).ceil().long()[:, None] + torch.arange(taps)
    weight = (1 - (index - centres[:, None]).abs() / reach).clamp(min=0)
    weight = weight / weight.sum(1, keepdim=True)
    rows = torch.arange(count)[:, None].expand_as(index)
    inside = (index >= 0) & (index < length) & (weight > 0)
    where = torch.stack([rows[inside], index[inside]])
    return torch.sparse_coo_tensor(where, weight[inside].float(), (count, length), check_invariants=True).coalesce()


def _apply(picture: Tensor, weights: Tensor) -> Tensor:
    """Multiplies the rows of (B, C, H, W) by a sparse (H', H) matrix: (B, C, H', W)."""
    batch, channels, height, width = picture.shape
    flat = picture.permute(2, 0, 1, 3).reshape(height, -1)
    return torch.sparse.mm(weights, flat).reshape(-1, batch, channels, width).permute(1, 2, 0, 3)
