"""A generator fitted to pictures: weights and noise maps of each picture's own."""

from __future__ import annotations

import pytest
import torch

from fice.inversion.tuning import join, render, synthesis_of, tune
from fice.nets.stylegan2 import Generator


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    sizes = {"channel_base": 256, "channel_max": 16}
    made = Generator(z_dim=8, w_dim=8, img_resolution=32, square=False, synthesis_kwargs=sizes)
    for name, value in made.synthesis.named_parameters():
        if name.endswith("noise_strength"):
            torch.nn.init.constant_(value, 0.3)
    return made.eval().requires_grad_(False)


def squares(count):
    """Bright squares at places of their own: (count, 3, 32, 16)."""
    pictures = torch.full((count, 3, 32, 16), 0.4)
    for i in range(count):
        pictures[i, :, 4 + 5 * i : 9 + 5 * i, 3 + 2 * i : 9 + 2 * i] = 0.9
    return pictures


def test_what_is_not_tuned_yet_draws_as_the_generator_does(generator):
    ws = torch.randn(3, generator.num_ws, 8)
    weights = tune(generator, ws, squares(3), steps=0)
    torch.testing.assert_close(render(generator, ws, weights), render(generator, ws), rtol=1e-5, atol=1e-5)


def test_noise_maps_hold_what_lies_where(generator):
    ws, wanted = torch.zeros(3, generator.num_ws, 8), squares(3)  # a latent that says nothing of places
    error = lambda drawn: (drawn - wanted).square().mean((1, 2, 3))  # noqa: E731
    weights = tune(generator, ws, wanted, steps=60)
    assert (error(render(generator, ws, weights)) < 0.05 * error(render(generator, ws))).all()
    shapes = {name: tuple(value.shape) for name, value in weights.items() if name.endswith("noise_const")}
    assert shapes["b32.conv1.noise_const"] == (3, 1, 32, 16)


def test_pictures_do_not_influence_each_other(generator):
    ws, wanted = torch.randn(3, generator.num_ws, 8), squares(3)
    together = tune(generator, ws, wanted, steps=5)
    alone = join([tune(generator, ws[i : i + 1], wanted[i : i + 1], steps=5) for i in range(3)])
    drawn = synthesis_of(generator, together)(ws[1:], torch.tensor([1, 2]))
    torch.testing.assert_close(
        drawn, synthesis_of(generator, alone)(ws[1:], torch.tensor([1, 2])), rtol=1e-3, atol=1e-3
    )


def test_the_generator_stays_as_it_is(generator):
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    tune(generator, torch.randn(1, generator.num_ws, 8), squares(1), steps=3)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
