"""Bare limbs under clothes that go: how stout they are, and where they run within what covered them."""

from __future__ import annotations

import numpy as np

from fice.cloth.limb import STEP, Girth, Line
from fice.cloth.parts import THIGH
from fice.cloth.sleeve import HAND, UPPER_ARM
from fice.references.figure import FEWEST, SIGNS, Figure, Limb
from fice.references.strips import LEFT, RIGHT

FORK = 8.0  # cm below the hips' joints
# radius, cm, along a bare arm and leg
ARM, LEG = ((0.0, 0.55, 1.0), (4.6, 4.0, 2.7)), ((0.0, 0.5, 0.75, 1.0), (8.0, 5.6, 5.4, 3.6))
STOUT = 14.0  # cm of a leg, from where it is seen, that tell how stout it is above


def legs(figure: Figure) -> tuple[dict[str, Line], dict[str, tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Each leg's line, its places, and how much nearer to the right one places are, (h, w) cm."""
    lines = {side: Line.through(figure.body.legs[figure.names[side]], figure.hips) for side in SIGNS}
    spots = {side: lines[side].places(figure.grid) for side in SIGNS}
    return lines, spots, (abs(spots[LEFT][1]) - abs(spots[RIGHT][1])) / 2


def bare_leg(figure: Figure, side: str, spot: tuple[np.ndarray, np.ndarray], mine: np.ndarray) -> Limb:
    """A leg; spot: the places of its line; mine: (h, w) cm nearer to it than to the other."""
    along, aside = spot
    length = float(np.hypot(*np.diff(figure.body.legs[figure.names[side]], axis=0).T).sum())
    below = along - figure.hips
    cloth = figure.clad.worn * (mine > 0) * (below > FORK)
    middle, radius = Girth.of(along, aside, cloth, THIGH).around(along)
    thin = np.interp(below / length, *LEG)
    skin = figure.skin * (1 - figure.grid.worn) * (mine > 0) * (below > FORK) * (below < length)
    if (skin > 0.5).sum() * figure.cm**2 > FEWEST:  # as much of it as is seen tells how stout it is
        seen = Girth.of(along, aside, skin, THIGH)
        model = np.interp((seen.at - figure.hips) / length, *LEG)
        thin = thin * float(np.median((seen.radius / model)[: round(STOUT / STEP)]))
    bare = np.minimum(below - FORK / 2, length + 4 - below)
    return _within(along, aside, thin, (middle, radius), bare, figure.colour(skin))


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
