"""A stand-in for `fice.editor.Editor`: the same methods and types, no weights, results in a millisecond."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from fice.course import Spent
from fice.edit import Edit
from fice.inversion.loop import Descent
from fice.inversion.task import Task
from fice.language.words import parse
from fice.photo.photo import read_photo
from fice.subject.subject import Sight, Subject

LATENT = torch.zeros(1, 2, 4)


@dataclass
class Plan:
    """As much of a plan as `Stub` needs."""

    text: str
    notices: list[str]


@dataclass
class Targets:
    """As much of the targets as `best_width` copies."""

    generators: list[torch.Generator]


class Stub:
    """Edits by inverting the colours; counts what it is asked for, and fails where it is told to.

    Args:
        bundle, device, settings: as of the editor; only steps and tolerance are used.
        pause: seconds that a step takes.
        faults: (method, name of a photo without its extension) -> what is raised.
        room: method -> how many pictures fit into memory; shortage is raised for more.
        losses: name of a photo -> the loss at a step; 1 / (step + 1) otherwise.

    calls holds for each method the names of the photos of each call.
    """

    device = torch.device("cpu")

    def __init__(self, bundle: Any = None, device: Any = None, settings: Any = None, *, pause: float = 0.0,
                 faults: dict | None = None, room: dict | None = None, losses: dict | None = None,
                 shortage: Exception | None = None):  # fmt: skip
        self.bundle = bundle or SimpleNamespace(reads_own_words=True)
        self.steps, self.tolerance = (settings.steps, settings.tolerance) if settings else (2, 0.0)
        self.pause, self.faults, self.room, self.losses = pause, faults or {}, room or {}, losses or {}
        self.shortage = shortage or torch.OutOfMemoryError("CUDA out of memory.")
        self.calls: dict[str, list[list[str]]] = defaultdict(list)
        self.seen: Counter = Counter()

    def look(self, photo: Any) -> Sight:
        photo = photo if hasattr(photo, "pixels") else read_photo(photo)
        self._called("look", [photo.path.stem])
        return Sight(photo, None, LATENT, LATENT, 1.0, list(photo.notices), Spent())

    def settle(self, sights, latents=None) -> list[Subject]:
        self._called("settle", [sight.photo.path.stem for sight in sights])
        return [Subject(**vars(sight), fitted=LATENT, ws=LATENT, weights={}) for sight in sights]

    def prepare(self, photo: Any, latent: Any = None) -> Subject:
        return self.settle([self.look(photo)])[0]

    def plan(self, subject: Subject, text: str, region: str = "auto", mask: Any = None) -> Plan:
        self._called("plan", [subject.photo.path.stem])
        parse(text)
        return Plan(text, [])

    def begin(self, wishes) -> list[Task]:
        self._called("begin", [subject.photo.path.stem for subject, _, _ in wishes])
        return [Task(subject, plan, seed, LATENT, {}, Targets([torch.Generator()])) for subject, plan, seed in wishes]

    def descent(self) -> Descent:
        return Descent(self._evaluate, steps=self.steps, rate=0.1, tolerance=self.tolerance)

    def edit(self, subject: Subject, text: str, *, candidates: int = 1, **_: Any) -> Edit:
        descent, plan = self.descent(), self.plan(subject, text)
        slots = [descent.add(task, LATENT) for task in self.begin([(subject, plan, i) for i in range(candidates)])]
        while descent.slots:
            descent.step()
        return self.finish(slots[-1])

    def finish(self, slot) -> Edit:
        subject = slot.task.subject
        photo = subject.photo
        self._called("finish", [photo.path.stem])
        pixels = np.iinfo(photo.pixels.dtype).max - photo.pixels
        facts = {
            "input": str(photo.path), "text": slot.task.plan.text, "region": "dress", "seed": slot.task.seed,
            "steps": slot.steps, "losses": slot.losses, "similarity": {"before": 0.1, "after": 0.2 + slot.task.seed},
            "unknown_words": [],
        }  # fmt: skip
        mask = np.ones(photo.size, bool)
        return Edit(subject, facts["text"], 1 - photo.srgb(), pixels, mask, mask * 1.0, slot.ws, LATENT, [], facts)

    def _evaluate(self, tasks, ws):
        names = [task.subject.photo.path.stem for task in tasks]
        self._called("step", names)
        time.sleep(self.pause)
        values = []
        for name in names:
            loss = self.losses.get(name, lambda step: 1 / (step + 1))
            values.append(loss(self.seen[name]))
            self.seen[name] += 1
        total = torch.tensor(values, dtype=torch.float32)
        return torch.zeros(len(tasks), 3, 4, 2), {"loss": total}, total, torch.zeros_like(ws)

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
