"""The engine of bundles with a diffusion model: a pass of painting a garment, each inside its own area."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from fice.bundle.bundle import Bundle
from fice.diffusion.area import areas_of, worn_after
from fice.diffusion.crop import crop_of, onto, shown_in
from fice.diffusion.inpainted import Inpainted, softened
from fice.diffusion.model import Model
from fice.diffusion.prompts import cut_off, negative_of, prompt_of
from fice.diffusion.request import Request
from fice.diffusion.shown import shown_of
from fice.diffusion.skeleton import skeleton, with_joints
from fice.diffusion.takes import refusal
from fice.engine import Finished
from fice.errors import DeviceError, is_out_of_memory
from fice.mask import union
from fice.plan import Plan
from fice.settings import Settings
from fice.subject.analysis import Analysis
from fice.subject.frame import Frame
from fice.subject.regions import Regions
from fice.subject.subject import Subject

CANVAS = (256, 128)
PIXELS = 4 << 20  # that are painted at once on a GPU; memory has the last word
ORDER = ("lower", "dress", "upper", "outer")  # of regions, as they are put on


@dataclass(frozen=True)
class Fit:
    """Nothing is to be known of a photo but what is seen in it; what is to be said of the model."""

    notices: tuple[str, ...] = ()


@dataclass(eq=False)
class Run:
    """One plan; see `fice.engine.Run`. A step is a pass: one garment, or all of them at once.

    Attributes:
        frame: where the crop lies in the photo.
        areas: of each piece, what of the crop is painted, (1, 1, H, W) in {0, 1}.
        softs: how much of that is taken, soft along its border, but not where something lies before it; in [0, 1].
        left: the pieces of each pass that is to come.
        done: passes.
    """

    plan: Plan
    seed: int
    picture: Tensor
    frame: Frame
    areas: tuple[Tensor, ...]
    softs: tuple[Tensor, ...]
    left: list[tuple[int, ...]]
    losses: Mapping[str, float] = field(default_factory=dict)
    steps: int = 0
    retries: int = 0
    failed: bool = False
    done: int = 0

    def curve(self) -> list[tuple[int, float]]:
        return []


class Diffusion:
    """The engine of the preset `diffusion`; see `fice.engine.Engine`.

    Args:
        bundle: with a folder "pipeline", and perhaps "controlnet" and "adapter".
        progress: told "loop" as noise goes down, with what the editor tells as often as there are steps.

    Raises what `fice.diffusion.load.load_pipeline` does.
    """

    canvas, whole = CANVAS, False
    diverged = "The model's numbers are too coarse for this picture: add --set precision=bfloat16, or float32."

    def __init__(
        self,
        bundle: Bundle,
        device: torch.device,
        settings: Settings,
        regions: Regions,
        progress: Callable[[str], None] = lambda _: None,
    ):
        self.bundle, self.settings, self.regions, self.progress = bundle, settings, regions, progress
        self.model = Model(bundle, device, settings, self._stepped)
        self.takes = self.model.takes
        self.steps, self.device = settings.steps, device
        # as many as fill a GPU; a processor is busy with one, and says no word where memory ends
        self.most = 1 if device.type == "cpu" else max(1, PIXELS // (settings.side or self.model.family.side) ** 2)
        self.together: int | None = self.most
        self.tick = self.due = 0.0
        self.analysis = Analysis(regions, CANVAS, mirrored=settings.mirrored)

    def refusal(self, wishes: Sequence[str]) -> str:
        return refusal(self.bundle, wishes)

    def fit(self, subjects: Sequence[Subject], latents: Sequence[Tensor | None]) -> list[Fit]:
        return [Fit(self.model.notices) for _ in subjects]

    def ready(self, plan: Plan, analysis: Analysis) -> Plan:
        plan = plan if plan.order.pose is None else with_joints(plan, analysis)
        prompts = [self._prompt(plan, numbers) for numbers in self._passes(plan)]
        ends = dict.fromkeys(filter(None, (cut_off(prompt, self.model.pipeline) for prompt in prompts)))
        said = [f"The sentence is too long for {self.model.family.name}; cut off was: {end}." for end in ends]
        return replace(plan, notices=[*said, *plan.notices])

    def begin(self, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Run]:
        return [self._run(plan, seed) for plan, seed in zip(plans, seeds, strict=True)]

    def _run(self, plan: Plan, seed: int) -> Run:
        subject, family = plan.subject, self.model.family
        if not plan.pieces:  # a background alone
            return Run(plan, seed, subject.view, subject.frame, (), (), [])
        wide, before = areas_of(plan, self.regions, self.settings.grow)
        frame = crop_of(union(wide), subject.frame, self.settings.side or family.side, family.multiple)
        across = onto(subject.frame, frame)
        areas = tuple((across.to_canvas(each, fill=0.0).cpu() > 0.5).float() for each in wide)
        before = (across.to_canvas(before, fill=0.0).cpu() > 0.5).float()
        softs = tuple(softened(area, before) for area in areas)
        return Run(plan, seed, shown_in(subject.photo, frame), frame, areas, softs, self._passes(plan))

    def _passes(self, plan: Plan) -> list[tuple[int, ...]]:
        """The pieces of each pass: the lowest first; who stands anew is painted at once."""
        numbers = sorted(range(len(plan.pieces)), key=lambda i: _rank(plan.pieces[i].region.name))
        pictured = self.model.family.referred and sum(bool(piece.references) for piece in plan.pieces) > 1
        apart = (self.settings.apart or pictured) and plan.joints is None or not numbers  # one picture at once is shown
        return [(i,) for i in numbers] if apart else [tuple(numbers)]

    def _prompt(self, plan: Plan, numbers: Sequence[int]) -> str:
        return prompt_of([plan.pieces[i] for i in numbers], plan.order.style, self.model.family)

    def step(self, runs: Sequence[Run]) -> list[Run]:
        """A pass of each that has one left; returns those that ended.

        Where it raises, each run is before its pass or behind it.
        """
        asked = [(self._request(run), run) for run in runs if run.left]
        key = lambda one: repr(one[0].alike)  # noqa: E731
        groups = [list(group) for _, group in groupby(sorted(asked, key=key), key)]
        for group in groups:
            requests, painted = zip(*group, strict=True)
            self._plan_ticks(painted, len(groups))
            for run, drawn in zip(painted, self._paint(requests), strict=True):
                soft = union([run.softs[i] for i in run.left[0]])
                run.left, run.done, run.steps = run.left[1:], run.done + 1, run.steps + self.model.steps
                if not drawn.isfinite().all():
                    run.failed, run.left = True, []
                    continue
                run.picture = torch.lerp(run.picture, drawn, soft)
        return [run for run in runs if not run.left]

    def _paint(self, requests: Sequence[Request]) -> list[Tensor]:
        """Pictures painted together, as many at once as memory holds."""
        if len(requests) <= self.most:
            try:
                return self.model.paint(requests)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if len(requests) == 1:
                    raise DeviceError(self._short(requests[0])) from error
                self.most = len(requests) // 2
            torch.cuda.empty_cache()  # here, where the error holds nothing any more
        return self._paint(requests[: self.most]) + self._paint(requests[self.most :])

    def _short(self, request: Request) -> str:
        height, width = request.picture.shape[2:]
        elsewhere = "" if self.device.type == "cpu" else "--set offload=layer or "
        smaller = f"{elsewhere}--set side={max(height, width) // 2}"
        return f"Memory holds no picture of {height} x {width} pixels of this model: add {smaller}."

    def _plan_ticks(self, runs: Sequence[Run], groups: int) -> None:
        """How much of a tick a step of noise is, so that a picture has as many as steps, those of its editor too."""
        passes = max(run.done + len(run.left) for run in runs)
        calls = groups * math.ceil(len(runs) / self.most)
        steps = calls * self.settings.steps * self.settings.noise
        self.tick = max(self.settings.steps / passes - 1, 0) / steps

    def _stepped(self) -> None:
        self.due += self.tick
        while self.due >= 1:
            self.due -= 1
            self.progress("loop")

    def _request(self, run: Run) -> Request:
        numbers = run.left[0]
        pieces = [run.plan.pieces[i] for i in numbers]
        # each pass of each seed has numbers of its own, as the seeds of candidates follow each other
        seed = int(np.random.SeedSequence([run.seed, run.done]).generate_state(1, np.uint64)[0])
        plan, subject = run.plan, run.plan.subject
        joints = plan.joints or subject.points
        shown = [shown_of(plan.pieces[i], run.areas[i]) for i in numbers]
        return Request(
            run.picture,
            union([run.areas[i] for i in numbers]),
            self._prompt(plan, numbers),
            torch.Generator("cpu").manual_seed(seed),
            negative=negative_of(pieces, self.settings),
            shown=tuple(filter(None, shown)),
            pose=skeleton(joints, subject.frame, run.frame) if self.model.posed and joints else None,
            plugins=plan.order.plugins,
        )

    def again(self, run: Run) -> Run:
        return self.begin([run.plan], [run.seed])[0]

    @torch.no_grad()
    def finish(self, run: Run) -> Finished:
        subject = run.plan.subject
        back = onto(run.frame, subject.frame)
        covered = back.to_canvas(torch.ones_like(run.picture[:, :1]), fill=0.0).to(subject.view)
        view = subject.view * (1 - covered) + back.to_canvas(run.picture, fill=0.0).to(subject.view)
        seen = self.analysis.probabilities(view)
        body = torch.maximum(self.regions.body(seen), self.regions.body(subject.regions))
        cloths = []
        for piece, area, soft in zip(run.plan.pieces, run.areas, run.softs, strict=True):
            within = back.to_canvas(area, fill=0.0).to(seen)
            after = worn_after(piece, seen, within, self.regions)
            cloths.append(Inpainted(run.frame, run.picture, soft, after, within))
        garments = tuple(cloth.after for cloth in cloths)
        return Finished(view, body, garments, tuple(cloths), generated=False)


def _rank(region: str) -> int:
    return ORDER.index(region) if region in ORDER else len(ORDER)
