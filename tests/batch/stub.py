"""A stand-in for the editor and its engine: no weights, results in a millisecond."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from fice.course import Spent
from fice.edit import Edit
from fice.inversion.loop import Latent, Optimiser
from fice.language.words import parse
from fice.order import Order
from fice.photo.photo import read_photo
from fice.subject.subject import Subject

LATENT = torch.zeros(1, 2, 4)


@dataclass(eq=False, kw_only=True)
class Run(Latent):
    """A picture in work."""

    plan: SimpleNamespace
    seed: int


class Stub:
    """Edits by inverting the colours; counts what it is asked for, and fails where it is told to.

    Args:
        bundle, device, settings: as of the editor; only steps and tolerance are used.
        pause: seconds that a step takes.
        faults: (method, name of a photo without its extension) -> what is raised.
        room: method -> how many pictures fit into memory; shortage is raised for more.
        losses: name of a photo -> the loss at a step; 1 / (step + 1) otherwise.
        complaints: name of a photo -> what the check says of its edit.

    calls holds for each method the names of the photos of each call.
    """

    device = torch.device("cpu")
    together, diverged = None, "It diverged."

    def __init__(
        self,
        bundle: Any = None,
        device: Any = None,
        settings: Any = None,
        *,
        pause: float = 0.0,
        faults: dict | None = None,
        room: dict | None = None,
        losses: dict | None = None,
        complaints: dict | None = None,
        shortage: Exception | None = None,
    ):
        self.bundle = bundle or SimpleNamespace(reads_own_words=True)
        steps, tolerance = (settings.steps, settings.tolerance) if settings else (2, 0.0)
        self.optimiser = Optimiser(steps=steps, rate=0.1, tolerance=tolerance)
        self.pause, self.faults, self.room, self.losses = pause, faults or {}, room or {}, losses or {}
        self.complaints = complaints or {}
        self.shortage = shortage or torch.OutOfMemoryError("CUDA out of memory.")
        self.calls: dict[str, list[list[str]]] = defaultdict(list)
        self.seen: Counter = Counter()

    @property
    def engine(self) -> Stub:
        return self

    def analyse(self, photo: Any) -> Subject:
        photo = photo if hasattr(photo, "pixels") else read_photo(photo)
        self._called("analyse", [photo.path.stem])
        return Subject(photo, None, LATENT, LATENT, LATENT, 1.0, list(photo.notices), Spent())

    def fit(self, subjects, latents=None) -> list[Subject]:
        self._called("fit", [subject.photo.path.stem for subject in subjects])
        return [replace(subject, fit=SimpleNamespace(notices=())) for subject in subjects]

    def plan(self, subject: Subject, order: Order) -> SimpleNamespace:
        self._called("plan", [subject.photo.path.stem])
        parse(order.sentence)
        plan = SimpleNamespace(subject=subject, order=order)
        plan.candidate = lambda number: plan
        return plan

    def ready(self, plan, analysis):
        return plan

    def begin(self, plans, seeds) -> list[Run]:
        self._called("begin", [plan.subject.photo.path.stem for plan in plans])
        return [Run(LATENT, plan=plan, seed=seed) for plan, seed in zip(plans, seeds, strict=True)]

    def step(self, runs) -> list[Run]:
        return self.optimiser.step(runs, lambda ws: self._evaluate(runs, ws))

    def again(self, run: Run) -> Run:
        return replace(run)

    def edit(self, subject: Subject, order: Order) -> Edit:
        going = runs = self.begin([self.plan(subject, order)] * order.candidates, range(order.candidates))
        while going:
            ended = self.step(going)
            going = [run for run in going if run not in ended]
        return self.finish(runs[-1])

    def finish(self, run: Run) -> Edit:
        subject, order = run.plan.subject, run.plan.order
        photo = subject.photo
        self._called("finish", [photo.path.stem])
        pixels = np.iinfo(photo.pixels.dtype).max - photo.pixels
        facts = {
            "input": str(photo.path),
            "text": order.sentence,
            "region": "dress",
            "order": order.as_json(),
            "seed": run.seed,
            "steps": run.steps,
            "losses": run.losses,
            "similarity": {"before": 0.1, "after": 0.2 + run.seed},
            "check": {},
            "complaints": self.complaints.get(photo.path.stem, []),
            "unknown_words": [],
        }
        mask = np.ones(photo.size, bool)
        return Edit(subject, order, pixels, mask, mask * 1.0, run.ws, LATENT, [], facts)

    def _evaluate(self, runs, ws):
        names = [run.plan.subject.photo.path.stem for run in runs]
        self._called("step", names)
        time.sleep(self.pause)
        values = []
        for name in names:
            loss = self.losses.get(name, lambda step: 1 / (step + 1))
            values.append(loss(self.seen[name]))
            self.seen[name] += 1
        total = torch.tensor(values, dtype=torch.float32)
        return torch.zeros(len(runs), 3, 4, 2), {"loss": total}, total, torch.zeros_like(ws)

    def _called(self, method: str, names: list[str]) -> None:
        self.calls[method].append(names)
        if len(names) > self.room.get(method, len(names)):
            raise self.shortage
        for name in names:
            if (method, name) in self.faults:
                raise self.faults[method, name]


def draw(folder: Path, *names: str, size: tuple[int, int] = (40, 32), seed: int = 0) -> list[Path]:
    """Photos of noise, each its own, (H, W) = size; the ending of a name says its format."""
    from PIL import Image

    paths = []
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng([seed, i]).integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(pixels).save(path)
        paths.append(path)
    return paths
