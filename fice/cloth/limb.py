"""One limb, or the trunk: how far along a line through it a point lies, how far aside, and how wide the cloth is there.

Points are (x, y) in centimetres. Cloth around a limb is taken for a cylinder that is seen from the front: near its
outline a centimetre of the picture is more than one of cloth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

STEP = 2.0  # cm between the points of a line, and between the places where a width is known
BEYOND = 16.0  # cm by which a line goes on straight at both ends, as it does from there on
BEND = 4.0  # cm over which a joint bends
REACH = 4.0  # cm over which neighbouring points of a line share what lies beside them
SETTLED = 6.0  # cm along a line over which widths are smoothed
ROOM = 1.16  # radius of the cylinder over half the width: bodies are flatter, and never seen edge on
STEEPEST = 0.93  # of the radius; from there on the cylinder goes on as a plane
OFF = 3.0  # cm that cloth's middle may lie beside the line: where it seems more, something hides the other side
THINNEST = 3.0  # cm of radius


@dataclass(frozen=True)
class Grid:
    """A garment at evenly spaced points, all (h, w): worn in [0, 1], x and y in cm."""

    worn: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def worn_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """How far points (in cm, of any shape) are worn; 0 beyond the grid."""
        cells = [(at - axis[0]) / (axis[1] - axis[0]) for at, axis in ((y, self.y[:, 0]), (x, self.x[0]))]
        return ndimage.map_coordinates(self.worn, cells, order=1)


@dataclass(frozen=True)
class Line:
    """A line through a limb.

    Attributes:
        points: (N, 2) cm, STEP apart.
        along: (N,) cm, growing; what each point is called.
    """

    points: np.ndarray
    along: np.ndarray

    @classmethod
    def through(cls, joints: np.ndarray, start: float = 0.0) -> Line:
        """The line through two or more joints (K, 2) in cm, rounded there and longer than they reach.

        start: what the first joint is called.
        """
        lengths = np.hypot(*np.diff(joints, axis=0).T)
        keep = np.concatenate([[True], lengths > 1e-3])
        joints = joints[keep] if keep.sum() > 1 else joints[0] + np.array([[0.0, 0.0], [0.0, 1.0]])
        first, last = joints[0] - joints[1], joints[-1] - joints[-2]
        ends = [joints[0] + first * BEYOND / np.hypot(*first), joints[-1] + last * BEYOND / np.hypot(*last)]
        whole = np.concatenate([ends[:1], joints, ends[1:]])
        at = np.concatenate([[0.0], np.hypot(*np.diff(whole, axis=0).T).cumsum()])
        along = np.arange(0, at[-1] + STEP, STEP)
        points = np.stack([np.interp(along, at, column) for column in whole.T], 1)
        bent = ndimage.gaussian_filter1d(points, BEND / STEP, axis=0, mode="nearest")
        inner = int(3 * BEND / STEP)  # the ends are straight, and stay where they are
        points[inner:-inner] = bent[inner:-inner]
        return cls(points, along - BEYOND + start)

    @property
    def directions(self) -> np.ndarray:
        """(N, 2): unit vectors along the line."""
        slopes = np.gradient(self.points, axis=0)
        return slopes / np.hypot(*slopes.T)[:, None]

    def places(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """How far along the line points lie, and how far aside, in cm; aside grows to the right where it goes down."""
        x, y = grid.x, grid.y
        near = np.full(x.shape, np.inf, np.float32)
        points, directions = self.points.tolist(), self.directions.tolist()  # plain numbers leave float32 as it is
        for px, py in points:
            np.minimum(near, (x - px) ** 2 + (y - py) ** 2, out=near)
        total, along, aside = (np.zeros(x.shape, np.float32) for _ in range(3))
        for (px, py), (dx, dy), at in zip(points, directions, self.along.tolist(), strict=True):
            right, down = x - px, y - py
            weight = np.exp((near - right**2 - down**2) / (2 * REACH**2))
            total += weight
            along += weight * (at + right * dx + down * dy)
            aside += weight * (right * dy - down * dx)
        return along / total, aside / total

    def at(self, along: np.ndarray, aside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The points (x, y) in cm at places along and aside: the inverse of `places`."""
        x, y, dx, dy = (np.interp(along, self.along, column) for column in (*self.points.T, *self.directions.T))
        return x + aside * dy, y - aside * dx


@dataclass(frozen=True)
class Girth:
    """Where cloth lies around a line. at: (M,) cm along it, growing; middle, radius: (M,) cm aside of the line."""

    at: np.ndarray
    middle: np.ndarray
    radius: np.ndarray

    @classmethod
    def of(cls, along: np.ndarray, aside: np.ndarray, weight: np.ndarray, usual: float) -> Girth:
        """As seen: places in cm and how far each is cloth; usual: radius in cm where hardly anything is seen.

        A cloth of even weight from -r to r has a variance of r² / 3: holes and arms before it change that little.
        """
        at = np.arange(-BEYOND, 180.0, STEP)
        bins = np.clip(np.rint((along.ravel() - at[0]) / STEP), 0, len(at) - 1).astype(np.intp)
        sums = (np.bincount(bins, (weight * aside**power).ravel(), len(at)) for power in (0, 1, 2))
        mass, first, second = (ndimage.gaussian_filter1d(each, SETTLED / STEP, mode="constant") for each in sums)
        known = mass > 0.02 * mass.max()
        if not mass.max() > 0:
            return cls(at[:1], np.zeros(1), np.full(1, usual))
        middle = first[known] / mass[known]
        variance = np.maximum(second[known] / mass[known] - middle**2, 0)
        beside = np.clip(middle, -OFF, OFF)
        return cls(at[known], beside, np.maximum(np.sqrt(3 * variance) + abs(middle - beside), THINNEST))

    def around(self, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Middle and radius at places along the line."""
        return np.interp(along, self.at, self.middle), np.interp(along, self.at, self.radius)

    def only(self, first: float, last: float) -> Girth:
        """As it is between two places along the line, and beyond them as it is there."""
        at = np.clip(self.at, first, last)
        return Girth(self.at, *self.around(at))


def length_of(joints: np.ndarray) -> float:
    """cm from the first of joints (K, 2) to the last, along the limb."""
    return float(np.hypot(*np.diff(joints, axis=0).T).sum())


def unrolled(aside: np.ndarray, middle: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """cm on the cloth between the line and a place aside: the arc of the cylinder."""
    wide = ROOM * radius
    return wide * (_arc((aside - middle) / wide) - _arc(-middle / wide))


def depth(aside: np.ndarray, middle: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """How far behind its foremost point a place of the cylinder lies, over the radius: 0 to about 1."""
    across = np.clip((aside - middle) / (ROOM * radius), -STEEPEST, STEEPEST)
    return 1 - np.sqrt(1 - across**2)


def _arc(across: np.ndarray) -> np.ndarray:
    inner = np.clip(across, -STEEPEST, STEEPEST)
    return np.arcsin(inner) + (across - inner) / np.sqrt(1 - STEEPEST**2)
