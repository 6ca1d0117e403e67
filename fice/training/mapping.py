"""The mapping network, fitted to latents that an encoder has found."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.nets.stylegan2 import Generator
from fice.training.recipe import cosine, set_rate


def fit_mapping(generator: Generator, ws: Tensor, steps: int, seed: int) -> list[float]:
    """Fits the mapping network so that mapped z are distributed as `ws` (N, w_dim); sets w_avg.

    Minimises the sliced Wasserstein distance (Rabin et al., 2011) and returns its course.
    """
    chance = torch.Generator().manual_seed(seed)
    mapping = generator.mapping.train().requires_grad_(True)
    mean, scale = ws.mean(0), ws.std()
    optimiser = torch.optim.Adam(mapping.parameters(), lr=0.05, betas=(0.9, 0.99))
    course = []
    for step in range(steps):
        set_rate(optimiser, 0.05 * cosine(step / steps))
        rows = ws[torch.randint(len(ws), (512,), generator=chance)]
        mapped = mapping(torch.randn(512, generator.z_dim, generator=chance))[:, 0]
        directions = F.normalize(torch.randn(ws.shape[1], 256, generator=chance), dim=0)
        found, wanted = (mapped @ directions).sort(0)[0], (rows @ directions).sort(0)[0]
        loss = (found - wanted).square().mean() / scale**2 + (mapped.mean(0) - mean).square().mean() / scale**2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        course.append(loss.item())
    mapping.eval().requires_grad_(False).w_avg.copy_(mean)
    return course
