"""Where a body's trunk and limbs run under a garment: from its keypoints, or from the garment's shape alone.

Points are (x, y) in centimetres on the analysis canvas; left is the person's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from fice.subject.frame import Frame

Points = Mapping[str, tuple[float, float, float]]

TALL = 170.0  # cm of a person from head to foot
TRUNK = 0.28  # from the shoulders to the hips, over the height
SHOULDERS, HIPS, KNEES, ANKLES = 0.2, 0.48, 0.7, 0.9  # of the height, below the crown
SHOULDER, HIP = 14.0, 8.0  # cm of the joints from the middle
SURE = 0.35  # chance to be seen from which a keypoint counts
APART = 3.0  # cm between legs, or between an arm and the trunk, that part clearly
TOUCHING = 8.0  # cm by which the ankles of legs that stand together may seem to cross
ENOUGH = 12.0  # cm of height over which they must
ASIDE = 9.0  # cm from the trunk's middle from which on a part may be an arm
BELOW = 16.0  # cm below the hips: hands reach to there, and legs part
LEAN = 0.2  # most that the trunk's line leans where no joints say it, cm a cm
HANGS = 0.7  # share of a lean below the hips that cloth follows: it hangs
SETTLED = 8.0  # cm over which a garment's middle is smoothed
SIDES = {"left": 1, "right": -1}  # towards the viewer's right where the person faces the camera


@dataclass(frozen=True)
class Body:
    """Joints in cm.

    Attributes:
        trunk: (3, 2): the middle of the shoulders, of the hips, and of the hem or of what lies as low.
        shoulders: (2,) of each side.
        arms: (K, 2) of each side that is known: shoulder, elbow, wrist.
        legs: (3, 2) of both sides, hip, knee, ankle; or of none, also where they cross.
    """

    trunk: np.ndarray
    shoulders: dict[str, np.ndarray]
    arms: dict[str, np.ndarray]
    legs: dict[str, np.ndarray]


def centimetres(frame: Frame, points: Points | None) -> float:
    """cm that a pixel of the canvas covers. Somebody without feet is measured by the trunk, where it is seen."""
    height = frame.scale * (frame.box[2] - frame.box[0])
    seen = _seen(points, 1.0)
    if "left ankle" not in seen and "right ankle" not in seen and len(_trunk(seen)) == 4:
        shoulders, hips = np.stack(_trunk(seen)).reshape(2, 2, 2).mean(1)
        height = max(height, float(np.hypot(*(hips - shoulders))) / TRUNK)
    return TALL / height


def find_body(mask: np.ndarray, frame: Frame, points: Points | None, cm: float) -> Body:
    """The body under a garment `mask` (h, w) in [0, 1] of the canvas; cm: as of `centimetres`.

    What keypoints say is taken where they are sure; the rest, and all where there are none, comes from the mask.
    """
    inside, seen = mask > 0.5, _seen(points, cm)
    facing = len(_trunk(seen)) < 4 or seen["left shoulder"][0] >= seen["right shoulder"][0]
    body = _guess(inside, frame, cm, 1 if facing else -1)
    if len(_trunk(seen)) == 4:
        shoulders = {side: seen[f"{side} shoulder"] for side in SIDES}
        upper, lower = np.stack(_trunk(seen)).reshape(2, 2, 2).mean(1)
        if np.hypot(*(lower - upper)) > TRUNK * TALL / 2:
            knees = [seen[f"{side} knee"] for side in SIDES if f"{side} knee" in seen]
            leaning = np.mean(knees, 0) - lower if len(knees) == 2 else None
            trunk = np.stack([upper, lower, _hem(inside, cm, lower, leaning)])
            body = replace(body, trunk=trunk, shoulders=shoulders)
    arms, legs = dict(body.arms), dict(body.legs)
    for side in SIDES:
        arm, leg = ([f"{side} {joint}" for joint in chain] for chain in (("elbow", "wrist"), ("hip", "knee", "ankle")))
        if arm[0] in seen:
            straight = 2 * seen[arm[0]] - body.shoulders[side]
            arms[side] = np.stack([body.shoulders[side], seen[arm[0]], seen.get(arm[1], straight)])
        if all(name in seen for name in leg):
            legs[side] = np.stack([seen[name] for name in leg])
    return replace(body, arms=arms, legs=_beside(legs))


def _beside(legs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Both legs, of which one is to the left of the other from the hips to the feet; none where they cross."""
    if len(legs) < 2:
        return {}
    apart = legs["left"][:, 0] - legs["right"][:, 0]
    hips, knees, ankles = np.sign(apart)
    if knees != ankles and abs(apart[2]) > TOUCHING:
        return {}
    for joint, side in ((0, hips), (2, ankles)):  # seen from the side, and of feet that stand together
        if side != knees:
            legs["left"][joint], legs["right"][joint] = legs["right"][joint].copy(), legs["left"][joint].copy()
    return legs


def _seen(points: Points | None, cm: float) -> dict[str, np.ndarray]:
    return {name: np.array([x, y]) * cm for name, (x, y, sure) in (points or {}).items() if sure >= SURE}


def _trunk(seen: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    names = ("left shoulder", "right shoulder", "left hip", "right hip")
    return [seen[name] for name in names if name in seen]


def _guess(inside: np.ndarray, frame: Frame, cm: float, facing: int) -> Body:
    """A body of usual proportions along the middle of a garment (h, w) bool; arms and legs where they stand apart.

    facing: 1 for somebody who faces the camera, -1 for somebody seen from behind.
    """
    sides = {side: sign * facing for side, sign in SIDES.items()}
    rows = np.flatnonzero(inside.any(1))
    middles = np.array([np.median(np.flatnonzero(inside[row])) + 0.5 for row in rows] or [inside.shape[1] / 2])
    middles = ndimage.gaussian_filter1d(middles, SETTLED / cm, mode="nearest")
    heights = (rows + 0.5) * cm if len(rows) else np.zeros(1)
    crown = frame.offset[0] + frame.scale * frame.box[0]
    height = frame.scale * (frame.box[2] - frame.box[0])
    level = lambda share: (crown + share * height) * cm  # noqa: E731
    upper, lower = (np.array([np.interp(y, heights, middles * cm), y]) for y in (level(SHOULDERS), level(HIPS)))
    most = LEAN / 2 * (lower[1] - upper[1])  # a raised arm pulls at the middle
    upper[0] = np.clip(upper[0], lower[0] - most, lower[0] + most)
    shoulders = {side: upper + [sign * SHOULDER, 0] for side, sign in sides.items()}
    arms, legs = {}, {}
    for side, sign in sides.items():
        arm, leg = _apart(inside, upper, lower, sign, cm)
        if len(np.unique(arm[:, 1])) * cm > ENOUGH:
            arms[side] = _arm(shoulders[side], arm)
        if len(leg) * cm > ENOUGH:
            slope, start = np.polyfit(leg[:, 1], leg[:, 0], 1)
            legs[side] = np.stack(
                [lower + [sign * HIP, 0], *([slope * y + start, y] for y in map(level, (KNEES, ANKLES)))]
            )
    trunk = np.stack([upper, lower, _hem(inside, cm, lower, None)])
    return Body(trunk, shoulders, arms, legs if len(legs) == 2 else {})


def _apart(
    inside: np.ndarray, upper: np.ndarray, lower: np.ndarray, sign: int, cm: float
) -> tuple[np.ndarray, np.ndarray]:
    """What clear gaps part from the rest on one side: places (N, 2) of an arm, and the middles (M, 2) of a leg's rows.

    upper, lower: the middle of the shoulders and of the hips; sign: of the side, 1 to the viewer's right.
    """
    arm, leg = [], []
    for row in np.flatnonzero(inside.any(1)):
        y = (row + 0.5) * cm
        runs = [run * cm for run in _runs(inside[row], APART / cm)]
        outer = runs[-1 if sign > 0 else 0]
        if len(runs) > 1 and y > lower[1] + BELOW:
            leg.append([outer.mean(), y])
        middle = upper[0] + (lower[0] - upper[0]) * (y - upper[1]) / (lower[1] - upper[1])
        trunk = any(run[0] <= middle <= run[-1] for run in runs)
        if trunk and upper[1] < y < lower[1] + BELOW and (sign * (outer - middle)).min() > ASIDE:
            arm += [[x, y] for x in outer]
    return np.array(arm).reshape(-1, 2), np.array(leg).reshape(-1, 2)


def _runs(row: np.ndarray, gap: float) -> list[np.ndarray]:
    """The columns' middles of each run in a row (w,) bool, in pixels; gaps of less than `gap` pixels are none."""
    columns = np.flatnonzero(row)
    return np.split(columns + 0.5, np.flatnonzero(np.diff(columns) > gap) + 1)


def _arm(shoulder: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Shoulder, elbow, wrist of an arm of which places (N, 2) are seen."""
    far = np.hypot(*(places - shoulder).T)
    between = abs(far - far.max() / 2) < ENOUGH
    elbow = places[between].mean(0) if between.any() else places.mean(0)
    return np.stack([shoulder, elbow, places[far >= np.quantile(far, 0.9)].mean(0)])


def _hem(inside: np.ndarray, cm: float, hips: np.ndarray, leaning: np.ndarray | None) -> np.ndarray:
    """Where the trunk's line goes below the hips: as the knees do (2,) cm, and to the middle of the lowest cloth."""
    y, x = (axis * cm for axis in np.nonzero(inside))
    slopes = [] if leaning is None else [leaning[0] / max(leaning[1], BELOW)]
    below = y > hips[1] + BELOW
    if below.any():
        low = y >= np.quantile(y[below], 0.7)
        slopes.append((np.median(x[low]) - hips[0]) / max(np.median(y[low]) - hips[1], 3 * BELOW))
    lean = HANGS * float(np.clip(np.mean(slopes or [0.0]), -LEAN, LEAN))
    return hips + np.array([lean, 1.0]) * TALL / 4
