"""The points of a garment on its outline: neck, shoulders, cuffs, armpits, waist and hem, or those of skirts and legs.

Corners are where a polygon of so many corners covers most of the garment; armpits and the crotch are where the outline
turns inwards (convexity defects). What is not seen, such as the cuff of a sleeve that is folded away, is where a
garment without it has it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from fice.references.outline import lie, outline, solid

Point = tuple[float, float]
DEEP, SHARP, WITHIN = 0.025, 30.0, 0.08  # of the height how deep an armpit is; degrees it turns by, within what of it
HIGHEST, LOWEST = 0.08, 0.68  # of the height, between which an armpit is
STEEP, COLLAR = 0.7, 0.75  # slopes: the trunk below an armpit is as steep; beside a collar or a hood, above too
BESIDE = 1.08  # of the armpit's distance from the axis that of the shoulder
NECK = (0.2, 0.43, 0.8)  # of the shoulder's, that of the neck: at least, usually, at most
ARMHOLE, WAIST = 0.9, 1.8  # half widths of the trunk from the shoulder down to armpit and waist
LOW_WAIST = 0.7  # of the way from the armpit to the hem, where the waist is at most
HIP = 0.69  # of the way from the waist to the crotch
SKIRT_HIP, SKIRT = 0.67, 0.6  # widths of the waist down to a skirt's hip, and of the height at most
TIP = 40.0  # degrees by which an outline turns at the end of a hem, and not at the hips
LONG = ("shirt", "jumper", "jacket")  # may have sleeves as long as the trunk
HANGING = 1.12  # times as wide low down as high up is a garment whose sleeves hang at its sides
SHOULDER, TRUNK, SLEEVE = 0.75, 0.95, 0.3  # of its width high up its shoulder's, of that its trunk's; of all a sleeve's
ASIDE = 0.6  # of the width high up, from which on a shoulder lies: nearer to the axis are collars and hoods
INWARD = 0.97  # of a point's distance from the axis, where it is well inside
CROTCH = {"trousers": 0.28, "shorts": 0.55}  # of the height, where the legs are not seen apart
LEAST_GAP = 0.06  # of the height, of the gap between legs that is seen
FEW = 60  # points of an outline's part, of which corners are sought


def find_points(matte: np.ndarray, kind: str) -> dict[str, Point]:
    """The points of `POINTS` of a garment with a matte (h, w) in [0, 1]; x and y in pixels."""
    mask = solid(matte)
    ring = outline(mask)
    turn, axis = lie(mask)
    centre = np.array([mask.shape[1], mask.shape[0]]) / 2
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    upright = np.array([[cos, sin], [-sin, cos]])  # of coordinates in the picture to those of the garment
    laid = (ring - centre) @ upright.T - [axis, 0]
    halves = {}
    for side, sign in (("left", 1), ("right", -1)):  # the wearer's left is the picture's right
        half = _half(laid if sign == 1 else laid[::-1] * [-1, 1])
        crotch, skirt = kind in CROTCH, kind == "skirt"
        halves[side] = _legs(half, kind) if crotch else _skirt(half) if skirt else _bodice(half, kind in LONG)

    if kind in CROTCH:
        halves["left"]["crotch"] = halves["right"]["crotch"] = _between(laid, halves)

    def back(point: np.ndarray, sign: int) -> np.ndarray:
        return (point * [sign, 1] + [axis, 0]) @ upright + centre

    def within(point: np.ndarray, sign: int) -> bool:
        x, y = np.clip(back(point, sign), 0, np.array(mask.shape[::-1]) - 1).astype(int)
        return bool(mask[y, x])

    for side, other, sign in (("left", "right", 1), ("right", "left", -1)):
        if _is_hood(halves[side], halves[other]):
            halves[side] = dict(halves[other])
        if not _sleeve(halves[side]) and _sleeve(halves[other]):
            halves[side] = _as_other(halves[side], halves[other], partial(within, sign=sign))
    found = {}
    for side, sign in (("left", 1), ("right", -1)):
        for name, point in halves[side].items():
            x, y = back(point, 1 if name == "crotch" else sign)
            found[name if name == "crotch" else f"{side} {name}"] = (float(x), float(y))
    return found


def _between(ring: np.ndarray, halves: dict[str, dict[str, np.ndarray]]) -> np.ndarray:
    """The highest point between the legs, where a gap is seen; the crotch as of the halves elsewhere."""
    ends = [np.array([sign, 1]) * halves[side]["hem inside"] for side, sign in (("left", 1), ("right", -1))]
    first, last = (int(np.argmin(np.hypot(*(ring - end).T))) for end in ends)
    gap = np.roll(ring, -first, 0)[: (last - first) % len(ring) + 1]
    found = gap[np.argmin(gap[:, 1])]
    mean = (halves["left"]["crotch"] + halves["right"]["crotch"]) / 2
    return found if found[1] < mean[1] else mean


def _sleeve(points: dict[str, np.ndarray]) -> bool:
    return "neck" in points and not np.array_equal(points["shoulder"], points["cuff outside"])


def _as_other(mine: dict, other: dict, within: Callable[[np.ndarray], bool]) -> dict[str, np.ndarray]:
    """Points of a side that shows no sleeve, as the other side has them where the garment is there."""
    inward = {name: point * [INWARD, 1] for name, point in other.items()}
    if not within(inward["armpit"]):
        return mine
    found = mine | {name: other[name] for name in ("shoulder", "armpit", "waist", "hem") if within(inward[name])}
    sleeve = {"cuff outside": found["shoulder"], "cuff inside": found["armpit"]}
    if all(within(inward[name]) for name in sleeve):
        sleeve = {name: other[name] for name in sleeve}
    return found | sleeve


def _half(ring: np.ndarray) -> np.ndarray:
    """Of a ring (n, 2) about x = 0 the part from the middle of its top over the right to that of its bottom."""
    crossing = np.flatnonzero((ring[:, 0] >= 0) != (np.roll(ring[:, 0], -1) >= 0))
    if len(crossing) < 2:
        crossing = np.arange(len(ring))
    start, end = (int(crossing[pick(ring[crossing, 1])]) for pick in (np.argmin, np.argmax))
    return np.roll(ring, -start, 0)[: (end - start) % len(ring) + 1]


def _bodice(path: np.ndarray, long: bool) -> dict[str, np.ndarray]:
    armpit = _inward(path, HIGHEST, LOWEST, DEEP)
    notch = _inward(path, LOWEST, 1.0, DEEP / 2) if armpit is None and long else None
    at = notch if armpit is None else armpit
    if at is None:
        return (_hanging(path) if long else None) or _sleeveless(path)
    pit = path[at]
    out = np.flatnonzero(path[:at, 0] >= BESIDE * pit[0])
    shoulder = int(out[0]) if len(out) else max(at // 3, 1)
    if notch is not None:  # the sleeve hangs on the trunk, and only its end is seen apart
        pit = np.array([pit[0], path[shoulder, 1] + ARMHOLE * pit[0]])
    outside, inside = _corners(path[shoulder : at + 1], 2) + shoulder
    if long and np.hypot(*(path[outside] - path[inside])) > np.hypot(*(path[outside] - path[shoulder])):
        return _hanging(path) or _sleeveless(path)  # no sleeve is wider than long
    (hem,) = _corners(path[at:], 1) + at
    waist = min(path[shoulder, 1] + WAIST * path[shoulder, 0], pit[1] + LOW_WAIST * (path[hem, 1] - pit[1]))
    return {
        "neck": path[_neck(path, shoulder)],
        "shoulder": path[shoulder],
        "cuff outside": path[outside],
        "cuff inside": path[inside],
        "armpit": pit,
        "waist": np.array([pit[0], waist]) if notch is not None else path[_at_height(path, at, int(hem), waist)],
        "hem": path[hem],
    }


def _is_hood(mine: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Whether what was taken for a shoulder lies so near to the axis, beside the other one, that it is a hood's."""
    return "shoulder" in mine and mine["shoulder"][0] < ASIDE * other["shoulder"][0]


def _hanging(path: np.ndarray) -> dict[str, np.ndarray] | None:
    """Of a garment whose sleeves hang at its sides without a gap; None where the outline widens too little for that."""
    top, height = path[:, 1].min(), np.ptp(path[:, 1])
    upper, lower = (path[abs(path[:, 1] - top - share * height) < 0.05 * height, 0] for share in (0.25, 0.75))
    if not len(upper) or not len(lower) or lower.max() < HANGING * upper.max():
        return None
    wide = path[:, 0].max()
    shoulder = int(np.argmax(path[:, 0] >= SHOULDER * upper.max()))
    cuff = int(np.argmax(path[:, 0] / wide + (path[:, 1] - top) / height))
    side, high = path[shoulder, 0] * TRUNK, path[shoulder, 1]
    down = lambda share: np.array([side, high + share * (top + height - high)])  # noqa: E731
    return {
        "neck": path[_neck(path, shoulder)],
        "shoulder": path[shoulder],
        "cuff outside": path[cuff],
        "cuff inside": np.array([max(path[cuff, 0] - SLEEVE * wide, side), path[cuff, 1]]),
        "armpit": down(0.25),
        "waist": down(0.55),
        "hem": np.array([side, top + height]),
    }


def _sleeveless(path: np.ndarray) -> dict[str, np.ndarray]:
    height = np.ptp(path[:, 1])
    upper = path[:, 1] < path[:, 1].min() + 0.3 * height
    upper &= path[:, 0] >= ASIDE * path[upper, 0].max()
    shoulder = int(np.argmax(np.where(upper, 0.6 * path[:, 0] - path[:, 1], -np.inf)))
    shoulder = max(shoulder, 1)
    _, hem = _corners(path[shoulder:], 2) + shoulder  # before it the side bulges
    wide = np.median(path[shoulder : hem + 1, 0])
    armpit = _at_height(path, shoulder, int(hem), path[shoulder, 1] + ARMHOLE * wide)
    waist = _at_height(path, armpit, int(hem), path[shoulder, 1] + WAIST * wide)
    at = {"neck": _neck(path, shoulder), "shoulder": shoulder, "cuff outside": shoulder, "cuff inside": armpit}
    return {name: path[i] for name, i in (at | {"armpit": armpit, "waist": waist, "hem": int(hem)}).items()}


def _skirt(path: np.ndarray) -> dict[str, np.ndarray]:
    waist, bulge, hem = _corners(path, 3)
    before, after = path[bulge] - path[waist], path[hem] - path[bulge]
    if np.degrees(np.arctan2(_cross(before, after), before @ after)) > TIP:  # it is no hip
        hem = bulge
    down = min(SKIRT_HIP * 2 * path[waist, 0], SKIRT * (path[hem, 1] - path[waist, 1]))
    hip = _at_height(path, int(waist), int(hem), path[waist, 1] + down)
    return {"waist": path[waist], "hip": path[hip], "hem": path[hem]}


def _legs(path: np.ndarray, kind: str) -> dict[str, np.ndarray]:
    waist, _, outside, inside = _corners(path, 4)  # between the first two the hips bulge
    crotch = path[-1] * [0, 1]
    low = path[:, 1].max()
    height = low - path[:, 1].min()
    if low - crotch[1] < LEAST_GAP * height:  # the legs lie on each other
        (waist, _, outside), inside = _corners(path, 3), len(path) - 1
        crotch = np.array([0, low - (1 - CROTCH[kind]) * height])
    hip = _at_height(path, int(waist), int(outside), path[waist, 1] + HIP * (crotch[1] - path[waist, 1]))
    found = {"waist": path[waist], "hip": path[hip], "hem outside": path[outside], "hem inside": path[inside]}
    return found | {"crotch": crotch}


def _inward(path: np.ndarray, highest: float, lowest: float, deep: float) -> int | None:
    """Where a sleeve meets the trunk: the deepest sharp turn inwards, between two shares of the height."""
    from scipy.spatial import ConvexHull  # takes half a second

    hull = np.sort(ConvexHull(path).vertices)
    top, height = path[:, 1].min(), np.ptp(path[:, 1])
    step = max(2, round(WITHIN * height / np.hypot(*np.diff(path, axis=0).T).mean()))
    best, found = 0.0, None
    for first, last in zip(hull, hull[1:], strict=False):
        if last - first < 4:
            continue
        chord = path[last] - path[first]
        depth = _cross(chord, path[first : last + 1] - path[first]) / max(np.hypot(*chord), 1e-6) / height
        for at in np.flatnonzero(depth > deep) + first:
            before, after = path[at] - path[max(at - step, 0)], path[min(at + step, len(path) - 1)] - path[at]
            turn = -np.degrees(np.arctan2(_cross(before, after), before @ after))
            level = (path[at, 1] - top) / height
            worth = depth[at - first] * turn
            hangs = after[1] > STEEP * abs(after[0]) and before[1] < COLLAR * np.hypot(*before)
            if turn > SHARP and hangs and highest < level < lowest and worth > best:
                best, found = worth, int(at)
    return found


def _neck(path: np.ndarray, shoulder: int) -> int:
    """Between the middle of the top and the shoulder what is farthest out; where that is implausible, by proportion."""
    chord, reach = path[shoulder] - path[0], path[shoulder, 0]
    out = -_cross(chord, path[: shoulder + 1] - path[0])
    at = int(np.argmax(out))
    if not NECK[0] * reach <= path[at, 0] <= NECK[2] * reach:
        at = int(np.argmin(np.abs(path[: shoulder + 1, 0] - NECK[1] * reach)))
    return at


def _corners(path: np.ndarray, count: int) -> np.ndarray:
    """Indices of the corners that with both ends of a path enclose the largest area, in order."""
    few = np.unique(np.linspace(0, len(path) - 1, FEW).round().astype(int))
    points = path[few] - path[0]
    pair = _cross(points[:, None], points[None])  # twice the area between two corners and the beginning
    pair = np.where(np.arange(len(few))[:, None] <= np.arange(len(few)), pair, -np.inf)
    most, before = pair[0], []
    for _ in range(count):
        total = most[:, None] + pair
        before.append(total.argmax(0))
        most = total.max(0)
    found = [len(few) - 1]
    for corner in reversed(before):
        found.append(int(corner[found[-1]]))
    return few[found[:0:-1]]


def _at_height(path: np.ndarray, first: int, last: int, y: float) -> int:
    """The first point of a part of a path that is as low as `y`; well within the part."""
    span = max(last - first, 1)
    low, high = first + round(0.1 * span), max(first + round(0.9 * span), first + 1)
    reached = np.flatnonzero(path[low:high, 1] >= y)
    return low + int(reached[0]) if len(reached) else high


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
