"""Closed-form mattes and the colours of both sides, on pictures that were mixed by hand."""

from __future__ import annotations

import numpy as np
import torch

from fice.stitch.closed_form import closed_form, foreground

SIDE = 48
RAMP = np.clip((np.arange(SIDE) - 18) / 12, 0, 1) * np.ones((SIDE, 1))  # of the garment, over twelve columns
GARMENT, WALL = np.array([0.7, 0.1, 0.2]), np.array([0.2, 0.6, 0.7])
MIXTURE = WALL + RAMP[..., None] * (GARMENT - WALL)


def weighing(weight):
    return np.full(RAMP.shape, float(weight))


def test_what_is_known_stays_and_mixtures_are_told_by_their_colours():
    unknown = np.zeros(RAMP.shape, bool)
    unknown[:, 14:34] = True
    guess = (np.arange(SIDE) >= 20) * np.ones(RAMP.shape)  # an outline four columns off
    found = closed_form(MIXTURE, guess, unknown, weighing(1e-4))
    assert found.dtype == np.float32 and np.array_equal(found[~unknown], guess[~unknown])
    assert np.abs(found - RAMP).max() < 0.05 < 0.5 < np.abs(guess - RAMP).max()


def test_where_colours_say_nothing_the_guess_has_its_say():
    unknown = np.zeros(RAMP.shape, bool)
    unknown[:, 14:34] = True
    plain = np.full((*RAMP.shape, 3), 0.5)
    believed, doubted = (
        np.abs(closed_form(plain, RAMP, unknown, weighing(weight)) - RAMP).max() for weight in (100, 1e-6)
    )
    assert believed < 0.02 < doubted


def test_without_doubt_nothing_is_solved():
    assert np.array_equal(
        closed_form(MIXTURE, RAMP, np.zeros(RAMP.shape, bool), weighing(0.1)), RAMP.astype(np.float32)
    )


def test_the_garments_own_colour_is_taken_out_of_mixed_pixels():
    picture, alpha = (
        torch.from_numpy(x).float().permute(2, 0, 1)[None] for x in (MIXTURE, np.repeat(RAMP[..., None], 1, 2))
    )
    own = foreground(picture, alpha)[0].permute(1, 2, 0).numpy()
    seen = RAMP > 0.1
    assert np.abs(own - GARMENT)[seen].max() < 0.06 < 0.3 < np.abs(MIXTURE - GARMENT)[seen].max()
