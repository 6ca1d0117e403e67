"""Mattes of drawn garments of which every pixel's share is known: no rim, on light and on dark grounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import folds, lit
from torch.nn import functional as F

from fice.stitch.matting import cut_out

SIZE = (160, 160)
STEP = 2.0  # pixels of the photo in one of the canvas
Y, X = np.mgrid[:160, :160] + 0.5
GARMENTS = {
    "soft disc": np.clip(0.5 - (np.hypot(Y - 80, X - 80) - 50) / 6, 0, 1),
    "thin straps": np.maximum.reduce(
        [
            np.clip(Y - 90, 0, 1) * np.clip(45.5 - abs(X - 80), 0, 1),
            *(np.clip(3.5 - abs(X - 80 - side * (22 + 0.05 * Y)), 0, 1) for side in (1, -1)),
        ]
    ),
}


def tensor(array):
    return torch.from_numpy(np.asarray(array, np.float32)).reshape(*SIZE, -1).permute(2, 0, 1)[None]


def as_seen(alpha):
    """What a network makes of a matte on a canvas: half as fine, and a little surer."""
    small = F.interpolate(tensor(alpha), size=(round(SIZE[0] / STEP), round(SIZE[1] / STEP)), mode="area")
    return ((F.interpolate(small, size=SIZE, mode="bilinear") - 0.5) * 1.3 + 0.5).clamp(0, 1)


@pytest.mark.parametrize("alpha", GARMENTS.values(), ids=GARMENTS)
@pytest.mark.parametrize("ground", [0.1, 0.9], ids=["dark", "light"])
@pytest.mark.parametrize("colour", [(0.6, 0.15, 0.2), (0.2, 0.3, 0.7)], ids=["red", "blue"])
def test_a_garment_in_another_colour_has_no_rim(alpha, ground, colour):
    cloth = lit(colour, folds(SIZE, 0.1))
    wall = np.full((*SIZE, 3), ground) + 0.03 * np.sin(X / 9)[..., None]
    photo = wall + alpha[..., None] * (cloth - wall) + np.random.default_rng(0).normal(0, 0.004, (*SIZE, 3))
    matte, own = (x[0].permute(1, 2, 0).numpy() for x in cut_out(tensor(photo.clip(0, 1)), as_seen(alpha), STEP))
    mixed = (alpha > 0.02) & (alpha < 0.98)
    assert np.abs(matte[..., 0] - alpha)[mixed].mean() < 0.04
    new = np.array([0.1, 0.5, 0.3])
    made, true = photo + matte * (new - own), wall + alpha[..., None] * (new - wall)
    assert 255 * np.abs(made - true)[mixed].mean() < 3
    assert 255 * np.abs(photo + matte * (new - photo) - true)[mixed].mean() > 4  # the old colour would shine through


def test_a_garment_of_the_walls_colour_keeps_the_networks_outline():
    alpha = GARMENTS["soft disc"]
    matte, _ = cut_out(torch.full((1, 3, *SIZE), 0.5), as_seen(alpha), STEP)
    assert (matte - tensor(alpha)).abs().mean() < 0.02


def test_where_nothing_is_seen_nothing_is_cut_out():
    matte, _ = cut_out(torch.rand(1, 3, *SIZE), torch.zeros(1, 1, *SIZE), STEP)
    assert matte.max() == 0


def test_a_large_photo_has_a_matte_of_its_own_size():
    alpha = GARMENTS["soft disc"]
    photo = tensor(np.full((*SIZE, 3), 0.9) + alpha[..., None] * (np.array([0.6, 0.15, 0.2]) - 0.9))
    large = [F.interpolate(x, scale_factor=4, mode="bilinear") for x in (photo, as_seen(alpha), tensor(alpha))]
    matte, own = cut_out(*large[:2], 4 * STEP)
    assert matte.shape[2:] == own.shape[2:] == large[0].shape[2:]
    assert (matte - large[2]).abs()[(large[2] > 0.02) & (large[2] < 0.98)].mean() < 0.1
