"""Limbs between keypoints: how far each place is from them, and the body that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from fice.subject.pose import PART_CLASSES

# part -> its limbs: two keypoints, and the limb's half width as a share of the body's height
LIMBS = {
    f"{side} {part}": [(f"{side} {a}", f"{side} {b}", width) for a, b, width in limbs]
    for side in ("left", "right")
    for part, limbs in (
        ("arm", (("shoulder", "elbow", 0.030), ("elbow", "wrist", 0.026), ("wrist", "hand", 0.030))),
        ("leg", (("hip", "knee", 0.050), ("knee", "ankle", 0.036))),
        ("foot", (("ankle", "toe", 0.030),)),
    )
}
INSIDE, SEEN = 0.9, 0.5  # of the trunk, in widths of a limb; chance from which a keypoint counts
TRUNK = ("left shoulder", "right shoulder", "right hip", "left hip")
NECK, CROTCH = 0.02, 0.035  # of the body's height, what a torso reaches beyond shoulders and hips
HEAD, SKULL = 0.055, 0.03  # half the height of a head, and how far its middle is above the nose, shares of the body's
Points = Mapping[str, Sequence[float]]  # x, y and how sure, by name


def away_from_limbs(size: tuple[int, int], points: Points, tall: float) -> dict[str, np.ndarray]:
    """For torso, arms, legs and feet how far each pixel is from them, (H, W), in their widths; inf where not seen.

    points: each of `KEYPOINTS` in pixels, of which pixel i covers i to i + 1; tall: pixels of the body's height.
    """
    here = np.moveaxis(np.indices(size)[::-1], 0, -1) + 0.5  # (H, W, 2): x and y
    far = {part: _widths_away(here, points, limbs, tall) for part, limbs in LIMBS.items()}
    trunk = Image.new("1", size[::-1])
    ImageDraw.Draw(trunk).polygon([(points[name][0], points[name][1]) for name in TRUNK], fill=1)
    away = ndimage.distance_transform_edt(~np.asarray(trunk)) / (LIMBS["left leg"][0][2] * tall)
    return far | {"torso": np.where(np.asarray(trunk), INSIDE, INSIDE + away)}


def drawn_body(size: tuple[int, int], points: Points, tall: float) -> np.ndarray:
    """Indices into PART_CLASSES, (H, W) uint8, of somebody of usual build with these keypoints, as of `LIMBS`."""
    beyond = {name: (0, (-NECK if "shoulder" in name else CROTCH) * tall, 0) for name in TRUNK}
    whole = {name: np.add(point, beyond.get(name, 0)).tolist() for name, point in points.items()}
    far = away_from_limbs(size, points, tall) | {"torso": away_from_limbs(size, whole, tall)["torso"]}
    if points["nose"][2] >= SEEN:
        x, y, _ = points["nose"]
        rows, columns = np.indices(size) + 0.5
        far["head"] = np.hypot((columns - x) / 0.75, rows - y + SKULL * tall) / (HEAD * tall)
    names = list(far)
    distances = np.stack([far[name] for name in names])
    number = np.array([PART_CLASSES.index(name) for name in names], np.uint8)[distances.argmin(0)]
    return np.where(distances.min(0) < 1, number, 0).astype(np.uint8)


def _widths_away(here: np.ndarray, at: Points, limbs: list, tall: float) -> np.ndarray:
    """(H, W): how far each place is from the nearest of some limbs, in their widths; those not seen are far."""
    found = np.full(here.shape[:2], np.inf)
    for first, last, width in limbs:
        (start, end), seen = np.array([at[first][:2], at[last][:2]]), min(at[first][2], at[last][2])
        if seen < SEEN:
            continue
        along = end - start
        share = np.clip((here - start) @ along / max(along @ along, 1e-6), 0, 1)
        found = np.minimum(found, np.linalg.norm(here - start - share[..., None] * along, axis=-1) / (width * tall))
    return found
