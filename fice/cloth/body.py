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
SURE = 0.5  # chance to be seen from which a keypoint counts
APART = 3.0  # cm between legs, or between an arm and the trunk, that part clearly
ENOUGH = 8.0  # cm of height over which they must
LEAN = 0.35  # most that a trunk's lower part leans, cm a cm
SIDES = {"left": 1, "right": -1}  # towards the viewer's right where the person faces the camera


@dataclass(frozen=True)
class Body:
    """Joints in cm.

    Attributes:
        trunk: (3, 2): the middle of the shoulders, of the hips, and of the hem or of what lies as low.
        shoulders, hips: (2,) of each side.
        arms: (K, 2) of each side that is known: shoulder, elbow, wrist.
        legs: (3, 2) of each side, hip, knee, ankle; of both sides or of none.
    """

    trunk: np.ndarray
    shoulders: dict[str, np.ndarray]
    hips: dict[str, np.ndarray]
    arms: dict[str, np.ndarray]
    legs: dict[str, np.ndarray]


def centimetres(frame: Frame, points: Points | None) -> float:
    """cm that a pixel of the canvas covers. Somebody without feet is measured by the trunk, where it is seen."""
    height = frame.scale * (frame.box[2] - frame.box[0])
    seen = _seen(points, 1.0)
    if "left ankle" not in seen and "right ankle" not in seen and len(_trunk(seen)) == 4:
        left, right, *hips = _trunk(seen)
        height = max(height, float(np.hypot(*(left + right - sum(hips)))) / 2 / TRUNK)
    return TALL / height


def find_body(mask: np.ndarray, frame: Frame, points: Points | None, cm: float) -> Body:
    """The body under a garment `mask` (h, w) in [0, 1] of the canvas; cm: as of `centimetres`.

    What keypoints say is taken where they are sure; the rest, and all where there are none, comes from the mask.
    """
    inside = mask > 0.5
    body = _guess(inside, frame, cm)
    seen = _seen(points, cm)
    if len(_trunk(seen)) == 4:
        shoulders, hips = ({side: seen[f"{side} {joint}"] for side in SIDES} for joint in ("shoulder", "hip"))
        upper, lower = sum(shoulders.values()) / 2, sum(hips.values()) / 2
        if np.hypot(*(lower - upper)) > TRUNK * TALL / 2:
            trunk = np.stack([upper, lower, _hem(inside, cm, lower, lower - upper)])
            body = replace(body, trunk=trunk, shoulders=shoulders, hips=hips)
    arms, legs = dict(body.arms), dict(body.legs)
    for side in SIDES:
        arm, leg = ([f"{side} {joint}" for joint in chain] for chain in (("elbow", "wrist"), ("knee", "ankle")))
        known = [seen[name] for name in arm if name in seen]
        if arm[0] in seen:
            arms[side] = np.stack([body.shoulders[side], *known])
        if all(name in seen for name in leg):
            legs[side] = np.stack([body.hips[side], *(seen[name] for name in leg)])
    return replace(body, arms=arms, legs=legs if len(legs) == 2 else {})


def _seen(points: Points | None, cm: float) -> dict[str, np.ndarray]:
    return {name: np.array([x, y]) * cm for name, (x, y, sure) in (points or {}).items() if sure >= SURE}


def _trunk(seen: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    names = ("left shoulder", "right shoulder", "left hip", "right hip")
    return [seen[name] for name in names if name in seen]


def _guess(inside: np.ndarray, frame: Frame, cm: float) -> Body:
    """A body of usual proportions along the middle of a garment (h, w) bool; arms and legs where they stand apart."""
    rows = np.flatnonzero(inside.any(1))
    if len(rows) == 0:
        rows, middles = np.array([0]), np.array([inside.shape[1] / 2])
    else:
        middles = np.array([np.median(np.flatnonzero(inside[row])) + 0.5 for row in rows])
        middles = ndimage.gaussian_filter1d(middles, 8 / cm, mode="nearest")
    crown = frame.offset[0] + frame.scale * frame.box[0]
    height = frame.scale * (frame.box[2] - frame.box[0])
    level = lambda share: (crown + share * height) * cm  # noqa: E731
    middle = lambda y: np.array([np.interp(y, (rows + 0.5) * cm, middles * cm), y])  # noqa: E731
    upper, lower = middle(level(SHOULDERS)), middle(level(HIPS))
    trunk = np.stack([upper, lower, _hem(inside, cm, lower, lower - upper)])
    shoulders = {side: upper + [sign * SHOULDER, 0] for side, sign in SIDES.items()}
    hips = {side: lower + [sign * HIP, 0] for side, sign in SIDES.items()}
    arms, legs = {}, {}
    pieces = _pieces(inside, middles[np.clip(np.arange(len(inside)) - rows[0], 0, len(rows) - 1)], cm)
    for side, sign in SIDES.items():
        x, y = pieces[side]
        beside = (y > level(SHOULDERS)) & (y < level(HIPS) + ENOUGH)
        if len(np.unique(y[beside])) * cm > ENOUGH:
            arms[side] = _arm(shoulders[side], np.stack([x[beside], y[beside]], 1))
        below = y > level(HIPS) + 2 * ENOUGH
        if len(np.unique(y[below])) * cm > ENOUGH:
            slope, height = np.polyfit(y[below], x[below], 1) if np.ptp(y[below]) > ENOUGH else (0, x[below].mean())
            legs[side] = np.stack([hips[side], *([slope * at + height, at] for at in map(level, (KNEES, ANKLES)))])
    return Body(trunk, shoulders, hips, arms, legs if len(legs) == 2 else {})


def _pieces(inside: np.ndarray, middles: np.ndarray, cm: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The pixels, x and y in cm, of each side's runs that a clear gap parts from the middle (h,) of their rows."""
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for row in np.flatnonzero(inside.any(1)):
        columns = np.flatnonzero(inside[row])
        for run in np.split(columns, np.flatnonzero(np.diff(columns) > APART / cm) + 1):
            if not run[0] <= middles[row] <= run[-1] + 1:
                side = "left" if run[0] > middles[row] else "right"
                found[side] += [((column + 0.5) * cm, (row + 0.5) * cm) for column in run]
    return {side: tuple(np.array(places).reshape(-1, 2).T) for side, places in found.items()}


def _arm(shoulder: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Shoulder, elbow, wrist of an arm of which places (N, 2) are seen."""
    far = np.hypot(*(places - shoulder).T)
    half, end = far.max() / 2, np.quantile(far, 0.9)
    between = abs(far - half) < ENOUGH
    elbow = places[between].mean(0) if between.any() else places.mean(0)
    return np.stack([shoulder, elbow, places[far >= end].mean(0)])


def _hem(inside: np.ndarray, cm: float, hips: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Where the trunk's line goes below the hips: to the middle of the garment's lowest part, leaning but a little."""
    y, x = np.nonzero(inside)
    low = (y > np.quantile(y, 0.85)) if len(y) else np.zeros(0, bool)
    hem = (np.array([x[low].mean(), y[low].mean()]) + 0.5) * cm if low.any() else hips
    drop = hem[1] - hips[1]
    if drop < 2 * ENOUGH:
        return hips + down / 2
    return hips + [np.clip(hem[0] - hips[0], -LEAN * drop, LEAN * drop), drop]
