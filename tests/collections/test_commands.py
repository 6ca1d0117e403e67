"""`fice garments`: what it prints, and how it ends."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from PIL import Image
from shops import STOCK, direction

from fice.cli import main
from fice.language.clip import Semantics


@pytest.fixture(autouse=True)
def sees(monkeypatch):
    """CLIP that knows directions."""

    class Sees:
        size = 32

        def encode_text(self, texts):
            import torch

            return torch.stack([torch.from_numpy(direction(text)) for text in texts])

    monkeypatch.setattr(Semantics, "from_bundle", classmethod(lambda *_, **__: Sees()))


def run(*words):
    return CliRunner().invoke(main, ["garments", *map(str, words)])


def test_a_shop_is_indexed_searched_shown_and_removed(shop, tmp_path):
    (shop / "broken.jpg").write_bytes(b"no picture")
    done = run("index", shop, "--as", "shop")
    assert done.exit_code == 1 and done.stdout == f"shop: {len(STOCK)} garments ({len(STOCK)} looked at, 1 failed)\n"
    assert done.stderr.startswith("broken.jpg: ")
    (shop / "broken.jpg").unlink()
    again = json.loads(run("index", shop, "--as", "shop", "--json").stdout)
    assert (again["garments"], again["looked_at"], again["failed"]) == (len(STOCK), 0, {})
    found = run("search", "shop", "red dress and beige trousers", "--top", 2, "--sheet", tmp_path / "sheet.png")
    lines = found.stdout.splitlines()
    assert found.exit_code == 0, found.output
    assert "red dress.png  dress; red 1.00" in lines[1] and "beige trousers.png  trousers" in lines[4]
    assert Image.open(tmp_path / "sheet.png").width > 400
    first, *_ = run("search", "shop", "red dress", "--json").stdout.splitlines()
    assert json.loads(first)["picture"] == str(shop / "red dress.png")
    assert "2 t-shirt" in run("show", "shop").stdout
    assert json.loads(run("show", "shop", "--json").stdout)["pictures"] == {"unchanged": len(STOCK)}
    assert run("list").stdout.split() == ["shop", str(len(STOCK)), str(shop)]
    assert run("remove", "shop").exit_code == 0 and run("list").stdout == ""


@pytest.mark.parametrize(
    "words, code, said",
    [
        (("search", "nowhere", "red dress"), 3, "no collection 'nowhere'"),
        (("show", "nowhere"), 3, "no collection 'nowhere'"),
        (("index", "nowhere", "--as", "shop"), 3, "There is no folder nowhere"),
        (("index", ".", "--as", "a/b"), 2, "a plain one"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(words, code, said):
    done = run(*words)
    assert done.exit_code == code and said in done.stderr and "Traceback" not in done.output


def test_an_order_names_its_collection_as_an_option():
    options = {option for parameter in main.commands["edit"].params for option in parameter.opts}
    assert {"--from", "--top", "--garment"} <= options
