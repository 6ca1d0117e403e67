"""What the bundled networks see of drawn garments, many at once."""

from __future__ import annotations

import numpy as np
import pytest
from garments import drawn
from PIL import Image
from shops import draw

from fice.bundle.bundle import load_bundle
from fice.collections.eyes import Eyes, weights_of
from fice.errors import InputError
from fice.language.colours import COLOURS
from fice.references.reference import KINDS
from fice.srgb import delta_e, to_lab

GARMENTS = ("red t-shirt", "navy trousers", "beige skirt")


@pytest.fixture(scope="module")
def eyes():
    return Eyes(load_bundle("street"))


@pytest.fixture(scope="module")
def looked(eyes, tmp_path_factory):
    """What is seen of each of `GARMENTS`, of a picture without any, and of a broken one."""
    folder = tmp_path_factory.mktemp("looked")
    paths = [draw(folder / f"{garment}.png", garment) for garment in GARMENTS]
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(folder / "nothing.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return eyes.look([*paths, folder / "nothing.png", folder / "broken.png"])


@pytest.mark.parametrize("number, garment", [*enumerate(GARMENTS)])
def test_kind_and_colour_of_a_garment_are_seen(looked, number, garment):
    colour, _, kind = garment.rpartition(" ")
    look = looked[number]
    assert kind in [KINDS[i] for i in np.argsort(-look.kinds)[:2]] and not look.worn
    assert delta_e(look.colours[0, :3], to_lab(np.array(COLOURS[colour]))) < 8
    assert np.linalg.norm(look.look) == pytest.approx(1, abs=1e-5)


def test_what_is_no_garment_is_said(looked):
    assert all(isinstance(each, InputError) for each in looked[3:])
    assert "shows no garment" in str(looked[3])


def test_neighbours_make_no_difference(eyes, tmp_path):
    paths = [tmp_path / f"{kind}.png" for kind in ("dress", "shorts")]
    for path in paths:
        path.write_bytes(drawn(path.stem, "stripes down", ground="wood").content())
    together, alone = eyes.look(paths)[1], eyes.look(paths[1:])[0]
    np.testing.assert_allclose(together.look, alone.look, atol=1e-5)
    assert together.as_row() == alone.as_row()


def test_other_networks_have_another_name():
    assert weights_of(load_bundle("street")) != weights_of(load_bundle("street-judge"))
