"""What a sentence finds in a collection, in which order, and why; what can no longer be searched says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shops import STOCK, direction, draw

from fice.bundle.bundle import load_bundle
from fice.collections.catalogue import describe, listed, remove
from fice.collections.collection import Collection
from fice.collections.features import WIDTH, colour_code, likeness, main_colours
from fice.collections.indexing import index
from fice.collections.query import colours_match, query_of
from fice.collections.search import nearest
from fice.collections.store import CARD
from fice.errors import InputError
from fice.language.colours import COLOURS
from fice.language.words import parse
from fice.srgb import to_lab

RED, WHITE, NAVY = (to_lab(np.array(COLOURS[name])) for name in ("red", "white", "navy"))


def ask(text, collection, region=None):
    return query_of(parse(text)[0], region, direction, collection.spread)


def found(text, top=3, region=None, name="shop"):
    collection = Collection.open(name)
    return [hit.picture.stem for hit in collection.search(ask(text, collection, region), top)]


@pytest.mark.parametrize("garment", STOCK)
def test_each_garment_is_the_first_that_its_name_finds(indexed, garment):
    assert found(garment)[0] == garment


def test_what_is_of_another_kind_is_never_found(indexed):
    assert {*found("red dress", 9)} == {"red dress", "blue dress"}
    assert {*found("red skirt", 9)} == {"red skirt"}
    assert {*found("red", 9, region="lower")} == {"red skirt", "blue trousers", "beige trousers"}
    assert {*found("tweed cardigan", 9)} == {"navy jacket", "olive jacket"}


def test_a_search_is_exact(indexed):
    collection = Collection.open("shop")
    query = ask("blue trousers", collection)
    stored = collection.shelf.stored
    scores = np.where(stored.bits & query.bits, stored.vectors @ query.vector(stored.card.looks), -np.inf)
    assert nearest(stored, query, 3).tolist() == [int(i) for i in np.argsort(-scores)[:3] if np.isfinite(scores[i])]


def test_words_that_only_a_shop_knows_find_its_captions(shop):
    table = shop.parent / "stock.csv"
    table.write_text("picture,caption\nolive jacket.png,Donegal tweeds with leather buttons\nred skirt.png,tweed\n")
    index(shop, "shop", table)
    assert found("tweed jacket")[0] == "olive jacket"
    hit, *_ = Collection.open("shop").search(ask("tweed jacket", Collection.open("shop")), 1)
    assert "its text says tweed" in hit.why and "Donegal" in str(hit) and hit.as_json()["kind"] == "jacket"


def test_a_pattern_is_what_a_garment_has_more_of_than_of_others():
    def encode(text):
        return sum(direction(word) for word in text.split())

    query = query_of(parse("red floral dress")[0], None, encode, 0.1)
    looks = np.stack([encode("floral dress"), encode("striped dress"), encode("floral skirt")])
    floral, striped, skirt = query.parts([{"colours": [[*RED, 1.0]]}] * 3, _vectors(looks))["pattern"]
    assert min(floral, skirt) > striped + 0.4
    assert query_of(parse("red dress")[0], None, encode, 0.1).design is None


def _vectors(looks):
    return np.hstack([looks, np.zeros((len(looks), WIDTH))])


def test_why_a_garment_was_chosen_is_said_in_words(indexed):
    collection = Collection.open("shop")
    first, second = collection.search(ask("red dress", collection), 2)
    assert first.why.startswith("dress; red 1.00") and "sentence" in first.why
    assert first.score > second.score and (first.caption, first.link) == (None, None)


def test_a_garment_like_the_one_that_is_worn_comes_first(indexed):
    collection = Collection.open("shop")
    query = replace(ask("something", collection, "lower"), look=None)
    skirt = replace(query, photo=direction("skirt"))
    trousers = replace(query, photo=direction("trousers"))
    assert collection.search(skirt, 1)[0].kind == "skirt" and collection.search(trousers, 1)[0].kind == "trousers"


def test_pictures_that_have_changed_are_left_out_and_named(indexed):
    draw(indexed / "red dress.png", "blue dress", changed=True)
    (indexed / "red skirt.png").unlink()
    collection = Collection.open("shop")
    assert [hit.picture.stem for hit in collection.search(ask("red dress", collection), 3)] == ["blue dress"]
    assert "red dress.png" in collection.notices()[0] and "index" in collection.notices()[0]
    with pytest.raises(InputError, match=r"Nothing is left of shop for 'skirt'. Changed or gone since"):
        collection.found(ask("skirt", collection), "skirt", 1)
    assert describe("shop")["pictures"] == {"unchanged": len(STOCK) - 2, "changed": 1, "missing": 1}


def test_a_kind_that_is_not_there_is_said(shop):
    for picture in shop.glob("*jacket*"):
        picture.unlink()
    index(shop, "shop")
    collection = Collection.open("shop")
    with pytest.raises(InputError, match="has no jacket for 'tweed blazer': fice garments show shop"):
        collection.found(ask("tweed blazer", collection), "tweed blazer", 3)


def test_a_collection_is_found_by_its_name_and_by_its_folders(indexed, home):
    for name in ("shop", home / "shop", indexed):
        assert Collection.open(name).name == "shop" and len(Collection.open(name)) == len(STOCK)
    with pytest.raises(InputError, match="did you mean 'shop'"):
        Collection.open("shp")
    with pytest.raises(InputError, match="there are shop"):
        Collection.open("wardrobe")
    (indexed.parent / "other").mkdir()
    with pytest.raises(InputError, match="has not been indexed"):
        Collection.open(indexed.parent / "other")
    assert [each["name"] for each in listed()] == ["shop"]
    assert remove("shop") == home / "shop" and indexed.is_dir() and listed() == []
    with pytest.raises(InputError, match="fice garments index FOLDER --as shop makes one"):
        remove("shop")


@pytest.mark.parametrize("part", [CARD, "rows", "vectors", "index"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_collection_is_refused_in_a_sentence(indexed, home, part, damage):
    (path,) = (home / "shop").glob(f"{part}*")
    path.write_bytes(path.read_bytes()[:-7]) if damage == "cut" else path.unlink()
    with pytest.raises(InputError, match="damaged: remove it|no collection"):
        Collection.open("shop")
    assert all(each["garments"] is None and "damaged" in each["error"] for each in listed())


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 1, "files": []}', '{"format": 2}'])
def test_a_card_that_makes_no_sense_is_refused_in_a_sentence(indexed, home, content):
    (home / "shop" / CARD).write_text(content)
    with pytest.raises(InputError, match="damaged: remove it|indexed by another fice"):
        Collection.open("shop")
    with pytest.raises(InputError, match="has not been indexed"):
        Collection.open(indexed)


@pytest.mark.parametrize("part", ["rows", "vectors", "index"])
def test_a_flipped_bit_is_found_by_a_close_look(indexed, home, part):
    (path,) = (home / "shop").glob(f"{part}*")
    content = bytearray(path.read_bytes())
    content[-9] ^= 4
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged: remove it"):
        describe("shop")


def test_another_bundle_than_the_one_that_looked_is_refused(indexed):
    assert Collection.open("shop").seen_by(load_bundle("street"))
    with pytest.raises(InputError, match="indexed with the bundle street: say --bundle street"):
        Collection.open("shop").seen_by(load_bundle("street-judge"))


def test_the_product_of_two_codes_is_about_the_likeness_of_their_colours():
    one = np.ones(1)
    codes = colour_code([RED[None], NAVY[None], np.stack([RED, WHITE])], [one, one, np.array([0.5, 0.5])])
    assert np.allclose(np.linalg.norm(codes, axis=1), 1)
    assert codes[0] @ codes[1] < 0.1 < 0.6 < codes[0] @ codes[2] < 0.8
    near = to_lab(np.array([200, 40, 45]))
    code = colour_code([near[None]], [one])[0]
    assert abs(code @ codes[0] - likeness(near, RED)) < 0.15
    assert not colour_code([np.zeros((0, 3))], [np.zeros(0)]).any()


def test_all_colours_that_are_asked_count_and_others_too():
    def match(dyes, *colours):
        share = 1 / len(colours)
        return float(colours_match(np.stack(dyes), [np.array([[*colour, share] for colour in colours])])[0])

    assert match([RED], RED) > 0.99 > match([RED], RED, WHITE) > match([RED], WHITE)
    assert match([RED, WHITE], RED, WHITE) > 0.99 > match([RED, WHITE], RED)
    assert match([RED, WHITE], RED, WHITE) > match([RED, WHITE], RED, WHITE, NAVY)


def test_the_main_colours_of_a_garment_are_found_with_their_shares():
    pixels = np.zeros((60, 60, 3), np.float32)
    pixels[:, :40, 0], pixels[:, 40:, 2] = 0.5, 0.3
    pixels[::2] *= 0.9  # folds
    matte = np.zeros((60, 60), np.float32)
    matte[5:55, 10:50] = 1
    colours, shares = main_colours(pixels, matte)
    assert len(colours) == 2 and np.allclose(shares, [0.75, 0.25], atol=0.02)
    assert colours[0, 1] > 40 and colours[1, 2] < -30
