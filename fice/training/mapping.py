"""The mapping network, set to the Gaussian of latents that an encoder has found, in closed form.

Compared with a rectified flow and with steps down the energy distance, which brought nothing that could be measured on
latents never fitted.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fice.errors import UsageError
from fice.nets.stylegan2 import FullyConnected, Generator

GAIN, SLOPE = math.sqrt(2), 0.2  # of the leaky ReLU behind every layer
LIFT = 6.0  # standard deviations by which a normalised z is lifted, so that the leaky ReLU passes it unbent


@torch.no_grad()
def fit_mapping(generator: Generator, ws: Tensor) -> None:
    """Makes mapped z distributed as the Gaussian of `ws` (N, w_dim), N > 1, and w_avg their mean.

    The network becomes z -> mean + A z with A A^T the covariance, as far as z_dim directions go. Lifted far above 0 a
    leaky ReLU is linear; the last but one then bends -w, which the last, bending the other way, makes straight again.
    Raises UsageError if the network has fewer than two layers or hidden layers of another width than w.
    """
    mapping = generator.mapping
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
    mapping.w_avg.copy_(mean)


def _put(layer: FullyConnected, weight: Tensor, bias: Tensor) -> None:
    """Stores what makes the layer x -> weight x + bias before its leaky ReLU."""
    layer.weight.copy_(weight / layer.weight_gain)
    layer.bias.copy_(bias / layer.bias_gain)
