"""A garment from its picture: where it is, which it is, and its points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from fice.errors import InputError
from fice.photo.photo import Photo
from fice.references.border import by_border
from fice.references.garments import LOOK, Garments, Seen
from fice.references.joints import joint_points
from fice.references.kind import choose_kind, choose_one, choose_worn
from fice.references.picture import read_picture, shrunk
from fice.references.points import find_points
from fice.references.reference import KINDS, Reference
from fice.references.worn import somebody, taken_off
from fice.srgb import linear_light
from fice.stitch.matting import cut_out
from fice.subject.pose import Pose
from fice.subject.regions import Regions

SMALLEST = 64  # pixels of the garment's longer side
LEAST, CLEAR = 0.01, 0.83  # share of the picture that is garment, and how sure the network is of it, at a mean
SURER = 0.25  # of its kind, so much a network must be of a picture turned upside down
SECOND = 0.3  # of the largest part's area, from which another part is another garment


def read_reference(
    source: str | Path | np.ndarray,
    garments: Garments | None,
    regions: Regions | None,
    pose: Pose | None,
    wanted: str | None = None,
) -> Reference:
    """The garment that a picture shows, lying, hanging or worn by somebody.

    source: a file, or an array (H, W, 3) of sRGB; a file's transparency is its matte. wanted: the region of
    `fice.subject.regions.REGIONS` that it is for.

    Raises:
        InputError: the picture cannot be read or shows no garment, several, or one that is worn elsewhere.
    """
    photo = read_picture(source)
    picture = torch.from_numpy(photo.seen()).permute(2, 0, 1)[None]
    garments = garments or Thin()  # type: ignore[assignment]
    worn = regions is not None and somebody(picture, regions)
    assert garments is not None and regions is not None or not worn
    matte, kind, sure, points, notices = (_worn if worn else _alone)(photo, picture, garments, regions, pose, wanted)  # type: ignore[arg-type]
    pixels = linear_light(photo.srgb()).astype(np.float32)
    return Reference(pixels, matte, kind, sure, points, worn, photo.sha256, (*photo.notices, *notices))


Found = tuple[np.ndarray, str, float, dict[str, tuple[float, float]], list[str]]


def _worn(
    photo: Photo, picture: Tensor, garments: Garments, regions: Regions, pose: Pose | None, wanted: str | None
) -> Found:
    """A garment that somebody wears."""
    wearing = taken_off(photo, regions, pose, wanted)
    matte = wearing.matte if photo.alpha is None else wearing.matte * photo.alpha / np.float32(255)
    inside = _large_enough(photo, matte)
    seen = garments.see(_apart(picture, matte, inside))
    kind, sure = choose_worn(wearing, seen.kinds.tolist())
    points = joint_points(matte, kind, wearing.joints, find_points(matte, kind))
    people = f"{wearing.others + 1} people" if wearing.others else "somebody"
    return matte, kind, sure, points, [f"{photo.path} shows {people}; the {kind} they wear is taken."]


def _alone(
    photo: Photo, picture: Tensor, garments: Garments, regions: Regions, pose: Pose | None, wanted: str | None
) -> Found:
    """A garment that lies or hangs."""
    seen = seen_alone(photo, picture, garments)
    if photo.alpha is not None:
        matte = photo.alpha.astype(np.float32) / np.float32(255)
    else:
        matte = _matte(photo, picture, seen.matte)
    parts = _parts(matte)
    views = [_apart(picture, part, _large_enough(photo, part)) for part in parts] if len(parts) > 1 else [picture]
    kinds = [garments.see(view).kinds for view in views]
    number = choose_one(photo.path, [each.tolist() for each in kinds], wanted)
    matte = parts[number]
    _large_enough(photo, matte)
    inverted = garments.see(views[number].rot90(2, (2, 3))).kinds
    if inverted.max() > kinds[number].max() + SURER:
        kind, sure = choose_kind(photo.path, inverted.tolist(), wanted)
        points = find_points(matte[::-1, ::-1], kind)
        height, width = matte.shape
        return matte, kind, sure, {name: (width - x, height - y) for name, (x, y) in points.items()}, []
    kind, sure = choose_kind(photo.path, kinds[number].tolist(), wanted)
    return matte, kind, sure, find_points(matte, kind), []


def seen_alone(photo: Photo, picture: Tensor, garments: Garments) -> Seen:
    """What a network sees of a garment that lies or hangs, (1, 3, h, w) as shown. InputError where it sees none."""
    seen = garments.see(picture)
    likely = seen.matte > 0.5
    unsure = likely.float().mean() < LEAST or seen.matte[likely].mean() < CLEAR
    if photo.alpha is None and unsure:
        raise InputError(f"{photo.path} shows no garment; give a picture of one garment, lying, hanging or worn.")
    return seen


def _matte(photo: Photo, picture: Tensor, seen: Tensor) -> np.ndarray:
    """A garment's matte (h, w) by what a network has seen of it, its colours, and those of the ground."""
    small = shrunk(photo.srgb(), LOOK)
    prior = F.interpolate(seen, size=small.shape[:2], mode="area")[0, 0].numpy()
    probability = torch.from_numpy(by_border(small, prior))[None, None]
    enlarged = F.interpolate(probability, size=picture.shape[2:], mode="bilinear")
    matte, _ = cut_out(picture, enlarged, max(picture.shape[2:]) / LOOK)
    return matte[0, 0].numpy()


def _parts(matte: np.ndarray) -> list[np.ndarray]:
    """The mattes (h, w) of the garments in one, the largest first; crumbs go."""
    numbered, count = ndimage.label(matte > 0.05)
    areas = ndimage.sum_labels(matte, numbered, np.arange(1, count + 1)) if count else np.zeros(1)
    large = [number for number in np.argsort(-areas) if areas[number] >= SECOND * areas.max()]
    return [np.where(numbered == number + 1, matte, np.float32(0)) for number in large]


def _apart(picture: Tensor, matte: np.ndarray, inside: np.ndarray) -> Tensor:
    """A garment alone on white, cut to its own box: (1, 3, h, w)."""
    (top, left), (bottom, right) = inside.min(0), inside.max(0) + 1
    margin = round(0.08 * max(bottom - top, right - left))
    box = np.s_[..., max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin]
    share = torch.from_numpy(matte)[None, None][box]
    return picture[box] * share + 1 - share


def _large_enough(photo: Photo, matte: np.ndarray) -> np.ndarray:
    """Where a matte is garment, (n, 2); InputError where it is too small to be of use."""
    inside = np.argwhere(matte > 0.5)
    side = int(np.ptp(inside, axis=0).max()) + 1 if len(inside) else 0
    if side < SMALLEST:
        raise InputError(
            f"The garment in {photo.path} is {side} pixels large; use a picture in which it has {SMALLEST} at least."
        )
    return inside


class Thin:
    """Until there are weights: by the border's colours and the outline."""

    def see(self, picture: Tensor) -> Seen:
        matte = by_border(shrunk(picture[0].permute(1, 2, 0).numpy(), LOOK))
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
        kinds = torch.tensor([0.3 + 0.1 * (kind == guess) for kind in KINDS])
        enlarged = F.interpolate(torch.from_numpy(matte)[None, None], size=picture.shape[2:], mode="bilinear")
        return Seen(enlarged, kinds)
