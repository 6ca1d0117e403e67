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
from fice.inversion.tuning import REST, Synthesis, Weights, apart, join, render, synthesis_of, tune
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
    """What an edit of one photo begins with.

    Attributes:
        ws: W+ of the photo, (1, R, D); of an edit that begins re-dressed that of the user, or None.
        weights: the generator's convolutions tuned to it, or {}.
        notices: what the user should know.
    """

    ws: Tensor | None
    weights: Weights = field(default_factory=dict)
    notices: tuple[str, ...] = ()


@dataclass(eq=False, kw_only=True)
class Run(Latent):
    """One plan on its way; see `fice.engine.Run`.

    Attributes:
        weights: the generator's convolutions tuned to the start, or {}.
        cloths: of each garment, where the optimisation began in it; or None.
        regions: region probabilities of what is drawn at first, on the analysis canvas, where outlines may change.
        targets: of each term, what the picture is compared with.
    """

    plan: Plan
    seed: int
    weights: Weights
    regions: Tensor | None
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

        Where an edit begins re-dressed, that is what `begin` fits, and the photo itself never is. latents: for each
        photo where to begin, (1, R, D), or None. Raises InputError for one of another shape.
        """
        given = [None if ws is None else check_latent(ws, self.generator) for ws in latents]
        said = f"Bundle {self.bundle.name} has no encoder, so the photo is fitted from the mean latent."
        notices = (said,) if self._blind(given) else ()
        if self.settings.start == "redressed":
            return [Fit(ws, notices=notices) for ws in given]
        ws, weights = self._fitted(torch.cat([one.source for one in subjects]), subjects, given)
        return [Fit(*each, notices) for each in zip(ws.split(1), apart(weights, len(ws)), strict=True)]

    def ready(self, plan: Plan, analysis: Analysis) -> Plan:
        return plan if plan.order.pose is None else with_stance(plan, self.pose, analysis, self.settings)

    def begin(self, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Run]:
        """Where the optimisation of plans begins; together, without mixing them."""
        cloths = [self._cloths(plan, seed) for plan, seed in zip(plans, seeds, strict=True)]
        recoloured: list[Tensor | None] = [
            redressed(plan, own, self.analysis) if any(own) else None for plan, own in zip(plans, cloths, strict=True)
        ]
        subjects = [plan.subject for plan in plans]
        given = [subject.fit.ws for subject in subjects]
        if self.settings.start == "redressed":
            starts = [one.source if own is None else own for one, own in zip(subjects, recoloured, strict=True)]
            ws, weights = self._fitted(torch.cat(starts), subjects, given)
        else:
            ws, weights = torch.cat(given), join([subject.fit.weights for subject in subjects])
        runs = []
        for i, (plan, seed, tuned) in enumerate(zip(plans, seeds, apart(weights, len(plans)), strict=True)):
            start, targets = ws[i : i + 1], {term.name: term.targets(plan, seed, recoloured[i]) for term in self.terms}
            regions = None
            if any(piece.reshape for piece in plan.pieces):
                drawn = render(self.generator, start, tuned)
                regions = self._enlarged(drawn, plan.subject.frame.canvas)[1]
            run = Run(start, plan=plan, seed=seed, weights=tuned, cloths=cloths[i], regions=regions, targets=targets)
            runs.append(run)
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
        after = tuple(self._after(piece, cloth, probabilities, run.regions) for piece, cloth in worn)
        return Finished(wide, self.regions.body(probabilities), after, run.cloths, run.ws)

    def _after(self, piece: Piece, cloth: Dressing | Fitted | None, seen: Tensor, first: Tensor | None) -> Tensor:
        """Where a garment is after the edit: what is seen in generated pictures is compared with such ones only."""
        if isinstance(cloth, Fitted):
            return cloth.after
        if first is None or not piece.reshape:
            return piece.wide
        now, then = (decide(piece.region.find(probabilities)) for probabilities in (seen, first))
        return (piece.wide + now - then).clamp(0, 1)

    @torch.no_grad()
    def _starts(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """Where the fit of pictures (B, 3, H, W) begins: (B, R, D). names: sha256 of each, for a random start."""
        if self.settings.start == "random":
            seeds = [int(name[:8], 16) for name in names]
            return self.generator.mapping(draw_z(self.generator.z_dim, seeds).to(source))
        if self.settings.start == "mean" or "encoder" not in self.bundle.parts:
            return self.generator.mapping.w_avg.expand(len(source), self.generator.num_ws, -1).clone()
        return self.load_encoder().latent(source)

    @torch.no_grad()
    def _enlarged(self, drawn: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """A generated picture enlarged to the analysis canvas, and its region probabilities."""
        within = (lambda picture: picture.clamp(0, 1)) if self.settings.clamp else (lambda picture: picture)
        wide = drawn if drawn.shape[2:] == size else F.interpolate(within(drawn), size=size, mode="bicubic")
        return within(wide), self.analysis.probabilities(within(wide))

    def _fitted(
        self, wanted: Tensor, subjects: Sequence[Subject], given: Sequence[Tensor | None]
    ) -> tuple[Tensor, Weights]:
        """Latents, and with `tuning` weights of the generator, that draw pictures (B, 3, H, W); no text is known.

        subjects: whose pictures these are; given: where to begin, or None for what `start` says.
        """
        settings, tell = self.settings, lambda _: self.progress("fit")
        starts = self._starts(wanted, [subject.photo.sha256 for subject in subjects]).split(1)
        ws = torch.cat([own if ws is None else ws.to(own) for ws, own in zip(given, starts, strict=True)])
        ws, steps = self._in_space(ws), max(settings.refine, BLIND) if self._blind(given) else settings.refine
        if steps:
            terms = fit_terms(wanted, settings)
            ws = invert(self._drawing({}), ws, terms, steps=steps, rate=FIT_RATE, callback=tell).ws
        weights = tune(self.generator, ws, wanted, settings.tuning, callback=tell) if settings.tuning else {}
        if settings.start == "redressed":  # begins with the very picture
            weights |= {REST: wanted - render(self.generator, ws, weights)}
        return ws, weights

    def _blind(self, given: Sequence[Tensor | None]) -> bool:
        """Whether nothing says where to begin."""
        return "encoder" not in self.bundle.parts and None in given

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
