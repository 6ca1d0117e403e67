"""The lattice of a cloth is found where there is one."""

from __future__ import annotations

import numpy as np
import pytest
from swatches import cloth_of, melange

from fice.cloth.swatch.lattice import find_lattice, likeness


def periods(picture, cm=20.0):
    """Lengths in cm and angles in degrees, 0 across and 90 down, of the shortest shifts of a picture."""
    shifts = np.linalg.pinv(find_lattice(picture)).T * (cm / picture.shape[1])
    return np.hypot(*shifts.T), np.degrees(np.arctan2(shifts[:, 0], shifts[:, 1])) % 180


def lines(period, turn, size=(240, 320)):
    y, x = np.mgrid[: size[0], : size[1]]
    at = x * np.cos(np.radians(turn)) + y * np.sin(np.radians(turn))
    return np.repeat(0.3 + 0.2 * np.cos(2 * np.pi * at / period)[..., None], 3, 2).astype(np.float32)


@pytest.mark.parametrize("period", [6.3, 17.7, 61.0])
@pytest.mark.parametrize("turn", [0.0, 33.0, 90.0, 171.5])
def test_stripes_have_a_period_and_a_direction(period, turn):
    lengths, angles = periods(lines(period, turn), cm=320)
    assert lengths == pytest.approx([period], rel=0.01)
    assert abs((angles[0] - turn + 90) % 180 - 90) < 1


@pytest.mark.parametrize("design", ["gingham", "houndstooth", "checked", "polka-dot", "knit", "windowpane"])
@pytest.mark.parametrize("turn", [0.0, 11.0])
def test_repeats_are_the_same_however_they_are_turned(design, turn):
    """Held against a picture of twice as much of the cloth."""
    lengths, angles = periods(cloth_of(design, turn=turn))
    wide, there = periods(cloth_of(design, (600, 800), 40.0), 40.0)
    assert sorted(lengths) == pytest.approx(sorted(wide), rel=0.01)
    assert min(abs((angles[0] + turn - angle + 90) % 180 - 90) for angle in there) < 1


@pytest.mark.parametrize("design", ["floral", "leopard", "camouflage", "zebra", "denim"])
def test_what_does_not_repeat_has_no_lattice(design):
    assert find_lattice(cloth_of(design)) is None


def test_yarns_have_no_lattice():
    assert find_lattice(melange()) is None


def test_a_weave_too_fine_for_the_whole_picture_is_found_in_its_middle():
    assert periods(lines(3.6, 30.0, (900, 1024)), cm=1024)[0] == pytest.approx([3.6], rel=0.01)


def test_checks_that_are_seen_once_go_on_where_they_are_most_like_their_beginning():
    bands = np.random.default_rng(3).uniform(0.05, 0.6, 12)
    warp = np.repeat(np.resize(bands, 17), 18)[:300]
    cloth = np.repeat((warp[:200, None] + warp[None, :])[..., None] / 2, 3, 2).astype(np.float32)
    assert 1 / find_lattice(cloth)[1, 1] == pytest.approx(12 * 18, rel=0.02)


def test_grain_reaches_less_far_than_motifs():
    assert likeness(melange()).reach < 4 < likeness(cloth_of("floral")).reach
