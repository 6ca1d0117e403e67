"""Quilting and blending: cloth that wraps around, of the picture's own pixels, no place of which is seen twice."""

from __future__ import annotations

import numpy as np
import pytest
from swatches import cloth_of, melange

from fice.cloth.swatch.blending import blend
from fice.cloth.swatch.quilting import quilt


def jumps(cloth):
    """Mean absolute step across the edges at which a cloth wraps around, against that anywhere."""
    light = np.sqrt(cloth).mean(2)
    return [
        float(np.abs(light.take(0, axis) - light.take(-1, axis)).mean() / np.abs(np.diff(light, axis=axis)).mean())
        for axis in (0, 1)
    ]


@pytest.mark.parametrize("make", [blend, quilt])
def test_cloth_wraps_around(make):
    cloth = make(melange((160, 160)), (256, 256), np.random.default_rng(0))
    assert cloth.shape == (256, 256, 3) and cloth.dtype == np.float32
    assert max(jumps(cloth)) < 1.2


def test_blending_keeps_colours_and_contrast():
    picture = melange((200, 200))
    cloth = blend(picture, (256, 512), np.random.default_rng(0))
    levels = np.linspace(0.02, 0.98, 25)
    assert np.quantile(cloth, levels) == pytest.approx(np.quantile(picture, levels), rel=0.04)
    steps = [np.abs(np.diff(np.sqrt(each), axis=1)).mean() for each in (cloth, picture)]
    assert steps[0] == pytest.approx(steps[1], rel=0.06)


def test_quilts_are_of_the_colours_of_the_picture():
    picture = cloth_of("floral", (120, 160))
    cloth = quilt(picture, (256, 256), np.random.default_rng(0))
    assert cloth.min() >= picture.min() - 1e-5 and cloth.max() <= picture.max() + 1e-5
    assert cloth.mean((0, 1)) == pytest.approx(picture.mean((0, 1)), rel=0.25)


def test_pieces_of_a_lattice_are_whole_periods_away():
    y, x = np.mgrid[:150, :170]
    picture = np.stack([0.3 + 0.2 * np.cos(2 * np.pi * x / 16), 0.3 + 0.2 * np.cos(2 * np.pi * y / 32), 0 * x + 0.2], 2)
    noisy = (picture + np.random.default_rng(0).normal(0, 0.02, picture.shape)).astype(np.float32)
    cloth = quilt(noisy, (256, 256), np.random.default_rng(1), np.array([[0, 1 / 16], [1 / 32, 0]]))
    for channel, axis, count in ((0, 1, 16), (1, 0, 8)):
        spectrum = np.abs(np.fft.fft(cloth[..., channel].mean(1 - axis)))
        assert spectrum[1:128].argmax() + 1 == count
        assert spectrum[count] / 128 == pytest.approx(0.2, rel=0.03)


def test_a_place_is_not_seen_again_nearby():
    """A picture that tells from each pixel which place it is."""
    y, x = np.mgrid[:160, :160] / 160
    noise = np.random.default_rng(0).uniform(0.1, 0.4, (160, 160))
    cloth = quilt(np.stack([0.02 * y, 0.02 * x, noise], 2).astype(np.float32), (512, 512), np.random.default_rng(0))
    places = np.floor(cloth[..., :2] / 0.02 * 8).astype(int).clip(0, 7)
    count = np.bincount((places[..., 0] * 8 + places[..., 1]).ravel(), minlength=64)
    assert (count > 0).mean() > 0.9
    near = [(places == np.roll(places, shift, axis)).all(2).mean() for axis in (0, 1) for shift in (64, 80, 96)]
    assert max(near) < 0.15
