"""The encoder's passes."""

from __future__ import annotations

import pytest
import torch

from fice.encoder import Encoder, correct
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return Generator(z_dim=8, w_dim=8, img_resolution=128, square=False,
                     synthesis_kwargs={"channel_base": 512, "channel_max": 8}).eval().requires_grad_(False)  # fmt: skip


@pytest.fixture(scope="module")
def network(generator):
    torch.manual_seed(1)
    made = ReStyle(generator.canvas, generator.num_ws, 8, passes=2, widths=(4, 4, 8, 8, 8), hidden=16)
    torch.nn.init.normal_(made.w_avg)
    return made.eval().requires_grad_(False)


PICTURES = torch.rand(3, 3, 128, 64, generator=torch.Generator().manual_seed(2))


def test_no_pass_is_the_mean_latent(network, generator):
    ws = correct(network, generator, PICTURES, 0)
    assert ws.shape == (3, generator.num_ws, 8)
    assert torch.equal(ws, network.w_avg.expand_as(ws))


def test_each_pass_sees_what_the_last_one_drew(network, generator):
    first = correct(network, generator, PICTURES, 1)
    seen = torch.nn.functional.avg_pool2d(PICTURES, 2)
    drawn = (generator.synthesis(first, until=64) * 0.5 + 0.5).clamp(0, 1)
    assert drawn.shape[2:] == network.seen == (64, 32)
    torch.testing.assert_close(correct(network, generator, PICTURES, 2), first + network(seen, drawn))
    torch.testing.assert_close(Encoder(network, generator).latent(PICTURES), correct(network, generator, PICTURES, 2))


def test_rows_are_alike_where_offsets_are_not_wanted(network, generator):
    offsets = torch.tensor([True, False, True])
    ws = correct(network, generator, PICTURES, 2, offsets)
    spread = (ws - ws[:, :1]).abs().amax((1, 2))
    assert spread[1] == 0 and spread[0] > 0 and spread[2] > 0
    torch.testing.assert_close(ws[1:2], correct(network, generator, PICTURES[1:2], 2, offsets=False))


def test_pictures_do_not_influence_each_other(network, generator):
    together = correct(network, generator, PICTURES, 2)
    torch.testing.assert_close(together[1:2], correct(network, generator, PICTURES[1:2], 2), rtol=1e-4, atol=1e-5)
