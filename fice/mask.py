"""Soft masks: cleaned on the canvas, then sharpened by the photo's own edges. All are (B, 1, H, W) float in [0, 1]."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

SPECK = 0.0005  # share of the picture below which a part of a mask is noise
SHARPNESS = 4  # samples of a reduced picture along one radius: enough for smooth filters


def mean(picture: Tensor, radius: int) -> Tensor:
    """The mean over a square of side 2 * radius + 1; at the border over what there is of it."""
    for axis, padding in ((2, (0, 0, radius, radius)), (3, (radius, radius))):
        length, wide = picture.shape[axis], F.pad(picture, padding)
        total = wide.narrow(axis, 0, length).clone()
        for first in range(1, 2 * radius + 1):  # whole rows at a time, which a pooling is not
            total += wide.narrow(axis, first, length)
        at = torch.arange(length, device=picture.device)
        counted = (at + radius).clamp(max=length - 1) - (at - radius).clamp(min=0) + 1
        picture = total / (counted[:, None] if axis == 2 else counted)
    return picture


def low_pass(picture: Tensor, radius: float) -> Tensor:
    """What is wider than about `radius` pixels; made on a reduced copy, so that its cost does not grow with it."""
    height, width = picture.shape[-2:]
    factor = max(1.0, radius / SHARPNESS)
    size = max(1, round(height / factor)), max(1, round(width / factor))
    small = F.interpolate(picture, size=size, mode="area")
    reach = max(1, round(radius / factor / 2))
    small = mean(mean(small, reach), reach)
    return F.interpolate(small, size=(height, width), mode="bilinear")


def grow(mask: Tensor, reach: int) -> Tensor:
    """Dilates by `reach` pixels; shrinks when negative."""
    if reach < 0:
        return 1 - grow(1 - mask, -reach)
    if reach == 0:
        return mask
    rows = F.max_pool2d(mask, (2 * reach + 1, 1), 1, (reach, 0))
    return F.max_pool2d(rows, (1, 2 * reach + 1), 1, (0, reach))


def union(masks: Iterable[Tensor]) -> Tensor:
    """Whatever is in any of the masks, of which there is one at least."""
    return torch.stack([*masks]).amax(0)


def steepen(mask: Tensor, width: float, middle: float = 0.5) -> Tensor:
    """Makes an edge that rises over `width` of the mask's values around `middle` rise from 0 to 1."""
    return ((mask - middle) / width + 0.5).clamp(0, 1)


def decide(probability: Tensor) -> Tensor:
    """Decides what a network leaves half open, and keeps a soft edge."""
    return steepen(probability, 0.4)


def without_specks(mask: Tensor, least: float = SPECK) -> Tensor:
    """Removes parts, and closes holes, that cover less than `least` of the picture."""
    cleaned = mask.detach().cpu().numpy().copy()
    for plane in cleaned.reshape(-1, *mask.shape[-2:]):
        for empty, inside in ((0.0, plane > 0.5), (1.0, plane <= 0.5)):
            parts, count = ndimage.label(inside, np.ones((3, 3)))
            areas = np.bincount(parts.ravel(), minlength=count + 1)
            speck = areas < least * plane.size
            speck[0] = False
            # the soft rim of a speck goes with it
            plane[ndimage.binary_dilation(speck[parts], iterations=2) & (inside | (abs(plane - 0.5) < 0.49))] = empty
    return torch.from_numpy(cleaned).to(mask)


def box_of(inside: np.ndarray, margin: int = 0) -> tuple[slice, slice]:
    """The box around what is True of (h, w) bool, `margin` pixels wider; all of it where nothing is."""
    if not inside.any():
        return np.s_[:, :]
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    down, across = (slice(max(each[0] - margin, 0), each[-1] + 1 + margin) for each in (rows, columns))
    return down, across


def disc(radius: int) -> np.ndarray:
    """A structuring element, (2 * radius + 1, 2 * radius + 1) bool."""
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return y * y + x * x <= radius * radius + 1


def steps(values: np.ndarray, one: np.ndarray, other: np.ndarray, reach: int) -> np.ndarray:
    """By how much values (H, W, ...) of `other` are above those of `one`, `reach` pixels over their borders, (n, ...).

    one, other: (H, W) bool, apart from each other.
    """
    found = []
    for axis, (first, second, sign) in product((0, 1), ((one, other, 1), (other, one, -1))):
        low, high = [slice(None)] * 2, [slice(None)] * 2
        low[axis], high[axis] = slice(None, -reach), slice(reach, None)
        meets = first[tuple(low)] & second[tuple(high)]
        found.append(sign * (values[tuple(high)] - values[tuple(low)])[meets])
    return np.concatenate(found)


def main_parts(mask: Tensor, least: float) -> Tensor:
    """A mask (1, 1, H, W) without the parts that cover less than `least` of its largest one."""
    inside = (mask[0, 0] > 0.5).cpu().numpy()
    parts, count = ndimage.label(inside, np.ones((3, 3)))
    areas = np.bincount(parts.ravel(), minlength=count + 1)
    areas[0] = 0
    kept = np.isin(parts, np.flatnonzero(areas >= max(least * areas.max(), 1)))
    near = ndimage.binary_dilation(kept, iterations=3) & ~(inside & ~kept)  # the soft rim belongs to it
    return mask * torch.from_numpy(near).to(mask)


def refine(mask: Tensor, guide: Tensor, radius: float, smooth: float = 4e-4) -> Tensor:
    """Moves a soft mask's edges onto those of a picture.

    The guided filter (He, Sun, Tang, TPAMI 2013), with its coefficients computed on a reduced copy (He, Sun,
    arXiv 1505.00996). mask: (B, 1, H, W) in [0, 1]; guide: (B, 1 or 3, H, W) in [0, 1], of which the luminance is
    used; radius: pixels over which an edge may move; smooth: variance of the guide below which there is no edge.
    """
    if guide.shape[1] == 3:
        guide = guide.mean(1, keepdim=True)
    height, width = mask.shape[-2:]
    factor = max(1.0, radius / SHARPNESS)
    size = max(1, round(height / factor)), max(1, round(width / factor))
    p, i = (F.interpolate(x, size=size, mode="area") for x in (mask, guide))
    reach = max(1, round(radius / factor))
    mean_i, mean_p = mean(i, reach), mean(p, reach)
    slope = (mean(i * p, reach) - mean_i * mean_p) / (mean(i * i, reach) - mean_i * mean_i + smooth)
    level = mean_p - slope * mean_i
    slope, level = (F.interpolate(mean(x, reach), size=(height, width), mode="bilinear") for x in (slope, level))
    return (slope * guide + level).clamp(0, 1)
