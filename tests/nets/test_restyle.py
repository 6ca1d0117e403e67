"""The encoder's passes."""

from __future__ import annotations

import pytest
import torch

from fice.bundle.bundle import load_bundle
from fice.inversion.encoder import Encoder, correct, gradient_step, misfit
from fice.inversion.sample import people
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return (
        Generator(
            z_dim=8, w_dim=8, img_resolution=128, square=False, synthesis_kwargs={"channel_base": 512, "channel_max": 8}
        )
        .eval()
        .requires_grad_(False)
    )


@pytest.fixture(scope="module")
def network(generator):
    torch.manual_seed(1)
    made = ReStyle(generator.canvas, generator.num_ws, 8, passes=2, widths=(4, 4, 8, 8, 8), hidden=16)
    torch.nn.init.normal_(made.w_avg)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def descending(generator):
    """Knows nothing but the slope."""
    torch.manual_seed(1)
    shape = {"passes": 2, "widths": (4, 4, 8, 8, 8), "hidden": 16, "descends": True}
    made = ReStyle(generator.canvas, generator.num_ws, 8, **shape).eval().requires_grad_(False)
    for layer in (made.main, made.offset):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    return made


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


@pytest.mark.parametrize("name", ["network", "descending"])
def test_pictures_do_not_influence_each_other(name, generator, request):
    network = request.getfixturevalue(name)
    together = correct(network, generator, PICTURES, 2)
    torch.testing.assert_close(together[1:2], correct(network, generator, PICTURES[1:2], 2), rtol=1e-4, atol=1e-5)


def test_the_slope_is_that_of_the_misfit(descending, generator):
    ws = torch.randn(3, generator.num_ws, 8, generator=torch.Generator().manual_seed(3))
    drawn, slope = gradient_step(descending, generator, ws, PICTURES)
    assert drawn.shape[2:] == descending.seen and 0 <= drawn.min() <= drawn.max() <= 1
    assert slope.shape == ws.shape and not ws.requires_grad
    down = 1e-2 * slope / slope.square().sum((1, 2), keepdim=True).sqrt()
    ahead, behind = (misfit(generator.synthesis(x) * 0.5 + 0.5, x, PICTURES) for x in (ws + down, ws - down))
    torch.testing.assert_close((ahead - behind) / 2, (down * slope).sum((1, 2)), rtol=0.05, atol=0)


def test_the_slope_alone_leads_down(descending, generator):
    wanted = generator.synthesis(torch.randn(4, generator.num_ws, 8, generator=torch.Generator().manual_seed(4)))
    wanted = (wanted * 0.5 + 0.5).clamp(0, 1)
    errors = []
    for passes in (0, 1, 2, 4):
        ws = correct(descending, generator, wanted, passes)
        errors.append(misfit(generator.synthesis(ws) * 0.5 + 0.5, ws, wanted))
    assert all((after < before).all() for before, after in zip(errors, errors[1:], strict=False))


def test_an_encoder_that_descends_needs_no_gradients_around_it(descending, generator):
    with torch.no_grad():
        still = correct(descending, generator, PICTURES, 1)
    assert not still.requires_grad
    torch.testing.assert_close(still, correct(descending, generator, PICTURES, 1))


def test_the_misfit_of_a_person_counts_more_than_that_of_the_white():
    picture = torch.ones(1, 3, 128, 64)
    picture[:, :, 40:80, 20:40] = 0.5
    ws = torch.zeros(1, 5, 8)
    on, off = picture.clone(), picture.clone()
    on[:, :, 60, 30] -= 0.2
    off[:, :, 4, 4] -= 0.2
    assert misfit(picture, ws, picture) == 0
    assert misfit(on, ws, picture).item() == pytest.approx(5 * misfit(off, ws, picture).item(), rel=1e-4)
    assert misfit(picture, ws + torch.arange(5.0)[:, None], picture) > 0  # far from W


def test_each_pass_of_the_street_comes_nearer():
    bundle = load_bundle("street")
    network, generator = bundle.part("encoder"), bundle.part("generator")
    some_people = torch.from_numpy(people(generator, 4, seed=3)).permute(0, 3, 1, 2) / 255
    errors = []
    for passes in range(network.passes + 1):
        drawn = generator.synthesis(correct(network, generator, some_people, passes)) * 0.5 + 0.5
        errors.append((drawn - some_people).square().mean().item())
    assert network.follows_gradient and errors == sorted(errors, reverse=True) and errors[-1] < errors[0] / 4
