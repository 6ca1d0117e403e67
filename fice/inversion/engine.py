"""FICE itself (arXiv 2301.02110): a StyleGAN2's W+, fitted to the photo and moved under the terms of the edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle.bundle import Bundle
from fice.cloth.dress import Dressing
from fice.cloth.engine import Redressing
from fice.cloth.tailor import dressing_of
from fice.device import check_precision
from fice.engine import Finished
from fice.inversion import losses
from fice.inversion.encoder import Encoder
from fice.inversion.latent import check_latent, draw_z
from fice.inversion.loop import Latent, Optimiser, evaluate, invert
from fice.inversion.posing import with_stance
from fice.inversion.start import redressed
from fice.inversion.term import Targets, bind
from fice.inversion.terms import edit_terms, fit_terms
from fice.inversion.tuning import Synthesis, Weights, join, render, synthesis_of, tune
from fice.language.clip import Semantics
from fice.mask import decide
from fice.plan import Piece, Plan
from fice.references.fit import Fitted
from fice.settings import Settings
from fice.subject.analysis import Analysis
from fice.subject.pose import Pose
from fice.subject.regions import Regions
from fice.subject.subject import Subject

FIT_RATE = 0.05  # of latents towards pictures, where no text pulls
BLIND = 200  # steps that fit a latent to its photograph where no encoder says where to begin


@dataclass(frozen=True)
class Fit:
    """The generator fitted to one photo.

    Attributes:
        ws: W+, (1, R, D).
        weights: the generator's convolutions tuned to it, or {}.
        regions: region probabilities of what it draws, on the analysis canvas, (1, K, h, w).
        notices: what the user should know.
    """

    ws: Tensor
    weights: Weights
    regions: Tensor
    notices: tuple[str, ...] = ()


@dataclass(eq=False, kw_only=True)
class Run(Latent):
    """One plan on its way; see `fice.engine.Run`.

    Attributes:
        weights: the generator's convolutions tuned to the start, or {}.
        cloths: of each garment, where the optimisation began in it; or None.
        targets: of each term, what the picture is compared with.
    """

    plan: Plan
    seed: int
    weights: Weights
    cloths: tuple[Dressing | Fitted | None, ...]
    targets: Mapping[str, Targets | None] = field(repr=False)


class Inversion:
    """The engine of bundles with a generator; see `fice.engine.Engine`.

    Args:
        bundle: with a generator, and perhaps an encoder.
        regions, semantics, pose: the networks that the editor looks with.
        settings: the choices of the edit.
        progress: told "fit" after each step of a fit.

    Raises WeightsError for a part that is missing or damaged, UsageError and DeviceError for a precision that the
    device does not take.
    """

    takes = Redressing.takes | {"pose", "latent"}
    together: int | None = None
    diverged = "The optimisation diverged three times; try --set rate=0.01, or another --seed."

    def __init__(
        self,
        bundle: Bundle,
        device: torch.device,
        settings: Settings,
        regions: Regions,
        semantics: Semantics,
        pose: Pose,
        progress: Callable[[str], None] = lambda _: None,
    ):
        check_precision(settings.precision, device)
        self.bundle, self.device, self.settings, self.progress = bundle, device, settings, progress
        self.generator = bundle.part("generator", device)
        self.regions, self.semantics, self.pose = regions, semantics, pose
        self.canvas, self.steps = self.generator.canvas, settings.steps
        self.whole = bundle.whole
        self.terms = edit_terms(semantics, regions, self.pose, settings)
        self.analysis = Analysis(regions, self.canvas, self.whole, settings.mirrored)
        self.optimiser = Optimiser(
            steps=settings.steps, rate=settings.rate, schedule=settings.schedule, tolerance=settings.tolerance
        )
        self._bound: tuple[list[Run], Synthesis, list[losses.Term]] = ([], synthesis_of(self.generator), [])

    def refusal(self, wishes: Sequence[str]) -> str:
        return f"Bundle {self.bundle.name} cannot take {', '.join(wishes)}; choose another --bundle."

    def load_encoder(self) -> Encoder:
        """The bundle's encoder, mapped anew: a large one is needed for a moment only."""
        return Encoder(self.bundle.part("encoder", self.device), self.generator)

    def fit(self, subjects: Sequence[Subject], latents: Sequence[Tensor | None]) -> list[Fit]:
        """Fits latents, and with `tuning` the generator's weights, to photos: together, without mixing them.

        latents: for each photo where to begin, (1, R, D), or None. Raises InputError for one of another shape.
        """
        given = [None if ws is None else check_latent(ws, self.generator) for ws in latents]
        source = torch.cat([subject.source for subject in subjects])
        steps = self.settings.refine
        notices: tuple[str, ...] = ()
        if "encoder" not in self.bundle.parts and None in given:
            steps = max(steps, BLIND)
            notices = (f"Bundle {self.bundle.name} has no encoder, so the photo is fitted from the mean latent.",)
        starts = self._starts(source, [subject.photo.sha256 for subject in subjects])
        starts = torch.cat([own if ws is None else ws.to(own) for ws, own in zip(given, starts.split(1), strict=True)])
        ws, weights = self._fitted(source, starts, {}, steps)
        drawn = render(self.generator, ws, weights)
        return [
            Fit(
                ws[i : i + 1],
                {name: value[i : i + 1] for name, value in weights.items()},
                self._enlarged(drawn[i : i + 1], subject.frame.canvas)[1],
                notices,
            )
            for i, subject in enumerate(subjects)
        ]

    def ready(self, plan: Plan, analysis: Analysis) -> Plan:
        return plan if plan.order.pose is None else with_stance(plan, self.pose, analysis, self.settings)

    def begin(self, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Run]:
        """Where the optimisation of plans begins; together, without mixing them."""
        source, ws = (
            torch.cat(several)
            for several in ([plan.subject.source for plan in plans], [plan.subject.fit.ws for plan in plans])
        )
        weights = join([plan.subject.fit.weights for plan in plans])
        cloths = [self._cloths(plan, seed) for plan, seed in zip(plans, seeds, strict=True)]
        recoloured: list[Tensor | None] = [
            redressed(plan, own, self.analysis) if any(own) else None for plan, own in zip(plans, cloths, strict=True)
        ]
        if self.settings.start == "redressed":
            starts = [plan.subject.source if own is None else own for plan, own in zip(plans, recoloured, strict=True)]
            start = torch.cat(starts)
            if "encoder" in self.bundle.parts:
                with torch.no_grad():  # the encoder's error on the photograph is taken off its guess
                    after, before = self.load_encoder().latent(torch.cat([start, source])).chunk(2)
                ws = ws + after - before
            ws, weights = self._fitted(start, ws, weights, self.settings.refine)
        runs = []
        for i, (plan, seed) in enumerate(zip(plans, seeds, strict=True)):
            tuned = {name: value[i : i + 1] for name, value in weights.items()}
            targets = {term.name: term.targets(plan, seed, recoloured[i]) for term in self.terms}
            runs.append(
                Run(ws[i : i + 1].detach(), plan=plan, seed=seed, weights=tuned, cloths=cloths[i], targets=targets)
            )
        return runs

    def _cloths(self, plan: Plan, seed: int) -> tuple[Dressing | Fitted | None, ...]:
        """The cloth of each garment: where the optimisation begins in it, and of pictures wherever that is."""
        return tuple(
            dressing_of(plan.subject, piece, self.regions, seed)
            if self.settings.start == "redressed" or piece.garment.swatch or piece.references
            else None
            for piece in plan.pieces
        )

    def step(self, runs: Sequence[Run]) -> list[Run]:
        """One step of each; returns those that ended."""
        held, draw, terms = self._bound
        if held != list(runs):
            draw = self._drawing(join([run.weights for run in runs]))
            terms = bind(self.terms, [run.targets for run in runs])
            self._bound = list(runs), draw, terms
        everyone = torch.arange(len(runs))
        seen = partial(evaluate, draw, terms, index=everyone, precision=self.settings.precision)
        ended = self.optimiser.step(runs, seen)
        if len(ended) == len(runs):
            self._bound = [], draw, []
        return [run for run in runs if run in ended]

    def again(self, run: Run) -> Run:
        """The same picture before its first step, with random numbers of its own."""
        targets = {
            name: found and {key: _own(value) for key, value in found.items()} for name, found in run.targets.items()
        }
        return replace(run, targets=targets)

    @torch.no_grad()
    def finish(self, run: Run) -> Finished:
        """What came of a run that ended."""
        plan = run.plan
        wide, probabilities = self._enlarged(run.picture, plan.subject.frame.canvas)
        worn = zip(plan.pieces, run.cloths, strict=True)
        after = tuple(self._after(piece, cloth, plan.subject, probabilities) for piece, cloth in worn)
        return Finished(wide, self.regions.body(probabilities), after, run.cloths, run.ws)

    def _after(self, piece: Piece, cloth: Dressing | Fitted | None, subject: Subject, probabilities: Tensor) -> Tensor:
        """Where a garment is after the edit: what is seen in generated pictures is compared with such ones only."""
        if isinstance(cloth, Fitted):
            return cloth.after
        if not piece.reshape:
            return piece.wide
        now, then = (decide(piece.region.find(seen)) for seen in (probabilities, subject.fit.regions))
        return (piece.wide + now - then).clamp(0, 1)

    @torch.no_grad()
    def _starts(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """Where the fit of pictures (B, 3, H, W) begins: (B, R, D). names: sha256 of each, for a random start."""
        if self.settings.start == "random":
            seeds = [int(name[:8], 16) for name in names]
            return self.generator.mapping(draw_z(self.generator.z_dim, seeds).to(source))
        if self.settings.start == "mean" or "encoder" not in self.bundle.parts:
            return self.generator.mapping.w_avg.repeat(len(source), self.generator.num_ws, 1)
        return self.load_encoder().latent(source)

    @torch.no_grad()
    def _enlarged(self, drawn: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """A generated picture enlarged to the analysis canvas, and its region probabilities."""
        within = (lambda picture: picture.clamp(0, 1)) if self.settings.clamp else (lambda picture: picture)
        wide = drawn if drawn.shape[2:] == size else F.interpolate(within(drawn), size=size, mode="bicubic")
        return within(wide), self.analysis.probabilities(within(wide))

    def _fitted(self, wanted: Tensor, ws: Tensor, weights: Weights, steps: int) -> tuple[Tensor, Weights]:
        """Moves latents, and with `tuning` the generator's weights, towards pictures, without any text."""
        settings, ws, tell = self.settings, self._in_space(ws), lambda _: self.progress("fit")
        if steps:
            draw = self._drawing(weights)
            ws = invert(draw, ws, fit_terms(wanted, settings), steps=steps, rate=FIT_RATE, callback=tell).ws
        if settings.tuning:
            weights = tune(self.generator, weights, ws, wanted, settings.tuning, callback=tell)
        return ws, weights

    def _drawing(self, weights: Weights) -> Synthesis:
        """How W+ becomes pictures: in the space W all rows pull at one latent."""
        draw = synthesis_of(self.generator, weights)
        return draw if self.settings.space == "w+" else lambda ws, index: draw(self._in_space(ws), index)

    def _in_space(self, ws: Tensor) -> Tensor:
        """W+ (B, R, D) itself, or the nearest with all rows alike."""
        return ws if self.settings.space == "w+" else ws.mean(1, keepdim=True).expand_as(ws)


def _own(value: Any) -> Any:
    """A term's target for another run: random numbers are not shared."""
    if isinstance(value, list) and value and isinstance(value[0], torch.Generator):
        return [value[0].clone_state()] * len(value)
    return value
