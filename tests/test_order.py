"""What is asked: one list of wishes, read alike from rows, json and Python, and recognised again."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fice.batch import tables
from fice.batch.resume import fingerprint
from fice.cli import main
from fice.cli.options import order_from
from fice.errors import InputError, UsageError
from fice.evaluation import triples
from fice.files import hash_of
from fice.order import GARMENTS, OWN, WISHES, Garment, Order

SEVERAL = Order((Garment("white shirt", mask="m.png"), Garment("blue jeans", "lower")), seed=4, candidates=2)


def test_every_wish_is_a_column_a_key_and_an_option():
    for columns in (tables.PHOTOS, triples.COLUMNS):
        assert set(WISHES) <= set(columns)
    options = {option.name for option in main.commands["edit"].params}
    assert set(WISHES) <= options and set(WISHES) - set(OWN) - {"text"} <= {
        option.name for option in main.commands["batch"].params
    }


SWATCHED = Order(
    (Garment(region="the sleeves", swatch="t.png", swatch_width=12.5),), background="warm grey", pose="p.json"
)
PICTURED = Order((Garment("red", pictures=("a.jpg", "b.jpg")), Garment(pictures="c.jpg")), collection="shop", top=2)
ORDERS = [Order(), SWATCHED, PICTURED, Order.of("red dress"), Order.of("red", region="upper", latent="w.npy"), SEVERAL]


@pytest.mark.parametrize("order", ORDERS)
def test_json_there_and_back(order):
    told = json.loads(json.dumps(order.as_json()))
    assert Order().with_wishes(told) == order and hash(Order().with_wishes(told)) == hash(order)


def test_a_file_is_as_seen_from_its_order(tmp_path):
    path = tmp_path / "order.json"
    path.write_text(json.dumps(SEVERAL.as_json()))
    order = Order.read(path)
    assert order.files() == {"mask": str(tmp_path / "m.png")} and order.sentence == "white shirt and blue jeans"
    path.write_text('{"text": "red dress", "mask": "a/m.png"}')
    assert Order.read(path) == Order.of("red dress", mask=tmp_path / "a/m.png")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "no JSON object"),
        ("{", "no JSON"),
        ('{"txt": "red"}', "choose one of"),
        ('{"seed": -1}', "whole number"),
        ('{"seed": true}', "whole number"),
        ('{"region": " "}', "no words"),
        ('{"swatch": 3}', "name of a file"),
        ('{"swatch_width": 0}', "length in cm"),
        ('{"pictures": ["a", "b", "c", "d"]}', "up to 3 files"),
        ('{"pictures": [3]}', "up to 3 files"),
        ('{"top": 4}', "from 0 to 3"),
        ('{"swatch_width": true}', "length in cm"),
        ('{"background": 3}', "no colour"),
        ('{"mask": 3}', "name of a file"),
        ('{"garments": []}', "at least one"),
        ('{"garments": [{"seed": 1}]}', "object with"),
        ('{"text": 3}', "text"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(tmp_path, content, said):
    path = tmp_path / "order.json"
    path.write_text(content)
    with pytest.raises((InputError, UsageError), match=said) as caught:
        Order.read(path)
    assert str(caught.value).endswith((".", "}.")) and "\n" not in str(caught.value)


def test_orders_are_recognised_by_content(tmp_path):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    for path in (first, second):
        path.write_bytes(b"mask")
    one, other = (Order.of("red dress", mask=path) for path in (first, second))
    assert one.key() == other.key() and one != other
    second.write_bytes(b"another")
    assert one.key() != other.key() != Order.of("red dress").key()
    array = np.zeros((4, 3), np.float32)
    assert Order.of("red", mask=array) == Order.of("red", mask=array.copy()) != Order.of("red", mask=array + 1)
    assert Order.of("red", mask=array).files() == {}


def test_a_background_is_a_colour_or_a_file(tmp_path):
    (tmp_path / "beach.jpg").write_bytes(b"beach")
    files = {
        word: Order.of(background=word).files() for word in ("warm grey", "#ff0000", "Blur", "transparent", "red.jpg")
    }
    assert files == dict.fromkeys(files, {}) | {"red.jpg": {"background": "red.jpg"}}
    orders = [Order().with_wishes({"background": name}, tmp_path) for name in ("beach.jpg", "pale blue")]
    assert [order.background for order in orders] == [str(tmp_path / "beach.jpg"), "pale blue"]
    assert orders[0].key() != orders[1].key()


def test_swatches_for_several_regions_make_a_garment_each(tmp_path):
    at = tmp_path / "a@b.png"
    at.write_bytes(b"cloth")
    read = lambda text=None, **options: order_from(options, text)  # noqa: E731
    assert read("red dress", swatch=("tweed.jpg",)) == Order.of("red dress", swatch="tweed.jpg")
    assert read(swatch=(str(at),)) == Order.of(swatch=at)
    placed = Garment(region="left sleeve", swatch="denim.jpg"), Garment(region="lower", swatch="tweed.jpg")
    assert read(swatch=("denim.jpg@left sleeve", "tweed.jpg@lower")).garments == placed
    assert read("red shirt", swatch=("tweed.jpg@lower",)).garments == (Garment("red shirt"), placed[1])


def test_a_journal_of_before_orders_counts_on():
    """Its fingerprints were made of text and options; those that are as usual were left out."""
    order = Order.of("a red dress", mask="m.png", seed=3, region="auto")
    assert fingerprint(order, "s", "w") == hash_of(["a red dress", {"mask": True, "seed": 3}, "s", "w"])
    assert fingerprint(SEVERAL, "s", "w") != fingerprint(Order.of("white shirt", mask="m.png", seed=4), "s", "w")


def test_some_wishes_are_changed_and_the_others_stay():
    assert Order.of(SEVERAL, seed=5).garments == SEVERAL.garments
    assert [garment.region for garment in Order.of(SEVERAL, region="dress").garments] == ["dress", "dress"]
    assert GARMENTS in Order.of("red").as_json()


def test_garments_made_by_hand_are_checked_too(tmp_path):
    assert Garment("red", mask=tmp_path / "m.png").mask == str(tmp_path / "m.png")
    array = np.zeros((4, 3), np.float32)
    assert Garment("red", mask=array) == Garment("red", mask=array.copy())
    with pytest.raises(UsageError, match="no words"):
        Garment("red", region="x" * 201)
    with pytest.raises(UsageError, match="whole number"):
        Order(seed=-1)


def test_pictures_of_garments_make_a_garment_each():
    read = lambda text=None, **options: order_from(dict(options), text)  # noqa: E731
    jacket, jeans = Garment(pictures="jacket.jpg"), Garment(region="lower", pictures=("jeans.jpg",))
    assert read(pictures=("jacket.jpg", "jeans.jpg@lower")).garments == (jacket, jeans)
    assert read("red jacket", pictures=("jacket.jpg",)).garments == (Garment("red jacket"), jacket)
    assert read(pictures=("jeans.jpg",), region="lower").garments == (jeans,)
    assert read(pictures=("jacket.jpg",), swatch=("tweed.jpg@lower",)).garments[0].swatch == "tweed.jpg"


def test_a_text_beside_pictures_is_of_a_garment_of_its_own():
    jeans = Garment(region="lower", pictures="jeans.jpg")
    assert Order((jeans,)).with_wishes({"text": "white shirt"}).garments == (Garment("white shirt"), jeans)
    assert Order.of("", text="red jacket", pictures="jacket.jpg").garments == (
        Garment("red jacket", pictures="jacket.jpg"),
    )


def test_every_picture_of_a_garment_is_a_file_of_the_order(tmp_path):
    seen = PICTURED.with_wishes(PICTURED.as_json(), tmp_path).files()
    assert seen == {
        "pictures": str(tmp_path / "a.jpg"),
        "pictures_view2": str(tmp_path / "b.jpg"),
        "pictures_2": str(tmp_path / "c.jpg"),
    }


def test_other_pictures_are_another_wish(tmp_path):
    (tmp_path / "a").write_bytes(b"a"), (tmp_path / "b").write_bytes(b"b")
    key = lambda *names: Order.of("", pictures=[tmp_path / name for name in names]).key()  # noqa: E731
    assert len({key("a"), key("b"), key("a", "b"), key("b", "a")}) == 4
    array = np.zeros((4, 4, 3), np.uint8)
    assert Order.of("", pictures=array).key() == Order.of("", pictures=[array.copy()]).key()


def test_columns_may_be_called_as_options_are(tmp_path):
    (tmp_path / "t.csv").write_text("photo,text,garment,from\na.jpg,red,g.jpg,shop\n", encoding="utf-8")
    (row,) = tables.read_rows(tmp_path / "t.csv", tables.PHOTOS)
    assert row.values == {"photo": "a.jpg", "text": "red", "pictures": ("g.jpg",), "collection": "shop"}
