"""Swatches and the cloth of garments compared: on drawn cloth of which all is known."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import REGIONS, dressed, person

from fice.cloth.swatch import read_swatch
from fice.cloth.tailor import swatch_of
from fice.evaluation import fidelity
from fice.evaluation.measures import Unmeasurable
from fice.evaluation.unrolled import Flat, unrolled
from fice.srgb import gamma_encoded, linear_light

STEP = 0.25  # cm


def stripes(period, degrees=0.0, cm=24.0, pixels=480, colour=(0.8, 0.2, 0.1)):
    """Stripes across, turned a little to the left: (pixels, pixels, 3) sRGB in [0, 1]."""
    y, x = np.mgrid[:pixels, :pixels] * (cm / pixels)
    turn = np.radians(degrees)
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * (y * np.cos(turn) + x * np.sin(turn)) / period)
    return gamma_encoded(wave[..., None] * np.array(colour)).astype(np.float32)


def flat(picture, cm=24.0):
    """The same as flat cloth of a garment."""
    cells = round(cm / STEP)
    cloth = linear_light(picture).reshape(cells, len(picture) // cells, cells, -1, 3).mean((1, 3)).astype(np.float32)
    return Flat(0, cloth, np.ones((cells, cells), bool), STEP)


SWATCH = read_swatch(stripes(3.0), 24)


def test_a_garment_in_its_very_cloth_has_no_error():
    flats = [flat(stripes(3.0))]
    assert fidelity.colour_distance(flats, SWATCH) < 1
    assert abs(fidelity.wave_errors(flats, SWATCH)).max(0) == pytest.approx([0, 0], abs=0.02)
    assert fidelity.energy_kept(flats, SWATCH) == pytest.approx(1, abs=0.1)


def test_a_period_a_turn_a_colour_and_lost_detail_are_seen():
    errors = fidelity.wave_errors([flat(stripes(3.3))], SWATCH)
    assert errors[0] == pytest.approx([0.1, 0], abs=0.02)
    turned = fidelity.wave_errors([flat(stripes(3.0, 8.0))], SWATCH)
    assert abs(turned[0, 1]) == pytest.approx(8, abs=1) and abs(turned[0, 0]) < 0.02
    assert fidelity.colour_distance([flat(stripes(3.0, colour=(0.1, 0.2, 0.8)))], SWATCH) > 20
    faint = flat(0.5 * stripes(3.0) + 0.5 * stripes(3.0).mean())
    assert fidelity.energy_kept([faint], SWATCH) < 0.6


def test_what_cannot_be_measured_says_why():
    with pytest.raises(Unmeasurable, match="Too little"):
        fidelity.colour_distance([], SWATCH)
    with pytest.raises(Unmeasurable, match="does not repeat"):
        fidelity.wave_errors([flat(stripes(3.0))], read_swatch(np.full((64, 64, 3), 90, np.uint8), 24))
    worn = person()
    plan = dressed(worn.subject, "red shirt").plan
    picture = worn.subject.photo.srgb()
    found = fidelity.figures(worn.subject, REGIONS, plan.pieces, picture, picture)
    for measure in found.values():
        with pytest.raises(Unmeasurable, match="No swatch"):
            measure()


def test_cloth_that_was_laid_on_somebody_is_found_again():
    worn = person(height=1200)
    swatch = (stripes(3.0) * 255).astype(np.uint8)
    edit = dressed(worn.subject, "", swatch=swatch, swatch_width=24)
    (piece,) = edit.plan.pieces
    pictures = worn.subject.photo.srgb(), (edit.pixels / 255).astype(np.float32)
    found = fidelity.figures(worn.subject, REGIONS, edit.plan.pieces, *pictures)
    assert swatch_of(piece.garment).kind == "lattice"
    assert found["swatch period"]() < 0.05 and found["swatch turn"]() < 5
    assert found["swatch colour"]() < 6 and found["swatch detail"]() > 0.7
    flats = unrolled(worn.subject, REGIONS, piece, *(fidelity.as_tensor(each) for each in pictures))
    assert all(each.seen.sum() >= 400 and np.isfinite(each.cloth).all() for each in flats)
