"""The garments of a collection that an order asks for are put into it, and the order knows what it was made from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import REGIONS, person
from shops import direction, draw

from fice.batch.resume import fingerprint
from fice.bundle.bundle import load_bundle
from fice.collections.dress import Collections, check_collection
from fice.collections.indexing import index
from fice.errors import InputError
from fice.language.answers import understood
from fice.order import Garment, Order
from fice.settings import Settings

STREET = load_bundle("street")


class Sees:
    """In the place of CLIP: a text is a direction, any picture the same one."""

    size = 32

    def __init__(self):
        self.texts = []

    def encode_text(self, texts):
        self.texts += texts
        return torch.from_numpy(np.stack([direction(text) for text in texts]))

    def encode_picture(self, pictures):
        return torch.from_numpy(np.stack([direction("worn")] * len(pictures)))


@pytest.fixture(scope="module")
def subject():
    """Somebody in a top and trousers."""
    return person().subject


def wanted_of(order):
    return understood(order, STREET, Settings.preset("default"))


def dressed(order, subject, sees=None):
    """The names of the pictures of each garment, and what was found."""
    wanted, found = Collections(STREET, sees or Sees(), REGIONS).dress(wanted_of(order), order, subject)
    return [tuple(str(one).rpartition("/")[2][:-4] for one in garment.pictures) for garment, _ in wanted], found


def test_each_garment_of_a_sentence_gets_its_own(indexed, subject):
    names, found = dressed(Order.of("white t-shirt and beige trousers", collection="shop", top=2), subject)
    assert [pictures[0] for pictures in names] == ["white t-shirt", "beige trousers"] and [*map(len, names)] == [2, 2]
    assert str(found[0]).startswith("Found for 'white t shirt': white t-shirt.png (t-shirt; white 1.00")
    assert found[1].as_json()["garments"][0]["kind"] == "trousers"


def test_a_garment_that_is_shown_keeps_its_own_picture(indexed, subject):
    order = Order((Garment("red dress", region="dress", pictures=("own.png",)), Garment("beige trousers")))
    names, found = dressed(Order.of(order, collection="shop"), subject)
    assert names[0] == ("own",) and names[1][0] == "beige trousers" and len(found) == 1


def test_nothing_is_looked_for_where_none_shall_stand_for_a_garment(indexed, subject):
    assert dressed(Order.of("red dress", collection="shop", top=0), subject) == ([()], [])
    assert dressed(Order.of("red dress"), subject) == ([()], [])
    assert dressed(Order.of("red", region="left sleeve", collection="shop"), subject)[1] == []


def test_a_look_without_a_garment_is_of_what_is_worn(indexed, subject):
    names, _ = dressed(Order.of("red", region="lower", collection="shop", top=1), subject)
    assert names == [("red skirt",)]
    (names,), (found,) = dressed(Order.of("navy", collection="shop"), subject)
    assert {hit.kind for hit in found.hits} <= {"t-shirt", "trousers"} and "photo" in found.hits[0].why


def test_a_text_is_encoded_once_for_many_photos(indexed, subject):
    sees, order = Sees(), Order.of("red dress", collection="shop")
    asked = Collections(STREET, sees, REGIONS)
    first, second = (asked.dress(wanted_of(order), order, subject) for _ in range(2))
    assert sees.texts == ["red dress"] and first == second


def test_pictures_that_have_changed_are_told_with_an_edit(indexed, subject):
    draw(indexed / "red dress.png", "blue dress", changed=True)
    order = Order.of("red dress", collection="shop", top=1)
    asked = Collections(STREET, Sees(), REGIONS)
    assert asked.notices(order) == []
    (_, (finding,)) = asked.dress(wanted_of(order), order, subject)
    assert finding.hits[0].picture.stem == "blue dress" and "red dress.png" in asked.notices(order)[0]


def test_a_collection_that_cannot_help_is_refused_before_the_work(indexed):
    def check(text, **wishes):
        order = Order.of(text, **wishes)
        check_collection(order, wanted_of(order), STREET)

    check("red dress", collection="shop")
    check("red dress", collection="nowhere", top=0)
    with pytest.raises(InputError, match="no collection 'nowhere'"):
        check("red dress", collection="nowhere")
    with pytest.raises(InputError, match="has no shorts for 'red shorts'"):
        check("red shorts", collection="shop")


def test_a_result_is_made_again_when_its_collection_has_changed(indexed):
    order = Order.of("red dress", collection="shop")
    key, print_ = order.key(), fingerprint(order, "settings", "weights")
    assert key == order.key() != Order.of("red dress").key()
    index(indexed, "shop")
    assert key == order.key()
    draw(indexed / "white dress.png", "white dress")
    index(indexed, "shop")
    assert key != order.key() and print_ != fingerprint(order, "settings", "weights")
