"""The optimisation of W+ (arXiv 2301.02110, section 3.2): Adam on the latent alone, one loss per picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fice.losses import Term
from fice.nets.stylegan2 import Generator

RETRIES = 2  # halvings of the rate after a divergence
PATIENCE = 12  # steps over which a picture must still improve
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's (arXiv 1412.6980)


@dataclass
class Inversion:
    """Where the optimisation ended; `ws` are those that `picture` was drawn from.

    Attributes:
        ws: (B, R, D) float.
        picture: (B, 3, H, W) float, about [0, 1].
        losses: unweighted value of each term, (B,) each.
        steps: steps each picture took.
        retries: how often each picture diverged and began again at half the rate.
        failed: (B,) bool, pictures that diverged for good; their ws are where they began.
    """

    ws: Tensor
    picture: Tensor
    losses: dict[str, Tensor]
    steps: list[int]
    retries: list[int]
    failed: Tensor


@dataclass
class State:
    """What a callback sees: after each step, of the whole batch."""

    step: int
    steps: int
    losses: dict[str, float]
    drawn: Tensor = field(repr=False)

    def picture(self):
        """The first picture of the batch, (H, W, 3) uint8."""
        return (self.drawn[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()


def rate_at(step: int, steps: int, schedule: str) -> float:
    """The share of the learning rate at a step: "constant", or "ramp" (up over 5 %, cosine down over the last 40 %)."""
    if schedule == "constant":
        return 1.0
    position = (step + 1) / steps
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - position) / 0.4 + 1 / steps))
    return min(position / 0.05, 1.0) * down


def invert(
    draw: Callable[[Tensor], Tensor],
    ws: Tensor,
    terms: Sequence[Term],
    *,
    steps: int,
    rate: float,
    schedule: str = "ramp",
    tolerance: float = 0.0,
    callback: Callable[[State], None] | None = None,
) -> Inversion:
    """Moves each picture's latent down its own loss.

    Pictures do not influence each other: each has its own loss, its own Adam state and its own end. One that
    improved by less than `tolerance` (a share of its loss) in the last 12 steps drops out; one whose loss or gradient
    stops being a number begins again at half the rate, twice at most.

    Args:
        draw: (b, R, D) -> pictures (b, 3, H, W), about [0, 1].
        ws: (B, R, D) float, where to begin; not changed.
        terms: the summands of the loss.
        steps: evaluations of the loss for each picture; the last one is not followed by an update.
        rate: Adam's learning rate.
        schedule: "constant" or "ramp".
        tolerance: 0 takes all steps.
    """
    count = len(ws)
    start, ws = ws.detach().clone(), ws.detach().clone()
    first, second = torch.zeros_like(ws), torch.zeros_like(ws)
    taken, retries = torch.zeros(count, dtype=torch.long), torch.zeros(count, dtype=torch.long)
    failed = torch.zeros(count, dtype=torch.bool)
    history: list[list[float]] = [[] for _ in range(count)]
    losses = {term.name: torch.zeros(count) for term in terms}
    picture: Tensor | None = None
    active = torch.arange(count)
    while picture is None or len(active):
        drawn, values, total, gradient = evaluate(draw, terms, ws[active], active)
        sound = (total.isfinite() & gradient.flatten(1).isfinite().all(1)).cpu()
        picture = drawn.new_zeros(count, *drawn.shape[1:]) if picture is None else picture
        picture[active[sound]] = drawn[sound]
        for name, value in values.items():
            losses[name][active] = value.float().cpu()

        going = []
        for i, who in enumerate(active.tolist()):
            if not sound[i]:
                retries[who] += 1
                if retries[who] > RETRIES:
                    failed[who] = True
                    ws[who] = start[who]
                    continue
                ws[who], first[who], second[who], taken[who] = start[who], 0, 0, 0
                history[who].clear()
                going.append(who)
                continue
            history[who].append(float(total[i]))
            taken[who] += 1
            if taken[who] >= steps or _converged(history[who], tolerance):
                continue
            share = rate_at(int(taken[who]) - 1, steps, schedule) * 0.5 ** int(retries[who])
            first[who].mul_(BETAS[0]).add_(gradient[i], alpha=1 - BETAS[0])
            second[who].mul_(BETAS[1]).addcmul_(gradient[i], gradient[i], value=1 - BETAS[1])
            mean = first[who] / (1 - BETAS[0] ** int(taken[who]))
            power = second[who] / (1 - BETAS[1] ** int(taken[who]))
            ws[who] -= rate * share * mean / (power.sqrt() + EPSILON)
            going.append(who)
        if callback:
            means = {name: float(value.mean()) for name, value in losses.items()}
            callback(State(int(taken.max()), steps, means, picture))
        active = torch.tensor(going, dtype=torch.long)
    return Inversion(ws, picture, losses, taken.tolist(), retries.tolist(), failed)


def evaluate(
    draw: Callable[[Tensor], Tensor], terms: Sequence[Term], ws: Tensor, who: Tensor
) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
    """One step's pictures (B, 3, H, W), unweighted terms and whole loss (B,), and gradient (B, R, D) of W+.

    Term after term pulls at the picture, so that the memory of one network is free before the next begins.
    """
    ws = ws.detach().requires_grad_(True)
    drawn = draw(ws)
    picture = drawn.detach().requires_grad_(True)
    values, total = {}, drawn.new_zeros(len(ws))
    for term in terms:
        value = term.value(picture, ws, who)
        (term.weight * value).sum().backward()
        values[term.name] = value.detach()
        total += term.weight * value.detach()
    if picture.grad is not None:
        drawn.backward(picture.grad)
    gradient = ws.grad if ws.grad is not None else torch.zeros_like(ws)
    return drawn.detach(), values, total, gradient


def tune(generator: Generator, ws: Tensor, source: Tensor, steps: int, rate: float = 1e-3) -> None:
    """Fits the weights of a generator to one photograph, its latent held still (pivotal tuning, arXiv 2106.05744).

    ws: (1, R, D). source: (1, 3, H, W) float in [0, 1]. Changes the generator's synthesis network in place.
    """
    parameters = list(generator.synthesis.parameters())
    for parameter in parameters:
        parameter.requires_grad_(True)
    optimiser = torch.optim.Adam(parameters, lr=rate)
    for _ in range(steps):
        drawn = generator.synthesis(ws) * 0.5 + 0.5
        loss = (drawn - source).square().mean() + (drawn - source).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    generator.requires_grad_(False)


def _converged(history: list[float], tolerance: float) -> bool:
    if tolerance <= 0 or len(history) < 2 * PATIENCE:
        return False
    before, now = min(history[:-PATIENCE]), min(history[-PATIENCE:])
    return before - now <= tolerance * abs(before)
