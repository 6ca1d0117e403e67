"""The discriminator: shapes, minibatch deviation, learning, and the second order that R1 needs."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from fice.errors import UsageError
from fice.nets.discriminator import Discriminator, group_deviation


def small(**more):
    torch.manual_seed(0)
    return Discriminator(**{"img_resolution": 16, "channel_base": 256, "channel_max": 16, **more})


@pytest.mark.parametrize("square, width", [(True, 32), (False, 16)])
def test_shapes_and_names(square, width):
    network = small(img_resolution=32, square=square)
    assert network(torch.randn(3, 3, 32, width)).shape == (3, 1)
    state = network.state_dict()
    assert state["b32.fromrgb.weight"].shape == (8, 3, 1, 1)
    assert state["b32.conv1.weight"].shape == (16, 8, 3, 3) and state["b32.skip.weight"].shape == (16, 8, 1, 1)
    assert "b16.fromrgb.weight" not in state and "b32.skip.bias" not in state
    assert state["b4.conv.weight"].shape == (16, 17, 3, 3)
    assert state["b4.fc.weight"].shape == (16, 16 * 4 * (width // 8))
    assert state["b4.out.weight"].shape == (1, 16)


def test_what_it_refuses():
    with pytest.raises(UsageError, match="power of two"):
        small(img_resolution=24)
    with pytest.raises(ValueError, match=r"\(16, 8\)"):
        small(square=False)(torch.zeros(1, 3, 16, 16))


def test_activations_start_with_unit_size():
    network, sizes = small(img_resolution=64, channel_base=2048, channel_max=64), []
    for height in network.heights[:-1]:
        block = getattr(network, f"b{height}")
        block.register_forward_hook(lambda module, inputs, output: sizes.append(output.square().mean().sqrt().item()))
    network(torch.randn(4, 3, 64, 64))
    assert len(sizes) == 4 and all(0.3 < size < 2 for size in sizes)


def test_deviation_of_a_group():
    x = torch.randn(4, 3, 2, 2)
    extra = group_deviation(x, 4)[:, 3]
    expected = x.std(dim=0, unbiased=False).mean()
    torch.testing.assert_close(extra, expected.expand(4, 2, 2), rtol=1e-4, atol=1e-6)
    assert (group_deviation(torch.ones(4, 3, 2, 2), 4)[:, 3] < 2e-4).all()
    pairs = group_deviation(x, 2)[:, 3, 0, 0]  # pictures 0 and 2, 1 and 3
    assert pairs[0] == pairs[2] and pairs[1] == pairs[3] and pairs[0] != pairs[1]
    torch.testing.assert_close(group_deviation(x[:3], 4)[:, 3], torch.full((3, 2, 2), 1e-4))  # 3 is not divisible


def test_it_learns_to_tell_two_distributions_apart():
    network = small(square=False)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3, betas=(0.0, 0.99))
    halves = torch.tensor([1.0, -1.0]).repeat_interleave(8)[:, None].expand(16, 8)
    for _ in range(20):
        real, fake = halves + torch.randn(8, 3, 16, 8), halves.flip(0) + torch.randn(8, 3, 16, 8)
        loss = F.softplus(-network(real)).mean() + F.softplus(network(fake)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert network(real).min() > network(fake).max() and loss < math.log(2)  # half of knowing nothing


def test_gradient_penalty_has_a_gradient_that_finite_differences_confirm():
    network = small(img_resolution=8, channel_base=32, channel_max=4, mbstd_group_size=2).double()
    pictures = torch.randn(2, 3, 8, 8, dtype=torch.float64)

    def penalty():
        inputs = pictures.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(network(inputs).sum(), inputs, create_graph=True)
        return gradient.square().sum()

    for name in ("b8.conv1.weight", "b8.fromrgb.weight", "b4.fc.weight", "b4.out.weight"):
        value = network.get_parameter(name)
        (found,) = torch.autograd.grad(penalty(), value)
        direction, step = torch.randn_like(value), 1e-6
        with torch.no_grad():
            value += step * direction
        high = penalty().item()
        with torch.no_grad():
            value -= 2 * step * direction
        low = penalty().item()
        with torch.no_grad():
            value += step * direction
        assert (found * direction).sum().item() == pytest.approx((high - low) / (2 * step), rel=1e-4), name
