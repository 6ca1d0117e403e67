"""A home of its own for collections, and a shop."""

from __future__ import annotations

import pytest
from shops import STOCK, DrawnEyes, draw

from fice.collections import eyes
from fice.collections.indexing import index


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Where collections lie."""
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(eyes, "Eyes", DrawnEyes)
    monkeypatch.setattr(DrawnEyes, "looked_at", [])
    return tmp_path / "home" / "collections"


@pytest.fixture
def shop(tmp_path):
    """The folder of its pictures."""
    for garment in STOCK:
        draw(tmp_path / "shop" / f"{garment}.png", garment)
    return tmp_path / "shop"


@pytest.fixture
def indexed(shop):
    """The folder of a shop that is indexed as "shop"."""
    index(shop, "shop")
    return shop
