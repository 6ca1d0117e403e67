"""Pivots: photographs that a generator goes on drawing while it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fice.errors import UsageError
from fice.nets.efficientnet import EfficientNetLite
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator
from fice.training.critics import critics_on
from fice.training.data.dataset import Framed
from fice.training.pivots import MOST, Pivots, find_pivots, pivot_loss
from fice.training.recipes.adversarial import GanTrainer, Recipe, fresh


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return Generator(**fresh((256, 16), 128)).eval()


def framed(count):
    pictures = np.random.default_rng(0).integers(0, 256, (count, 128, 64, 3)).astype(np.uint8)
    labels = np.zeros((count, 128, 64), np.uint8)
    return Framed(
        [f"{i}" for i in range(count)], pictures, labels, labels, np.ones(count, bool), ["null"], [[]] * count
    )


def encoder(generator):
    torch.manual_seed(1)
    network = ReStyle(canvas=generator.canvas, num_ws=generator.num_ws, w_dim=generator.w_dim, passes=2)
    return network.eval().requires_grad_(False)


def test_latents_are_found_once_and_kept(generator, tmp_path):
    file = tmp_path / "run" / "pivots.safetensors"
    found = find_pivots(framed(3), encoder(generator), generator, file, torch.device("cpu"))
    assert found.pictures.shape == (3, 3, 128, 64) and found.latents.shape == (3, generator.num_ws, generator.w_dim)
    again = find_pivots(framed(3), None, generator, file, torch.device("cpu"))  # nobody has to look again
    assert torch.equal(again.latents, found.latents)


def test_of_many_photographs_some_are_kept(generator, tmp_path, monkeypatch):
    monkeypatch.setattr("fice.training.pivots.correct", lambda _, __, some, ___: some.mean((2, 3))[:, None])
    found = find_pivots(
        framed(MOST + 200), encoder(generator), generator, tmp_path / "p.safetensors", torch.device("cpu")
    )
    assert len(found.pictures) == len(found.latents) == MOST
    means = found.pictures.float().mean((2, 3)) / 255
    torch.testing.assert_close(found.latents[:, 0], means)  # each its own


def test_what_is_drawn_from_its_latents_costs_nothing(generator):
    features = EfficientNetLite(0).eval().requires_grad_(False)
    ws = generator.mapping(torch.randn(2, generator.z_dim))
    with torch.no_grad():
        drawn = (generator.synthesis(ws) * 0.5 + 0.5).clamp(0, 1)
        own = Pivots(drawn.mul(255).round().byte(), ws).draw(generator, 4, None)
        other = Pivots(drawn.flip(0).mul(255).round().byte(), ws).draw(generator, 4, None)
        off, apart = (pivot_loss(again * 0.5 + 0.5, wanted, features) for again, wanted in (own, other))
    assert off < apart / 5


def test_a_generator_learns_its_pivots_beside_people_who_do_not_exist(generator):
    features = EfficientNetLite(0).eval().requires_grad_(False)
    people = framed(4)
    pivots = Pivots(torch.from_numpy(people.pictures).permute(0, 3, 1, 2), torch.randn(4, generator.num_ws, 256))
    recipe = Recipe(batch=4, rate=0.01, pivots=10.0)
    critics = critics_on(features)
    side = GanTrainer(generator.train().requires_grad_(True), critics, recipe, "cpu", features, pivots)
    losses = [float(side.step(number, 0.0, pivots.pictures.float() / 255)["pivots"]) for number in range(20)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_too_few_pictures_for_a_pivot_are_refused(generator):
    features = EfficientNetLite(0)
    pivots = Pivots(torch.zeros(1, 3, 128, 64, dtype=torch.uint8), torch.zeros(1, generator.num_ws, 256))
    critics = critics_on(features)
    with pytest.raises(UsageError, match="--batch"):
        GanTrainer(generator, critics, Recipe(batch=3, pivots=1.0), "cpu", features, pivots)
