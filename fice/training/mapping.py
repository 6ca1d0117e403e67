"""The mapping network, set to the Gaussian of latents that an encoder has found, in closed form.

Compared with a rectified flow and with steps down the energy distance, which brought nothing that could be measured on
latents never fitted.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.errors import UsageError
from fice.nets.stylegan2 import FullyConnected, Generator, Mapping

GAIN, SLOPE = math.sqrt(2), 0.2  # of the leaky ReLU behind every layer
LIFT = 6.0  # standard deviations by which a normalised z is lifted, so that the leaky ReLU passes it unbent


@torch.no_grad()
def with_rows(generator: Generator, shape: dict[str, Any], ws: Tensor) -> tuple[Generator, dict[str, Any]]:
    """The same synthesis with a mapping to W+, distributed as the Gaussian of `ws` (N, num_ws, w_dim), N > 1.

    Where the rows of a photograph's latent differ, people drawn from one w for all rows are unlike it. shape: the
    arguments that build the generator; with the new one those of the new one are returned. Raises UsageError as
    `fit_mapping`.
    """
    shape = shape | {"mapping_kwargs": shape["mapping_kwargs"] | {"w_plus": True}}
    found = Generator(**shape).to(ws.device)
    found.synthesis.load_state_dict(generator.synthesis.state_dict())
    mean, axes = _gaussian(ws.flatten(1), found.w_dim)
    _fit(found.mapping, torch.eye(found.w_dim, found.z_dim, device=ws.device), ws.new_zeros(found.w_dim))
    _put(found.mapping.rows, axes, mean)
    found.mapping.w_avg.copy_(mean.view_as(found.mapping.w_avg))
    return found, shape


@torch.no_grad()
def fit_mapping(generator: Generator, ws: Tensor) -> None:
    """Makes mapped z distributed as the Gaussian of `ws` (N, w_dim), N > 1, and w_avg their mean.

    The network becomes z -> mean + A z with A A^T the covariance, as far as z_dim directions go. Lifted far above 0 a
    leaky ReLU is linear; the last but one then bends -w, which the last, bending the other way, makes straight again.
    Raises UsageError if the network has fewer than two layers or hidden layers of another width than w.
    """
    mean, axes = _gaussian(ws, generator.z_dim)
    _fit(generator.mapping, axes, mean)
    generator.mapping.w_avg.copy_(mean)


def _gaussian(latents: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The mean of latents (N, D), and the `count` longest axes of their covariance (D, count), with zeros."""
    mean = latents.mean(0)
    _, lengths, axes = torch.linalg.svd(latents - mean, full_matrices=False)
    spread = axes[:count].T * lengths[:count] / math.sqrt(len(latents) - 1)
    return mean, F.pad(spread, (0, count - spread.shape[1]))


def _fit(mapping: Mapping, directions: Tensor, mean: Tensor) -> None:
    """Makes the layers up to w those of z -> mean + A z; directions: A, (w_dim, z_dim)."""
    layers = [getattr(mapping, f"fc{i}") for i in range(mapping.num_layers)]
    w_dim, z_dim = directions.shape
    if len(layers) < 2 or any(len(layer.weight) != w_dim for layer in layers):
        raise UsageError("The mapping network to fit has too few or unequal layers; give it two or more as wide as w.")
    spread = F.pad(directions, (0, max(w_dim - z_dim, 0)))  # nothing where z has fewer directions than w
    lift = 0.0
    for layer in layers[:-2]:
        passed = torch.eye(*layer.weight.shape, device=mean.device)
        _put(layer, passed if lift == 0 else passed / GAIN, torch.full_like(mean, LIFT - lift))
        lift = LIFT
    if lift:
        _put(layers[-2], -spread[:, :w_dim] / GAIN, spread[:, :w_dim].sum(1) * lift - mean)
    else:
        _put(layers[-2], -spread[:, :z_dim], -mean)
    _put(layers[-1], -torch.eye(w_dim, device=mean.device) / (SLOPE * GAIN**2), torch.zeros_like(mean))


def _put(layer: FullyConnected, weight: Tensor, bias: Tensor) -> None:
    """Stores what makes the layer x -> weight x + bias, before its leaky ReLU where it has one."""
    layer.weight.copy_(weight / layer.weight_gain)
    layer.bias.copy_(bias / layer.bias_gain)
