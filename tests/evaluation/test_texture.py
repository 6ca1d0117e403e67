"""How true a cloth is to its swatch: each figure is that of a cloth of which it is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from swatches import cloth_of

from fice.evaluation.texture import colour_distance, gradient_energy_kept, period_error


def stripes(period, turn=0.0, size=(300, 300)):
    y, x = np.mgrid[: size[0], : size[1]]
    at = x * np.cos(np.radians(turn)) + y * np.sin(np.radians(turn))
    return np.repeat(0.3 + 0.2 * np.cos(2 * np.pi * at / period)[..., None], 3, 2)


@pytest.mark.parametrize(("period", "turn"), [(20.0, 0.0), (21.6, 0.0), (20.0, 7.0), (18.5, -4.0)])
def test_the_period_of_stripes_and_their_direction_are_measured(period, turn):
    share, degrees = period_error(stripes(period, turn), np.array([[0.0, 2.0]]), 0.1)
    assert share == pytest.approx(abs(period / 20 - 1), abs=0.01)
    assert degrees == pytest.approx(abs(turn), abs=0.4)


@pytest.mark.parametrize(("bigger", "turn"), [(1.0, 0), (1.08, 0), (1.0, 5)])
def test_the_periods_of_checks_and_their_direction_are_measured(bigger, turn):
    cloth = cloth_of("gingham", (400, 400), 20 / bigger, turn)
    share, degrees = period_error(cloth, np.array([[0.0, 2.643], [2.643, 0.0]]), 0.05)
    assert share == pytest.approx(bigger - 1, abs=0.01)
    assert degrees == pytest.approx(turn, abs=0.5)


def test_blur_loses_detail_and_scale_does_not():
    cloth = cloth_of("leopard", (400, 400))
    assert gradient_energy_kept(cloth, cloth, 0.05, 0.05) == pytest.approx(1)
    assert gradient_energy_kept(ndimage.gaussian_filter(cloth, (1.5, 1.5, 0)), cloth, 0.05, 0.05) < 0.7
    half = cloth.reshape(200, 2, 200, 2, 3).mean((1, 3))
    assert 0.6 < gradient_energy_kept(half, cloth, 0.1, 0.05) < 1.1


def test_colours_are_compared_as_they_are_seen():
    grey = np.full((4, 4, 3), 0.2)
    assert colour_distance(grey, grey[0]) == 0
    assert colour_distance(grey, grey * (1, 1, 1.3)) > 3
