"""The optimisation of W+ (arXiv 2301.02110, section 3.2): Adam on the latent alone, one loss per picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fice.inversion.losses import Term
from fice.inversion.tuning import Draw

RETRIES = 2  # halvings of the rate after a divergence
PATIENCE = 12  # steps over which a picture must still improve
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's (arXiv 1412.6980)
SHOWN = 50  # points of a loss curve in reports


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

    @classmethod
    def of(cls, slots: Sequence[Slot], steps: int) -> State:
        """The state of a batch on its way of so many steps."""
        means = {name: sum(slot.losses[name] for slot in slots) / len(slots) for name in slots[0].losses}
        return cls(max(slot.steps for slot in slots), steps, means, slots[0].picture)

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
    draw: Draw,
    ws: Tensor,
    terms: Sequence[Term],
    *,
    steps: int,
    rate: float,
    schedule: str = "ramp",
    tolerance: float = 0.0,
    callback: Callable[[State], None] | None = None,
) -> Inversion:
    """Moves the latents of a batch down their own losses; see `Descent`.

    Args:
        draw: W+ (b, R, D), which of the batch these are (b,) -> pictures (b, 3, H, W), about [0, 1].
        ws: (B, R, D) float, where to begin; not changed.
        terms: the summands of the loss.
        steps: evaluations of the loss for each picture; the last one is not followed by an update.
        rate: Adam's learning rate.
        schedule: "constant" or "ramp".
        tolerance: 0 takes all steps.
    """
    descent = Descent(lambda who, ws: evaluate(draw, terms, ws, torch.tensor(who)), steps=steps, rate=rate,
                      schedule=schedule, tolerance=tolerance)  # fmt: skip
    slots = [descent.add(i, row) for i, row in enumerate(ws.split(1))]
    while descent.slots:
        descent.step()
        if callback:
            callback(State.of(slots, steps))
    losses = {name: torch.tensor([slot.losses[name] for slot in slots]) for name in slots[0].losses}
    return Inversion(
        torch.cat([slot.ws for slot in slots]), torch.cat([slot.picture for slot in slots]), losses,
        [slot.steps for slot in slots], [slot.retries for slot in slots], torch.tensor([slot.failed for slot in slots]),
    )  # fmt: skip


@dataclass(eq=False)
class Slot:
    """One picture on its way down.

    Attributes:
        task: what tells its terms from those of others.
        start, ws: where it began and where it is, (1, R, D).
        picture: drawn from ws, (1, 3, H, W); zeros before the first sound step.
        losses: unweighted value of each term.
        steps, retries: taken, and begun anew at half the rate.
        failed: diverged for good; ws is where it began.
    """

    task: Any
    start: Tensor
    ws: Tensor
    first: Tensor
    second: Tensor
    picture: Tensor = field(default_factory=lambda: torch.zeros(0))
    losses: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    retries: int = 0
    failed: bool = False
    history: list[float] = field(default_factory=list)

    def curve(self) -> list[tuple[int, float]]:
        """(step, weighted loss) of about `SHOWN` steps, the first and the last among them."""
        last = len(self.history) - 1
        chosen = sorted({round(k * last / (SHOWN - 1)) for k in range(SHOWN)}) if last > 0 else range(last + 1)
        return [(k, round(self.history[k], 6)) for k in chosen]


class Descent:
    """Latents on their way down, each its own loss: pictures may come and go at any step.

    Pictures do not influence each other: each has its own loss, its own Adam state and its own end. One that
    improved by less than `tolerance` (a share of its loss) in the last 12 steps leaves; one whose loss or gradient
    stops being a number begins again at half the rate, twice at most.

    Args:
        evaluate: tasks, their W+ (b, R, D) -> pictures, unweighted terms, losses (b,), gradients (b, R, D).
        steps, rate, schedule, tolerance: as in `invert`.
    """

    def __init__(
        self,
        evaluate: Callable[[list[Any], Tensor], tuple[Tensor, dict[str, Tensor], Tensor, Tensor]],
        *,
        steps: int,
        rate: float,
        schedule: str = "ramp",
        tolerance: float = 0.0,
    ):
        self.evaluate, self.steps, self.rate = evaluate, steps, rate
        self.schedule, self.tolerance = schedule, tolerance
        self.slots: list[Slot] = []

    def add(self, task: Any, ws: Tensor) -> Slot:
        """One more picture, from W+ (1, R, D)."""
        ws = ws.detach()
        slot = Slot(task, ws.clone(), ws.clone(), torch.zeros_like(ws), torch.zeros_like(ws))
        self.slots.append(slot)
        return slot

    def step(self) -> list[Slot]:
        """One evaluation for every picture, and an update for those that go on. Returns those that ended."""
        slots = self.slots
        drawn, values, total, gradient = self.evaluate(
            [slot.task for slot in slots], torch.cat([slot.ws for slot in slots])
        )
        sound = (total.isfinite() & gradient.flatten(1).isfinite().all(1)).tolist()
        losses = {name: value.float().tolist() for name, value in values.items()}
        sums = total.tolist()
        ended = []
        for i, slot in enumerate(slots):
            slot.losses = {name: value[i] for name, value in losses.items()}
            if not sound[i]:
                if not self._begin_again(slot, drawn[i : i + 1]):
                    ended.append(slot)
                continue
            slot.picture = drawn[i : i + 1]
            slot.history.append(sums[i])
            slot.steps += 1
            if slot.steps >= self.steps or _converged(slot.history, self.tolerance):
                ended.append(slot)
            else:
                self._move(slot, gradient[i : i + 1])
        self.slots = [slot for slot in slots if slot not in ended]
        return ended

    def _move(self, slot: Slot, gradient: Tensor) -> None:
        """Adam's step (arXiv 1412.6980, algorithm 1)."""
        share = rate_at(slot.steps - 1, self.steps, self.schedule) * 0.5**slot.retries
        slot.first.mul_(BETAS[0]).add_(gradient, alpha=1 - BETAS[0])
        slot.second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        mean = slot.first / (1 - BETAS[0] ** slot.steps)
        power = slot.second / (1 - BETAS[1] ** slot.steps)
        slot.ws = slot.ws - self.rate * share * mean / (power.sqrt() + EPSILON)

    def _begin_again(self, slot: Slot, drawn: Tensor) -> bool:
        """Back to the start after a divergence; False when that was once too often."""
        slot.retries += 1
        slot.ws = slot.start.clone()
        slot.picture = slot.picture if slot.picture.numel() else torch.zeros_like(drawn)
        if slot.retries > RETRIES:
            slot.failed = True
            return False
        slot.first.zero_()
        slot.second.zero_()
        slot.steps = 0
        slot.history.clear()
        return True


def evaluate(
    draw: Draw, terms: Sequence[Term], ws: Tensor, who: Tensor
) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
    """One step's pictures (B, 3, H, W), unweighted terms and whole loss (B,), and gradient (B, R, D) of W+.

    Term after term pulls at the picture, so that the memory of one network is free before the next begins.
    """
    ws = ws.detach().requires_grad_(True)
    drawn = draw(ws, who)
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


def _converged(history: list[float], tolerance: float) -> bool:
    if tolerance <= 0 or len(history) < 2 * PATIENCE:
        return False
    before, now = min(history[:-PATIENCE]), min(history[-PATIENCE:])
    return before - now <= tolerance * abs(before)
