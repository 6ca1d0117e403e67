"""Draping: where on the cloth each pixel of a garment lies, part by part of the body, in centimetres.

A garment is cut from parts: the trunk's, a sleeve around each arm, a leg around each leg, a skirt below the hips. Each
has a direction of its own, and meets the others where a seam would be; the trunk's runs on into a skirt, and into
trousers above the crotch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from fice.cloth.body import Points, centimetres, find_body
from fice.cloth.limb import Grid
from fice.cloth.parts import cut
from fice.subject.frame import Frame, Window
from fice.subject.regions import Regions

LARGEST = 384  # cells along the longer side of the window at which the smooth maps are made
FOLDED = 3.0  # cm of shift for a light that changes by e a cm
SHIFT = 1.0  # cm at most
TIGHTEST = 0.6  # cm of shift a cm: more would tear the cloth
SMOOTH = 1.4  # cm over which light is smoothed before


@dataclass(frozen=True)
class Drape:
    """Where pixels (h, w) of a photo lie on the cloth.

    Attributes:
        u, v: float32 cm, across to the viewer's right and down along the limb.
        pixel: float32 cm of cloth that a photo pixel covers.
        part: uint8: TORSO, LEFT_SLEEVE ... of `fice.cloth.parts`; sides are the person's own.
    """

    u: np.ndarray
    v: np.ndarray
    pixel: np.ndarray
    part: np.ndarray


def drape(
    mask: np.ndarray,
    frame: Frame,
    points: Points | None = None,
    trousers: bool = False,
    light: np.ndarray | None = None,
    window: Window | None = None,
) -> Drape:
    """Lays cloth on a garment.

    Args:
        mask: (h, w) float in [0, 1] of the frame's canvas: the garment.
        frame: the person's place in the photo.
        points: keypoints on the canvas, `Subject.points`; None or unsure ones are made up for by the mask's shape.
        trousers: the garment has legs, as `has_legs` finds.
        light: (H, W) of the window: log of the light on the cloth, into whose folds it runs; or None.
        window: of the photo; all of it by default.
    """
    top, left, bottom, right = window or (0, 0, *frame.photo_size)
    size = bottom - top, right - left
    cells = tuple(max(2, round(side * min(1, LARGEST / max(size)))) for side in size)
    cm = centimetres(frame, points)
    rows, columns = (
        ((np.arange(n) + 0.5) * side / n + first) * frame.scale + offset
        for n, side, first, offset in zip(cells, size, (top, left), frame.offset, strict=True)
    )
    y, x = (axis.astype(np.float32) for axis in np.meshgrid(rows, columns, indexing="ij"))
    worn = ndimage.map_coordinates(mask.astype(np.float32), [y - 0.5, x - 0.5], order=1)
    parts = list(cut(Grid(worn, x * cm, y * cm), find_body(mask, frame, points, cm), trousers))
    steps = [side / n * frame.scale * cm for side, n in zip(size, cells, strict=True)]  # cm a cell
    shifts = None if light is None else _folds(light, worn, steps)
    part = np.zeros(size, np.uint8)
    for each in parts:
        part[_enlarged(each.inside, size) > 0] = each.name
    u, v, pixel = (np.zeros(size, np.float32) for _ in range(3))
    finer = [n / side for side, n in zip(size, cells, strict=True)]  # cells a pixel
    for each in parts:
        here = part == each.name
        if here.any():
            maps = [field if shifts is None else _moved(field, shifts) for field in (each.u, each.v)]
            for whole, field in zip((u, v, pixel), (*maps, _covered(maps, finer)), strict=True):
                np.copyto(whole, _enlarged(field, size), where=here)
    return Drape(u, v, pixel, part)


def has_legs(mask: torch.Tensor, probabilities: torch.Tensor, regions: Regions) -> bool:
    """Whether a garment `mask` (1, 1, h, w) in [0, 1] goes around each leg: trousers, not a skirt.

    probabilities: of its regions, (1, K, h, w).
    """
    trousers, skirt = (
        float((regions.select(probabilities, names) * mask).sum()) for names in (("trousers",), ("skirt", "dress"))
    )
    return trousers > max(skirt, 0.2 * float(mask.sum()))


def _folds(light: np.ndarray, worn: np.ndarray, steps: list[float]) -> np.ndarray:
    """By how many cells (2, h, w) the cloth is shifted into its folds."""
    weight = worn + 1e-3
    small = F.interpolate(torch.from_numpy(np.asarray(light, np.float32))[None, None], size=worn.shape, mode="area")
    blur = lambda field: ndimage.gaussian_filter(field, [SMOOTH / step for step in steps], mode="nearest")  # noqa: E731
    smooth = blur(small[0, 0].numpy() * weight) / blur(weight)
    slopes = np.stack([slope / step for slope, step in zip(np.gradient(smooth), steps, strict=True)])
    length = np.hypot(*slopes) + 1e-6
    shifts = slopes / length * SHIFT * np.tanh(FOLDED / SHIFT * length)
    changes = [np.gradient(shift, axis=axis) / steps[axis] for shift in shifts for axis in (0, 1)]
    tight = max(abs(change[worn > 0.2]).max(initial=1e-6) for change in changes)  # beside the garment is other light
    return shifts * min(1, TIGHTEST / tight) / np.array(steps)[:, None, None]


def _moved(field: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    return ndimage.map_coordinates(field, np.indices(field.shape) + shifts, order=1, mode="nearest")


def _covered(maps: list[np.ndarray], finer: list[float]) -> np.ndarray:
    """cm of cloth in a photo pixel, the mean over both directions."""
    squares = sum((slope * each) ** 2 for field in maps for slope, each in zip(np.gradient(field), finer, strict=True))
    return np.sqrt(squares / 2)


def _enlarged(field: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    small = torch.from_numpy(np.ascontiguousarray(field, dtype=np.float32))[None, None]
    return F.interpolate(small, size=size, mode="bilinear", align_corners=False)[0, 0].numpy()
