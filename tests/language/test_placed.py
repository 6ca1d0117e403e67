"""Sentences that dress parts and things, alone and beside garments."""

from __future__ import annotations

import pytest

from fice.errors import InputError
from fice.language.placed import divide_places, divided
from fice.order import Garment, Order


@pytest.mark.parametrize(
    ("text", "left", "places"),
    [
        ("green shoes", "", [("green", "shoes")]),
        ("brown leather bag", "", [("brown leather", "bag")]),
        ("red and white striped sleeves", "", [("red and white striped", "sleeves")]),
        ("sleeves in red", "", [("red", "sleeves")]),
        ("make the left sleeve blue", "", [("blue", "the left sleeve")]),
        ("change the shoes to green", "", [("green", "the shoes")]),
        ("red shirt sleeves", "", [("red", "shirt sleeves")]),
        ("red dress with white collar and cuffs", "red dress", [("white", "collar and cuffs")]),
        ("green shoes and a red dress", "a red dress", [("green", "shoes")]),
        ("a black coat, white sneakers, blue jeans", "a black coat, blue jeans", [("white", "sneakers")]),
        ("shirt with white sleeves and a blue collar", "shirt", [("white", "sleeves"), ("a blue", "collar")]),
    ],
)
def test_what_is_said_of_a_place_is_taken_apart_from_the_garments(text, left, places):
    assert divide_places(text) == (left, tuple(places))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "red dress",
        "black tights",
        "white shirt with short sleeves",
        "shirt without sleeves",
        "skirt in the same red as the bag",
        "red dress not green shoes",
        "red legs",
        "a dress and a bag",
        "hat",
    ],
)
def test_what_gives_no_place_a_look_stays_as_it_is(text):
    assert divide_places(text) == (text, ())


def taken_apart(text, **wishes):
    return [(each.text, each.region) for each in divided(Order.of(text, **wishes)).garments]


def test_each_place_is_a_garment_of_the_order_with_a_region_of_its_own():
    assert taken_apart("red dress with green shoes") == [("red dress", "auto"), ("green", "shoes")]
    assert taken_apart("a shirt with white sleeves") == [("white", "sleeves of the shirt")]
    assert taken_apart("green shoes, please") == [("green", "shoes")]
    assert taken_apart("green shoes", region="the left shoe") == [("green", "the left shoe")]


def test_a_swatch_is_for_the_garment_and_not_for_the_place_beside_it():
    garment, collar = divided(Order.of("wrap dress with a white collar", swatch="tweed.jpg")).garments
    assert garment == Garment("wrap dress", swatch="tweed.jpg") and collar == Garment("a white", region="collar")
    assert divided(Order.of("the bag", swatch="tweed.jpg")).garments == (Garment("the bag", swatch="tweed.jpg"),)


def test_one_region_for_several_places_is_refused():
    with pytest.raises(InputError, match="said of several places"):
        divided(Order.of("red dress with green shoes", region="dress"))


def test_a_picture_is_of_the_garment_and_not_of_the_place_beside_it():
    garment, collar = divided(Order.of("jacket with a white collar", pictures="jacket.jpg")).garments
    assert garment.pictures == ("jacket.jpg",) and collar.pictures == () and collar.region == "collar"
