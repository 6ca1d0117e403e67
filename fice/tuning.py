"""A generator fitted to its photograph (pivotal tuning, arXiv 2106.05744): weights of its own for each picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import functional_call

from fice.nets.stylegan2 import Generator

Weights = dict[str, Tensor]  # names of the synthesis network's convolutions -> (B, O, I, h, w), one a picture
Draw = Callable[[Tensor, Tensor], Tensor]  # W+ (b, R, D), which pictures these are (b,) -> (b, 3, H, W), about [0, 1]


def drawing(generator: Generator, weights: Weights | None = None) -> Draw:
    """How a generator draws pictures, with its own weights or with those of each picture."""

    def draw(ws: Tensor, who: Tensor) -> Tensor:
        if not weights:
            return generator.synthesis(ws) * 0.5 + 0.5
        count = len(next(iter(weights.values())))
        mine = weights if len(who) == count else {name: values[who] for name, values in weights.items()}
        return functional_call(generator.synthesis, mine, (ws,)) * 0.5 + 0.5

    return draw


def drawn_once(generator: Generator, ws: Tensor, weights: Weights | None = None) -> Tensor:
    """The pictures of all latents (B, R, D): (B, 3, H, W), about [0, 1]."""
    with torch.no_grad():
        return drawing(generator, weights)(ws, torch.arange(len(ws)))


def join(weights: Sequence[Weights]) -> Weights:
    """The weights of several pictures one after the other; all or none have any."""
    return {name: torch.cat([each[name] for each in weights]) for name in weights[0]}


def tune(
    generator: Generator, weights: Weights, ws: Tensor, wanted: Tensor, steps: int, rate: float = 2e-3
) -> Weights:
    """Fits the convolutions of a generator to each picture, its latent held still.

    weights: where to begin, {} for the generator's own. ws: (B, R, D). wanted: (B, 3, H, W) float in [0, 1].
    Pictures do not influence each other, and the generator itself stays as it is.
    """
    own = {name: value for name, value in generator.synthesis.named_parameters() if value.ndim == 4}
    begun = weights or {name: value[None].expand(len(ws), *value.shape) for name, value in own.items()}
    moving = {name: value.detach().clone().requires_grad_(True) for name, value in begun.items()}
    optimiser, everyone = torch.optim.Adam(list(moving.values()), lr=rate), torch.arange(len(ws))
    draw = drawing(generator, moving)
    for _ in range(steps):
        difference = draw(ws, everyone) - wanted
        loss = (difference.square() + difference.abs()).mean((1, 2, 3)).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {name: value.detach() for name, value in moving.items()}
