"""Light is told from the print that it falls on."""

from __future__ import annotations

import numpy as np
import pytest
from swatches import cloth_of, lit, melange

from fice.cloth.swatch.light import light_on


def uneven(cloth, waves=None):
    """How uneven the light is that is left, and that there was: deviation of its logarithm."""
    given = lit(np.ones_like(cloth))[..., 0]
    return np.log(light_on(lit(cloth), waves) / given).std(), np.log(given).std()


@pytest.mark.parametrize("design", ["solid", "striped", "floral", "tropical", "leopard", "camouflage", "cow", "denim"])
def test_uneven_light_is_found_under_a_print(design):
    left, given = uneven(cloth_of(design))
    assert left < 0.35 * given


def test_uneven_light_is_found_on_yarns():
    left, given = uneven(melange())
    assert left < 0.25 * given


@pytest.mark.parametrize("design", ["floral", "tropical", "cow", "camouflage"])
def test_a_large_motif_is_no_shade(design):
    light = light_on(cloth_of(design))
    assert np.log(light).std() < 0.03 and np.median(light) == pytest.approx(1, abs=1e-3)


def test_light_is_found_by_what_repeats():
    """Checks in many tones of one hue: by their colours alone dark checks would be shade."""
    y, x = np.mgrid[:300, :400] // 5
    tones = np.random.default_rng(0).uniform(0.05, 0.6, (12, 12))
    cloth = np.repeat(tones[y % 12, x % 12][..., None], 3, 2).astype(np.float32)
    left, given = uneven(cloth, np.eye(2) / 60)
    assert left < 0.1 * given < 0.7 * uneven(cloth)[0]
