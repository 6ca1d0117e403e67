"""Garments cut by words: what a sentence changes of an outline, and how the cut one hangs on drawn people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bodies import CM, CROWN, HIPS
from references.wearers import GREEN, GREY, REGIONS, told, wearer

from fice.errors import InputError
from fice.language.words import parse
from fice.references.cut import HEMS, Cut, cut_of, paper
from fice.references.fit import KEPT
from fice.references.reference import POINTS
from fice.references.strips import TRUNK, strips_of

LEG = 156 - 82  # cm from the hips to the ankles of the drawn people


@pytest.fixture(scope="module")
def somebody():
    return wearer(sleeve=0.95)


@pytest.fixture(scope="module")
def bare_armed():
    return wearer(sleeve=0.2)


def cut(subject, text, region):
    worn = REGIONS.select(
        subject.regions, {"lower": ("trousers", "skirt"), "dress": ("upper", "trousers")}.get(region, (region,))
    )
    return cut_of(parse(text)[0], region, worn, subject, REGIONS)


@pytest.mark.parametrize(
    ("text", "region", "wanted"),
    [
        ("blue skirt", "lower", Cut("skirt", length="knee-length")),
        ("maxi skirt", "lower", Cut("skirt", length="maxi")),
        ("red dress", "dress", Cut("dress", None, "knee-length")),
        ("sleeveless mini dress", "dress", Cut("dress", "sleeveless", "mini")),
        ("black shorts", "lower", Cut("shorts")),
        ("sleeveless", "upper", Cut("t-shirt", "sleeveless")),
        ("short-sleeved shirt", "upper", Cut("t-shirt", "short-sleeved")),
        ("blue trousers", "lower", None),
        ("red shirt", "upper", None),
        ("red", "lower", None),
    ],
)
def test_words_cut_what_is_worn_otherwise(somebody, text, region, wanted):
    assert cut(somebody.subject, text, region) == wanted


@pytest.mark.parametrize("kind", ["t-shirt", "jacket", "dress", "skirt", "trousers", "shorts"])
def test_a_paper_pattern_has_all_points_on_its_outline(kind):
    made = paper(Cut(kind, "long-sleeved" if kind in ("t-shirt", "jacket", "dress") else None))
    names = {f"{side} {name}" for side in ("left", "right") for name in POINTS[kind]}
    assert names <= made.points.keys()
    assert {TRUNK} <= strips_of(made)[0].keys()
    around = np.pad(made.matte, 8)
    for x, y in made.points.values():
        window = around[max(int(y) - 6, 0) : int(y) + 23, max(int(x) - 6, 0) : int(x) + 23]
        assert window.min() < 0.5 < window.max()


@pytest.mark.parametrize("length", ["mini", "knee-length", "midi"])
def test_a_skirt_hangs_as_far_as_its_word_says_and_legs_are_bare_below(somebody, length):
    made = told(somebody.subject, f"blue {length} skirt")
    y = np.nonzero(made.after[0][0, 0].numpy() > 0.5)[0] * CM
    assert y.max() == pytest.approx(HIPS + HEMS[length] * LEG, abs=4)
    green = np.abs(made.pixels / 255 - np.array(GREEN)).max(2) < 0.06
    rows = [somebody.subject.frame.point_to_photo(at / CM, 0)[0] for at in (y.max() + 2, HIPS + LEG - 6)]
    assert not green[round(rows[0]) : round(rows[1])].any()


def test_nothing_of_a_skirt_is_left_between_the_legs_of_shorts():
    somebody = wearer(skirt=True)
    halves = {name: (x + 0.5, *rest) for name, (x, *rest) in somebody.subject.points.items()}  # meet in a pixel
    shape = told(replace(somebody.subject, points=halves), "black shorts").fitted[0].shape
    below = somebody.masks["skirt"] > 0.5
    below[: round((HIPS + 30) / CM)] = False
    assert below.any() and shape.keep[0, 0].numpy()[below].max() < 0.01


def test_a_dress_takes_the_place_of_top_and_trousers_and_keeps_the_sleeves(somebody):
    made = told(somebody.subject, "blue dress")
    worn = made.after[0][0, 0].numpy() > 0.5
    assert worn[somebody.masks["upper"] > 0.9].mean() > 0.95
    assert worn[round((HIPS + 30) / CM), 64]  # between the legs
    assert not worn[round((CROWN + 150) / CM)].any()


def test_sleeves_that_go_leave_arms_and_the_cloth_is_the_photographed_one(somebody):
    made = told(somebody.subject, "sleeveless")
    before, after = somebody.subject.photo.pixels, made.pixels
    worn = made.after[0][0, 0].numpy() > 0.5
    assert worn.sum() < 0.8 * (somebody.masks["upper"] > 0.5).sum()
    y, x = (round(at) for at in somebody.subject.frame.point_to_photo((HIPS - 20) / CM, 64))
    assert np.array_equal(before[y, x], after[y, x])
    wrist = somebody.subject.points["left elbow"]
    y, x = (round(at) for at in somebody.subject.frame.point_to_photo(wrist[1], wrist[0]))
    assert np.abs(after[y, x] / 255 - np.array(GREY)).max() > 0.1


def test_cuffs_below_a_hem_are_no_hem():
    made = told(wearer(sleeve=1.05, angle=10).subject, "short-sleeved")
    below, middle = round((HIPS + 7) / CM), round(12 / CM)
    assert made.after[0][0, 0, below:, 64 - middle : 64 + middle].max() < 0.1


def test_sleeves_that_come_are_of_the_same_cloth(bare_armed):
    made = told(bare_armed.subject, "long-sleeved")
    wrist = bare_armed.subject.points["left elbow"]
    y, x = (round(at) for at in bare_armed.subject.frame.point_to_photo(wrist[1], wrist[0]))
    assert np.abs(made.pixels[y, x] / 255 - np.array(GREY)).max() < 0.15


def test_what_is_so_already_is_an_error_with_a_remedy(bare_armed):
    with pytest.raises(InputError, match='name a colour or a pattern, as in "black trousers"'):
        told(bare_armed.subject, "trousers")


def test_crossed_legs_keep_what_they_wear_and_that_is_said(somebody):
    points = dict(somebody.subject.points)
    points["left ankle"], points["right ankle"] = points["right ankle"], points["left ankle"]
    crossed, straight = (
        told(subject, "black shorts") for subject in (replace(somebody.subject, points=points), somebody.subject)
    )
    assert KEPT in crossed.fitted[0].notices and KEPT not in straight.fitted[0].notices
