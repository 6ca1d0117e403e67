"""The points of a garment are found on its outline."""

from __future__ import annotations

import numpy as np
import pytest
from garments import drawn
from PIL import Image, ImageDraw

from fice.references.outline import lie, outline, solid
from fice.references.points import find_points
from fice.references.reference import KINDS


def errors(found, garment):
    """How far each point is off, in shares of the garment's height."""
    height = np.ptp(np.nonzero(garment.matte > 0.5)[0])
    return {name: float(np.hypot(*np.subtract(found[name], point))) / height for name, point in garment.points.items()}


@pytest.mark.parametrize("turn", [0, 12, -17])
@pytest.mark.parametrize("kind", KINDS)
def test_points_are_where_they_were_drawn(kind, turn):
    garment = drawn(kind, "plain", turn=turn)
    off = errors(find_points(garment.matte, kind), garment)
    assert max(off.values()) < 0.06 and np.mean(list(off.values())) < 0.03


def test_a_dress_without_sleeves_has_its_cuffs_at_the_shoulders_and_the_armpits():
    garment = drawn("dress", "plain", sleeves=False)
    found = find_points(garment.matte, "dress")
    assert max(errors(found, garment).values()) < 0.06
    for side in ("left", "right"):
        assert found[f"{side} cuff outside"] == found[f"{side} shoulder"]
        assert found[f"{side} cuff inside"] == found[f"{side} armpit"]


def test_a_sleeve_that_is_folded_away_leaves_the_trunk_as_the_other_side_has_it():
    garment = drawn("jumper", "plain")
    x = garment.points["left armpit"][0] + 3
    matte = np.where(np.arange(garment.matte.shape[1]) < x, garment.matte, 0)
    found = find_points(matte, "jumper")
    for side in ("left", "right"):
        for name in ("armpit", "hem", "neck"):
            off = np.hypot(*np.subtract(found[f"{side} {name}"], garment.points[f"{side} {name}"]))
            assert off < 0.07 * np.ptp(np.nonzero(garment.matte > 0.5)[0]), (side, name)
    assert found["left cuff inside"] == found["left armpit"] and found["right cuff inside"] != found["right armpit"]


def test_sleeves_that_hang_on_the_trunk_end_where_their_ends_are_seen():
    page = Image.new("F", (200, 220))
    trunk, sleeve = [(60, 30), (85, 20), (115, 20), (140, 30), (140, 200), (60, 200)], [(60, 30), (60, 180), (38, 180)]
    for shape in (trunk, sleeve, [(200 - x, y) for x, y in sleeve]):
        ImageDraw.Draw(page).polygon(shape, fill=1)
    found = find_points(np.asarray(page), "jumper")
    assert abs(found["left armpit"][0] - 140) < 8 and found["left armpit"][1] < 110
    assert abs(found["left hem"][0] - 140) < 8 and found["left hem"][1] > 190
    assert found["left cuff outside"][0] > 155 and 150 < found["left cuff outside"][1] < 185


def test_legs_that_lie_on_each_other_have_a_crotch_by_proportion():
    matte = np.zeros((240, 160), np.float32)
    matte[20:220, 50:110] = 1
    found = find_points(matte, "trousers")
    assert 60 < found["crotch"][1] < 100 and abs(found["crotch"][0] - 80) < 6
    assert found["left waist"][0] > 100 and found["right waist"][0] < 60
    assert found["left hem outside"][1] > 205 and found["right hem outside"][1] > 205


def test_a_collar_and_a_hood_are_no_armpits():
    garment = drawn("jacket", "plain")
    middle = (garment.points["left neck"][0] + garment.points["right neck"][0]) / 2
    y, x = np.indices(garment.matte.shape)
    hood = ((x - middle) / 30) ** 2 + ((y - garment.points["left neck"][1]) / 40) ** 2 < 1
    found = find_points(np.maximum(garment.matte, hood), "jacket")
    off = errors(found, garment)
    assert max(off[f"{side} {name}"] for side in ("left", "right") for name in ("armpit", "hem")) < 0.06


def test_how_a_garment_lies_is_told_by_its_symmetry():
    for turn in (0, 9, -15):
        assert abs(lie(drawn("t-shirt", "plain", turn=turn).matte > 0.5)[0] - turn) <= 3


def test_an_outline_goes_clockwise_around_the_largest_part_and_its_small_holes():
    matte = np.zeros((90, 120), np.float32)
    matte[20:70, 30:80] = 1
    matte[40:44, 50:54] = 0
    matte[5:9, 100:104] = 1
    mask = solid(matte)
    assert mask.sum() == 2500
    x, y = outline(mask).T
    area = 0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    assert 2200 < area < 2600 and 28 < x.min() < 33 and 77 < x.max() < 82


def shape(*corners, size=(200, 160)):
    """A matte, (h, w), of a shape whose right half has corners (x, y) from its top to its bottom, in pixels."""
    half = [(80 + x, y) for x, y in corners]
    image = Image.new("L", size[::-1])
    ImageDraw.Draw(image).polygon([*half, *((160 - x, y) for x, y in reversed(half))], fill=255)
    return np.asarray(image, np.float32) / 255


def test_sleeves_hang_where_a_garment_is_wider_low_down():
    points = find_points(shape((8, 20), (45, 38), (66, 170), (66, 180), (45, 182)), "jumper")
    assert points["left cuff outside"][1] > 160 and points["left cuff outside"][0] > 140
    assert 40 < points["left armpit"][1] < 100 and points["left armpit"][0] < 130


def test_a_vest_has_no_sleeves():
    points = find_points(shape((8, 20), (48, 38), (50, 100), (50, 180)), "jacket")
    assert points["left cuff outside"] == points["left shoulder"] and points["left shoulder"][0] > 110
