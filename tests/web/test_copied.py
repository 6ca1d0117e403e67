"""What is copied from the page asks for the same as the page does."""

from __future__ import annotations

import json
import shlex

import pytest

from fice import Garment, Order
from fice.cli import main
from fice.cli.options import order_from
from fice.web.copied import command, python

ORDERS = [
    Order((Garment("red floral dress"),)),
    Order((Garment('it\'s a "red" dress', region="left sleeve"),), seed=7, candidates=3),
    Order((Garment(swatch="tweed 1.jpg", swatch_width=40.0),)),
    Order((Garment("blue coat", swatch="tweed.jpg", region="coat", mask="mask.png"),), background="warm grey"),
    Order((Garment(pictures=("jacket.jpg",), region="top"),)),
    Order((Garment("jacket", pictures=("a.jpg", "b.jpg")),), collection="shop", top=0),
    Order((Garment("-5 dress"),)),
    Order((Garment("red shirt", region="top"), Garment("blue jeans")), background="blur"),
    Order((Garment(),), background="transparent"),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.title or "nothing")
@pytest.mark.parametrize("preset, bundle", [("default", "street"), ("fast", "street"), ("default", "mine")])
def test_a_command_line_asks_for_the_same(order, preset, bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    *before, line = command("my photo.jpg", order, preset, bundle).splitlines()
    if before:
        assert before[0] == "cat > order.json <<'END'" and before[-1] == "END"
        (tmp_path / "order.json").write_text("\n".join(before[1:-1]))
    fice, edit, *words = shlex.split(line)
    options = main.commands[edit].make_context(edit, words).params
    assert fice == "fice" and str(options["photo"]) == "my photo.jpg"
    assert (options["preset"] or "default", options["bundle"] or "street") == (preset, bundle)
    assert order_from(options, options["text"]).as_json() == order.as_json()


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.title or "nothing")
def test_python_asks_for_the_same(order, monkeypatch):
    asked = {}

    class Editor:
        def __init__(self, bundle="street", settings=None):
            asked.update(bundle=bundle, preset=settings.name if settings else "default")

        def prepare(self, photo):
            return photo

        def edit(self, subject, order):
            asked.update(subject=subject, order=order)
            return self

        def save(self, path):
            asked["result"] = path

    monkeypatch.setattr("fice.Editor", Editor)
    exec(python("photo.jpg", order, "fast", "street"), {})
    assert asked["order"] == order and asked["subject"] == "photo.jpg" and asked["preset"] == "fast"
    assert asked["result"].startswith("photo.")


def test_an_order_that_ends_like_a_shell_document_does_not_end_it():
    order = Order((Garment("END"), Garment("x\nEND\nrm -rf")))
    content = command("photo.jpg", order, "default", "street").split("<<'END'\n")[1].split("\nEND\n")[0]
    assert json.loads(content) == order.as_json()
