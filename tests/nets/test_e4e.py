"""e4e against the official numbers; its 838 MB of weights are made up once."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from fice.nets.e4e import E4e


@pytest.fixture(scope="module")
def numbers(golden):
    return load_file(golden / "e4e.safetensors")


@pytest.fixture(scope="module")
def network(official):
    with torch.device("meta"):
        network = E4e()
    network.load_state_dict(official("e4e"), assign=True)
    return network.eval().requires_grad_(False)


def close(actual, expected, atol=5e-5):
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def test_latents(numbers, pictures, network):
    latents = network(pictures.float() / 255)
    close(latents, numbers["w_plus"])
    close(latents[:, 0], numbers["w_single"])


def test_picture_of_another_size(numbers, network):
    picture = numbers["picture_320"][None].float() / 255
    close(network(picture), numbers["w_plus_from_320"])
    assert network(picture[..., :200]).shape == (1, 14, 512)


def test_layers(numbers, pictures, network):
    _, fine, middle, coarse = network.features(pictures[:1].float() / 255)
    close(fine[:, :4, ::4, ::4], numbers["c1_a"])
    close(middle[:, :4, ::2, ::2], numbers["c2_a"])
    close(coarse[:, :4], numbers["c3_a"])


@pytest.mark.parametrize("rows", [10, 18])
def test_rows(rows):
    with torch.device("meta"):
        network = E4e(rows)
        assert network.eval()(torch.zeros(2, 3, 256, 256)).shape == (2, rows, 512)
    assert network.latent_avg.shape == (1, rows, 512)
    assert [len(head.convs) // 2 for head in network.styles] == [4] * 3 + [5] * 4 + [6] * (rows - 7)
