"""Finding the person that an edit is about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from fice.errors import InputError
from fice.regions import HEAD, Regions

LOOKS = (224, 144, 96)  # pixels of the longer side at which people are looked for: far away, near, and cut off
LARGER = 1.5  # times the area that a coarser look must see to be believed
SMALLEST = 0.008  # share of the photo that a person covers at least
RIVAL = 0.3  # another person counts from this share of the largest one's area
HEAD_SHARE = 0.145  # height of the head over the height of the person


@dataclass(frozen=True)
class Person:
    """Where a person stands in a photo.

    Attributes:
        box: (y0, x0, y1, x1) in photo pixels of the whole person; below a cut it reaches outside the photo.
        others: how many other people of comparable size there are.
        cut: the photo's lower edge cuts the person off.
        area: share of the photo that the person covers.
    """

    box: tuple[float, float, float, float]
    others: int
    cut: bool
    area: float


def find_person(regions: Regions, photo: Tensor) -> Person:
    """The largest person in a photo (1, 3, H, W) float in [0, 1].

    Somebody without feet, cut off by the lower edge, gets the height that the head suggests. Raises InputError when
    nobody is found.
    """
    found = None
    for side in LOOKS:
        person = _look(regions, photo, side)
        if person and (found is None or person.area > LARGER * found.area):
            found = person  # at too fine a look only parts of somebody near are seen
    if found:
        return found
    raise InputError("No person was found in this picture: use one that shows somebody from head to knee at least.")


def _look(regions: Regions, photo: Tensor, side: int) -> Person | None:
    height, width = photo.shape[-2:]
    scale = side / max(height, width)
    small = F.interpolate(photo, size=(max(round(height * scale), 32), max(round(width * scale), 32)),
                          mode="bilinear", antialias=True)  # fmt: skip
    probabilities = regions.probabilities(small)
    body = regions.body(probabilities)[0, 0].cpu().numpy() > 0.5
    head = regions.select(probabilities, HEAD)[0, 0].cpu().numpy() > 0.4
    parts, count = ndimage.label(ndimage.binary_opening(body, iterations=1))
    areas = ndimage.sum_labels(body, parts, range(1, count + 1)) if count else np.zeros(0)
    heads = ndimage.sum_labels(head, parts, range(1, count + 1)) if count else np.zeros(0)
    people = areas * ((areas > SMALLEST * body.size) & (heads > 0.01 * areas) & (heads >= 4))
    if not people.any():
        return None
    largest = int(np.argmax(people))
    mine = parts == largest + 1
    rows, columns = np.flatnonzero(mine.any(1)), np.flatnonzero(mine.any(0))
    y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    head_rows = np.flatnonzero((mine & head).any(1))
    feet = regions.select(probabilities, ("shoes",))[0, 0].cpu().numpy() > 0.4
    bottom = y1
    if (feet & mine).sum() < 0.01 * mine.sum():  # cut off, or the network lost them: the head says how tall they are
        bottom = max(y0 + (head_rows[-1] + 1 - y0) / HEAD_SHARE, y1)
    cut = bool(bottom > len(body))
    fy, fx = height / body.shape[0], width / body.shape[1]
    others = int((people > RIVAL * people[largest]).sum()) - 1
    box = (float(y0 * fy), float(x0 * fx), float(bottom * fy), float(x1 * fx))
    return Person(box, others, cut, float(mine.mean()))
