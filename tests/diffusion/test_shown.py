"""Pictures of garments and swatches, from the order to the model."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import person_on_a_wall
from diffusion import plugs, tiny
from garments import drawn
from PIL import Image

from fice.collections.indexing import index
from fice.diffusion.shown import shown_of
from fice.editor import Editor
from fice.order import Garment, Order
from fice.settings import Settings

AREA = torch.ones(1, 1, 8, 8)


def piece(*references, swatch=None):
    return SimpleNamespace(references=references, garment=Garment(swatch=swatch))


def test_a_garment_is_shown_alone_on_a_white_square():
    reference = drawn("trousers", "plain", ground="grey", size=(200, 120))
    (picture,) = shown_of(piece(reference), AREA).pictures
    height, width = picture.shape[2:]
    assert height == width
    coloured = (picture < 0.9).any(1)[0]
    rows, columns = coloured.any(1).nonzero(), coloured.any(0).nonzero()
    assert 0.8 < max(rows.max() - rows.min(), columns.max() - columns.min()) / height < 0.95
    middle = (columns.min() + columns.max()) / 2
    assert abs(float(middle) - width / 2) < 0.03 * width
    assert picture[0, :, :3].min() == 1 and picture[0, :, :, :3].min() == 1


def test_each_view_has_a_key_of_its_own():
    one, other = drawn("skirt", "plain"), drawn("skirt", "checks")
    shown = shown_of(piece(one, other), AREA)
    assert len(shown.pictures) == len(set(shown.keys)) == 2 and shown.where is AREA


def test_a_swatch_is_shown_as_it_is(tmp_path):
    cloth = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    Image.fromarray(cloth).save(tmp_path / "cloth.png")
    shown = shown_of(piece(swatch=str(tmp_path / "cloth.png")), AREA)
    assert len(shown.keys) == 1
    np.testing.assert_allclose(shown.pictures[0][0].permute(1, 2, 0) * 255, cloth, atol=0.5)


def test_where_there_is_neither_nothing_is_shown():
    assert shown_of(piece(), AREA) is None


def draw(path, kind, cloth="plain"):
    """Writes the picture of a garment."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(drawn(kind, cloth, size=(300, 250)).content())
    return path


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    top = tmp_path_factory.mktemp("shown")
    sd = tiny.stable_diffusion(top / "sd")
    bundle = tiny.bundle(top / "bundle", pipeline=sd, adapter=plugs.adapter(top / "adapter", sd))
    return Editor(bundle, "cpu", Settings.preset("diffusion", steps=2, side=128))


@pytest.fixture(scope="module")
def subject(editor, tmp_path_factory):
    """Somebody in a coat and trousers."""
    return editor.prepare(person_on_a_wall(tmp_path_factory.mktemp("photo"), seed=6))


@pytest.fixture
def asked(editor, monkeypatch):
    """What the model is asked for from now on."""
    requests, paint = [], editor.engine.model.paint
    monkeypatch.setattr(editor.engine.model, "paint", lambda some: requests.extend(some) or paint(some))
    return requests


def test_a_garment_is_edited_to_look_like_its_picture(editor, subject, asked, tmp_path):
    plain = editor.edit(subject, "blue trousers")
    picture = draw(tmp_path / "trousers.png", "trousers")
    edit = editor.edit(subject, Order.of("blue trousers", pictures=[picture, picture]))
    assert [len(request.shown) for request in asked] == [0, 1] and len(asked[1].shown[0].pictures) == 2
    assert (edit.pixels != plain.pixels).any() and edit.facts["pictures"] == [str(picture)]
    kept = edit.mask == 0
    assert (edit.pixels[kept] == subject.photo.pixels[kept]).all()


def test_a_swatch_reaches_the_model(editor, subject, asked, tmp_path):
    Image.fromarray(np.full((80, 80, 3), (200, 30, 30), np.uint8)).save(tmp_path / "red.png")
    editor.edit(subject, Order.of("coat", swatch=tmp_path / "red.png"))
    assert asked[0].shown[0].pictures[0].shape == (1, 3, 80, 80)


def test_what_a_collection_has_reaches_the_model(editor, subject, asked, tmp_path, monkeypatch):
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "home"))
    draw(tmp_path / "shop" / "trousers.png", "trousers")
    index(tmp_path / "shop", "shop")
    edit = editor.edit(subject, Order.of("brown trousers", collection="shop"))
    assert len(asked[0].shown[0].pictures) == len(edit.facts["found"][0]["garments"]) > 0


def test_garments_painted_at_once_have_their_pictures_apart(editor, subject, asked, tmp_path, monkeypatch):
    monkeypatch.setattr(editor.engine, "settings", editor.settings.replace(apart=False))
    pictures = [draw(tmp_path / f"{kind}.png", kind) for kind in ("t-shirt", "trousers")]
    editor.edit(subject, Order(tuple(Garment(pictures=(str(each),)) for each in pictures)))
    (request,) = asked
    (low, high) = sorted(request.shown, key=lambda each: -float(each.where[0, 0].any(1).nonzero().float().mean()))
    assert low.keys[0].endswith("trousers") and high.keys[0].endswith("t-shirt")
    assert torch.equal(request.area, torch.maximum(low.where, high.where))
