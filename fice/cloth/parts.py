"""The parts that a garment is cut from: the trunk's, a skirt, a leg around each leg, a sleeve around each arm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fice.cloth.body import SIDES, Body
from fice.cloth.limb import Girth, Grid, Line, depth, unrolled
from fice.cloth.sleeve import UPPER_ARM, find_sleeve

TORSO, LEFT_SLEEVE, RIGHT_SLEEVE, LEFT_LEG, RIGHT_LEG, SKIRT = range(6)
HALF, THIGH = 16.0, 8.0  # cm of radius of a trunk and a leg of which hardly anything is seen
FAR = 400.0  # cm from the camera, which is held at the hips' height: rings above sink at the sides, rings below rise
FLAT = 0.65  # a trunk's depth over its width
FLARE = 0.6  # share of a skirt's growth that vertical lines follow
WIDEST = 2.5  # times that of the hips, to which a skirt's growth is followed
CHEST = 14.0  # cm below the shoulders from which the trunk's width is measured
WAIST, CROTCH, OWN = -12.0, 3.0, 17.0  # cm below the hips: where legs begin, leave the trunk's map, have their own
BODICE = -20.0  # cm below the hips: what reaches above has sleeves


@dataclass(frozen=True)
class Part:
    """One part of the garment on a grid (h, w).

    Attributes:
        name: TORSO, LEFT_SLEEVE ...
        inside: cm, positive where it is.
        u, v: cm on its cloth, everywhere.
    """

    name: int
    inside: np.ndarray
    u: np.ndarray
    v: np.ndarray


def cut(grid: Grid, body: Body, trousers: bool) -> Iterator[Part]:
    """The parts of a garment; a later one lies before an earlier one, and the first is everywhere."""
    hips = float(np.hypot(*(body.trunk[1] - body.trunk[0])))
    along, aside = Line.through(body.trunk).places(grid)
    bodice = grid.worn[along < hips + BODICE].sum() > 0.1 * grid.worn.sum()  # hands before trousers are no sleeves
    sleeves = [
        (name, *find_sleeve(grid, body, side, aside))
        for side, name in (("left", LEFT_SLEEVE), ("right", RIGHT_SLEEVE))
        if bodice and side in body.arms
    ]
    rest = grid.worn * np.all([inside <= 0 for _, inside, _ in sleeves], axis=0)
    legs = trousers and bool(body.legs)
    girth = Girth.of(along, aside, rest, HALF).only(CHEST, hips + CROTCH if legs else np.inf)
    middle, radius = girth.around(along)
    u = unrolled(aside, middle, radius)
    if not legs:
        u = u * np.interp(along, girth.at, _flare(girth, hips))
    trunk = Part(TORSO, np.ones_like(u), u, along + _bend(aside, middle, radius) * FLAT * (along - hips))
    yield trunk
    if legs:
        yield from _legs(grid, body, trunk, along - hips, girth)
    else:
        yield Part(SKIRT, along - hips, trunk.u, trunk.v)
    for name, inside, (reach, across) in sleeves:
        around = Girth.of(reach, across, grid.worn * (inside > 0), UPPER_ARM).around(reach)
        yield Part(name, inside, unrolled(across, *around), reach)


def _legs(grid: Grid, body: Body, trunk: Part, below: np.ndarray, girth: Girth) -> Iterator[Part]:
    """Both legs, which have the trunk's map above the crotch and each its own farther down.

    below: (h, w) cm below the hips; girth: the trunk's.
    """
    down = body.trunk[1] - body.trunk[0]
    hips = float(np.hypot(*down))
    down = down / hips
    places = {}
    for side in SIDES:
        joints = np.concatenate([body.legs[side][:1] + down * WAIST, body.legs[side]])
        places[side] = Line.through(joints, hips + WAIST).places(grid)
    nearer = (abs(places["right"][1]) - abs(places["left"][1])) / 2
    own = np.clip((below - CROTCH) / (OWN - CROTCH), 0, 1)
    own = own * own * (3 - 2 * own)
    for side, name, inside in (("left", LEFT_LEG, nearer), ("right", RIGHT_LEG, -nearer)):
        along, aside = places[side]
        around = Girth.of(along, aside, grid.worn * (inside > 0), THIGH).only(hips + CROTCH, np.inf).around(along)
        hip = (body.legs[side][0] - body.trunk[1]) @ [down[1], -down[0]]  # cm aside of the trunk's line
        u = unrolled(hip, *girth.around(np.array(hips))) + unrolled(aside, *around)
        v = along + _bend(aside, *around) * (along - hips)
        inside = np.minimum(inside, below - WAIST)
        yield Part(name, inside, trunk.u + own * (u - trunk.u), trunk.v + own * (v - trunk.v))


def _flare(girth: Girth, hips: float) -> np.ndarray:
    """By what to multiply u at the places of a girth, so that vertical lines follow a skirt's growth, partly."""
    below = np.where(girth.at >= hips, girth.radius, 0)
    growth = np.maximum.accumulate(below) / girth.around(np.array(hips))[1]
    return np.clip(growth, 1, WIDEST) ** -FLARE


def _bend(aside: np.ndarray, middle: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """cm that a ring of cloth rises at places aside of its line, for each cm that it lies below the camera."""
    return radius * depth(aside, middle, radius) / FAR
