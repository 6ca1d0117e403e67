"""What the garment network learns from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from garments import drawn
from PIL import Image

from fice.errors import InputError
from fice.nets.garment import GarmentNet
from fice.references.reference import KINDS
from fice.srgb import gamma_encoded
from fice.training.data.garments import Garment, Looks, ground_of, load_garments, matted
from fice.training.recipes.garments import losses


def shown(kind, **how):
    garment = drawn(kind, "plain", size=(160, 130), **how)
    return (gamma_encoded(garment.pixels) * 255).round().astype(np.uint8), garment.matte


@pytest.fixture
def garments():
    pairs = [(kind, *shown(kind, ground="grey")) for kind in ("t-shirt", "skirt", "trousers")]
    return [matted(Garment(kind, picture, KINDS.index(kind)), matte) for kind, picture, matte in pairs]


def test_folders_are_kinds(tmp_path):
    for name in ("longsleeve", "dress"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (700, 400), "navy").save(tmp_path / name / "a.jpg")
    found = load_garments(tmp_path)
    assert [(each.name, KINDS[each.kind], each.picture.shape) for each in found] == [
        ("dress/a", "dress", (183, 320, 3)),
        ("longsleeve/a", "jumper", (183, 320, 3)),
    ]
    with pytest.raises(InputError, match="holds no garments"):
        load_garments(tmp_path / "dress")


def test_the_ground_of_a_garment_shows_nothing_of_it(garments):
    ground = ground_of(garments[0])
    assert ground.shape == garments[0].picture.shape and np.ptp(ground.astype(int), axis=2).max() < 12


def test_views_show_garments_whose_mattes_and_kinds_are_known(garments):
    looks = Looks(garments, garments[:1], [], seed=3)
    seen = set()
    for _ in range(6):
        pictures, mattes, kinds = looks.draw(4)
        assert pictures.shape[2:] == mattes.shape[2:] and 0 <= pictures.min() and pictures.max() <= 1
        assert mattes.max() <= 1
        seen |= {*kinds.tolist()}
    assert seen == {-1, *(each.kind for each in garments)}
    again = Looks(garments, garments[:1], [], seed=3).draw(4)
    assert torch.equal(again[0], Looks(garments, garments[:1], [], seed=3).draw(4)[0])


def test_what_is_unknown_teaches_nothing():
    logits, told = torch.randn(2, 1, 8, 8, requires_grad=True), torch.randn(2, len(KINDS), requires_grad=True)
    unknown = losses(logits, told, torch.full((2, 1, 8, 8), -1.0), torch.tensor([-1, -1]))
    assert all(value.item() == 0 for value in unknown.values())
    known = losses(logits, told, (logits.detach() > 0).float(), torch.tensor([0, -1]))
    known["kind"].backward()
    assert told.grad[0].abs().sum() > 0 and told.grad[1].abs().sum() == 0


def test_the_network_sees_a_garment_of_every_size_of_picture():
    network = GarmentNet(len(KINDS), 0).eval()
    logits, kinds = network.seen(torch.rand(2, 3, 70, 90))
    assert logits.shape == (2, 1, 70, 90) and kinds.shape == (2, len(KINDS))
