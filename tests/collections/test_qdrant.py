"""A collection on a server finds what the one on this machine finds."""

from __future__ import annotations

import pytest
from shops import STOCK, direction, draw

from fice.collections.collection import Collection
from fice.collections.indexing import index
from fice.collections.query import query_of
from fice.errors import InputError, UsageError
from fice.language.words import parse

qdrant_client = pytest.importorskip("qdrant_client")
from fice.collections import qdrant  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")  # within one process
ADDRESS = "qdrant://localhost:6333/shop"


@pytest.fixture
def server(monkeypatch):
    """Qdrant within this process."""
    client = qdrant_client.QdrantClient(":memory:")
    monkeypatch.setattr(qdrant, "client_of", lambda host, port: client)
    return client


def found(text, name, top=4):
    collection = Collection.open(name)
    hits = collection.search(query_of(parse(text)[0], None, direction, collection.spread), top)
    return [(hit.picture, round(hit.score, 4), hit.why) for hit in hits]


def test_a_server_finds_what_this_machine_finds(shop, server):
    table = shop.parent / "stock.csv"
    table.write_text("picture,caption\nolive jacket.png,tweed\n")
    index(shop, ADDRESS, table)
    assert len(Collection.open(ADDRESS)) == len(STOCK)
    for text in ("red dress", "white t-shirt", "tweed blazer", "something blue"):
        assert found(text, ADDRESS) == found(text, "shop")
    assert Collection.open(ADDRESS).sha256 == Collection.open("shop").sha256


def test_what_is_gone_is_gone_from_the_server(shop, server):
    index(shop, ADDRESS)
    (shop / "red dress.png").unlink()
    draw(shop / "white dress.png", "white dress")
    index(shop, ADDRESS)
    assert {path.stem for path, *_ in found("dress", ADDRESS)} == {"blue dress", "white dress"}
    collection = Collection.open(ADDRESS)
    with pytest.raises(InputError, match="has no shorts"):
        collection.check(("shorts",), "shorts")


def test_what_is_not_on_the_server_is_said(server):
    with pytest.raises(InputError, match="fice garments index FOLDER --as qdrant://localhost:6333/shop makes it"):
        Collection.open(ADDRESS)
    models = qdrant_client.models
    size = models.VectorParams(size=4, distance=models.Distance.DOT)
    server.create_collection("shop", vectors_config=size)
    with pytest.raises(InputError, match="was not made by this fice"):
        Collection.open(ADDRESS)


def test_a_silent_server_is_said_before_the_work(shop):
    with pytest.raises(InputError, match="does not do what it is asked"):
        index(shop, "qdrant://localhost:1/shop")


@pytest.mark.parametrize("address", ["qdrant://", "qdrant://host", "qdrant://host:1/a/b", "qdrant://host:port/a"])
def test_an_address_has_a_host_and_a_name(address):
    with pytest.raises(UsageError, match="write qdrant://host:6333/name"):
        Collection.open(address)
