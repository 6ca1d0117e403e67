"""What colours tell of a photo: hands before a garment, where the network saw none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import SKIN, folds, lit
from scipy import ndimage

from fice.subject.colours import by_colour

NAMES = ("background", "face", "skin", "upper")
SIZE = (256, 128)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]]
JUMPER = (Y > 60) & (Y < 200) & (abs(X - 64) < 36)
FACE = (Y > 20) & (Y < 56) & (abs(X - 64) < 14)
HANDS = (np.hypot(Y - 150, X - 45) < 8) | (np.hypot(Y - 140, X - 84) < 8)
BLUE, BEIGE, YELLOW, PALE = (0.2, 0.3, 0.55), (0.75, 0.6, 0.5), (0.9, 0.85, 0.2), (0.8, 0.66, 0.58)


def seen(hands, jumper=BLUE, where=HANDS, doubt=0.0):
    """Somebody with something before the jumper, taken for the jumper in some doubt: probabilities by name."""
    picture = np.full((*SIZE, 3), 0.7)
    for place, colour, light in (
        (JUMPER, jumper, folds(SIZE, 0.25)),
        (FACE, SKIN, folds(SIZE, 0.15)),
        (where, hands, folds(SIZE, 0.1) - 0.3),  # in more shade than the face
    ):
        picture[place] = lit(colour, light)[place]
    picture = np.clip(picture + np.random.default_rng(0).normal(0, 0.015, picture.shape), 0, 1)
    thought = np.zeros((len(NAMES), *SIZE))
    thought[0] = 1
    thought[:, JUMPER] = np.array([[0.02], [0.01], [0.02], [0.95]])
    thought[:, where] += doubt * (0.25 - thought[:, where])
    thought[:, FACE] = np.array([[0.02], [0.94], [0.02], [0.02]])
    view = torch.from_numpy(picture).float().permute(2, 0, 1)[None]
    return dict(zip(NAMES, by_colour(torch.from_numpy(thought).float()[None], view, NAMES)[0].numpy(), strict=True))


def test_hands_before_a_jumper_are_skin():
    found = seen(hands=SKIN)
    assert found["skin"][ndimage.binary_erosion(HANDS)].min() > 0.9
    beside = JUMPER & ~ndimage.binary_dilation(HANDS, iterations=3)
    assert found["upper"][beside].min() > 0.8 and found["face"][FACE].mean() > 0.95


def test_a_figure_of_another_colour_stays_the_jumpers():
    assert seen(hands=YELLOW)["upper"][JUMPER].mean() > 0.99


def test_what_is_larger_than_hands_is_cloth_in_the_sun():
    side = JUMPER & (X > 84)
    assert seen(hands=PALE, where=side, doubt=0.22)["upper"][side].mean() > 0.5


def test_a_jumper_of_skins_colour_is_no_hand():
    assert seen(hands=BEIGE, jumper=BEIGE)["upper"][JUMPER].mean() > 0.95


@pytest.mark.parametrize("names", [("background", "face"), ("background", "upper")])
def test_without_cloth_or_skin_nothing_becomes_a_hand(names):
    thought = torch.zeros(1, 2, 64, 32)
    thought[:, 0, :32], thought[:, 1, 32:] = 1, 1
    found = by_colour(thought, torch.rand(1, 3, 64, 32, generator=torch.Generator().manual_seed(0)), names)
    assert torch.equal(found.argmax(1), thought.argmax(1))
    torch.testing.assert_close(found.sum(1), torch.ones(1, 64, 32))
