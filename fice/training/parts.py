"""Body parts of people whose regions are labelled: by the keypoints of a teacher, or by the proportions of somebody who
stands upright."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from fice.subject.limbs import INSIDE, away_from_limbs
from fice.subject.pose import KEYPOINTS, PART_CLASSES
from fice.subject.regions import REGION_CLASSES
from fice.training.data.dataset import person_box
from fice.training.parsing import UNKNOWN

HIP, ANKLE, TRUNK = 0.52, 0.94, 0.095  # shares of the body's height: hip and ankle from the top, half the trunk's width
BARE = 2.0  # widths of a limb; reach of a bare arm before the trunk


def parts_by_limbs(labels: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Region labels (H, W) and keypoints (K, 3) -> indices into PART_CLASSES (H, W) uint8, 255 where unknown.

    A pixel belongs to the limb that is nearest, in widths of that limb, so that an arm before the body is an arm.
    """
    is_a = lambda *names: np.isin(labels, [REGION_CLASSES.index(name) for name in names])  # noqa: E731
    parts = np.zeros(labels.shape, np.uint8)
    if not labels.any():
        return parts
    y0, _, y1, _ = person_box(labels)
    at = dict(zip(KEYPOINTS, points, strict=True))
    far = away_from_limbs(labels.shape, at, y1 - y0)
    for side in ("left", "right"):
        arm = far[f"{side} arm"]
        arm[is_a("skin") & (arm < BARE)] *= INSIDE / BARE
    feet = is_a("shoes")
    for where, kinds in ((feet, ("foot",)), (~feet & (labels > 0), ("torso", "arm", "leg", "foot"))):
        chosen = [name for name in PART_CLASSES if name.split()[-1] in kinds]
        nearest = np.stack([far[name] for name in chosen]).argmin(0)
        parts[where] = np.array([PART_CLASSES.index(name) for name in chosen], np.uint8)[nearest][where]
    parts[is_a("hair", "face", "headwear")] = PART_CLASSES.index("head")
    parts[is_a("bag", "accessories")] = UNKNOWN  # they hide what lies behind them
    return parts


def body_parts(labels: np.ndarray) -> np.ndarray:
    """Region labels (H, W) -> indices into PART_CLASSES (H, W) uint8, 255 where unknown."""
    is_a = lambda *names: np.isin(labels, [REGION_CLASSES.index(name) for name in names])  # noqa: E731
    parts = np.zeros(labels.shape, np.uint8)
    if not labels.any():
        return parts
    y0, _, y1, _ = person_box(labels)
    tall, places = y1 - y0, np.indices(labels.shape)
    y, x = places[0], places[1]
    cloth, skin = is_a("upper", "outer", "dress", "skirt", "trousers"), is_a("skin")
    upper_half = (y > y0 + 0.15 * tall) & (y < y0 + HIP * tall)
    spine = np.median(x[(cloth | skin) & upper_half]) if ((cloth | skin) & upper_half).any() else x[labels > 0].mean()
    sideways = abs(x - spine) > TRUNK * tall
    legs = (is_a("trousers", "legwear") & (y > y0 + 0.4 * tall)) | ((cloth | skin) & (y >= y0 + HIP * tall))
    legs &= ~(skin & sideways & (y < y0 + 0.66 * tall))  # hands hang beside the hips
    feet = is_a("shoes") | ((skin | is_a("legwear")) & (y > y0 + ANKLE * tall))
    arms = (skin & ~legs & (sideways | (y > y0 + 0.3 * tall))) | (cloth & ~legs & sideways)
    left = x > spine
    left_leg = x > _middles(legs | feet, spine)[:, None]

    parts[(cloth | skin) & ~legs & ~arms] = PART_CLASSES.index("torso")
    for where, name, side in ((arms, "arm", left), (legs & ~feet, "leg", left_leg), (feet, "foot", left_leg)):
        parts[where & side] = PART_CLASSES.index(f"left {name}")
        parts[where & ~side] = PART_CLASSES.index(f"right {name}")
    parts[is_a("hair", "face", "headwear")] = PART_CLASSES.index("head")
    parts[is_a("bag", "accessories")] = UNKNOWN  # they hide what lies behind them
    return parts


def _middles(mask: np.ndarray, default: float) -> np.ndarray:
    """The middle column of each row of a mask (H, W), smoothed over rows: (H,)."""
    left, right = mask.argmax(1), mask.shape[1] - 1 - mask[:, ::-1].argmax(1)
    middles = np.where(mask.any(1), (left + right) / 2, default)
    return ndimage.median_filter(middles, size=max(3, len(middles) // 24), mode="nearest")
