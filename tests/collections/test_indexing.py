"""A folder becomes a collection: looked at once, gone on with, brought up to date, and refused in a sentence."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from shops import STOCK, DrawnEyes, draw

from fice.collections import indexing
from fice.collections.catalogue import describe
from fice.collections.collection import Collection
from fice.collections.indexing import index
from fice.collections.known import Known
from fice.errors import InputError, UsageError


def rows(name="shop"):
    collection = Collection.open(name)
    return {row["picture"]: row for row in collection.shelf.stored.rows(range(len(collection)))}


def test_every_picture_of_a_folder_is_in_its_collection(shop):
    draw(shop / "new" / "deep" / "red skirt.png", "red skirt")
    done = index(shop, "shop")
    assert (done.looked_at, done.kept, done.failed) == (len(STOCK) + 1, 0, {})
    found = rows()
    assert {*found} == {*(f"{garment}.png" for garment in STOCK), "new/deep/red skirt.png"}
    assert found["navy jacket.png"]["kind"] == "jacket" and found["navy jacket.png"]["colours"][0][3] > 0.9


def test_what_is_unchanged_is_not_looked_at_again(indexed):
    DrawnEyes.looked_at.clear()
    os.utime(indexed / "red dress.png", ns=(1, 1))  # touched, its content is the same
    draw(indexed / "blue dress.png", "blue dress", changed=True)
    (indexed / "red skirt.png").unlink()
    draw(indexed / "white skirt.png", "white skirt")
    done = index(indexed, "shop")
    assert DrawnEyes.looked_at == ["blue dress.png", "white skirt.png"]
    assert (done.looked_at, done.kept, done.gone) == (2, len(STOCK) - 2, 1)
    assert "red skirt.png" not in rows() and describe("shop")["pictures"] == {"unchanged": len(STOCK)}


def test_what_was_looked_at_before_an_interruption_is_kept(shop, monkeypatch):
    monkeypatch.setattr(indexing, "TOGETHER", 2)

    def interrupt(path):
        if len(DrawnEyes.looked_at) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(DrawnEyes, "after", staticmethod(interrupt))
    with pytest.raises(KeyboardInterrupt):
        index(shop, "shop")
    with pytest.raises(InputError, match="no collection 'shop'"):
        Collection.open("shop")
    monkeypatch.setattr(DrawnEyes, "after", None)
    DrawnEyes.looked_at.clear()
    done = index(shop, "shop")
    assert done.kept == 4 and len(DrawnEyes.looked_at) == len(STOCK) - 4
    assert len(Collection.open("shop")) == len(STOCK)


def test_a_line_that_a_kill_has_cut_off_is_looked_at_again(shop, home, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(indexing.store, "write", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            index(shop, "shop")
    journal = home / "shop" / indexing.JOURNAL
    journal.write_bytes(journal.read_bytes()[:-20])
    DrawnEyes.looked_at.clear()
    assert index(shop, "shop").kept == len(STOCK) - 1
    assert len(DrawnEyes.looked_at) == 1 and not journal.exists()


def test_a_journal_of_other_weights_is_begun_anew(tmp_path):
    with Known(tmp_path / "journal", "one", None) as known:
        known.add([({"picture": "a.png"}, [1.0, 2.0])])
    with Known(tmp_path / "journal", "one", None) as known:
        row, look = known.entry("a.png")
        assert row == {"picture": "a.png"} and look.tolist() == [1, 2]
    with Known(tmp_path / "journal", "other", None) as known:
        assert "a.png" not in known


def test_pictures_that_cannot_be_used_are_named(shop):
    (shop / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (shop / "lost.png").symlink_to(shop / "nowhere.png")
    done = index(shop, "shop")
    assert {*done.failed} == {"broken.png", "lost.png"} and done.looked_at == len(STOCK)
    assert "does not exist" in done.failed["lost.png"]


def test_a_table_says_what_pictures_do_not(shop):
    table = shop.parent / "stock.csv"
    table.write_text(
        "Picture,Caption,Category,Price,Link,SKU\n"
        'navy jacket.png,"Tweed blazer, two buttons",Blazers,129.00,https://shop/1,77\n'
        "blue trousers.png,,Skirts,,,\n"
        "red skirt.png,Ballerinas,Shoes,,,\n"
        "gone.png,Lost,,,,\n"
        "navy jacket.png,Twice,,,,\n"
    )
    done = index(shop, "shop", table)
    found = rows()
    assert found["navy jacket.png"]["caption"] == "Tweed blazer, two buttons"
    assert found["navy jacket.png"]["price"] == "129.00"
    assert found["blue trousers.png"]["kind"] == "skirt"  # the shop knows
    assert len(done.failed) == 3 and "does not dress" in done.failed["red skirt.png"]
    assert "gone.png" in done.failed[f"Line 5 of {table}"] and "second" in done.failed[f"Line 6 of {table}"]


def test_a_table_that_changes_does_not_have_pictures_looked_at_again(indexed):
    DrawnEyes.looked_at.clear()
    table = indexed.parent / "stock.jsonl"
    line = {"picture": "red dress.png", "caption": "silk", "price": 80}
    table.write_text(json.dumps(line) + "\n")
    index(indexed, "shop", table)
    assert rows()["red dress.png"]["price"] == "80"
    index(indexed, "shop")
    assert "price" not in rows()["red dress.png"] and not DrawnEyes.looked_at


def test_a_table_of_other_pictures_is_refused(shop):
    table = shop.parent / "stock.csv"
    table.write_text("picture,caption\nother.png,a coat\n")
    with pytest.raises(InputError, match=r"No row of .*stock.csv can be used: .*other.png, which is not in"):
        index(shop, "shop", table)


def test_pictures_that_have_moved_are_found_where_they_are_now(indexed):
    moved = indexed.rename(indexed.with_name("moved"))
    with pytest.raises(InputError, match="gone: say where they are now"):
        Collection.open("shop")
    DrawnEyes.looked_at.clear()
    index(moved, "shop")
    assert not DrawnEyes.looked_at and Collection.open("shop").folder == moved
    assert len(Collection.open(moved)) == len(STOCK)


def test_a_name_that_is_taken_is_not_taken_over(indexed):
    other = shutil.copytree(indexed, indexed.with_name("other"))
    with pytest.raises(UsageError, match="is that of .*shop"):
        index(other, "shop")


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", ""])
def test_a_name_is_a_plain_one(shop, name):
    with pytest.raises(UsageError, match="plain one"):
        index(shop, name)


def test_a_folder_without_garments_leaves_nothing_behind(tmp_path, home):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="There are no pictures in"):
        index(tmp_path / "empty", "empty")
    with pytest.raises(InputError, match="There is no folder"):
        index(tmp_path / "nowhere", "empty")
    assert not (home / "empty").exists()
    (tmp_path / "empty" / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="None of the pictures in .* can be used: .*broken.jpg"):
        index(tmp_path / "empty", "empty")
    with pytest.raises(InputError, match="no collection"):
        Collection.open("empty")


def test_other_weights_look_at_everything_anew(indexed):
    before = Collection.open("shop").weights
    DrawnEyes.looked_at.clear()
    told = []
    index(indexed, "shop", bundle="street-judge", tell=told.append)
    assert len(DrawnEyes.looked_at) == len(STOCK) and "other weights" in told[0]
    assert Collection.open("shop").weights != before
