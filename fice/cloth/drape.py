"""Draping: where on the cloth each pixel of a garment lies, part by part of the body, in centimetres.

A garment is cut from parts: the trunk's, a sleeve around each arm, a leg around each leg, a skirt below the hips. Each
has a direction of its own, and meets the others where a seam would be; the trunk's runs on into a skirt, and into
trousers above the crotch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from fice.cloth.body import SIDES, Body, Points, centimetres, find_body
from fice.cloth.limb import Girth, Line, depth, unrolled
from fice.subject.frame import Frame, Window
from fice.subject.regions import Regions

TORSO, LEFT_SLEEVE, RIGHT_SLEEVE, LEFT_LEG, RIGHT_LEG, SKIRT = range(6)
LARGEST = 384  # cells along the longer side of the window at which the smooth maps are made
FAR = 400.0  # cm from the camera, which is held at the hips' height: rings above sink at the sides, rings below rise
FLAT = 0.65  # a trunk's depth over its width
FLARE = 0.6  # share of a skirt's growth that vertical lines follow
WIDEST = 2.5  # times that of the hips, to which a skirt's growth is followed
CHEST = 14.0  # cm below the shoulders from which the trunk's width is measured
WAIST, CROTCH, THIGH = -12.0, 3.0, 17.0  # cm below the hips: where legs begin, leave the trunk's map, have their own
BODICE = -20.0  # cm below the hips: what reaches above has sleeves
ARMHOLE = 14.0  # cm along the arm to which an armhole reaches
UPPER_ARM, SLENDER, STOUT = 4.5, 3.0, 9.0  # cm around an arm's line that are sleeve: usually, at least, at most
LOOSE = 6.0  # cm more where no trunk is near
NARROWEST = 13.0  # cm of half a trunk, seen from the side
CUFF = 2.0  # cm of sleeve beyond the last of an arm's line that is covered
CAP = 6.0  # cm that a sleeve's head may reach beyond the shoulder
HAND = 4.0  # cm beyond the wrist to which a sleeve may go
SHORTEST, STRETCH = 5, 11  # cm of an arm's line that must be covered, from the shoulder on and elsewhere
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
        part: uint8: TORSO, LEFT_SLEEVE, RIGHT_SLEEVE, LEFT_LEG, RIGHT_LEG or SKIRT; the person's own sides.
    """

    u: np.ndarray
    v: np.ndarray
    pixel: np.ndarray
    part: np.ndarray


@dataclass(frozen=True)
class _Part:
    """One part of the garment. inside: (h, w) cm, positive where it is; u, v: (h, w) cm."""

    name: int
    inside: np.ndarray
    u: np.ndarray
    v: np.ndarray


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
    parts = list(_parts(worn, x * cm, y * cm, find_body(mask, frame, points, cm), trousers))
    steps = [side / n * frame.scale * cm for side, n in zip(size, cells, strict=True)]  # cm a cell
    shifts = None if light is None else _folds(light, worn, steps)
    part = np.zeros(size, np.uint8)
    for each in parts[1:]:
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


def _parts(worn: np.ndarray, x: np.ndarray, y: np.ndarray, body: Body, trousers: bool) -> Iterator[_Part]:
    """The parts of a garment `worn` (h, w) in [0, 1] at points x, y in cm; a later one lies before an earlier one."""
    trunk = Line.through(body.trunk)
    hips = float(np.hypot(*(body.trunk[1] - body.trunk[0])))
    along, aside = trunk.places(x, y)
    bodice = worn[along < hips + BODICE].sum() > 0.1 * worn.sum()  # hands before trousers are no sleeves
    sleeves = [
        (name, *_sleeve(worn, x, y, body, side, aside))
        for side, name in (("left", LEFT_SLEEVE), ("right", RIGHT_SLEEVE))
        if bodice and side in body.arms
    ]
    rest = worn * np.prod([inside <= 0 for _, inside, _ in sleeves], axis=0) if sleeves else worn
    legs = body.legs if trousers else {}
    girth = Girth.of(along, aside, rest, 2 * 8.0).only(CHEST, hips + CROTCH if legs else np.inf)
    middle, radius = girth.around(along)
    wide = np.ones_like(along)
    if not legs:
        below = girth.at >= hips
        growth = np.maximum.accumulate(np.where(below, girth.radius, 0)) / float(girth.around(np.array(hips))[1])
        wide = np.interp(along, girth.at, np.clip(growth, 1, WIDEST) ** -FLARE)
    u = unrolled(aside, middle, radius) * wide
    v = along + FLAT * radius * depth(aside, middle, radius) * (along - hips) / FAR
    yield _Part(TORSO, np.ones_like(u), u, v)
    if legs:
        yield from _legs(worn, x, y, body, hips, along, (u, v), girth)
    else:
        yield _Part(SKIRT, along - hips, u, v)
    for name, inside, line_places in sleeves:
        reach, across = line_places
        middle, radius = Girth.of(reach, across, worn * (inside > 0), UPPER_ARM).around(reach)
        yield _Part(name, inside, unrolled(across, middle, radius), reach)


def _legs(
    worn: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    body: Body,
    hips: float,
    along: np.ndarray,
    trunk: tuple[np.ndarray, np.ndarray],
    girth: Girth,
) -> Iterator[_Part]:
    """Both legs, which have the trunk's map (u, v) above the crotch and each its own below."""
    down = (body.trunk[1] - body.trunk[0]) / hips
    places = {}
    for side in SIDES:
        joints = np.concatenate([body.legs[side][:1] + down * WAIST, body.legs[side]])
        places[side] = Line.through(joints, hips + WAIST).places(x, y)
    nearer = (abs(places["right"][1]) - abs(places["left"][1])) / 2
    own = np.clip((along - hips - CROTCH) / (THIGH - CROTCH), 0, 1)
    own = own * own * (3 - 2 * own)
    for side, name, inside in (("left", LEFT_LEG, nearer), ("right", RIGHT_LEG, -nearer)):
        reach, aside = places[side]
        around = Girth.of(reach, aside, worn * (inside > 0), UPPER_ARM).only(hips + CROTCH, np.inf).around(reach)
        hip = (body.hips[side] - body.trunk[1]) @ [down[1], -down[0]]
        u = unrolled(hip, *girth.around(np.array(hips))) + unrolled(aside, *around)
        v = reach + around[1] * depth(aside, *around) * (reach - hips) / FAR
        yield _Part(
            name,
            np.minimum(inside, along - hips - WAIST),
            *((1 - own) * a + own * b for a, b in zip(trunk, (u, v), strict=True)),
        )


def _sleeve(
    worn: np.ndarray, x: np.ndarray, y: np.ndarray, body: Body, side: str, aside: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Where a sleeve is, (h, w) in cm, positive inside, and places (along, aside) of its arm's line.

    aside: cm from the trunk's line.
    """
    joints, shoulder = body.arms[side], body.shoulders[side]
    line = Line.through(joints)
    along, across = line.places(x, y)
    at = np.arange(0, float(np.hypot(*np.diff(joints, axis=0).T).sum()) + HAND, 1.0)
    covered, low, high = _around_arm(worn, x, y, line, at)
    outward, down = shoulder - body.trunk[0], joints[1] - joints[0]
    half = float(np.hypot(*outward))
    # from the shoulder's top to the armpit
    normal = outward / max(half, NARROWEST) + UPPER_ARM / ARMHOLE * down / max(float(np.hypot(*down)), 1e-3)
    seam = ((x - shoulder[0]) * normal[0] + (y - shoulder[1]) * normal[1]) / max(float(np.hypot(*normal)), 1e-3)
    loose = np.clip(abs(aside) - max(half, NARROWEST), 0, LOOSE)
    low, high, covered = (np.interp(along, at, values) for values in (low, high, covered))
    covered = covered - np.maximum(np.maximum(along - at[-1], -along - CAP), 0)
    inside = (low + high) / 2 - abs(across - (high - low) / 2)
    return np.minimum(np.minimum(inside, covered) + loose, np.maximum(seam, along - ARMHOLE)), (along, across)


def _around_arm(
    worn: np.ndarray, x: np.ndarray, y: np.ndarray, line: Line, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (n,) along an arm's line: cm to the end of the cloth on it, and cm that it goes to the left and right."""
    across = np.arange(-STOUT - 1, STOUT + 2)
    px, py = line.at(at[:, None], across[None])
    cells = [(p - axis[0]) / (axis[1] - axis[0]) for p, axis in ((py, y[:, 0]), (px, x[0]))]
    cloth = ndimage.map_coordinates(worn, cells, order=1) > 0.5
    covered = ndimage.binary_closing(cloth[:, abs(across) < 3].mean(1) > 0.5, np.ones(9))
    shoulder = np.ones(STRETCH - SHORTEST, bool)  # a run from there on may be short
    covered = ndimage.binary_opening(np.append(shoulder, covered), np.ones(STRETCH))[len(shoulder) :]
    inner = ndimage.distance_transform_edt(np.pad(covered, (0, 1)))[:-1]
    outer = ndimage.distance_transform_edt(~covered) if covered.any() else np.full(len(at), HAND)
    walls = []
    for half in (cloth[:, across <= 0][:, ::-1], cloth[:, across >= 0]):
        walls.append(np.where(half.all(1) | ~covered, np.nan, np.argmin(half, 1)))
    low, high = walls
    low, high = np.where(np.isnan(low), _hidden(high), low), np.where(np.isnan(high), _hidden(low), high)
    low, high = (np.clip(np.nan_to_num(wall, nan=UPPER_ARM), SLENDER, STOUT) for wall in (low, high))
    return inner - outer + CUFF, *(ndimage.gaussian_filter1d(wall, 4.0) for wall in (low, high))


def _hidden(free: np.ndarray) -> np.ndarray:
    """How far, cm, a sleeve goes on the side of the trunk, of which the other, free side is known."""
    return np.maximum(2 * UPPER_ARM - free, 0.75 * free)


def _folds(light: np.ndarray, worn: np.ndarray, steps: list[float]) -> np.ndarray:
    """By how many cells (2, h, w) the cloth is shifted into its folds."""
    weight = worn + 1e-3
    small = F.interpolate(torch.from_numpy(np.asarray(light, np.float32))[None, None], size=worn.shape, mode="area")
    blur = lambda field: ndimage.gaussian_filter(field, [SMOOTH / step for step in steps], mode="nearest")  # noqa: E731
    smooth = blur(small[0, 0].numpy() * weight) / blur(weight)
    slopes = np.stack([slope / step for slope, step in zip(np.gradient(smooth), steps, strict=True)])
    length = np.hypot(*slopes) + 1e-6
    shifts = slopes / length * SHIFT * np.tanh(FOLDED / SHIFT * length)
    tight = max(abs(np.gradient(shift, axis=axis) / steps[axis]).max() for shift in shifts for axis in (0, 1))
    return shifts * min(1, TIGHTEST / max(tight, 1e-6)) / np.array(steps)[:, None, None]


def _moved(field: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    return ndimage.map_coordinates(field, np.indices(field.shape) + shifts, order=1, mode="nearest")


def _covered(maps: list[np.ndarray], finer: list[float]) -> np.ndarray:
    """cm of cloth in a photo pixel, the mean over both directions."""
    squares = sum((slope * each) ** 2 for field in maps for slope, each in zip(np.gradient(field), finer, strict=True))
    return np.sqrt(squares / 2)


def _enlarged(field: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    small = torch.from_numpy(np.ascontiguousarray(field, dtype=np.float32))[None, None]
    return F.interpolate(small, size=size, mode="bilinear", align_corners=False)[0, 0].numpy()
