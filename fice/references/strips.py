"""The parts of a garment in its picture: each a strip between two edges, row by row from its top to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from fice.cloth.limb import ROOM
from fice.references.reference import BODICE, POINTS, Reference

TRUNK, LEFT, RIGHT = "trunk", "left", "right"  # the strips; sleeves and legs are called by the viewer's side
COLUMNS = (-1.0, -0.6, 0.0, 0.6, 1.0)  # across a strip, from the viewer's left edge to the right one
SEAM, UPPER, LOWER, LIMB = 4, 4, 6, 7  # rows from the shoulder to the armpit, from there to the waist, to the hem
SLEEVELESS = 0.35  # of the armhole, a sleeve that is shorter is none
REACH = 0.22  # of an edge's length, how far its outline may be from the straight line
WEARERS = {LEFT: "right", RIGHT: "left"}  # the wearer's side in a picture of the front


@dataclass(frozen=True)
class Strip:
    """A part between two edges, matched row by row: left and right of the viewer, (n, 2) each."""

    left: np.ndarray
    right: np.ndarray

    @property
    def outline(self) -> np.ndarray:
        """(n, 2): down the left edge and up the right one."""
        return np.concatenate([self.left, self.right[::-1]])

    def grid(self, bent: bool) -> np.ndarray:
        """Points across all rows, at COLUMNS, (n * m, 2).

        bent: the strip lies around a body, of which the front is seen; else it lies flat, but where it begins.
        """
        across = np.array(COLUMNS)
        flat = np.arcsin(across / ROOM) / np.arcsin(1 / ROOM)
        share = 0.0 if bent else np.clip(np.arange(len(self.left)) / 2, 0, 1)[:, None]
        share = (1 + across + share * (flat - across))[..., None] / 2
        return (self.left[:, None] * (1 - share) + self.right[:, None] * share).reshape(-1, 2)


def strips_of(reference: Reference) -> tuple[dict[str, Strip], np.ndarray]:
    """The strips of a picture, in its pixels, and points of its upper edge (n, 2): the neck's, if it has any."""
    points = {name: np.array(at, float) for name, at in reference.points.items()}
    at = lambda side, name: points[f"{WEARERS[side]} {name}"]  # noqa: E731
    line = lambda a, b, count: _edge(reference.matte, a, b, count)  # noqa: E731
    kind = POINTS[reference.kind]
    if kind == BODICE:
        sides = {}
        for side in (LEFT, RIGHT):
            seam = straight(at(side, "shoulder"), at(side, "armpit"), SEAM)
            upper, lower = (
                line(at(side, "armpit"), at(side, "waist"), UPPER),
                line(at(side, "waist"), at(side, "hem"), LOWER),
            )
            sides[side] = np.concatenate([seam[:-1], upper[:-1], lower])
        strips = {TRUNK: Strip(sides[LEFT], sides[RIGHT])}
        for side in (LEFT, RIGHT):
            if has_sleeve(reference.points, side):
                outer = line(at(side, "shoulder"), at(side, "cuff outside"), LIMB)
                inner = line(at(side, "armpit"), at(side, "cuff inside"), LIMB)
                strips[side] = Strip(outer, inner) if side == LEFT else Strip(inner, outer)
        return strips, np.stack([at(side, "neck") for side in (LEFT, RIGHT)])
    hips = {side: line(at(side, "waist"), at(side, "hip"), UPPER) for side in (LEFT, RIGHT)}
    if reference.kind == "skirt":
        sides = {s: np.concatenate([hips[s][:-1], line(at(s, "hip"), at(s, "hem"), LOWER)]) for s in (LEFT, RIGHT)}
        return {TRUNK: Strip(sides[LEFT], sides[RIGHT])}, np.zeros((0, 2))
    strips = {TRUNK: Strip(hips[LEFT], hips[RIGHT])}
    for side in (LEFT, RIGHT):
        outer = line(at(side, "hip"), at(side, "hem outside"), LIMB)
        inner = line(points["crotch"], at(side, "hem inside"), LIMB)
        strips[side] = Strip(outer, inner) if side == LEFT else Strip(inner, outer)
    return strips, points["crotch"][None]


def has_sleeve(points: Mapping[str, Sequence[float]], side: str) -> bool:
    """Whether a garment of these points has a sleeve on the viewer's side."""
    shoulder, armpit, cuff = (np.array(points[f"{WEARERS[side]} {n}"]) for n in ("shoulder", "armpit", "cuff outside"))
    return bool(np.hypot(*(cuff - shoulder)) > SLEEVELESS * np.hypot(*(armpit - shoulder)))


def straight(first: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
    """Evenly spaced points from one to another, (count, 2)."""
    share = np.linspace(0, 1, count)[:, None]
    return first * (1 - share) + last * share


def _edge(matte: np.ndarray, first: np.ndarray, last: np.ndarray, count: int) -> np.ndarray:
    """Points of the outline from one to another, (count, 2): the nearest to those of the straight line."""
    points = straight(first, last, count)
    length = float(np.hypot(*(last - first)))
    if length < 2:
        return points
    at = lambda x, y: ndimage.map_coordinates(matte, [y - 0.5, x - 0.5], order=1)  # noqa: E731
    return outlined(points, at, REACH * length, 1.0)


def outlined(
    points: np.ndarray, worn_at: Callable[[np.ndarray, np.ndarray], np.ndarray], reach: float, step: float
) -> np.ndarray:
    """Points of an edge (n, 2), moved across it to the nearest outline; the first and the last one stay.

    worn_at: how far points x, y are of the garment, 0 to 1; reach: how far to look; step: how finely.
    """
    along = np.gradient(points, axis=0)
    normal = np.stack([along[:, 1], -along[:, 0]], 1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    off = np.arange(-reach, reach + step / 2, step)
    off = off[np.argsort(abs(off), kind="stable")]  # the nearest first
    places = points[:, None] + off[None, :, None] * normal[:, None]
    sides = [places + way * step * normal[:, None] for way in (-1, 1)]
    within = [worn_at(side[..., 0], side[..., 1]) > 0.5 for side in sides]
    border = within[0] != within[1]
    found = np.where(border.any(1), off[border.argmax(1)], np.nan)
    found[[0, -1]] = 0.0
    known = np.flatnonzero(~np.isnan(found))
    found = np.interp(np.arange(len(points)), known, found[known])
    return points + ndimage.median_filter(found, 3, mode="nearest")[:, None] * normal
