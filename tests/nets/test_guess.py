"""The network of the first guess: what it sees, what it leaves alone, how large it is."""

from __future__ import annotations

import pytest
import torch

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_part
from fice.nets.guess import Guess

SHAPE = {"num_ws": 5, "w_dim": 12, "embed_dim": 7, "hidden": 16}


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Guess(**SHAPE)


@pytest.fixture
def latents():
    chance = torch.Generator().manual_seed(1)
    text = torch.randn(3, 7, generator=chance)
    return torch.randn(3, 5, 12, generator=chance), text / text.norm(dim=1, keepdim=True)


def test_every_row_gets_a_step_of_its_own_that_the_text_changes(network, latents):
    ws, text = latents
    alike = network(ws[:, :1].expand(-1, 5, -1), text)
    assert alike.shape == ws.shape and alike.isfinite().all()
    assert (alike[:, 1:] - alike[:, :1]).abs().amax((0, 2)).min() > 1e-3  # it knows which row it is
    assert (network(ws, text) - network(ws, text.flip(0)))[[0, 2]].abs().amax((1, 2)).min() > 1e-3


def test_a_row_sees_itself_and_the_mean_of_all_rows(network, latents):
    ws, text = latents
    before = network(ws, text)
    swapped = network(ws[:, [1, 0, 2, 3, 4]], text)
    torch.testing.assert_close(swapped[:, 2:], before[:, 2:])
    moved = ws.clone()
    moved[:, 0] += 1
    assert (network(moved, text) - before)[:, 2:].abs().max() > 1e-4


def test_pictures_of_a_batch_do_not_influence_each_other(network, latents):
    ws, text = latents
    together = network(ws, text)
    for i in range(3):
        torch.testing.assert_close(network(ws[i : i + 1], text[i : i + 1]), together[i : i + 1])


def test_latents_are_taken_in_their_own_unit_and_steps_given_in_theirs(network, latents):
    ws, text = latents
    before = network(ws, text)
    network.centre.fill_(3)
    network.scale.fill_(10)
    network.reach.copy_(torch.arange(1.0, 6)[:, None])
    torch.testing.assert_close(network(ws * 10 + 3, text), before * torch.arange(1.0, 6)[:, None])


def test_it_learns_a_step_that_depends_on_latent_and_text(latents):
    torch.manual_seed(0)
    network, chance = Guess(**SHAPE), torch.Generator().manual_seed(2)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    turn = torch.randn(7, 12, generator=chance)
    losses = []
    for _ in range(150):
        ws, text = torch.randn(32, 5, 12, generator=chance), torch.randn(32, 7, generator=chance)
        text = text / text.norm(dim=1, keepdim=True)
        wanted = (text @ turn)[:, None] - ws.mean(1, keepdim=True)
        loss = (network(ws, text) - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_the_part_of_a_bundle_is_small_and_comes_back(tmp_path):
    torch.manual_seed(0)
    shape = {"num_ws": 14, "w_dim": 256, "embed_dim": 256}
    network = Guess(**shape)
    save_part(tmp_path, "guess", network, "guess", shape)
    bundle = load_bundle(tmp_path)
    assert bundle.bytes < 2 * 2**20
    assert sum(value.numel() for value in network.parameters()) < 1e6
    ws, text = torch.randn(2, 14, 256), torch.nn.functional.normalize(torch.randn(2, 256))
    torch.testing.assert_close(bundle.part("guess")(ws, text), network(ws, text), rtol=0.02, atol=0.02)
