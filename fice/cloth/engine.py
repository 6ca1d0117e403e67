"""The engine that draws nothing anew: the photographed garments themselves, in other cloth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from fice.bundle.bundle import Bundle
from fice.cloth.drape import has_legs
from fice.cloth.dress import Cloth, Dressing, own_cloth
from fice.cloth.patterns import WOVEN
from fice.cloth.patterns.dyes import NATURAL
from fice.engine import Finished
from fice.errors import InputError, UsageError
from fice.plan import Piece, Plan
from fice.settings import Settings
from fice.srgb import gamma_encoded, linear_light
from fice.subject.regions import BODY, Regions
from fice.subject.subject import Subject

CANVAS = (256, 128)
SEEN = 0.6  # probability from which a thing is in the picture


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
    cloths: tuple[Dressing, ...] = ()
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

    canvas, steps = CANVAS, 1
    takes = frozenset({"text", "region", "mask", "background", "seed", "candidates"})

    def __init__(self, bundle: Bundle, settings: Settings, regions: Regions):
        settings.check()
        if BODY in regions.names:
            raise UsageError(f"Bundle {bundle.name} knows no garments to re-dress; say --preset generated or paper.")
        self.regions, self.whole = regions, bundle.whole

    def fit(self, subjects: Sequence[Subject], latents: Sequence[Tensor | None]) -> list[Fit]:
        return [Fit() for _ in subjects]

    def begin(self, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Run]:
        return [Run(plan, seed, plan.subject.source) for plan, seed in zip(plans, seeds, strict=True)]

    def step(self, runs: Sequence[Run]) -> list[Run]:
        for run in runs:
            run.cloths = tuple(self._dressing(run.plan.subject, piece, run.seed) for piece in run.plan.pieces)
            run.steps = 1
        return list(runs)

    def again(self, run: Run) -> Run:
        return self.begin([run.plan], [run.seed])[0]

    def finish(self, run: Run) -> Finished:
        subject = run.plan.subject
        return Finished(
            subject.view, self.regions.body(subject.regions), tuple(piece.wide for piece in run.plan.pieces), run.cloths
        )

    def _dressing(self, subject: Subject, piece: Piece, seed: int) -> Dressing:
        skin = own_cloth(subject, self.regions.select(subject.regions, ("skin", "face")))
        legs = has_legs(piece.wide, subject.regions, self.regions)
        return Dressing(subject, piece, self._cloth(subject, piece), legs, skin, seed)

    def _cloth(self, subject: Subject, piece: Piece) -> Cloth:
        """What a sentence wants a garment to be made of. InputError where a colour is like nothing in the picture."""
        sentence = piece.sentence
        own = own_cloth(subject, piece.wide)
        colours = []
        for dye in sentence.dyes[:3]:
            worn = own
            if dye.like:
                there = self.regions.select(subject.regions, (dye.like,))
                if there.max() < SEEN:
                    raise InputError(f"No {dye.like} is seen whose colour could be taken: name a colour.")
                worn = own_cloth(subject, there)
            rgb = dye.on((gamma_encoded(worn) * 255).tolist())
            colours.append(linear_light(np.asarray(rgb, float) / 255))
        design = sentence.design or "solid"
        if not colours and design not in NATURAL:
            colours = [own]
        base, second, third = (*colours, None, None, None)[:3]
        return Cloth(base, second, third, design, None if design in WOVEN else sentence.material)
