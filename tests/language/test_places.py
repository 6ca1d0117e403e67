"""Words for places: what they mean, and what is no place."""

from __future__ import annotations

import pytest

from fice.errors import InputError
from fice.language.places import EVERYTHING, PARTS, Area, Spot, is_named, known_places, read_area


def only(words):
    (spot,) = read_area(words).places
    return spot


@pytest.mark.parametrize(
    ("words", "spot"),
    [
        ("the sleeves", Spot("sleeves")),
        ("Her left sleeve", Spot("sleeves", "left")),
        ("lapels", Spot("collar")),
        ("hemline", Spot("hem")),
        ("neckline", Spot("neckline")),
        ("the waistband", Spot("waist")),
        ("purse", Spot("bag")),
        ("the hat", Spot("headwear")),
        ("her tights", Spot("legwear")),
        ("dresses", Spot("dress")),
        ("skirt", Spot("skirt")),
        ("clothes", Spot("outfit")),
        ("the sleeves of the jacket", Spot("sleeves", of="jacket")),
        ("the jacket's right sleeve", Spot("sleeves", "right", of="jacket")),
        ("shirt collar", Spot("collar", of="shirt")),
        ("the trouser cuffs", Spot("hem", of="trousers")),
        ("the left leg of the jeans", Spot("legs", "left", of="jeans")),
        ("the left half of the dress", Spot("dress", "left")),
        ("the sleeve on the left of the picture", Spot("sleeves", "left", seen=True)),
        ("everything below the waist", Spot(EVERYTHING, levels=(("below", "waist"),))),
        ("from the waist down", Spot(EVERYTHING, levels=(("below", "waist"),))),
        ("the skirt under the knees", Spot("skirt", levels=(("below", "knees"),))),
        ("all below the chest and above the hips", Spot(EVERYTHING, levels=(("below", "chest"), ("above", "hips")))),
    ],
)
def test_a_place_is_a_name_with_its_side_its_garment_and_its_limits(words, spot):
    assert only(words) == spot


def test_places_are_joined_and_a_side_holds_for_one_of_them():
    assert read_area("left sleeve and collar").places == (Spot("sleeves", "left"), Spot("collar"))
    assert read_area("sleeves, cuffs, and the hem").places == (Spot("sleeves"), Spot("cuffs"), Spot("hem"))
    assert read_area("left and right sleeve").places == (Spot("sleeves", "left"), Spot("sleeves", "right"))


def test_of_alternatives_one_is_enough():
    assert read_area("skirt or trousers") == Area("skirt or trousers", (Spot("skirt"), Spot("trousers")), either=True)
    assert not read_area("skirt and trousers").either


@pytest.mark.parametrize("but", ["but not", "without", "except", "except for", "but without", "apart from", "not"])
def test_what_is_left_out_is_told_by_many_words(but):
    area = read_area(f"the dress {but} the belt and the left sleeve")
    assert area.places == (Spot("dress"),) and area.without == (Spot("belt"), Spot("sleeves", "left"))


def test_everything_but_a_place_and_no_place_alone():
    assert read_area("everything but the shoes").without == (Spot("shoes"),)
    assert read_area("not the collar") == Area("not the collar", (Spot("full"),), (Spot("collar"),))


@pytest.mark.parametrize(
    "words",
    [
        "the dress but not the dress",
        "left and not left",
        "left sleeve without the sleeves",
        "below the knees and above the waist",
        "the bag but not everything",
    ],
)
def test_what_contradicts_itself_is_told(words):
    with pytest.raises(InputError, match="contradicts itself"):
        read_area(words)


def test_of_two_places_one_that_is_taken_back_leaves_the_other():
    assert read_area("sleeves and collar but not the collar").places == (Spot("sleeves"),)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("the logo", "no place that fice finds: sleeves"),
        ("colar", 'did you mean "collar"'),
        ("the top of the dress", "not clear which place"),
        ("sleeve hem", "not clear which place"),
        ("everything above the elbow", "above nothing that fice knows"),
        ("the", "names no place"),
        ("the dress but not", "names no place"),
        ("é", "no place that fice finds"),
        ("the knees", "no place that fice finds"),
    ],
)
def test_what_is_no_place_is_answered_with_what_is(words, said):
    with pytest.raises(InputError, match=said):
        read_area(words)


def test_regions_by_their_own_names_need_no_reading():
    assert all(map(is_named, ("auto", "upper", "lower", "dress", "outer", "full")))
    assert not any(map(is_named, ("coat", "the dress", "sleeves")))


def test_every_part_and_thing_is_known_by_each_of_its_words():
    for name, others in known_places().items():
        assert {only(word).name for word in (name, *others)} == {name}
    assert "sleeves" in PARTS and "bag" in known_places()
