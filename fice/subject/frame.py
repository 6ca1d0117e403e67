"""Resampling: the person in a photo <-> the generator's canvas.

A frame is a similarity without rotation: the person's box is centred on the canvas and fills `fill` of its height,
or of its width where the box is wider than the canvas is. Resampling is two matrix products, one for the rows and
one for the columns, so that it is exact, antialiased, differentiable, and free to compute only a part.

Coordinates are continuous: pixel i covers [i, i + 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

Window = tuple[int, int, int, int]  # y0, x0, y1, x1
ENOUGH = 2.0  # pixels of a picture in one of the canvas that resampling needs


def _linear(t: Tensor) -> Tensor:
    return (1 - t.abs()).clamp(min=0)


def _cubic(t: Tensor) -> Tensor:
    """Keys' interpolating cubic with a = -1/2 (IEEE Trans. ASSP 29, 1981)."""
    t = t.abs()
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return torch.where(t < 1, near, torch.where(t < 2, far, torch.zeros_like(t)))


def _smooth(t: Tensor) -> Tensor:
    """The cubic B-spline."""
    t = t.abs()
    return torch.where(t < 1, (3 * t - 6) * t * t + 4, (2 - t).clamp(min=0) ** 3) / 6


KERNELS: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
    "linear": (_linear, 1),
    "cubic": (_cubic, 2),
    "smooth": (_smooth, 2),
}


@dataclass(frozen=True)
class Frame:
    """Where the person of a photo lies on the canvas.

    Attributes:
        box: (y0, x0, y1, x1) of the person in photo pixels; may reach outside the photo.
        photo_size: (H, W) in pixels.
        canvas: (h, w) in pixels.
        fill: the share of the canvas that the box takes up.
    Raises ValueError for an empty box, size or canvas.
    """

    box: tuple[float, float, float, float]
    photo_size: tuple[int, int]
    canvas: tuple[int, int]
    fill: float = 0.94

    def __post_init__(self) -> None:
        y0, x0, y1, x1 = self.box
        if not (y1 > y0 and x1 > x0 and min(*self.photo_size, *self.canvas) > 0 and 0 < self.fill <= 1):
            raise ValueError(f"no frame for box {self.box}, photo {self.photo_size}, canvas {self.canvas}")

    @property
    def scale(self) -> float:
        """Canvas pixels per photo pixel."""
        y0, x0, y1, x1 = self.box
        return self.fill * min(self.canvas[0] / (y1 - y0), self.canvas[1] / (x1 - x0))

    @property
    def offset(self) -> tuple[float, float]:
        """The canvas point (y, x) of the photo's upper left corner."""
        y0, x0, y1, x1 = self.box
        return (self.canvas[0] / 2 - self.scale * (y0 + y1) / 2, self.canvas[1] / 2 - self.scale * (x0 + x1) / 2)

    @property
    def window(self) -> Window:
        """The part of the photo that the canvas shows, at least one pixel."""
        ends = []
        for size, canvas, offset in zip(self.photo_size, self.canvas, self.offset, strict=True):
            low = min(max(math.floor(-offset / self.scale), 0), size - 1)
            ends.append((low, max(min(math.ceil((canvas - offset) / self.scale), size), low + 1)))
        (y0, y1), (x0, x1) = ends
        return y0, x0, y1, x1

    @property
    def sampled(self) -> Window:
        """The part of the photo that the canvas is made of: its window, and what the pixels at its edge look at."""
        reach, (y0, x0, y1, x1), (height, width) = math.ceil(2 / self.scale), self.window, self.photo_size
        return max(y0 - reach, 0), max(x0 - reach, 0), min(y1 + reach, height), min(x1 + reach, width)

    def point_to_canvas(self, y: float, x: float) -> tuple[float, float]:
        """Photo point -> canvas point."""
        return y * self.scale + self.offset[0], x * self.scale + self.offset[1]

    def point_to_photo(self, y: float, x: float) -> tuple[float, float]:
        """Canvas point -> photo point."""
        return (y - self.offset[0]) / self.scale, (x - self.offset[1]) / self.scale

    def around(self, inside: Tensor) -> tuple[float, float, float, float] | None:
        """The box in the photo of what is inside, (h, w) bool on the canvas, as `box`; None where nothing is."""
        rows, columns = inside.any(1).nonzero(), inside.any(0).nonzero()
        if len(rows) == 0:
            return None
        ends = self.point_to_photo(float(rows[-1]) + 1, float(columns[-1]) + 1)
        return (*self.point_to_photo(float(rows[0]), float(columns[0])), *ends)

    def to_canvas(self, picture: Tensor, fill: float = 1.0, *, window: Window | None = None) -> Tensor:
        """(B, C, H, W) of the photo, or its part `window` -> (B, C, h, w); `fill` is the value where that does not lie.

        The picture may be a smaller or larger copy of the photo. Antialiased, never beyond the picture's values.
        """
        y0, x0, y1, x1 = window or (0, 0, *self.photo_size)
        given = y1 - y0, x1 - x0
        fine = min(copy / whole for copy, whole in zip(picture.shape[-2:], given, strict=True)) / self.scale
        if fine >= 2 * ENOUGH:  # what is much finer than the canvas is averaged first: ten times as fast
            size = tuple(max(1, round(side * ENOUGH / fine)) for side in picture.shape[-2:])
            picture = F.interpolate(picture, size=size, mode="area")
        axes = [
            _axis(size, 0, out, self.scale * whole / size, self.scale * first + offset, "linear")
            for size, whole, first, out, offset in zip(
                picture.shape[-2:], given, (y0, x0), self.canvas, self.offset, strict=True
            )
        ]
        return _resample(picture, axes, fill)

    def to_photo(
        self,
        picture: Tensor,
        size: tuple[int, int] | None = None,
        *,
        window: Window | None = None,
        kernel: str = "cubic",
    ) -> Tensor:
        """(B, C, h, w) of the canvas -> (B, C, H, W) of the photo, or only its part `window`; zero off the canvas.

        The picture may have another resolution than the canvas.
        size: (H, W) of the copy of the photo that is wanted, by default the photo's own; `window` is in its pixels.
        kernel: "cubic" is sharp and may overshoot a little, "linear" keeps masks within their range, "smooth" keeps
            colours within theirs and shows no pixels.
        """
        wanted = size or self.photo_size
        y0, x0, y1, x1 = window or (0, 0, *wanted)
        axes = []
        for axis, (first, last) in enumerate(((y0, y1), (x0, x1))):
            copy = wanted[axis] / self.photo_size[axis] / self.scale  # pixels of the copy per canvas pixel
            given = picture.shape[axis - 2]
            axes.append(_axis(given, first, last, copy * self.canvas[axis] / given, -copy * self.offset[axis], kernel))
        return _resample(picture, axes, 0.0)


def _axis(size: int, first: int, last: int, scale: float, offset: float, kernel: str) -> tuple[slice, Tensor, Tensor]:
    """How the outputs first ... last - 1 along one axis, out = scale * in + offset, are made of `size` inputs.

    Returns the inputs used, the weights (outputs, inputs used), whose rows sum to 1, and how much of each output
    pixel the inputs cover, 0 ... 1.
    """
    shape, reach = KERNELS[kernel]
    edges = torch.arange(first, last + 1, dtype=torch.float64)
    covered = (edges[1:].clamp(max=offset + scale * size) - edges[:-1].clamp(min=offset)).clamp(0, 1)
    centres = ((edges[:-1] + 0.5 - offset) / scale).clamp(0, size)  # in input pixels
    width = max(1.0, 1 / scale)  # wider when shrinking: antialiasing
    low = max(math.floor(centres.min().item() - reach * width), 0)
    high = min(math.ceil(centres.max().item() + reach * width), size)
    inputs = torch.arange(low, high, dtype=torch.float64) + 0.5
    weights = shape((inputs - centres[:, None]) / width)
    return slice(low, high), weights / weights.sum(1, keepdim=True), covered


def _resample(picture: Tensor, axes: list[tuple[slice, Tensor, Tensor]], fill: float) -> Tensor:
    (ys, rows, tall), (xs, columns, wide) = axes
    rows, columns = (rows * tall[:, None]).to(picture), (columns * wide[:, None]).to(picture)
    shown = rows @ picture[..., ys, xs] @ columns.T
    return shown + fill * (1 - tall[:, None] * wide).to(picture) if fill else shown
