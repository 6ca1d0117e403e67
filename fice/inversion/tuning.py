"""Pivotal tuning: a generator fitted to its photograph, weights and noise maps of its own for each picture.

Pivotal tuning (arXiv 2106.05744) of the convolutions, and StyleGAN2's optimised noise maps (arXiv 1912.04958,
appendix D), which hold what lies where: prints, seams, faces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import functional_call

from fice.nets.stylegan2 import Generator

NOISE = "noise_const"
NOISE_RATE = 25.0  # noise maps move that much faster than convolutions
REST = "rest"  # of a picture, what its generator misses
# names of the synthesis network's convolutions -> (B, O, I, h, w), of its noise -> (B, 1, H, W), rest -> (B, 3, H, W)
Weights = dict[str, Tensor]
Synthesis = Callable[
    [Tensor, Tensor], Tensor
]  # W+ (b, R, D), which pictures these are (b,) -> (b, 3, H, W), about [0, 1]


def synthesis_of(generator: Generator, weights: Weights | None = None) -> Synthesis:
    """How a generator draws pictures, with its own weights or with those of each picture."""

    def draw(ws: Tensor, index: Tensor) -> Tensor:
        if not weights:
            return generator.synthesis(ws) * 0.5 + 0.5
        count = len(next(iter(weights.values())))
        mine = {name: values if len(index) == count else values[index] for name, values in weights.items()}
        rest = mine.pop(REST, 0)
        return functional_call(generator.synthesis, mine, (ws,)) * 0.5 + 0.5 + rest

    return draw


def render(generator: Generator, ws: Tensor, weights: Weights | None = None) -> Tensor:
    """The pictures of all latents (B, R, D): (B, 3, H, W), about [0, 1]."""
    with torch.no_grad():
        return synthesis_of(generator, weights)(ws, torch.arange(len(ws)))


def join(weights: Sequence[Weights]) -> Weights:
    """The weights of several pictures one after the other; all or none have any."""
    return {name: torch.cat([each[name] for each in weights]) for name in weights[0]}


def apart(weights: Weights, count: int) -> list[Weights]:
    """The weights of several pictures, each by itself."""
    return [{name: value[i : i + 1] for name, value in weights.items()} for i in range(count)]


def tune(
    generator: Generator,
    ws: Tensor,
    wanted: Tensor,
    steps: int,
    rate: float = 2e-3,
    callback: Callable[[int], None] = lambda _: None,
) -> Weights:
    """Fits the convolutions and the noise maps of a generator to each picture, its latent held still.

    ws: (B, R, D). wanted: (B, 3, H, W) float in [0, 1]. callback is told each step. Pictures do not influence each
    other, and the generator itself stays as it is.
    """
    own = {name: value.expand(len(ws), *value.shape[1:]) for name, value in _own(generator).items()}
    moving = {name: value.detach().clone().requires_grad_(True) for name, value in own.items()}
    groups = [
        {"params": [value for name, value in moving.items() if name.endswith(NOISE) == noise], "lr": speed}
        for noise, speed in ((False, rate), (True, rate * NOISE_RATE))
    ]
    optimiser, everyone = torch.optim.Adam(groups), torch.arange(len(ws))
    draw = synthesis_of(generator, moving)
    for step in range(steps):
        difference = draw(ws, everyone) - wanted
        loss = (difference.square() + difference.abs()).mean((1, 2, 3)).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        callback(step)
    return {name: value.detach() for name, value in moving.items()}


def _own(generator: Generator) -> Weights:
    """What is fitted, as it is in the generator: for one picture."""
    state = dict(generator.synthesis.named_parameters()) | dict(generator.synthesis.named_buffers())
    found = {name: value[None] for name, value in state.items() if name.endswith("weight") and value.ndim == 4}
    for name, value in state.items():
        if name.endswith(NOISE):
            strength = state[name.removesuffix(NOISE) + "noise_strength"]
            found[name] = (value * strength)[None, None]
    return found
