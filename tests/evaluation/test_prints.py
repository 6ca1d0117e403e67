"""Prints that were laid by a known warp are found where they lie."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from garments import drawn
from scipy import ndimage

from fice.evaluation.prints import Hand, errors, table
from fice.references.reference import POINTS
from fice.srgb import gamma_encoded

HAND = Path(__file__).parents[1] / "references" / "by_hand.json"
SIZE = (400, 300)


def laid(garment, move):
    """A photo that shows a garment by a map of its pixels, a folded wall behind: (H, W, 3) sRGB."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    at = np.stack(move(x, y))[::-1] - 0.5
    shown = [ndimage.map_coordinates(gamma_encoded(garment.pixels[..., i]), at, order=1) for i in range(3)]
    return np.stack(shown, -1) * (0.8 + 0.15 * np.sin(x / 23))[..., None]


def smaller(x, y, shift=(0.0, 0.0)):
    """Where a pixel of the photo is in the garment's picture."""
    return 1.7 * (x - shift[0]) - 30 + 0.02 * y, 1.6 * (y - shift[1]) - 20


def points_of(garment):
    """The garment's points on that photo."""
    found = {}
    for name, (x, y) in garment.points.items():
        down = (y + 20) / 1.6
        found[name] = ((x + 30 - 0.02 * down) / 1.7, down)
    return found


@pytest.mark.parametrize("cloth", ["checks", "logo", "text"])
def test_a_print_that_lies_where_the_hand_puts_it_has_no_error(cloth):
    garment = drawn("t-shirt", cloth)
    found = errors(laid(garment, smaller), garment, cloth, Hand(garment.points, points_of(garment)))
    assert found and max(found.values()) < 0.006


@pytest.mark.parametrize("cloth", ["checks", "logo"])
def test_a_print_that_was_moved_is_off_by_as_much(cloth):
    garment = drawn("t-shirt", cloth)
    hand = Hand(garment.points, points_of(garment))
    moved = laid(garment, lambda x, y: smaller(x, y, (6.0, -3.0)))
    seen = [each for each in errors(moved, garment, cloth, hand).values() if each is not None]
    assert np.median(seen) == pytest.approx(np.hypot(6, 3) / hand.height, abs=0.006)


def test_what_is_not_there_is_not_found():
    garment = drawn("t-shirt", "checks")
    hand = Hand(garment.points, points_of(garment))
    plain = laid(drawn("t-shirt", "plain"), smaller)
    found = errors(plain, garment, "checks", hand)
    assert sum(each is not None for each in found.values()) <= 0.1 * len(found)
    assert "0%" in table({"plain": found}).splitlines()[-2]


def test_what_was_marked_by_hand_are_the_points_of_its_kind():
    for kinds in json.loads(HAND.read_text("utf-8")).values():
        for kind, points in kinds.items():
            sided = {name.removeprefix("left ").removeprefix("right ") for name in points}
            assert sided - {"crotch"} == {*POINTS[kind]} - ({"hem"} - sided)  # of a shirt in trousers it is hidden
            sides = [(points[f"left {name}"], points[f"right {name}"]) for name in sided - {"crotch"}]
            assert all(left[0] > right[0] for left, right in sides)
