"""The mapping network, fitted to latents that an encoder has found.

It begins as the Gaussian of those latents and is refined under the energy distance (Székely and Rizzo, "Energy
statistics: A class of statistics based on distances", Journal of Statistical Planning and Inference, 2013, section 2).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fice.errors import UsageError
from fice.nets.stylegan2 import FullyConnected, Generator, Mapping
from fice.training.recipe import cosine, set_rate

GAIN, SLOPE = math.sqrt(2), 0.2  # of the leaky ReLU behind every layer
LIFT = 6.0  # standard deviations by which a normalised z is lifted, so that the leaky ReLU passes it unbent
BATCH, RATE = 512, 0.01


def fit_mapping(generator: Generator, ws: Tensor, steps: int, seed: int) -> list[float]:
    """Fits the mapping network so that mapped z are distributed as `ws` (N, w_dim), N > 1; sets w_avg to their mean.

    Starts from their Gaussian, then takes `steps` steps down the energy distance. Returns the course of that distance,
    each estimated without bias from one batch (so it may be below 0), as a share of the mean distance of two ws.
    Raises UsageError if the network has fewer than two layers or hidden layers of another width than w.
    """
    mapping = generator.mapping
    start_gaussian(mapping, ws)
    mapping.train().requires_grad_(True)
    chance = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(mapping.parameters(), lr=RATE, betas=(0.9, 0.99))
    course = []
    for step in range(steps):
        set_rate(optimiser, RATE * cosine(step / steps))
        rows = ws[torch.randint(len(ws), (BATCH,), generator=chance).to(ws.device)]
        mapped = mapping(torch.randn(BATCH, generator.z_dim, generator=chance).to(ws))[:, 0]
        spread = mean_distance(rows)
        loss = (2 * torch.cdist(mapped, rows).mean() - mean_distance(mapped) - spread) / spread
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        course.append(loss.item())
    mapping.eval().requires_grad_(False).w_avg.copy_(ws.mean(0))
    return course


def mean_distance(rows: Tensor) -> Tensor:
    """The mean Euclidean distance of two different rows of (N, D): a scalar."""
    return torch.cdist(rows, rows).sum() / (len(rows) * (len(rows) - 1))


@torch.no_grad()
def start_gaussian(mapping: Mapping, ws: Tensor) -> None:
    """Sets the network to z -> mean + A z with A A^T the covariance of `ws` (N, w_dim), as far as z_dim directions go.

    Lifted far above 0 a leaky ReLU is linear; the last but one then bends -w, which the last, bending the other way,
    makes straight again.
    """
    layers = [getattr(mapping, f"fc{i}") for i in range(mapping.num_layers)]
    w_dim, z_dim = ws.shape[1], layers[0].weight.shape[1]
    if len(layers) < 2 or any(len(layer.weight) != w_dim for layer in layers):
        raise UsageError("The mapping network to fit has too few or unequal layers; give it two or more as wide as w.")
    mean = ws.mean(0)
    _, lengths, axes = torch.linalg.svd(ws - mean, full_matrices=False)
    rank = min(len(lengths), z_dim)
    spread = ws.new_zeros(w_dim, max(z_dim, w_dim))  # A, and nothing where z has fewer directions than w
    spread[:, :rank] = axes[:rank].T * lengths[:rank] / math.sqrt(len(ws) - 1)
    lift = 0.0
    for layer in layers[:-2]:
        passed = torch.eye(*layer.weight.shape, device=ws.device)
        _put(layer, passed if lift == 0 else passed / GAIN, torch.full_like(mean, LIFT - lift))
        lift = LIFT
    if lift:
        _put(layers[-2], -spread[:, :w_dim] / GAIN, spread[:, :w_dim].sum(1) * lift - mean)
    else:
        _put(layers[-2], -spread[:, :z_dim], -mean)
    _put(layers[-1], -torch.eye(w_dim, device=ws.device) / (SLOPE * GAIN**2), torch.zeros_like(mean))


def _put(layer: FullyConnected, weight: Tensor, bias: Tensor) -> None:
    """Stores what makes the layer x -> weight x + bias before its leaky ReLU."""
    layer.weight.copy_(weight / layer.weight_gain)
    layer.bias.copy_(bias / layer.bias_gain)
