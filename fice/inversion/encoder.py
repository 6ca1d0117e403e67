"""The encoder: the latent of the photograph, where an edit starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.inversion import losses
from fice.nets.restyle import ReStyle

if TYPE_CHECKING:
    from fice.nets.stylegan2 import Generator

NEAR_W = 5e-4  # weight of the rows' distance from each other, where one of a picture's pixels is a few hundredths


class Encoder:
    """The encoder network of a bundle.

    Args:
        network: ReStyle, or what maps (B, 3, H, W) float in [0, 1] on the generator's canvas to W+ (B, R, D).
        generator: what draws between the passes of ReStyle.
    """

    def __init__(self, network: nn.Module, generator: Generator):
        self.network, self.generator = network, generator

    def latent(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns W+ (B, R, D)."""
        if not isinstance(self.network, ReStyle):
            return self.network(picture)
        # one at a time: company changes the rounding, which each pass makes some ten times as large
        alone = picture.split(1) if self.network.follows_gradient else (picture,)
        return torch.cat([correct(self.network, self.generator, one, self.network.passes) for one in alone])


def correct(
    network: ReStyle, generator: Generator, picture: Tensor, passes: int, offsets: Tensor | bool = True
) -> Tensor:
    """W+ (B, R, D) of pictures (B, 3, H, W) in [0, 1] after so many passes (ReStyle, arXiv 2104.02699, section 3)."""
    wanted = shrunk(network, picture)
    ws = network.w_avg.expand(len(picture), network.num_ws, -1)
    for _ in range(passes):
        if network.follows_gradient:
            drawn, slope = gradient_step(network, generator, ws, picture)
        else:
            drawn, slope = draw_so_far(network, generator, ws), None
        ws = ws + network(wanted, drawn, offsets, slope)
    return ws


def shrunk(network: ReStyle, picture: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) in the size that the network sees."""
    return F.interpolate(picture, size=network.seen, mode="area")


def draw_so_far(network: ReStyle, generator: Generator, ws: Tensor) -> Tensor:
    """What W+ (B, R, D) gives so far, as the network wants to see it: (B, 3, h, w) in [0, 1]."""
    return (generator.synthesis(ws, until=network.seen[0]) * 0.5 + 0.5).clamp(0, 1)


def gradient_step(network: ReStyle, generator: Generator, ws: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
    """What W+ (B, R, D) gives so far, as the network wants to see it, and the slope of `misfit` by W+ (B, R, D)."""
    with torch.enable_grad():
        moved = ws.detach().clone().requires_grad_(True)
        drawn = generator.synthesis(moved) * 0.5 + 0.5
        slope = torch.autograd.grad(misfit(drawn, moved, picture).sum(), moved)[0]
    return shrunk(network, drawn.detach().clamp(0, 1)), slope


def misfit(drawn: Tensor, ws: Tensor, picture: Tensor) -> Tensor:
    """How badly W+ (B, R, D), drawn as (B, 3, H, W), fits pictures on white of that shape in [0, 1]: (B,).

    Squared and absolute differences, of which a person's pixels count five times as much as the white ones, and how
    far W+ is from W.
    """
    person = F.max_pool2d((picture < 0.98).any(1, keepdim=True).float(), 3, 1, 1)
    weight = 0.25 + person
    difference = drawn.float() - picture
    error = (difference.square() + 0.2 * difference.abs()) * weight
    return error.mean((1, 2, 3)) / weight.mean((1, 2, 3)) + NEAR_W * losses.latent(ws)
