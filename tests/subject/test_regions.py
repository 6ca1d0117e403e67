"""Which region a sentence changes, on made-up people."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fice.errors import InputError
from fice.subject.regions import REGION_CLASSES, Regions, choose_region

REGIONS = Regions(nn.Identity())


def wearing(**shares):
    """Probabilities (1, K, 100, 10) of a person who covers so many rows with each class; the rest is background."""
    probabilities = torch.full((1, len(REGION_CLASSES), 100, 10), 0.01)
    row = 0
    for name, rows in shares.items():
        probabilities[:, REGION_CLASSES.index(name), row : row + rows] = 0.9
        row += rows
    probabilities[:, 0, row:] = 0.9
    return probabilities / probabilities.sum(1, keepdim=True)


def test_tights_taken_for_trousers_are_no_part_of_a_dress_and_legs_are_one_of_a_jumpsuit():
    worn = wearing(dress=30, trousers=20)
    dress, jumpsuit = (choose_region(REGIONS, worn, "dress", garment) for garment in ("dress", "jumpsuit"))
    assert "trousers" not in dress.classes and "trousers" in jumpsuit.classes


@pytest.mark.parametrize(
    ("worn", "wanted", "region", "within"),
    [
        ({"upper": 20, "trousers": 30}, "upper", "upper", {"upper"}),
        ({"upper": 20, "trousers": 30}, "lower", "lower", {"skirt", "trousers"}),
        ({"upper": 20, "trousers": 30}, "dress", "dress", {"upper", "dress", "skirt", "trousers"}),
        ({"outer": 30, "upper": 10, "trousers": 20}, "dress", "dress", {"upper", "dress", "skirt", "trousers"}),
        ({"dress": 40}, "upper", "dress", {"dress"}),  # a dress is all there is
        ({"dress": 40, "upper": 2}, "upper", "dress", {"dress"}),  # the rest is an error of the network
        ({"upper": 30, "dress": 40}, "lower", "lower", {"skirt", "trousers", "dress"}),  # no dress under a top
        ({"upper": 20, "trousers": 30}, "outer", "upper", {"upper"}),
        ({"outer": 40, "upper": 2, "trousers": 20}, "upper", "outer", {"outer"}),  # the coat is closed over it
        ({"outer": 30, "upper": 10, "trousers": 20}, "upper", "upper", {"upper"}),
        ({"outer": 40, "trousers": 3}, "upper", "outer", {"outer"}),  # rather than what is seen below it
        ({"outer": 40, "skirt": 3}, "dress", "outer", {"outer"}),
        ({"outer": 40, "skirt": 3, "trousers": 20}, "dress", "dress", {"skirt", "trousers"}),
        ({"outer": 30, "dress": 10, "trousers": 30}, "dress", "dress", {"upper", "dress", "skirt", "trousers"}),
        ({"outer": 30, "dress": 10}, "dress", "dress", {"upper", "dress", "skirt"}),
        ({"upper": 20, "trousers": 30}, None, "lower", {"trousers"}),
        ({"outer": 40, "trousers": 20}, None, "outer", {"outer"}),
    ],
)
def test_the_region_covers_what_is_worn(worn, wanted, region, within):
    choice = choose_region(REGIONS, wearing(**worn), wanted)
    assert choice.region == region
    assert within <= set(choice.classes)
    assert "face" not in choice.classes and "background" not in choice.classes
    told = wanted not in (None, region)
    assert bool(choice.notices) == told


@pytest.mark.parametrize(
    ("worn", "garment", "tights"),
    [
        ({"outer": 40, "legwear": 10}, "jeans", True),
        ({"dress": 30, "legwear": 20}, "leggings", True),
        ({"dress": 30, "legwear": 20}, "trousers", False),  # which the dress becomes
        ({"outer": 40, "skirt": 10, "legwear": 10}, "shorts", False),
    ],
)
def test_tights_are_meant_by_leggings_and_by_trousers_where_nothing_else_is_worn(worn, garment, tights):
    choice = choose_region(REGIONS, wearing(**worn), "lower", garment)
    assert (choice.classes[0] == "legwear") == tights and bool(choice.notices) == (garment == "trousers")
    assert ("tights change" in choice.keeps) == (garment == "jeans")


def test_a_dress_below_a_top_is_a_skirt_and_one_beside_it_a_dress():
    worn = wearing(upper=8, dress=50)
    assert choose_region(REGIONS, worn, "upper").classes[0] == "upper"
    skirt = choose_region(REGIONS, worn, "lower", "skirt")
    assert (skirt.region, skirt.keeps) == ("lower", "") and "dress" in skirt.classes
    sleeves = wearing(dress=58)
    sleeves[..., :8, :4] = wearing(upper=58)[..., :8, :4]
    assert choose_region(REGIONS, sleeves, "upper").region == "dress"


@pytest.mark.parametrize("shirt", [20, 4])
def test_an_open_coat_does_not_take_the_shirt_along(shirt):
    """However little of it is seen."""
    choice = choose_region(REGIONS, wearing(outer=40, upper=shirt, trousers=20), "outer")
    assert choice.classes == ("outer",)


@pytest.mark.parametrize(
    ("worn", "wanted", "garment", "notice"),
    [
        ({"upper": 20, "trousers": 30}, "lower", "skirt", "No skirt is worn: trousers change"),
        ({"upper": 20, "trousers": 30}, "dress", "dress", "No dress is worn: top and trousers change"),
        ({"upper": 20, "skirt": 30}, "lower", "jeans", "No jeans is worn: skirt change"),
        ({"upper": 20, "trousers": 30}, "lower", "jeans", None),
        ({"upper": 20, "skirt": 25, "trousers": 5}, "lower", "skirt", None),
        ({"dress": 40}, "dress", "gown", None),
    ],
)
def test_a_garment_of_another_kind_than_worn_is_told(worn, wanted, garment, notice):
    choice = choose_region(REGIONS, wearing(**worn), wanted, garment)
    assert choice.keeps.startswith(notice or "") and bool(choice.keeps) == bool(notice) and not choice.notices


def test_nothing_to_change_is_an_error_with_a_remedy():
    with pytest.raises(InputError, match="--region|--mask"):
        choose_region(REGIONS, wearing(skin=30), "upper")
