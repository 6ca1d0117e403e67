"""A garment that somebody wears in the picture: where it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from fice.errors import InputError
from fice.photo.photo import Photo
from fice.references.joints import Joints
from fice.stitch.matting import cut_out
from fice.subject.analysis import Analysis
from fice.subject.colours import worn
from fice.subject.person import largest_person
from fice.subject.pose import Pose
from fice.subject.regions import OF_ITS_KIND, REGIONS, Classes, Regions, choose_region

CANVAS = (256, 128)  # of the engine that nobody needs here; people are looked at twice as large
LOOK = 256  # pixels of the longer side at which a picture is asked for a person
GROUND, HUMAN = 0.9, 0.006  # shares: of ground at most, of skin, face, hair and shoes at least, where somebody is
SURE = 0.5  # chance from which a joint counts


class Wearing(NamedTuple):
    """What somebody in a picture wears.

    Attributes:
        region: it is worn on, of `REGIONS`.
        matte: (h, w) float32 in [0, 1].
        shares: of the garment that each class of the region network covers.
        joints: (x, y) in the picture's pixels of each keypoint that is seen.
        others: how many other people there are.
    """

    region: str
    matte: np.ndarray
    shares: dict[str, float]
    joints: Joints
    others: int


@torch.no_grad()
def somebody(picture: torch.Tensor, regions: Regions) -> bool:
    """Whether a picture (1, 3, H, W) shows a person, rather than a garment alone in which a network sees one."""
    scale = LOOK / max(picture.shape[2:])
    size = [max(32, round(side * scale)) for side in picture.shape[2:]]
    small = F.interpolate(picture, size=size, mode="bilinear", antialias=True)
    likeliest = regions.probabilities(small).argmax(1)
    share = lambda *names: sum((likeliest == regions.names.index(n)).float().mean().item() for n in names)  # noqa: E731
    seen = share("background") < GROUND and share("skin", "face", "hair", "shoes") > HUMAN
    return seen and largest_person(regions, picture) is not None


@torch.no_grad()
def taken_off(photo: Photo, regions: Regions, pose: Pose | None, wanted: str | None) -> Wearing:
    """The garment of a region that somebody wears, or the largest one. InputError where nothing is worn there."""
    device = next(regions.network.parameters()).device
    subject = Analysis(regions, CANVAS, pose=pose)(photo, device)
    try:
        choice = choose_region(regions, subject.regions, wanted)
    except InputError as error:
        raise _nothing(photo, wanted) from error
    if wanted not in (None, choice.region):
        raise _nothing(photo, wanted, choice.region)
    where = worn(Classes(choice.region, choice.classes, regions), subject.view, regions, subject.regions)
    inside = where > 0.5
    shares = {
        name: float((regions.select(subject.regions, (name,)) * inside).sum() / inside.sum().clamp(min=1))
        for name in REGIONS[choice.region]
    }
    if choice.region == "dress" and shares["dress"] < OF_ITS_KIND:  # a top and trousers are none
        raise _nothing(photo, wanted, "upper")
    source = torch.from_numpy(photo.srgb()).permute(2, 0, 1)[None].to(device)
    probability = subject.frame.to_photo(where, kernel="linear").clamp(0, 1)
    matte, _ = cut_out(source, probability, 1 / subject.frame.scale)
    joints = {
        name: np.array(subject.frame.point_to_photo(y, x)[::-1])
        for name, (x, y, sure) in (subject.points or {}).items()
        if sure >= SURE
    }
    return Wearing(choice.region, matte[0, 0].cpu().numpy(), shares, joints, subject.others)


def _nothing(photo: Photo, wanted: str | None, other: str | None = None) -> InputError:
    what = f"nothing of the region {wanted}" if wanted else "nothing that is told from the rest"
    remedy = f", or say --garment {photo.path}@{other}." if other else "."
    return InputError(f"{photo.path} shows somebody who wears {what}; give another picture{remedy}")
