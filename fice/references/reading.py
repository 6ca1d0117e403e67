"""A garment from its picture: where it is, which it is, and its points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from fice.errors import InputError
from fice.references.border import SIDE, by_border
from fice.references.picture import Picture, read_picture, shrunk
from fice.references.points import find_points
from fice.references.reference import Reference
from fice.srgb import linear_light
from fice.stitch.matting import cut_out

if TYPE_CHECKING:
    from fice.references.garments import Garments
    from fice.subject.pose import Pose
    from fice.subject.regions import Regions

SMALLEST = 64  # pixels of the garment's longer side


def read_reference(
    source: str | Path | np.ndarray,
    garments: Garments | None,
    regions: Regions | None,
    pose: Pose | None,
    wanted: str | None = None,
    words: str | None = None,
) -> Reference:
    """The garment that a picture shows, lying, hanging or worn by somebody.

    source: a file, or an array (H, W, 3) of sRGB; a file's transparency is its matte. wanted: the region of
    `fice.subject.regions.REGIONS` that it is for. words: what is said of it.

    Raises:
        InputError: the picture cannot be read or shows no garment, several, or one that is worn elsewhere.
    """
    picture = read_picture(source)
    matte = picture.alpha if picture.alpha is not None else _matte(picture)
    inside = np.argwhere(matte > 0.5)
    if len(inside) == 0 or np.ptp(inside, axis=0).max() < SMALLEST:
        raise InputError(f"{picture.name} shows no garment of {SMALLEST} pixels; use a larger picture of it.")
    kind = _kind(matte, wanted)
    points = find_points(matte, kind)
    pixels = linear_light(picture.shown).astype(np.float32)
    return Reference(pixels, matte, kind, 0.5, points, False, picture.sha256)


def _matte(picture: Picture) -> np.ndarray:
    small = shrunk(picture.shown, SIDE)
    probability = by_border(small)
    step = max(picture.shown.shape[:2]) / max(small.shape[:2])
    shown = torch.from_numpy(picture.shown).permute(2, 0, 1)[None]
    enlarged = torch.nn.functional.interpolate(
        torch.from_numpy(probability)[None, None], size=shown.shape[2:], mode="bilinear"
    )
    matte, _ = cut_out(shown, enlarged, step)
    return matte[0, 0].numpy()


def _kind(matte: np.ndarray, wanted: str | None) -> str:
    rows, columns = np.nonzero(matte > 0.5)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    middle = round(columns.mean())
    middles = np.flatnonzero((matte[:, max(middle - 2, 0) : middle + 3] > 0.5).any(1))
    gap = (rows.max() - middles.max()) / height if len(middles) else 1.0
    guess = "trousers" if gap > 0.45 else "shorts" if gap > 0.12 else "skirt" if height < 1.2 * width else "dress"
    upper = find_points(matte, "t-shirt")
    sleeve = np.hypot(*np.subtract(upper["left cuff outside"], upper["left shoulder"]))
    if gap < 0.12 and sleeve > 0.1 * height:
        guess = "jumper" if sleeve > 0.5 * height else "t-shirt" if height < 1.6 * width else "dress"
    return {"outer": "jacket", "dress": "dress"}.get(wanted or "", guess)
