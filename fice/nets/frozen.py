"""Networks that learn nothing more: fewer passes over the memory for the same numbers, up to their rounding."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn

from fice.nets.resnet import FrozenNorm

Network = TypeVar("Network", bound=nn.Module)


@torch.no_grad()
def frozen(network: Network) -> Network:
    """The network itself, its norms folded into the convolutions before them, weights laid out for the processor.

    In place, for networks of `fice.nets`, whose modules stand in the order in which they compute: a norm that follows
    a convolution there takes what that one gives. State dicts then lack the norms.
    """
    for module in network.modules():
        for (_, first), (name, second) in pairwise([("", module), *module.named_children()]):
            if isinstance(first, nn.Conv2d) and isinstance(second, FrozenNorm | nn.BatchNorm2d):
                _fold(first, second)
                setattr(module, name, nn.Identity())
    for value in network.parameters():  # all of them copied, so that their file does not stay in memory beside them
        on_cpu = value.device.type == "cpu" and value.ndim == 4
        value.data = value.data.clone(memory_format=torch.channels_last if on_cpu else torch.preserve_format)
    return network


def _fold(convolution: nn.Conv2d, norm: FrozenNorm | nn.BatchNorm2d) -> None:
    """Puts a norm's factors into the filters, and what it adds into the bias."""
    weight, bias, mean, variance = (getattr(norm, name) for name in ("weight", "bias", "running_mean", "running_var"))
    scale = weight * (variance + norm.eps).rsqrt()
    before = -mean if convolution.bias is None else convolution.bias - mean
    convolution.weight = nn.Parameter(convolution.weight * scale[:, None, None, None], requires_grad=False)
    convolution.bias = nn.Parameter(torch.addcmul(bias, before, scale), requires_grad=False)
