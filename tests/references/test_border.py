"""A garment is told from its ground by the picture's border."""

from __future__ import annotations

import numpy as np
import pytest
from garments import GROUNDS, drawn
from scipy import ndimage

from fice.references.border import by_border, clear
from fice.references.picture import shrunk
from fice.srgb import gamma_encoded


def overlap(found, truth):
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("kind", ["shirt", "dress", "trousers"])
def test_a_garment_is_told_from_what_it_lies_on(kind, ground):
    garment = drawn(kind, "logo", ground=ground)
    small = shrunk(gamma_encoded(garment.pixels).astype(np.float32), 160)
    truth = shrunk(np.repeat(garment.matte[..., None], 3, 2), 160)[..., 0] > 0.5
    assert overlap(by_border(small) > 0.5, truth) > 0.8


def test_what_a_network_has_seen_is_moved_onto_the_colours():
    garment = drawn("t-shirt", "plain", ground="grey")
    truth = garment.matte > 0.5
    seen = np.where(ndimage.binary_erosion(truth, iterations=6), 0.9, 0.2).astype(np.float32)
    found = by_border(gamma_encoded(garment.pixels).astype(np.float32), seen)
    assert overlap(found > 0.5, truth) > overlap(seen > 0.5, truth) + 0.05


def test_a_matte_is_clear_where_it_is_one_certain_piece():
    matte = drawn("dress", "plain", size=(160, 130)).matte
    assert clear(matte)
    assert not clear(np.clip(matte, 0.3, 0.7)) and not clear(np.zeros_like(matte))
    assert not clear(np.roll(matte, 60, 1))


def test_a_picture_of_one_colour_does_no_harm():
    found = by_border(np.full((60, 80, 3), 0.5, np.float32))
    assert found.shape == (60, 80) and np.isfinite(found).all()


def test_the_ground_is_seen_through_a_sleeves_gap_and_a_print_of_its_colour_is_none():
    picture = np.full((120, 120, 3), 0.9, np.float32)
    picture[20:100, 20:100] = (0.2, 0.3, 0.6)
    picture[40:60, 30:45] = picture[40:60, 70:85] = 0.9
    seen = np.full((120, 120), 0.05, np.float32)
    seen[20:100, 20:100] = 0.95
    seen[40:60, 30:45] = 0.1  # a gap, and the other a print
    found = by_border(picture, seen) > 0.5
    assert not found[45:55, 35:40].any() and found[42:58, 72:83].all()
