"""Bare limbs under clothes that go: how stout they are, and where they run within what covered them."""

from __future__ import annotations

import numpy as np

from fice.cloth.limb import Girth, Line, length_of
from fice.cloth.parts import THIGH
from fice.cloth.sleeve import HAND, UPPER_ARM
from fice.references.figure import FEWEST, SIGNS, Figure, Limb
from fice.references.strips import LEFT, RIGHT

FORK = 14.0  # cm below the hips' joints
# radius, cm, along a bare arm and leg
ARM, LEG = ((0.0, 0.55, 1.0), (4.6, 4.0, 2.7)), ((0.0, 0.5, 0.72, 0.92, 1.0), (8.0, 5.6, 5.5, 3.5, 3.5))
REACH = 5.0  # cm of a leg, from where it is seen, that tell how stout it is
STOUT = 0.75, 1.35  # times a usual leg, at least and at most


def legs(figure: Figure) -> tuple[dict[str, Line], dict[str, tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Each leg's line, its places, and how much nearer to the right one places are, (h, w) cm."""
    lines = {side: Line.through(figure.body.legs[figure.names[side]], figure.hips) for side in SIGNS}
    spots = {side: lines[side].places(figure.grid) for side in SIGNS}
    return lines, spots, (abs(spots[LEFT][1]) - abs(spots[RIGHT][1])) / 2


def bare_leg(figure: Figure, side: str, spot: tuple[np.ndarray, np.ndarray], mine: np.ndarray, end: float) -> Limb:
    """A leg.

    spot: the places of its line; mine: (h, w) cm nearer to it than to the other; end: of cloth, cm below the hips.
    """
    along, aside = spot
    length = length_of(figure.body.legs[figure.names[side]])
    below = along - figure.hips
    cloth = figure.clad.worn * (mine > 0) * (below > FORK)
    room = Girth.of(along, aside, cloth, THIGH).around(along)
    radius, middle = np.interp(below / length, *LEG), np.zeros_like(along)
    near = (abs(aside) < LEG[1][0]) & (mine > 0) & (below > FORK) & (below < length)  # no hands
    skin = figure.skin * (1 - figure.grid.worn) * near
    if (skin > 0.5).sum() * figure.cm**2 > FEWEST:  # it goes on as it is where it is seen first
        first = float(np.quantile(below[skin > 0.5], 0.05)) + REACH
        skin = skin * (below < first + 2 * REACH)
        seen = Girth.of(along, aside, skin, THIGH)
        middle, wide = seen.around(np.array(first + figure.hips))
        radius = radius * np.clip(wide / np.interp(first / length, *LEG), *STOUT)
        middle = middle + 0 * along
    bare = np.minimum(below - end, length + 4 - below)
    return _within(
        along, aside - middle, radius, (room[0] - middle, room[1]), bare, figure.colour(skin, stockings=True)
    )


def bare_arm(
    figure: Figure,
    along: np.ndarray,
    aside: np.ndarray,
    length: float,
    room: tuple[np.ndarray, np.ndarray],
    bare: np.ndarray,
) -> Limb:
    """An arm of a length in cm; room: the middle and the radius of its sleeve; bare: cm inside its bare part."""
    shown = figure.skin * (1 - figure.grid.worn) * (abs(aside) < 2 * UPPER_ARM)
    skin = figure.colour(shown * (along > 0) * (along < length + 3 * HAND))
    return _within(along, aside, np.interp(along / length, *ARM), room, bare, skin)


def _within(
    along: np.ndarray,
    aside: np.ndarray,
    radius: np.ndarray,
    room: tuple[np.ndarray, np.ndarray],
    bare: np.ndarray,
    skin: np.ndarray,
) -> Limb:
    """A limb of a radius, as near to its line as the middle and the radius of what covers it leave it room."""
    middle, wide = room
    radius = np.minimum(radius, 0.96 * wide)
    return Limb(along, aside - np.clip(0, middle - (wide - radius), middle + (wide - radius)), radius, bare, skin)
