"""A printed garment in plain cloth: the print goes, the drawn folds stay."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import dressed, person
from scipy import ndimage

from fice.cloth.patterns import paint
from fice.srgb import LUMINANCE, gamma_encoded, linear_light

INKS = np.array([0.85, 0.85, 0.8]), np.array([0.02, 0.03, 0.12]), np.array([0.5, 0.05, 0.05])
PIXEL = 0.3  # cm


@pytest.mark.parametrize("design", ["striped", "polka-dot", "checked", "floral"])
def test_of_a_print_little_is_left_and_of_folds_nearly_all(design):
    v, u = np.mgrid[:400, :200].astype(np.float32) * PIXEL
    cloth = paint(design, u, v, *INKS, np.random.default_rng(0), pixel=PIXEL)
    worn = person(upper=gamma_encoded(cloth.astype(float)))
    inner = ndimage.binary_erosion(worn.parts["upper"] > 0.99, iterations=5)

    def shares(pixels):
        """How much of the print and of the light there is in a picture: a regression of logarithms."""
        drawn = [np.log(cloth @ LUMINANCE)[inner], worn.light[inner]]
        seen = np.log(linear_light(pixels / 255) @ LUMINANCE)[inner]
        both = np.stack([values - values.mean() for values in drawn], 1)
        return np.linalg.lstsq(both, seen - seen.mean(), rcond=None)[0]

    assert shares(worn.subject.photo.pixels) == pytest.approx([1, 1], abs=0.1)
    left, kept = shares(dressed(worn.subject, "red shirt").pixels)
    assert abs(left) < 0.15 and kept == pytest.approx(1, abs=0.2)
