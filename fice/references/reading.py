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
from fice.references.border import SIDE, by_border, clear
from fice.references.garments import LOOK, Garments, Seen
from fice.references.joints import joint_points
from fice.references.kind import PLURALS, choose_kind, choose_one, choose_worn
from fice.references.picture import read_picture, shrunk
from fice.references.points import find_points
from fice.references.reference import Reference
from fice.references.worn import somebody, taken_off
from fice.srgb import linear_light
from fice.stitch.matting import cut_out
from fice.subject.pose import Pose
from fice.subject.regions import Regions

SMALLEST = 64  # pixels of the garment's longer side
LEAST, CLEAR = 0.01, 0.83  # share of the picture that is garment, and how sure the network is of it, at a mean
PARTLY = 0.2  # probability, at a mean over what the colours alone tell clearly from the ground
SURER = 0.4  # of its kind, so much a network must be of a picture turned upside down
SECOND = 0.3  # of the largest part's area, from which another part is another garment


def read_reference(
    source: str | Path | np.ndarray | Photo,
    garments: Garments,
    regions: Regions,
    pose: Pose | None,
    wanted: str | None = None,
) -> Reference:
    """The garment that a picture shows, lying, hanging or worn by somebody.

    source: a file, an array (H, W, 3) of sRGB, or what `read_picture` made of one; its transparency is its matte.
    wanted: the region of `fice.subject.regions.REGIONS` that it is for.

    Raises:
        InputError: the picture cannot be read or shows no garment, several, or one that is worn elsewhere.
    """
    photo = source if isinstance(source, Photo) else read_picture(source)
    picture = torch.from_numpy(photo.seen()).permute(2, 0, 1)[None]
    worn = somebody(picture, regions)
    matte, kind, sure, points, notices = (_worn if worn else _alone)(photo, picture, garments, regions, pose, wanted)
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
    be = "are" if kind in PLURALS else "is"
    people = f"{wearing.others + 1} people" if wearing.others else "somebody"
    return matte, kind, sure, points, [f"{photo.path} shows {people}; the {kind} they wear {be} taken."]


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
    views = [_apart(picture, part, _large_enough(photo, part)) for part in parts]
    kinds = [garments.see(view).kinds for view in views]
    if len(kinds) == 1:  # seen twice, as it is shown and alone
        kinds = [(kinds[0] + seen.kinds) / 2]
    number = choose_one(photo.path, [each.tolist() for each in kinds], wanted)
    matte = parts[number]
    inverted = garments.see(views[number].rot90(2, (2, 3))).kinds
    if inverted.max() > kinds[number].max() + SURER:
        kind, sure = choose_kind(photo.path, inverted.tolist(), wanted)
        points = find_points(matte[::-1, ::-1], kind)
        height, width = matte.shape
        return matte, kind, sure, {name: (width - x, height - y) for name, (x, y) in points.items()}, []
    kind, sure = choose_kind(photo.path, kinds[number].tolist(), wanted)
    return matte, kind, sure, find_points(matte, kind), []


def seen_alone(photo: Photo, picture: Tensor, garments: Garments) -> Seen:
    """What is seen of a garment that lies or hangs in a picture (1, 3, h, w). InputError where none is.

    Of what a network sees in parts, such as very bold cloth, the colours decide alone where they are clear.
    """
    seen = garments.see(picture)
    likely = seen.matte > 0.5
    if photo.alpha is not None or (likely.float().mean() > LEAST and seen.matte[likely].mean() > CLEAR):
        return seen
    told = by_border(shrunk(photo.srgb(), SIDE))
    matte = F.interpolate(torch.from_numpy(told)[None, None].to(seen.matte), size=picture.shape[2:], mode="bilinear")
    if not clear(told) or seen.matte[matte > 0.5].mean() < PARTLY:
        raise InputError(f"{photo.path} shows no garment; give a picture of one garment, lying, hanging or worn.")
    return Seen(matte, seen.kinds)


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
