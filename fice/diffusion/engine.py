"""The engine of bundles with a diffusion model: a pass of painting a garment, each inside its own area."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import torch
from torch import Tensor

from fice.bundle.bundle import Bundle
from fice.diffusion.area import areas_of, worn_after
from fice.diffusion.crop import crop_of, shown_in
from fice.diffusion.families import BASE
from fice.diffusion.inpainted import Inpainted
from fice.diffusion.model import Model
from fice.diffusion.prompts import negative_of, prompt_of
from fice.diffusion.request import Request
from fice.diffusion.skeleton import skeleton
from fice.engine import Finished
from fice.mask import mean, union
from fice.plan import Plan
from fice.settings import Settings
from fice.subject.analysis import Analysis, seen
from fice.subject.frame import Frame
from fice.subject.regions import Regions
from fice.subject.subject import Subject

CANVAS = (256, 128)
SOFT = 4  # pixels of the crop over which what is painted goes over into the photo
ORDER = ("lower", "dress", "upper", "outer")  # of regions, as they are put on


@dataclass(frozen=True)
class Fit:
    """Nothing is to be known of a photo but what is seen in it."""

    notices: tuple[str, ...] = ()


@dataclass(eq=False)
class Run:
    """One plan; see `fice.engine.Run`. A step is a pass: one garment, or all of them at once.

    Attributes:
        frame: where the crop lies in the photo.
        areas: of each piece, what of the crop is painted, (1, 1, H, W) in {0, 1}.
        left: the pieces of each pass that is to come.
    """

    plan: Plan
    seed: int
    picture: Tensor
    frame: Frame
    areas: tuple[Tensor, ...]
    left: list[tuple[int, ...]]
    losses: Mapping[str, float] = field(default_factory=dict)
    steps: int = 0
    retries: int = 0
    failed: bool = False

    def curve(self) -> list[tuple[int, float]]:
        return []


class Diffusion:
    """The engine of the preset `diffusion`; see `fice.engine.Engine`.

    Args:
        bundle: with a folder "pipeline", and perhaps "controlnet" and "adapter".
        progress: told "loop" after each step of the noise.

    Raises UsageError where the extra `diffusion` is not installed, WeightsError for a model that cannot be used.
    """

    canvas, whole = CANVAS, False

    def __init__(
        self,
        bundle: Bundle,
        device: torch.device,
        settings: Settings,
        regions: Regions,
        progress: Callable[[str], None] = lambda _: None,
    ):
        self.settings, self.regions, self.device = settings, regions, device
        self.model = Model(bundle, device, settings, lambda: progress("loop"))
        self.takes = BASE | ({"pose"} if self.model.posed else set())
        self.steps = settings.steps
        self.analysis = Analysis(regions, CANVAS, mirrored=settings.mirrored)

    def fit(self, subjects: Sequence[Subject], latents: Sequence[Tensor | None]) -> list[Fit]:
        return [Fit() for _ in subjects]

    def begin(self, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Run]:
        return [self._run(plan, seed) for plan, seed in zip(plans, seeds, strict=True)]

    def _run(self, plan: Plan, seed: int) -> Run:
        subject, family = plan.subject, self.model.family
        wide = areas_of(plan, self.regions, self.settings.grow)
        if not wide:  # a background alone
            return Run(plan, seed, subject.view, subject.frame, (), [])
        frame = crop_of(union(wide), subject.frame, self.settings.side or family.side, family.multiple)
        areas = tuple(frame.to_canvas(subject.frame.to_photo(each, kernel="linear"), fill=0.0) for each in wide)
        areas = tuple((area > 0.5).float() for area in areas)
        numbers = sorted(range(len(areas)), key=lambda i: _rank(plan.pieces[i].region.name))
        apart = self.settings.apart and plan.joints is None  # who stands anew is painted at once
        passes: list[tuple[int, ...]] = [(i,) for i in numbers] if apart else [tuple(numbers)]
        return Run(plan, seed, shown_in(frame, seen(subject.photo, self.device)), frame, areas, passes)

    def step(self, runs: Sequence[Run]) -> list[Run]:
        """A pass of each that has one left; returns those that ended."""
        asked = [(self._request(run), run) for run in runs if run.left]
        key = lambda one: repr(one[0].alike)  # noqa: E731
        for _, group in groupby(sorted(asked, key=key), key):
            requests, painted = zip(*group, strict=True)
            for run, request, drawn in zip(painted, requests, self.model.paint(requests), strict=True):
                soft = mean(request.area, SOFT) * request.area
                run.picture = torch.lerp(run.picture, drawn.to(run.picture), soft)
                run.left, run.steps = run.left[1:], run.steps + 1
        return [run for run in runs if not run.left]

    def _request(self, run: Run) -> Request:
        numbers = run.left[0]
        pieces = [run.plan.pieces[i] for i in numbers]
        generator = torch.Generator("cpu").manual_seed(run.seed + run.steps)
        plan, subject, family = run.plan, run.plan.subject, self.model.family
        pose = skeleton(plan.joints or subject.points, subject.frame, run.frame) if self.model.posed else None
        return Request(
            run.picture,
            union([run.areas[i] for i in numbers]),
            prompt_of(pieces, plan.order.style, family),
            generator,
            pose=pose,
            plugins=plan.order.plugins,
            negative=negative_of(pieces, self.settings) if family.negated else "",
        )

    def again(self, run: Run) -> Run:
        return self.begin([run.plan], [run.seed])[0]

    @torch.no_grad()
    def finish(self, run: Run) -> Finished:
        subject = run.plan.subject
        small = run.frame.to_photo(run.picture)
        covered = run.frame.to_photo(torch.ones_like(run.picture[:, :1]), kernel="linear")
        view = subject.frame.to_canvas(small, fill=0.0).clamp(0, 1)
        view = torch.lerp(subject.view, view, subject.frame.to_canvas(covered, fill=0.0).clamp(0, 1))
        looked = self.analysis.probabilities(view)
        body = torch.maximum(self.regions.body(looked), self.regions.body(subject.regions))
        cloths = []
        for piece, area in zip(run.plan.pieces, run.areas, strict=True):
            soft = mean(area, SOFT) * area
            within = subject.frame.to_canvas(run.frame.to_photo(area, kernel="linear"), fill=0.0)
            after = worn_after(piece, looked, within, self.regions)
            cloths.append(Inpainted(run.frame, run.picture, soft, after, within))
        garments = tuple(cloth.after for cloth in cloths)
        return Finished(view, body, garments, tuple(cloths), generated=False)


def _rank(region: str) -> int:
    return ORDER.index(region) if region in ORDER else len(ORDER)
