"""Swatches: cloth of the same colours, period, direction and detail, wherever it is looked up."""

from __future__ import annotations

import numpy as np
import pytest
from swatches import cloth_of, lit, melange, picture_of, sheet

from fice.cloth.swatch import read_swatch
from fice.evaluation.fidelity import colour_distance, energy_kept, wave_errors
from fice.evaluation.unrolled import FINEST, Flat

KINDS = {
    "striped": "lattice",
    "gingham": "lattice",
    "houndstooth": "lattice",
    "floral": "between",
    "leopard": "between",
    "denim": "random",
    "melange": "random",
}


def drawn(name):
    return melange() if name == "melange" else cloth_of(name)


def laid_flat(swatch, step=0.1):
    """A garment of it, as a photo shows it and as it is laid flat again."""
    made = sheet(swatch, (720, 600), pixel=step / FINEST)
    cells = made.reshape(360, 2, 300, 2, 3).mean((1, 3))
    return [Flat(0, cells, np.ones(cells.shape[:2], bool), step)]


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_cloth_is_as_its_swatch_is(name, kind):
    cloth = drawn(name)
    swatch = read_swatch(picture_of(lit(cloth)))
    made = sheet(swatch)
    assert swatch.kind == kind and len(swatch.waves) == (0 if kind != "lattice" else 1 + (name != "striped"))
    assert made.shape == (240, 200, 3) and made.dtype == np.float32 and made.min() >= 0
    flats = laid_flat(swatch)
    assert colour_distance(flats, swatch) < 4
    assert 0.75 < energy_kept(flats, swatch) < 1.3


@pytest.mark.parametrize(
    ("name", "turn"), [("vertical-striped", 0), ("diagonal-striped", 0), ("gingham", 9), ("knit", 5)]
)
def test_cloth_has_the_period_and_the_direction_of_its_swatch(name, turn):
    swatch = read_swatch(picture_of(lit(cloth_of(name, turn=turn))), width=20)
    share, degrees = abs(wave_errors(laid_flat(swatch), swatch)).max(0)
    assert share < 0.03 and degrees < 1
    upright = read_swatch(picture_of(cloth_of(name)), width=20)
    assert sorted(np.hypot(*swatch.periods.T)) == pytest.approx(sorted(np.hypot(*upright.periods.T)), rel=0.02)


def test_stripes_lie_as_in_the_picture():
    swatch = read_swatch(picture_of(cloth_of("vertical-striped")))
    made = sheet(swatch)
    assert made.mean(0)[:, 1].std() > 20 * made.mean(1)[:, 1].std()


@pytest.mark.parametrize("name", ["gingham", "floral", "melange"])
def test_a_seed_makes_the_cloth_and_another_one_another(name):
    swatch = read_swatch(picture_of(drawn(name)))
    made = sheet(swatch)
    assert (sheet(swatch) == made).all()
    assert (sheet(swatch, seed=1) != made).any()
    assert np.allclose(sheet(swatch, (240, 100), at=(20.0, 0.0)), made[:, 100:], atol=2e-3)
    assert np.isfinite(sheet(swatch, (50, 50), at=(-200.0, 195.0))).all()


def test_what_is_finer_than_a_pixel_is_its_mean():
    swatch = read_swatch(picture_of(cloth_of("pinstriped")))
    v, u = np.mgrid[:40, :40].astype(np.float32) * np.float32(31.7)
    far = swatch.repeat(np.full(1, 30.0), np.random.default_rng(0)).at(u, v, 30.0)
    assert np.abs(far - swatch.mean).max() < 0.05


def test_a_garment_whose_parts_are_seen_at_an_angle_is_painted():
    swatch = read_swatch(picture_of(cloth_of("striped")))
    v, u = np.mgrid[:60, :60].astype(np.float32) * np.float32(0.2)
    pixel = np.where(u > 6, 0.2, 0.0).astype(np.float32)
    for covered in (pixel, 0 * pixel):
        assert np.isfinite(swatch.repeat(covered, np.random.default_rng(0)).at(u, v, covered)).all()


def test_the_width_sets_the_scale():
    picture = picture_of(cloth_of("gingham"))
    small, large = (read_swatch(picture, width) for width in (10, 30))
    assert large.periods == pytest.approx(3 * small.periods)
    assert large.width == pytest.approx(30, rel=0.02)


def test_without_a_width_a_period_is_that_of_clothes():
    two_checks = cloth_of("checked", cm=16.0)
    assert np.hypot(*read_swatch(picture_of(two_checks)).periods.T).max() < 16.1


def test_one_colour_is_plain_cloth():
    swatch = read_swatch(np.full((64, 64, 3), 128, np.uint8))
    assert swatch.kind == "plain" and len(swatch.waves) == 0
    assert np.ptp(sheet(swatch), (0, 1)).max() < 1e-6


def test_a_swatch_is_told_in_a_line():
    assert len(repr(read_swatch(picture_of(cloth_of("gingham"))))) < 80


@pytest.mark.parametrize("width", [0.5, 150])
def test_a_swatch_of_any_width_is_sewn_of_a_bounded_number_of_pieces(width):
    """Of a tiny picture not as much is made as a garment needs, of a coarse one nothing finer."""
    swatch = read_swatch(picture_of(cloth_of("gingham", (64, 80))), width)
    assert np.isfinite(sheet(swatch, (60, 60), pixel=0.05)).all()
