"""The course of an edit: what its stages took, how far it is, and times for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from fice.settings import Settings

# processor seconds of one step of each stage with the bundled weights, measured: a bar needs their ratios only
COSTS = {"load": 3.1, "look": 1.0, "fit": 0.16, "loop": 0.24, "stitch": 0.5}
NOISE, ON_GPU = 30.0, 0.3  # of a diffusion model's step, where there is nothing else; on a GPU: a guess


class Spent(dict[str, float]):
    """Seconds by stage.

    read: decoding the photo, where it was given as a path. look: finding the person and their clothes. fit: of a
    generated garment, latent and generator to the photo and to where the edit begins. loop: choosing the cloth, or the
    optimisation under the text. stitch: dressing, and back into the photo.
    """

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """Adds what the block takes."""
        began = time.perf_counter()
        yield
        self.add(stage, time.perf_counter() - began)

    def add(self, stage: str, seconds: float) -> None:
        self[stage] = self.get(stage, 0.0) + seconds

    def facts(self) -> dict[str, Any]:
        """For a report: {"seconds": all of them, "stages": {stage: seconds}}."""
        stages = {stage: round(seconds, 3) for stage, seconds in self.items()}
        return {"seconds": round(sum(self.values()), 2), "stages": stages}


class Course:
    """How far an edit is: called with the stage after each of its steps.

    Args:
        tell: gets the stage in work and the share of all work that is done, in [0, 1].
        device: the kind of device that computes.
        past: stages that are behind it already.
    """

    def __init__(
        self,
        settings: Settings,
        candidates: int,
        tell: Callable[[str, float], None],
        device: str = "cpu",
        past: Collection[str] = (),
    ):
        generated = settings.garment == "generated"
        steps = {
            "load": 1,
            "look": 1,
            "fit": (settings.refine + settings.tuning) * generated,
            "loop": 1 if settings.garment == "photographed" else settings.steps,
            "stitch": candidates,
        }
        costs = COSTS | ({"loop": NOISE if device == "cpu" else ON_GPU} if settings.garment == "diffused" else {})
        self.work = {stage: count * costs[stage] for stage, count in steps.items() if stage not in past}
        self.work["loop"] *= candidates
        self.each = {stage: work / steps[stage] for stage, work in self.work.items() if work}
        self.done, self.tell = dict.fromkeys(self.work, 0.0), tell
        tell(next(stage for stage, work in self.work.items() if work), 0.0)

    def __call__(self, stage: str) -> None:
        self.done[stage] = min(self.done[stage] + self.each.get(stage, 0.0), self.work[stage])
        order = [*self.work]
        before = order[: order.index(stage)]  # which may have ended early
        share = (sum(self.work[each] for each in before) + self.done[stage]) / sum(self.work.values())
        ended = self.done[stage] >= self.work[stage] and stage != order[-1]
        self.tell(order[order.index(stage) + 1] if ended else stage, share)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
