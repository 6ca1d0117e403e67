"""The points of a garment that somebody wears, by the wearer's joints."""

from __future__ import annotations

import numpy as np

from fice.cloth.limb import length_of
from fice.references.points import Point
from fice.references.reference import POINTS

TRUNK = ("left shoulder", "right shoulder", "left hip", "right hip")
ARMPIT, WAIST = 0.3, 0.72  # of the way from the shoulder to the hip
NECK = 0.42  # of the shoulders' half width
SLEEVE, CUFF = 0.2, 0.12  # of the arm, from which there is one; half the width of a cuff at most
CROTCH = 0.12  # of the trunk's length, below the hips
KNEE = 0.15  # of the thigh above the knee, to where shorts reach at most below it
ASIDE = 1.9  # half widths of the hips that a trunk or a leg's side is from the axis at most
Joints = dict[str, np.ndarray]  # (x, y) in the picture's pixels of each keypoint that is seen


def long_legged(matte: np.ndarray, joints: Joints) -> bool:
    """Whether trousers reach below the knees, where these are seen; else whether they are longer than wide."""
    rows, columns = np.nonzero(matte > 0.5)
    for side in ("left", "right"):
        if f"{side} knee" in joints and f"{side} hip" in joints:
            hip, knee = joints[f"{side} hip"], joints[f"{side} knee"]
            return bool(rows.max() > knee[1] + KNEE * (knee[1] - hip[1]))
    return bool(np.ptp(rows) > 1.3 * np.ptp(columns))


def sleeve_share(matte: np.ndarray, joints: Joints) -> float | None:
    """How far the longer sleeve reaches, 0 at the shoulder to 1 at the wrist; None where no arm is seen."""
    arms = [arm for side in ("left", "right") if (arm := _arm(joints, side)) is not None]
    return max((_reach(matte, arm) for arm in arms), default=None)


def joint_points(matte: np.ndarray, kind: str, joints: Joints, found: dict[str, Point]) -> dict[str, Point]:
    """Points of a garment that is worn: by the joints where trunk and legs are seen, else as they were `found`."""
    trunk = [joints[name] for name in TRUNK if name in joints]
    if len(trunk) < len(TRUNK):
        return found
    points = dict(found)
    inside = matte > 0.5
    shoulders, hips = (trunk[0] + trunk[1]) / 2, (trunk[2] + trunk[3]) / 2
    for side, own, hip in (("left", trunk[0], trunk[2]), ("right", trunk[1], trunk[3])):
        outward = np.sign((own - shoulders)[0]) or (1.0 if side == "left" else -1.0)
        wide = max(abs(hip[0] - hips[0]), 0.7 * abs(own[0] - shoulders[0]))
        edge = lambda y, o=outward, w=wide: _edge(inside, hips[0], y, o, ASIDE * w)  # noqa: E731
        down = lambda share, a=own, b=hip: a + share * (b - a)  # noqa: E731
        bottom = _lowest(inside, hips[0], wide)
        new: dict[str, np.ndarray] = {}
        if "neck" in POINTS[kind]:
            new["neck"] = _top(inside, shoulders + NECK * (own - shoulders))
            new["shoulder"] = _top(inside, own)
            new["armpit"] = down(ARMPIT)
            new["waist"] = edge(down(WAIST)[1])
            new["hem"] = edge(bottom)
            new |= {"cuff outside": new["shoulder"], "cuff inside": new["armpit"]}
            new |= _cuff(inside, _arm(joints, side), hip)
        elif kind == "skirt":
            top = np.flatnonzero(inside[:, _column(inside, hips[0])])
            new["waist"] = edge(top[0] if len(top) else hip[1])
            new["hip"] = edge(hip[1])
            new["hem"] = _edge(inside, hips[0], bottom, outward, np.inf)
        else:
            new["waist"] = edge(_top(inside, hips)[1] + 2)
            new["hip"] = edge(hip[1])
            points["crotch"] = tuple((hips + [0, CROTCH * (hips - shoulders)[1]]).tolist())
            new |= _leg_end(inside, joints, side, outward)
        points |= {f"{side} {name}": (float(at[0]), float(at[1])) for name, at in new.items()}
    return points


def _arm(joints: Joints, side: str) -> np.ndarray | None:
    chain = [joints[name] for name in (f"{side} shoulder", f"{side} elbow", f"{side} wrist") if name in joints]
    if f"{side} elbow" not in joints or f"{side} shoulder" not in joints:
        return None
    return np.array(chain if len(chain) == 3 else [*chain, 2 * chain[1] - chain[0]])


def _along(chain: np.ndarray, count: int = 60) -> np.ndarray:
    """Points evenly along a chain of joints, (count, 2)."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(chain, axis=0).T))])
    even = np.linspace(0, lengths[-1], count)
    return np.column_stack([np.interp(even, lengths, chain[:, axis]) for axis in (0, 1)])


def _reach(matte: np.ndarray, chain: np.ndarray) -> float:
    """The share of a chain of joints that a garment covers, from its beginning on."""
    covered = _at(matte > 0.5, _along(chain))
    bare = np.flatnonzero(~covered & ~np.roll(covered, -1) & (np.arange(len(covered)) > 5))
    return float(bare[0] if len(bare) else len(covered)) / len(covered)


def _cuff(inside: np.ndarray, arm: np.ndarray | None, hip: np.ndarray) -> Joints:
    """Both ends of a sleeve's cuff, the inner one towards the hip; nothing where there is no sleeve."""
    reach = 0.0 if arm is None else _reach(inside, arm)
    if arm is None or reach < SLEEVE:
        return {}
    line = _along(arm)
    at = max(min(int(reach * len(line)), len(line)) - 2, 1)
    way = line[at] - line[max(at - 8, 0)]
    across = np.array([-way[1], way[0]]) / max(np.hypot(*way), 1e-6)
    half = CUFF * length_of(arm)
    ends = [_last(inside, line[at], sign * across, half) for sign in (1, -1)]
    outer, inner = sorted(ends, key=lambda end: -np.hypot(*(end - hip)))
    return {"cuff outside": outer, "cuff inside": inner}


def _leg_end(inside: np.ndarray, joints: Joints, side: str, outward: float) -> Joints:
    chain = [joints[name] for name in (f"{side} hip", f"{side} knee", f"{side} ankle") if name in joints]
    if len(chain) < 3:
        return {}
    line = _along(np.array(chain))
    covered = np.flatnonzero(_at(inside, line))
    if not len(covered):
        return {}
    x, y = line[covered[-1]]
    reach = 0.35 * abs(chain[1][1] - chain[0][1])
    y = min(y, np.flatnonzero(inside.any(1))[-1] - 2)
    ends = {"hem outside": outward, "hem inside": -outward}
    return {name: _edge(inside, x, y, sign, reach) for name, sign in ends.items()}


def _top(inside: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The highest pixel in the column of a point."""
    rows = np.flatnonzero(inside[:, _column(inside, at[0])])
    return np.array([at[0], rows[0] if len(rows) else at[1]])


def _lowest(inside: np.ndarray, x: float, wide: float) -> float:
    """Just above the lowest row about an axis."""
    rows = np.flatnonzero(inside[:, _column(inside, x - wide) : _column(inside, x + wide) + 1].any(1))
    return float(rows[-1] - 0.02 * np.ptp(rows)) if len(rows) else float(len(inside))


def _edge(inside: np.ndarray, x: float, y: float, outward: float, most: float) -> np.ndarray:
    """Where from an axis outward in a row the garment ends, at most so far away."""
    return _last(inside, np.array([x, y]), np.array([outward, 0.0]), most)


def _last(inside: np.ndarray, start: np.ndarray, way: np.ndarray, most: float) -> np.ndarray:
    """The last point inside on a way from a start; a gap at its beginning, such as an open coat's, is passed."""
    most = min(most, float(max(inside.shape)))
    steps = start + np.arange(0, max(most, 1.0))[:, None] * way
    covered = _at(inside, steps)
    if not covered.any():
        return start
    ends = np.flatnonzero(~covered[int(np.argmax(covered)) :])
    return steps[int(np.argmax(covered)) + int(ends[0]) - 1 if len(ends) else -1]


def _at(inside: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Of points (n, 2) whether they are inside (h, w) bool, (n,)."""
    x, y = np.floor(points).astype(int).T
    here = (x >= 0) & (y >= 0) & (x < inside.shape[1]) & (y < inside.shape[0])
    return here & inside[np.where(here, y, 0), np.where(here, x, 0)]


def _column(inside: np.ndarray, x: float) -> int:
    return int(np.clip(x, 0, inside.shape[1] - 1))
