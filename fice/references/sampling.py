"""The picture of a garment, ready to be sampled: continued beyond its outline, and with the area of a pixel in mind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from fice.references.reference import Reference

PURE = 0.95  # of the garment in a pixel that shows nothing else
RIM = 0.005  # share of the picture's longer side over which an outline shows what lies behind
FINE = 2.0  # pixels of the picture in one of the photo's up to which samples are averaged; beyond, it is shrunk first


@dataclass(frozen=True)
class Picture:
    """A garment's colours, (1, 3, h, w) linear light, and where it is, (1, 1, h, w) in [0, 1]."""

    colours: Tensor
    matte: Tensor

    @classmethod
    def of(cls, reference: Reference) -> Picture:
        rim = RIM * max(reference.matte.shape)
        inside = ndimage.gaussian_filter(reference.matte, rim) > PURE  # smoothly, and without the shadow at the outline
        colours = spread(reference.pixels, inside) if inside.any() else reference.pixels
        as_tensor = lambda x: torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))  # noqa: E731
        return cls(as_tensor(colours).permute(2, 0, 1)[None], as_tensor(reference.matte)[None, None])

    def seen(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Colours (1, 3, H, W) and matte (1, 1, H, W) at its points x, y (H, W), of which pixel i covers i to i + 1."""
        slopes = [torch.gradient(axis) for axis in (x, y)]
        area = (slopes[0][0] * slopes[1][1] - slopes[0][1] * slopes[1][0]).abs().sqrt()
        shrink = max(1.0, float(area.median()) / FINE)
        size = tuple(max(1, round(side / shrink)) for side in self.matte.shape[2:])
        small = F.interpolate(torch.cat([self.colours, self.matte], 1), size=size, mode="area").to(x)
        count = max(1, round(float(area.median()) / shrink))
        total = torch.zeros((1, 4, *x.shape), dtype=x.dtype, device=x.device)
        for down in (np.arange(count) + 0.5) / count - 0.5:
            for right in (np.arange(count) + 0.5) / count - 0.5:
                at = [
                    (axis + float(down) * slope[0] + float(right) * slope[1]) * 2
                    for axis, slope in zip((x, y), slopes, strict=True)
                ]
                grid = torch.stack(
                    [each / side - 1 for each, side in zip(at, self.matte.shape[:1:-1], strict=True)], -1
                )
                total += F.grid_sample(small, grid[None], "bicubic", "border", align_corners=False)
        total = (total / count**2).clamp(0, 1)
        within = (x > 0) & (y > 0) & (x < self.matte.shape[3]) & (y < self.matte.shape[2])
        return total[:, :3], total[:, 3:] * within


def spread(pixels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Pixels (h, w, 3) with the nearest ones of `inside` (h, w) bool where they are not."""
    near = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return pixels[tuple(near)]
