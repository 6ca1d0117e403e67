"""Which kind of garment a picture shows, and for which region it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fice.errors import InputError
from fice.references.kind import choose_kind, choose_one, choose_worn
from fice.references.reference import KINDS
from fice.references.worn import Wearing

PICTURE = Path("jeans.jpg")


def chances(**of):
    named = {name.replace("_", "-"): chance for name, chance in of.items()}
    rest = (1 - sum(named.values())) / (len(KINDS) - len(named))
    return [named.get(kind, rest) for kind in KINDS]


def test_the_likeliest_kind_is_taken():
    assert choose_kind(PICTURE, chances(dress=0.8), None) == ("dress", 0.8)
    assert choose_kind(PICTURE, chances(dress=0.8), "auto") == ("dress", 0.8)


def test_of_the_wanted_region_a_kind_is_taken_that_may_be_it():
    assert choose_kind(PICTURE, chances(dress=0.6, skirt=0.3), "lower") == ("skirt", 0.3)
    assert choose_kind(PICTURE, chances(shirt=0.9), "outer")[0] == "shirt"


def test_a_garment_that_is_beyond_doubt_of_another_region_is_refused():
    with pytest.raises(InputError) as refused:
        choose_kind(PICTURE, chances(trousers=0.96), "upper")
    assert str(refused.value) == (
        "jeans.jpg shows trousers; say --garment jeans.jpg@lower, or give a picture of a top."
    )


def test_of_two_garments_the_wanted_one_is_taken():
    two = [chances(shirt=0.9), chances(trousers=0.9)]
    assert choose_one(PICTURE, two, "lower") == 1 and choose_one(PICTURE, two, "upper") == 0
    assert choose_one(PICTURE, two[:1], None) == 0


@pytest.mark.parametrize(
    ("kinds", "wanted", "sentence"),
    [
        (("shirt", "skirt"), None, "2 garments (shirt and skirt); say --garment jeans.jpg@upper or --garment "),
        (("shirt", "jumper"), None, "2 garments (shirt and jumper); cut the picture to one of them."),
        (("shirt", "skirt"), "dress", "2 garments (shirt and skirt); cut the picture to one of them."),
    ],
)
def test_which_of_two_garments_is_asked(kinds, wanted, sentence):
    with pytest.raises(InputError) as refused:
        choose_one(PICTURE, [chances(**{kind: 0.9}) for kind in kinds], wanted)
    assert sentence in str(refused.value)


def wearing(region, shares, height=100):
    matte = np.zeros((200, 100), np.float32)
    matte[20 : 20 + height, 30:70] = 1
    joints = {"left hip": (60, 25), "left knee": (60, 90), "right hip": (40, 25), "right knee": (40, 90)}
    return Wearing(region, matte, shares, {name: np.array(at, float) for name, at in joints.items()}, 0)


def test_what_is_worn_is_of_the_kind_that_its_region_its_length_and_its_classes_say():
    unsure = chances()
    assert choose_worn(wearing("outer", {"outer": 1.0}), unsure)[0] == "jacket"
    assert choose_worn(wearing("dress", {"dress": 1.0}), unsure)[0] == "dress"
    assert choose_worn(wearing("lower", {"skirt": 0.8, "trousers": 0.1}), unsure)[0] == "skirt"
    assert choose_worn(wearing("lower", {"skirt": 0.1, "trousers": 0.8}, 160), unsure)[0] == "trousers"
    assert choose_worn(wearing("lower", {"skirt": 0.1, "trousers": 0.8}, 60), unsure)[0] == "shorts"
    assert choose_worn(wearing("upper", {"upper": 1.0}), chances(shirt=0.4, dress=0.5))[0] == "shirt"
