"""The W+ optimiser (arXiv 2301.02110, section 3.2): Adam on the latent alone, one loss per picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from fice.device import mixed
from fice.inversion.losses import Term
from fice.inversion.tuning import Synthesis

RETRIES = 2  # halvings of the rate after a divergence
PATIENCE = 12  # steps over which a picture must still improve
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's (arXiv 1412.6980)
SHOWN = 50  # points of a loss curve in reports


@dataclass
class Inverted:
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

    @classmethod
    def of(cls, latents: Sequence[Latent], steps: int) -> State:
        """The state of a batch on its way of so many steps."""
        means = {name: sum(one.losses[name] for one in latents) / len(latents) for name in latents[0].losses}
        return cls(max(one.steps for one in latents), steps, means, latents[0].picture)

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
    draw: Synthesis,
    ws: Tensor,
    terms: Sequence[Term],
    *,
    steps: int,
    rate: float,
    schedule: str = "ramp",
    tolerance: float = 0.0,
    callback: Callable[[State], None] | None = None,
) -> Inverted:
    """Moves the latents of a batch down their own losses; see `Optimiser`.

    Args:
        draw: W+ (b, R, D), which of the batch these are (b,) -> pictures (b, 3, H, W), about [0, 1].
        ws: (B, R, D) float, where to begin; not changed.
        terms: the summands of the loss.
        steps: evaluations of the loss for each picture; the last one is not followed by an update.
        rate: Adam's learning rate.
        schedule: "constant" or "ramp".
        tolerance: 0 takes all steps.
    """
    optimiser = Optimiser(steps=steps, rate=rate, schedule=schedule, tolerance=tolerance)
    everyone = [Latent(row) for row in ws.detach().split(1)]
    going = everyone
    while going:
        index = torch.tensor([i for i, one in enumerate(everyone) if one in going])
        ended = optimiser.step(going, partial(evaluate, draw, terms, index=index))
        going = [one for one in going if one not in ended]
        if callback:
            callback(State.of(everyone, steps))
    losses = {name: torch.tensor([one.losses[name] for one in everyone]) for name in everyone[0].losses}
    return Inverted(
        torch.cat([one.ws for one in everyone]),
        torch.cat([one.picture for one in everyone]),
        losses,
        [one.steps for one in everyone],
        [one.retries for one in everyone],
        torch.tensor([one.failed for one in everyone]),
    )


@dataclass(eq=False)
class Latent:
    """One latent on its way down.

    Attributes:
        start, ws: where it began and where it is, (1, R, D).
        first, second: Adam's means of its gradient and of the gradient's square.
        picture: drawn from ws, (1, 3, H, W); nothing before the first step.
        losses: unweighted value of each term.
        steps, retries: taken, and begun anew at half the rate.
        failed: diverged for good; ws is where it began.
        history: the weighted loss of each step.
    """

    start: Tensor
    ws: Tensor = field(init=False)
    first: Tensor = field(init=False)
    second: Tensor = field(init=False)
    picture: Tensor = field(default_factory=lambda: torch.zeros(0), init=False)
    losses: dict[str, float] = field(default_factory=dict, init=False)
    steps: int = field(default=0, init=False)
    retries: int = field(default=0, init=False)
    failed: bool = field(default=False, init=False)
    history: list[float] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.ws, self.first, self.second = self.start.clone(), *(torch.zeros_like(self.start) for _ in range(2))

    def curve(self) -> list[tuple[int, float]]:
        """(step, weighted loss) of about `SHOWN` steps, the first and the last among them."""
        last = len(self.history) - 1
        chosen = sorted({round(k * last / (SHOWN - 1)) for k in range(SHOWN)}) if last > 0 else range(last + 1)
        return [(k, round(self.history[k], 6)) for k in chosen]


class Optimiser:
    """Latents down, each its own loss: they may come and go at any step.

    Pictures do not influence each other: each has its own loss, its own Adam state and its own end. One that
    improved by less than `tolerance` (a share of its loss) in the last 12 steps leaves; one whose loss or gradient
    stops being a number begins again at half the rate, twice at most.

    Args:
        steps, rate, schedule, tolerance: as in `invert`.
    """

    def __init__(self, *, steps: int, rate: float, schedule: str = "ramp", tolerance: float = 0.0):
        self.steps, self.rate, self.schedule, self.tolerance = steps, rate, schedule, tolerance

    def step(
        self, latents: Sequence[Latent], evaluate: Callable[[Tensor], tuple[Tensor, dict[str, Tensor], Tensor, Tensor]]
    ) -> list[Latent]:
        """One evaluation for every picture, and an update for those that go on. Returns those that ended.

        evaluate: W+ (b, R, D) -> pictures, unweighted terms, losses (b,), gradients (b, R, D).
        """
        drawn, values, total, gradient = evaluate(torch.cat([one.ws for one in latents]))
        sound = (total.isfinite() & gradient.flatten(1).isfinite().all(1)).tolist()
        losses = {name: value.float().tolist() for name, value in values.items()}
        sums = total.tolist()
        ended = []
        for i, one in enumerate(latents):
            one.losses = {name: value[i] for name, value in losses.items()}
            if not sound[i]:
                if not self._begin_again(one, drawn[i : i + 1]):
                    ended.append(one)
                continue
            one.picture = drawn[i : i + 1]
            one.history.append(sums[i])
            one.steps += 1
            if one.steps >= self.steps or _converged(one.history, self.tolerance):
                ended.append(one)
            else:
                self._move(one, gradient[i : i + 1])
        return ended

    def _move(self, one: Latent, gradient: Tensor) -> None:
        """Adam's step (arXiv 1412.6980, algorithm 1)."""
        share = rate_at(one.steps - 1, self.steps, self.schedule) * 0.5**one.retries
        one.first.mul_(BETAS[0]).add_(gradient, alpha=1 - BETAS[0])
        one.second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        mean = one.first / (1 - BETAS[0] ** one.steps)
        power = one.second / (1 - BETAS[1] ** one.steps)
        one.ws = one.ws - self.rate * share * mean / (power.sqrt() + EPSILON)

    def _begin_again(self, one: Latent, drawn: Tensor) -> bool:
        """Back to the start after a divergence; False when that was once too often."""
        one.retries += 1
        one.ws = one.start.clone()
        one.picture = one.picture if one.picture.numel() else torch.zeros_like(drawn)
        if one.retries > RETRIES:
            one.failed = True
            return False
        one.first.zero_()
        one.second.zero_()
        one.steps = 0
        one.history.clear()
        return True


def evaluate(
    draw: Synthesis, terms: Sequence[Term], ws: Tensor, index: Tensor, precision: str = "auto"
) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
    """One step's pictures (B, 3, H, W), unweighted terms and whole loss (B,), and gradient (B, R, D) of W+.

    precision: in which the networks look at the pictures, as of `fice.device.mixed`.
    Term after term pulls at the picture, so that the memory of one network is free before the next begins.
    """
    ws = ws.detach().requires_grad_(True)
    drawn = draw(ws, index)
    picture = drawn.detach().requires_grad_(True)
    values, total = {}, drawn.new_zeros(len(ws))
    for term in terms:
        with mixed(precision, ws.device):
            value = term.value(picture, ws, index)
        (term.weight * value).sum().backward()
        if term.view:
            term.view.close()
        values[term.name] = value.detach()
        total += term.weight * value.detach()
    if picture.grad is not None:
        drawn.backward(picture.grad)
    gradient = ws.grad if ws.grad is not None else torch.zeros_like(ws)
    return drawn.detach(), values, total, gradient


def _converged(history: list[float], tolerance: float) -> bool:
    if tolerance <= 0 or len(history) < 2 * PATIENCE:
        return False
    before, now = min(history[:-PATIENCE]), min(history[-PATIENCE:])
    return before - now <= tolerance * abs(before)
