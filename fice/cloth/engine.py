"""The engine that draws nothing anew: the photographed garments themselves, in other cloth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fice.bundle.bundle import Bundle
from fice.cloth.dress import Dressing
from fice.cloth.tailor import dressing_of
from fice.engine import Finished
from fice.errors import UsageError
from fice.plan import Plan, check_changes
from fice.references.fit import Fitted, rank_of
from fice.settings import Settings
from fice.subject.analysis import Analysis
from fice.subject.regions import BODY, Regions
from fice.subject.subject import Subject

CANVAS = (256, 128)


@dataclass(frozen=True)
class Fit:
    """Nothing is to be known of a photo but what is seen in it."""

    notices: tuple[str, ...] = ()


@dataclass(eq=False)
class Run:
    """One plan; see `fice.engine.Run`. Its one step chooses the cloth of each piece."""

    plan: Plan
    seed: int
    picture: Tensor
    cloths: tuple[Dressing | Fitted | None, ...] = ()
    losses: Mapping[str, float] = field(default_factory=dict)
    steps: int = 0
    retries: int = 0
    failed: bool = False

    def curve(self) -> list[tuple[int, float]]:
        return []


class Redressing:
    """The engine of the preset `default`; see `fice.engine.Engine`.

    Raises UsageError for settings of pictures that are generated, and for a bundle that knows no garments.
    """

    canvas, steps, diverged = CANVAS, 1, ""
    together: int | None = 1  # its step is a moment
    takes = frozenset(
        {"text", "region", "mask", "pictures", "swatch", "swatch_width", "background", "seed", "candidates"}
    )

    def __init__(self, bundle: Bundle, settings: Settings, regions: Regions):
        settings.check()
        if BODY in regions.names:
            raise UsageError(f"Bundle {bundle.name} knows no garments to re-dress; say --preset generated or paper.")
        self.bundle, self.regions, self.whole = bundle, regions, bundle.whole

    def refusal(self, wishes: Sequence[str]) -> str:
        remedy = "add --preset diffusion" if "pipeline" in self.bundle.folders else "add --preset generated"
        if {"style", "plugins"}.intersection(wishes) and "pipeline" not in self.bundle.folders:
            remedy = "choose a --bundle that has a diffusion model"
        return f"A photographed garment cannot take {', '.join(wishes)}; {remedy}."

    def fit(self, subjects: Sequence[Subject], latents: Sequence[Tensor | None]) -> list[Fit]:
        return [Fit() for _ in subjects]

    def ready(self, plan: Plan, analysis: Analysis) -> Plan:
        check_changes(plan)
        return plan

    def begin(self, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Run]:
        return [Run(plan, seed, plan.subject.source) for plan, seed in zip(plans, seeds, strict=True)]

    def step(self, runs: Sequence[Run]) -> list[Run]:
        for run in runs:
            dressings = (dressing_of(run.plan.subject, piece, self.regions, run.seed) for piece in run.plan.pieces)
            run.cloths = tuple(dressings)
            run.steps = 1
        return list(runs)

    def again(self, run: Run) -> Run:
        return self.begin([run.plan], [run.seed])[0]

    def finish(self, run: Run) -> Finished:
        subject = run.plan.subject
        pieces, taken = run.plan.pieces, torch.zeros_like(subject.regions[:, :1])
        garments = [piece.wide for piece in pieces]
        for i in sorted(range(len(pieces)), key=lambda i: rank_of(run.cloths[i])):
            cloth = run.cloths[i]
            after = cloth.after if isinstance(cloth, Fitted) else garments[i]
            garments[i], taken = after * (1 - taken), torch.maximum(taken, after)
        body = torch.maximum(self.regions.body(subject.regions), taken)
        return Finished(subject.view, body, tuple(garments), run.cloths, generated=False)
