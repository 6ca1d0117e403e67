"""The index of very many finds what comparing all finds."""

from __future__ import annotations

import numpy as np
import pytest
from shops import LOOKS, STOCK, direction, draw

from fice.collections import approximate
from fice.collections.collection import Collection
from fice.collections.indexing import index
from fice.collections.query import query_of
from fice.collections.search import nearest
from fice.errors import InputError
from fice.language.words import parse

pytest.importorskip("faiss")


@pytest.fixture
def many(tmp_path, monkeypatch):
    """The folder of a shop that counts as a very large one."""
    monkeypatch.setattr(approximate, "MANY", 20)
    for number in range(6):
        for garment in STOCK:
            draw(tmp_path / "many" / str(number) / f"{garment}.png", garment)
    (tmp_path / "stock.csv").write_text("picture,caption\n3/olive jacket.png,tweed\n")
    index(tmp_path / "many", "many", tmp_path / "stock.csv")
    return tmp_path / "many"


@pytest.mark.parametrize("text", ["red dress", "black t-shirt", "tweed blazer", "something blue"])
def test_the_index_finds_what_comparing_all_finds(many, text):
    stored = Collection.open("many").shelf.stored
    query = query_of(parse(text)[0], None, direction, 0.1)
    assert stored.near is not None and stored.card.looks == LOOKS
    quick = nearest(stored, query, 6)
    stored.near = None
    exact = nearest(stored, query, 6)
    score = lambda numbers: np.sort(stored.vectors[numbers] @ query.vector(LOOKS))  # noqa: E731
    assert quick[0] == exact[0] or text != "tweed blazer"
    np.testing.assert_allclose(score(quick), score(exact), atol=1e-5)


def test_a_damaged_index_is_refused(many, home):
    (path,) = (home / "many").glob("nearest-*")
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(InputError, match="damaged: remove it"):
        Collection.open("many")


def test_a_shop_that_has_shrunk_has_no_index(many, home):
    for number in range(1, 6):
        for picture in (many / str(number)).iterdir():
            picture.unlink()
    index(many, "many")
    assert not [*(home / "many").glob("nearest-*")] and Collection.open("many").shelf.stored.near is None
