"""Collections on the page: browsed, searched, and a garment of one dragged onto the photo."""

from __future__ import annotations

import pytest
from shops import STOCK, DrawnEyes, direction, draw

from fice.bundle.bundle import load_bundle
from fice.collections import eyes
from fice.collections.indexing import index
from fice.errors import InputError
from fice.language.clip import Semantics
from fice.service.service import Service
from fice.web.shelf import Shelf


class Sees:
    """CLIP that knows directions."""

    size = 32

    def encode_text(self, texts):
        import torch

        return torch.stack([torch.from_numpy(direction(text)) for text in texts])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The folder of a shop that is indexed as "shop"."""
    folder = tmp_path_factory.mktemp("shelf")
    for garment in STOCK:
        draw(folder / "shop" / f"{garment}.png", garment)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FICE_HOME", str(folder / "home"))
        patch.setattr(eyes, "Eyes", DrawnEyes)
        index(folder / "shop", "shop")
        yield folder / "shop"


@pytest.fixture(scope="module")
def service(shop):
    with Service(device="cpu", preset="fast") as service:
        yield service


@pytest.fixture
def shelf(shop, monkeypatch):
    monkeypatch.setattr(Semantics, "from_bundle", classmethod(lambda *_, **__: Sees()))
    return Shelf(load_bundle("street"))


def test_a_collection_is_browsed_and_searched(shelf, shop):
    everything = shelf.search("shop", " ")
    assert sorted(hit["caption"] for hit in everything) == sorted(STOCK)
    assert everything[0]["thumbnail"].startswith("data:image/webp;base64,")
    found = shelf.search("shop", "red dress and beige trousers")
    assert found[0]["caption"] == "red dress" and "red" in found[0]["why"]
    assert {"beige trousers", "blue trousers"} <= {hit["caption"] for hit in found}


def test_only_pictures_of_the_collection_are_picked(shelf, shop):
    name, data = shelf.picture("shop", str(shop / "red dress.png"))
    assert name == str(shop / "red dress.png") and data == (shop / "red dress.png").read_bytes()
    for other in ("/etc/passwd", str(shop / ".." / "shop" / "red dress.png"), "red dress.png"):
        with pytest.raises(InputError, match="no such picture"):
            shelf.picture("shop", other)
    with pytest.raises(InputError, match="no collection"):
        shelf.search("nowhere", "")


def test_a_garment_is_dragged_onto_the_photo(page, shop, photo):
    page.open_photo(photo)
    page.unfold()
    page.until(f"document.querySelectorAll('.fice-shelf .items button').length === {len(STOCK)}")
    drag = """
      const items = [...document.querySelectorAll('.fice-shelf .items button')];
      const garment = items.find((each) => each.innerText === 'navy jacket');
      const stage = document.querySelector('.fice-photo .stage'), box = stage.getBoundingClientRect();
      const dataTransfer = new DataTransfer(), [x, y] = [box.left + 0.25 * box.width, box.top + 0.7 * box.height];
      garment.dispatchEvent(new DragEvent('dragstart', { dataTransfer, bubbles: true }));
      stage.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, clientX: x, clientY: y }));"""
    page.run(drag)
    page.until("document.querySelector('.slot .held img')?.naturalWidth")
    assert page.run("return document.querySelector('.fice-orders .region').value") == "outer"
    picture = shop / "navy jacket.png"
    page.until("document.querySelector('.copied textarea').value.includes('navy')")
    command = page.copied()[0]
    assert command == f"fice edit astronaut.jpg --region outer --garment '{picture}' --preset fast"
