"""Which garment of an order a picture belongs to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from garments import drawn

from fice.errors import InputError
from fice.language.words import NOTHING, parse
from fice.order import Garment
from fice.references import wardrobe
from fice.references.wardrobe import Wardrobe

KINDS = {"tee.jpg": "t-shirt", "shirt.jpg": "shirt", "jeans.jpg": "trousers", "coat.jpg": "jacket"}


@pytest.fixture
def dressed(monkeypatch):
    """(text, region, pictures) of each garment, for texts and pictures that are of the kinds above."""
    monkeypatch.setattr(wardrobe, "content_of", lambda picture, what: str(picture))
    monkeypatch.setattr(Wardrobe, "_reference", lambda self, picture, sha256, region: drawn(KINDS[picture]))

    def dress(*garments):
        wanted = [(garment, parse(garment.text)[0] if garment.text else NOTHING) for garment in garments]
        found, references = Wardrobe(None, torch.device("cpu"), None, None).dressed(wanted)
        assert [len(each) for each in references] == [len(garment.pictures) for garment, _ in found]
        return [(garment.text, garment.region, garment.pictures) for garment, _ in found]

    return dress


def picture(*names, region="auto"):
    return Garment(pictures=names, region=region)


def test_a_picture_is_worn_where_its_garment_is(dressed):
    assert dressed(picture("coat.jpg"), picture("jeans.jpg")) == [
        ("", "outer", ("coat.jpg",)),
        ("", "lower", ("jeans.jpg",)),
    ]


def test_a_picture_shows_the_garment_that_a_sentence_names(dressed):
    assert dressed(Garment("red jacket"), picture("coat.jpg")) == [("red jacket", "outer", ("coat.jpg",))]
    assert dressed(Garment("make it red"), picture("coat.jpg")) == [("make it red", "outer", ("coat.jpg",))]


def test_another_garment_than_the_sentence_names_is_worn_beside_it(dressed):
    assert dressed(Garment("white shirt"), picture("jeans.jpg")) == [
        ("white shirt", "auto", ()),
        ("", "lower", ("jeans.jpg",)),
    ]


def test_pictures_for_one_region_are_of_one_garment(dressed):
    tops = picture("tee.jpg"), picture("shirt.jpg")
    assert dressed(*tops) == [("", "upper", ("tee.jpg", "shirt.jpg"))]
    with pytest.raises(InputError, match="at most 3"):
        dressed(*tops, *tops)


def test_a_garment_that_has_a_swatch_has_no_picture(dressed):
    with pytest.raises(InputError, match="swatch"):
        dressed(Garment("blue jeans", swatch="denim.jpg"), picture("jeans.jpg"))


def test_a_picture_is_of_no_part(dressed):
    with pytest.raises(InputError, match="whole garment"):
        dressed(picture("tee.jpg", region="left sleeve"))


def test_a_picture_is_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(wardrobe, "read_reference", lambda *args: read.append(args) or drawn("dress"))
    monkeypatch.setattr(Wardrobe, "garments", None)
    ours = Wardrobe(None, torch.device("cpu"), None, None)
    image = Garment(pictures=np.zeros((9, 9, 3), np.uint8)).pictures[0]
    assert ours.reference(image) is ours.reference(image) and len(read) == 1
    assert ours.reference(image, "dress") is not None and len(read) == 2
