"""Person detection: who an edit is about."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from fice.errors import InputError
from fice.subject.regions import HEAD, Regions

LOOKS = (224, 144, 96)  # pixels of the longer side at which people are looked for: far away, near, and cut off
WIDEST = 2  # widths of a photo in its heights up to which it is looked at as a whole
LARGER = 1.5  # times the area that a coarser look must see to be believed
SMALLEST = 0.008  # share of the look that a person covers at least
RIVAL = 0.3  # another person counts from this share of the largest one's area, and another face
APART = 1.5  # widths of a face between the faces of two people, at least
HEAD_SHARE = 0.145  # height of the head over the height of the person
EDGE, BELOW = 0.015, 0.05  # shares of the photo's height: who ends nearer to its lower edge, and reaches so far below
TURNS = {1: "a quarter turn to the left", 2: "half round", 3: "a quarter turn to the right"}


@dataclass(frozen=True)
class Person:
    """Where a person stands in a photo.

    Attributes:
        box: (y0, x0, y1, x1) in photo pixels of the whole person; below a cut it reaches outside the photo.
        others: how many other people of comparable size there are.
        cut: the photo's lower edge cuts the person off.
        area: share of the photo that the person covers.
        all_people: share of the photo that the person and the others cover.
        elsewhere: (1, 1, h, w) float, of a smaller copy of the photo: 1 where somebody else is nearer, 0 elsewhere.
    """

    box: tuple[float, float, float, float]
    others: int
    cut: bool
    area: float
    all_people: float
    elsewhere: Tensor


def find_person(regions: Regions, photo: Tensor) -> Person:
    """The largest person in a photo (1, 3, H, W) float in [0, 1].

    Somebody without feet, cut off by the lower edge, gets the height that the head suggests. Raises InputError when
    nobody is found, and when somebody would be in the photo turned.
    """
    if found := largest_person(regions, photo):
        return found
    for quarters, turn in TURNS.items():
        if largest_person(regions, torch.rot90(photo, quarters, (2, 3))):
            raise InputError(f"The person is not upright in this picture: turn it {turn} first.")
    raise InputError("No person was found in this picture: use one that shows somebody from head to knee at least.")


def largest_person(regions: Regions, photo: Tensor) -> Person | None:
    """The largest upright person, looked for in overlapping parts of a photo that is very wide; None for nobody."""
    height, width = photo.shape[-2:]
    span = min(width, WIDEST * height)
    count = math.ceil(2 * width / span) - 1
    found: Person | None = None
    for side in LOOKS:
        people = []
        for left in np.linspace(0, width - span, count).round().astype(int).tolist():
            if person := _look(regions, photo[..., left : left + span], side):
                people.append(_within(person, left, span, width))
        person = max(people, key=lambda each: each.area, default=None)
        if person and (found is None or person.all_people > LARGER * found.all_people):
            found = person  # at too fine a look only parts of somebody near are seen
    return found


def _within(person: Person, left: int, span: int, width: int) -> Person:
    """A person of the part of a photo that begins at the column `left`, in the photo."""
    y0, x0, y1, x1 = person.box
    scale = person.elsewhere.shape[3] / span
    sides = (round(left * scale), round((width - span - left) * scale))
    return replace(
        person,
        box=(y0, x0 + left, y1, x1 + left),
        area=person.area * span / width,
        all_people=person.all_people * span / width,
        elsewhere=F.pad(person.elsewhere, sides),
    )


def _look(regions: Regions, photo: Tensor, side: int) -> Person | None:
    height, width = photo.shape[-2:]
    scale = side / max(height, width)
    small = F.interpolate(
        photo, size=(max(round(height * scale), 32), max(round(width * scale), 32)), mode="bilinear", antialias=True
    )
    probabilities = regions.probabilities(small)
    seen = lambda *names: regions.select(probabilities, names)[0, 0].cpu().numpy() > 0.4  # noqa: E731
    body = regions.body(probabilities)[0, 0].cpu().numpy() > 0.5
    head, face = seen(*HEAD), seen("face")
    parts = _apart(ndimage.label(ndimage.binary_opening(body, iterations=1))[0], face if face.any() else head)
    numbers = np.arange(1, parts.max() + 1)
    areas, heads = (ndimage.sum_labels(where, parts, numbers) for where in (body, head))
    people = areas * ((areas > SMALLEST * body.size) & (heads > 0.01 * areas) & (heads >= 4))
    if not people.any():
        return None
    largest = int(np.argmax(people))
    mine = parts == largest + 1
    rows, columns = np.flatnonzero(mine.any(1)), np.flatnonzero(mine.any(0))
    y0, bottom, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    cut = False
    if (seen("shoes") & mine).sum() < 0.01 * mine.sum():  # cut off, or the network lost them: the head says how tall
        chin = np.flatnonzero((mine & (face if (mine & face).any() else head)).any(1))[-1] + 1
        bottom = max(y0 + (chin - y0) / HEAD_SHARE, bottom)
        cut = bool(bottom > (1 + BELOW) * len(body) and rows[-1] + 1 >= (1 - EDGE) * len(body))
        bottom = bottom if cut else min(bottom, len(body))
    fy, fx = height / body.shape[0], width / body.shape[1]
    box = (float(y0 * fy), float(x0 * fx), float(bottom * fy), float(x1 * fx))
    somebody = np.isin(parts, numbers[people > 0])
    nearest = parts[tuple(ndimage.distance_transform_edt(~somebody, return_distances=False, return_indices=True))]
    elsewhere = torch.from_numpy(nearest != largest + 1)[None, None].to(photo)
    others = int((people > RIVAL * people[largest]).sum()) - 1
    return Person(box, others, cut, float(mine.mean()), float(somebody.mean()), elsewhere)


def _apart(parts: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Labels (h, w) of connected bodies, with people who touch taken apart halfway between their faces."""
    faces, count = ndimage.label(face)
    sizes = ndimage.sum_labels(face, faces, np.arange(1, count + 1))
    parts = parts.copy()
    for part in range(1, parts.max() + 1):
        mine = parts == part
        centres: list[float] = []
        largest = 0.0
        for number in np.argsort(-sizes):
            where = mine & (faces == number + 1)
            size = float(where.sum())
            largest = largest or size
            if size < max(RIVAL * largest, 4):
                continue
            centre = float(where.any(0).nonzero()[0].mean())
            if all(abs(centre - other) > APART * math.sqrt(largest) for other in centres):
                centres.append(centre)
        if len(centres) > 1:
            nearest = np.abs(np.arange(parts.shape[1])[:, None] - np.array(centres)).argmin(1)
            parts[mine] = np.where(nearest == 0, part, parts.max() + nearest)[np.nonzero(mine)[1]]
    return parts
