"""The measures behind the model card, on cases with a known answer."""

from __future__ import annotations

import pytest
import torch

from fice.training.recipes.judge import frechet, psnr_on_person


def test_frechet_distance_of_gaussians():
    chance = torch.Generator().manual_seed(0)
    first = torch.randn(20_000, 4, generator=chance, dtype=torch.float64)
    assert frechet(first, first) == pytest.approx(0, abs=1e-6)
    assert frechet(first, first + 2) == pytest.approx(16, rel=1e-6)  # four axes, each moved by two
    assert frechet(first, 3 * first) == pytest.approx(4 * 4, rel=0.05)  # four axes, deviations 1 and 3


def test_psnr_counts_the_person_alone():
    wanted = torch.full((1, 3, 8, 4), 0.5)
    body = torch.zeros(1, 1, 8, 4)
    body[:, :, 2:6] = 1
    drawn = wanted + 0.1 * body + 0.4 * (1 - body)
    assert psnr_on_person(drawn, wanted, body).item() == pytest.approx(20, abs=1e-3)
