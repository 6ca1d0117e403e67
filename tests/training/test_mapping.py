"""The mapping network is fitted to a distribution with a known shape."""

from __future__ import annotations

import pytest
import torch

from fice.errors import UsageError
from fice.nets.stylegan2 import Generator
from fice.training.mapping import fit_mapping, with_rows

W_DIM = 16


def generator(z_dim: int = W_DIM, **mapping) -> Generator:
    torch.manual_seed(0)
    thin = {"channel_base": 32, "channel_max": 8}
    return Generator(z_dim, w_dim=W_DIM, img_resolution=4, mapping_kwargs=mapping, synthesis_kwargs=thin).eval()


def clusters(count: int, seed: int) -> torch.Tensor:
    """(count, 16): three clusters on a slanted plane of four dimensions, far from the origin, with little noise."""
    plane = torch.randn(4, W_DIM, generator=torch.Generator().manual_seed(1))
    centres = torch.tensor([[2.0, 0, 0, 0], [-1, 1.5, 0, 0], [-1, -1.5, 0, 0]])
    chance = torch.Generator().manual_seed(seed)
    chosen = centres[torch.randint(3, (count,), generator=chance)]
    within = chosen + 0.3 * torch.randn(count, 4, generator=chance)
    return within @ plane + 1 + 0.02 * torch.randn(count, W_DIM, generator=chance)


def mapped(fitted: Generator, count: int = 2000, psi: float = 1.0, sign: int = 1) -> torch.Tensor:
    z = sign * torch.randn(count, fitted.z_dim, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        return fitted.mapping(z, psi)[:, 0]


def covariance_error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found.T.cov() - wanted.T.cov()).norm() / wanted.T.cov().norm())


@pytest.mark.parametrize(("z_dim", "layers"), [(W_DIM, 2), (W_DIM, 3), (W_DIM, 8), (40, 4), (40, 2)])
def test_the_mapping_is_the_gaussian_of_the_latents(z_dim, layers):
    ws, fitted = clusters(4096, 0), generator(z_dim, num_layers=layers)
    fit_mapping(fitted, ws)
    found = mapped(fitted, 20_000)
    assert (found.mean(0) - ws.mean(0)).norm() < 0.03 * ws.std(0).norm()
    assert covariance_error(found, ws) < 0.05
    opposite = mapped(fitted, 20_000, sign=-1)
    assert (found + opposite - 2 * ws.mean(0)).abs().max() < 1e-3  # affine in the normalised z


def test_fewer_directions_than_latents_have_carry_the_longest_axes():
    ws, fitted = clusters(4096, 0), generator(4, num_layers=4)
    fit_mapping(fitted, ws)
    assert covariance_error(mapped(fitted, 20_000), ws) < 0.05  # four directions are all there is but the noise


def test_truncation_pulls_towards_the_mean_of_the_latents():
    ws, fitted = clusters(1024, 0), generator(num_layers=4)
    fit_mapping(fitted, ws)
    torch.testing.assert_close(fitted.mapping.w_avg, ws.mean(0))
    wanted = ws.mean(0) + 0.7 * (mapped(fitted) - ws.mean(0))
    torch.testing.assert_close(mapped(fitted, psi=0.7), wanted, rtol=0, atol=1e-5)


def test_every_row_has_a_w_of_its_own_and_they_vary_together():
    plain = generator(num_layers=4)
    shape = {"z_dim": W_DIM, "w_dim": W_DIM, "img_resolution": 4, "mapping_kwargs": {"num_layers": 4}}
    shape["synthesis_kwargs"] = {"channel_base": 32, "channel_max": 8}
    first = clusters(4096, 0)
    ws = torch.stack([first + 2 * row for row in range(plain.num_ws)], 1)
    fitted, arguments = with_rows(plain, shape, ws)
    again = Generator(**arguments).eval()
    again.load_state_dict(fitted.state_dict())
    z = torch.randn(20_000, W_DIM, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        found = again.mapping(z)
        assert torch.equal(again.synthesis(ws[:2]), plain.synthesis(ws[:2]))
        torch.testing.assert_close(again.mapping(z, 0.5), again.mapping.w_avg.lerp(found, 0.5))
    assert covariance_error(found[:, 0], first) < 0.05
    torch.testing.assert_close(found[:, 1] - found[:, 0], torch.full((20_000, W_DIM), 2.0), rtol=0, atol=1e-3)
    torch.testing.assert_close(again.mapping.w_avg, ws.mean(0))


@pytest.mark.parametrize("mapping", [{"num_layers": 1}, {"num_layers": 4, "layer_features": 8}])
def test_a_mapping_that_cannot_be_fitted_is_named(mapping):
    with pytest.raises(UsageError, match="two or more"):
        fit_mapping(generator(**mapping), clusters(64, 0))
