"""Sleeves: where the garment goes around an arm, from the armhole to the cuff."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from fice.cloth.body import Body
from fice.cloth.limb import Grid, Line, length_of

ARMHOLE = 14.0  # cm along the arm to which an armhole reaches
UPPER_ARM, SLENDER, STOUT = 4.5, 3.0, 9.0  # cm around an arm's line that are sleeve: usually, at least, at most
LOOSE = 6.0  # cm more where no trunk is near
NARROWEST = 13.0  # cm of half a trunk, seen from the side
CUFF = 2.0  # cm of sleeve beyond the last of an arm's line that is covered
CAP = 6.0  # cm that a sleeve's head may reach beyond the shoulder
HAND = 4.0  # cm beyond the wrist to which a sleeve may go
SHORTEST, STRETCH = 5, 11  # cm of an arm's line that must be covered, from the shoulder on and elsewhere


def find_sleeve(
    grid: Grid, body: Body, side: str, aside: np.ndarray, seam: np.ndarray | None = None
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Where a sleeve is, (h, w) in cm, positive inside, and the places (along, aside) of its arm's line.

    aside: (h, w) cm from the trunk's line; seam: (h, w) cm beyond the armhole, or None for the usual one. Raises
    KeyError for an arm of which nothing is known.
    """
    joints, shoulder = body.arms[side], body.shoulders[side]
    line = Line.through(joints)
    along, across = line.places(grid)
    at = np.arange(0, length_of(joints) + HAND, 1.0)
    low, high, covered = (np.interp(along, at, values) for values in walls(grid, line, at))
    covered = covered - np.maximum(np.maximum(along - at[-1], -along - CAP), 0)
    inside = (low + high) / 2 - abs(across - (high - low) / 2)
    outward, down = shoulder - body.trunk[0], joints[1] - joints[0]
    half = max(float(np.hypot(*outward)), NARROWEST)
    loose = np.clip(abs(aside) - half, 0, LOOSE)
    if seam is None:  # from the shoulder's top to the armpit
        normal = outward / half + UPPER_ARM / ARMHOLE * down / max(float(np.hypot(*down)), 1e-3)
        seam = ((grid.x - shoulder[0]) * normal[0] + (grid.y - shoulder[1]) * normal[1]) / max(np.hypot(*normal), 1e-3)
    return np.minimum(np.minimum(inside, covered) + loose, np.maximum(seam, along - ARMHOLE)), (along, across)


def walls(grid: Grid, line: Line, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At places (n,) along an arm's line, 1 cm apart: cm of sleeve on its left and right, cm to its end."""
    across = np.arange(-STOUT - 1, STOUT + 2)
    cloth = grid.worn_at(*line.at(at[:, None], across[None])) > 0.5
    covered = ndimage.binary_closing(cloth[:, abs(across) < 3].mean(1) > 0.5, np.ones(9))
    shoulder = np.ones(STRETCH - SHORTEST, bool)  # a run from there on may be short
    covered = ndimage.binary_opening(np.append(shoulder, covered), np.ones(STRETCH))[len(shoulder) :]
    inner = ndimage.distance_transform_edt(np.append(covered, False))[:-1]
    outer = ndimage.distance_transform_edt(~covered) if covered.any() else np.full(len(at), STOUT)
    sides = []
    for half in (cloth[:, across <= 0][:, ::-1], cloth[:, across >= 0]):
        sides.append(np.where(half.all(1) | ~covered, np.nan, np.argmin(half, 1)))
    low, high = sides
    low, high = np.where(np.isnan(low), _hidden(high), low), np.where(np.isnan(high), _hidden(low), high)
    low, high = (np.clip(np.nan_to_num(wall, nan=UPPER_ARM), SLENDER, STOUT) for wall in (low, high))
    return ndimage.gaussian_filter1d(low, 4.0), ndimage.gaussian_filter1d(high, 4.0), inner - outer + CUFF


def _hidden(free: np.ndarray) -> np.ndarray:
    """How far, cm, a sleeve goes on the side of the trunk, of which the other, free side is known."""
    return np.maximum(2 * UPPER_ARM - free, 0.75 * free)
