"""Cloth that was photographed at an angle lies straight."""

from __future__ import annotations

import numpy as np
import pytest
from swatches import cloth_of

from fice.cloth.swatch.lattice import find_lattice
from fice.cloth.swatch.upright import upright


def leans(waves):
    """Degrees by which the shifts of a lattice are off the nearest of 0, 45 and 90."""
    shifts = np.linalg.pinv(waves).T
    angles = np.degrees(np.arctan2(shifts[:, 0], shifts[:, 1]))
    return np.abs(angles - 45 * np.rint(angles / 45))


@pytest.mark.parametrize(
    ("design", "turn", "tilt"),
    [
        ("gingham", 9, (0, 0)),
        ("gingham", -24, (0, 0)),
        ("gingham", 0, (0.3, 0)),
        ("gingham", 10, (0.3, 0.2)),
        ("polka-dot", 12, (0, 0)),
        ("striped", -8, (0, 0)),
        ("knit", 6, (0, 0)),
    ],
)
def test_a_lattice_is_made_straight(design, turn, tilt):
    cloth = cloth_of(design, turn=turn, tilt=tilt)
    picture, waves = upright(cloth, find_lattice(cloth))
    assert leans(waves).max() < 0.4
    assert leans(find_lattice(picture)).max() < 0.6
    sizes = np.hypot(*np.linalg.pinv(waves)), np.hypot(*np.linalg.pinv(find_lattice(cloth_of(design))))
    assert sorted(sizes[0]) == pytest.approx(sorted(sizes[1]), rel=0.03)
    assert min(picture.shape[:2]) > 100 and picture.min() >= 0 and picture.max() < 1.2


@pytest.mark.parametrize(("design", "turn"), [("diagonal-striped", 3), ("striped", 25), ("gingham", 0)])
def test_what_lies_as_it_should_stays(design, turn):
    cloth = cloth_of(design, turn=turn)
    assert upright(cloth, find_lattice(cloth))[0] is cloth


def test_checks_seen_from_aside_are_of_one_size():
    cloth = cloth_of("gingham", tilt=(0.35, 0.0))
    picture, _ = upright(cloth, find_lattice(cloth))
    halves = [np.hypot(*np.linalg.pinv(find_lattice(half)))[0] for half in np.array_split(picture, 2)]
    before = [np.hypot(*np.linalg.pinv(find_lattice(half)))[0] for half in np.array_split(cloth, 2)]
    assert abs(np.log(before[0] / before[1])) > 0.1 > 3 * abs(np.log(halves[0] / halves[1]))
