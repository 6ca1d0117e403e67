"""Swatches: cloth of the same colours, period and direction, wherever it is looked up."""

from __future__ import annotations

import numpy as np
import pytest

from fice.cloth.patterns import paint
from fice.cloth.swatch import read_swatch
from fice.errors import InputError
from fice.srgb import delta_e, gamma_encoded, to_lab

RED, NAVY, GREY = (np.array(c, np.float32) for c in ([0.5, 0.02, 0.02], [0.01, 0.015, 0.06], [0.2, 0.2, 0.2]))


def drawn(design, size=(240, 320), cm=20.0, dyes=(RED, None, None)):
    """A design as a picture (h, w, 3) uint8 sRGB that is `cm` wide."""
    v, u = np.mgrid[: size[0], : size[1]].astype(np.float32) * np.float32(cm / size[1])
    return picture_of(paint(design, u, v, *dyes, np.random.default_rng(0), pixel=cm / size[1]))


def picture_of(linear):
    return np.rint(gamma_encoded(np.clip(linear, 0, 1)) * 255).astype(np.uint8)


def sheet(swatch, size=(160, 160), pixel=0.15, seed=0):
    v, u = np.mgrid[: size[0], : size[1]].astype(np.float32) * np.float32(pixel)
    return swatch.paint(u, v, np.random.default_rng(seed), pixel)


def colour_difference(one, other):
    lab = [to_lab(gamma_encoded(np.clip(colour, 0, 1)) * 255) for colour in (one, other)]
    return float(delta_e(*lab))


@pytest.mark.parametrize("design", ["gingham", "striped", "diagonal-striped", "floral", "leopard", "denim"])
def test_cloth_has_the_colours_of_its_swatch(design):
    swatch = read_swatch(drawn(design))
    cloth = sheet(swatch)
    assert cloth.shape == (160, 160, 3) and cloth.dtype == np.float32 and cloth.min() >= 0
    assert colour_difference(cloth.mean((0, 1)), swatch.mean) < 4
    assert (sheet(swatch) == cloth).all()


def test_one_colour_is_plain_cloth():
    swatch = read_swatch(np.full((64, 64, 3), 128, np.uint8))
    assert swatch.kind == "plain"
    assert sheet(swatch).std() < 1e-6


def test_what_is_no_picture_of_cloth_is_said():
    with pytest.raises(InputError, match="only 1 x 1 pixels"):
        read_swatch(np.zeros((1, 1, 3), np.uint8))
    with pytest.raises(InputError, match="is no picture"):
        read_swatch(np.zeros((64, 64), np.uint8))
