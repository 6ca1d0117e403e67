"""The story of one edit: prepare a photo once, then edit it as often as you like."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle import Bundle, load_bundle
from fice.device import resolve
from fice.encoder import Encoder
from fice.errors import InputError
from fice.frame import Frame
from fice.guidance import Targets, edit_terms, fit_terms
from fice.inversion import Inversion, State, invert, tune
from fice.mask import decide, grow
from fice.nets.stylegan2 import Generator
from fice.output import whole_file
from fice.person import find_person
from fice.photo import Photo, read_photo, write_mask, write_photo
from fice.pose import Pose
from fice.redress import dress_as
from fice.regions import HEAD, Regions, choose_region
from fice.semantics import Semantics, garment_views
from fice.settings import Settings
from fice.stitch import Stitch, stitch
from fice.words import Sentence, parse

ANALYSIS = 256  # pixels of height at which regions are looked at; the generator's canvas may be smaller
RELEASE = 0.03  # share of the canvas by which a garment may outgrow itself where nothing else is said


@dataclass
class Subject:
    """A photo, analysed.

    Attributes:
        photo: the photo as read.
        frame: the person's place on the analysis canvas.
        source: the person on white on the generator's canvas, (1, 3, H, W) float in [0, 1].
        regions: region probabilities on the analysis canvas, (1, K, h, w).
        fitted: the same of the generated picture that is fitted to the photo.
        ws: the latent fitted to the photo, (1, R, D).
        generator: the bundle's generator, or one tuned to the photo.
        notices: what the user should know about the photo.
        seconds: what the analysis took.
    """

    photo: Photo
    frame: Frame
    source: Tensor
    regions: Tensor
    fitted: Tensor
    ws: Tensor
    generator: Generator
    notices: list[str]
    seconds: float


@dataclass
class Edit:
    """One edit of one subject, not yet written anywhere.

    Attributes:
        picture: the result, (H, W, 3) float32 sRGB in [0, 1], at the photo's size.
        pixels: the result in the photo's own profile and dtype, (H, W, 3).
        mask: where the result may differ from the photo, (H, W) bool; all else is bit-identical.
        garment: the garment after the edit, (H, W) float in [0, 1].
        ws: the edited latent, (1, R, D).
        drawn: what the generator drew for it, (1, 3, H, W) float in about [0, 1].
        notices: what the user should know.
    """

    subject: Subject
    text: str
    picture: np.ndarray
    pixels: np.ndarray
    mask: np.ndarray
    garment: np.ndarray
    ws: Tensor
    drawn: Tensor
    notices: list[str]
    facts: dict[str, Any] = field(repr=False)

    def save(self, path: str | Path, force: bool = False) -> Path:
        """Writes the result; see `fice.photo.write_photo`."""
        return write_photo(self.subject.photo, self.pixels, path, force=force)

    def save_mask(self, path: str | Path, force: bool = False) -> Path:
        """Writes the edited region as PNG, white where the result may differ."""
        return write_mask(self.subject.photo, self.mask, path, force)

    def save_latent(self, path: str | Path) -> None:
        """Writes W+ as safetensors: `ws`, (1, R, D) float32."""
        from safetensors.torch import save

        with whole_file(path) as stream:
            stream.write(save({"ws": self.ws.float().cpu().contiguous()}))

    def report(self) -> dict[str, Any]:
        """What was done, ready for json."""
        return self.facts


class Editor:
    """Edits photos with one bundle on one device.

    Args:
        bundle: a name, a folder or a Bundle.
        device: "auto", "cpu", "cuda[:n]", "mps" or a torch.device.
        settings: the choices of the edit; the preset `default` when not given.

    Raises WeightsError for a bundle that is missing or damaged, DeviceError for a device that is not there.
    """

    def __init__(self, bundle: str | Path | Bundle = "street", device: str | torch.device = "auto",
                 settings: Settings | None = None):  # fmt: skip
        self.bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        self.device = resolve(device)[0] if isinstance(device, str) else device
        self.settings = settings or Settings.preset("default")
        self.generator = self.bundle.part("generator", self.device)
        self.encoder = Encoder(self.bundle.part("encoder", self.device))
        self.regions = Regions(self.bundle.part("regions", self.device), tuple(self.bundle.extra("regions")["names"]))
        self.pose = Pose(self.bundle.part("pose", self.device), tuple(self.bundle.extra("pose")["names"]))
        self.semantics = Semantics.from_bundle(self.bundle, self.device)

    def prepare(self, photo: str | Path | Photo) -> Subject:
        """Finds the person, their regions and their latent.

        Raises InputError for a photo that cannot be used, or in which nobody is found.
        """
        began = time.perf_counter()
        photo = photo if isinstance(photo, Photo) else read_photo(photo)
        picture = torch.from_numpy(photo.seen()).permute(2, 0, 1)[None].to(self.device)
        height, width = self.generator.canvas
        factor = max(1, ANALYSIS // height)
        with torch.no_grad():
            person = find_person(self.regions, picture)
            frame = Frame(person.box, photo.size, (height * factor, width * factor))
            view = frame.to_canvas(picture)
            probabilities = self.regions.analyse(view)
            body = decide(self.regions.body(probabilities))
            source = F.avg_pool2d(view * body + 1 - body, factor)
            start = self.encoder.latent(source)
            if self.settings.start == "mean":
                start = self.generator.mapping.w_avg.expand_as(start).clone()
        notices = [*photo.notices]
        if person.others:
            notices.append(f"{person.others + 1} people are in the picture; the largest is edited.")
        if person.cut:
            notices.append("The person is cut off by the lower edge; what is visible is edited.")
        ws, generator = self._fit(self.generator, source, start)
        fitted = self._regions_of(drawing(generator)(ws), frame.canvas)[1]
        seconds = time.perf_counter() - began
        return Subject(photo, frame, source, probabilities, fitted, ws, generator, notices, seconds)

    @torch.no_grad()
    def _regions_of(self, drawn: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """A generated picture enlarged to the analysis canvas, in [0, 1], and its region probabilities."""
        wide = F.interpolate(drawn.clamp(0, 1), size=size, mode="bicubic").clamp(0, 1)
        return wide, self.regions.analyse(wide)

    def _fit(self, generator: Generator, wanted: Tensor, ws: Tensor) -> tuple[Tensor, Generator]:
        """Moves a latent, and with `tuning` a copy of the generator, towards a picture, without any text."""
        settings = self.settings
        if settings.refine:
            terms = fit_terms(wanted, settings)
            ws = invert(drawing(generator), ws, terms, steps=settings.refine, rate=settings.rate).ws
        if settings.tuning:
            generator = copy.deepcopy(generator)
            tune(generator, ws, wanted, settings.tuning)
        return ws, generator

    def edit(
        self,
        subject: Subject,
        text: str,
        *,
        region: str = "auto",
        mask: np.ndarray | None = None,
        seed: int = 0,
        candidates: int = 1,
        callback: Callable[[State], None] | None = None,
    ) -> Edit:
        """Dresses the subject as the text says.

        Args:
            text: a sentence.
            region: "auto" (from the words), "upper", "lower", "dress", "outer" or "full".
            mask: (H, W) float in [0, 1] of the photo's size: change this, and nothing else.
            seed: same seed, same machine, same result.
            candidates: edit with so many seeds and return the one most like the text.
            callback: sees the state after each step.

        Raises InputError for an empty text, for a text of which no word is known, for a garment that is not in the
        picture, and when the optimisation diverges for good.
        """
        began = time.perf_counter()
        plan = self._plan(subject, text, region, mask)
        seeds = range(seed, seed + candidates)
        groups = self._groups(subject, plan, seeds)
        edits = [edit for group in groups for edit in self._run(subject, plan, group, callback)]
        if not edits:
            raise InputError("The optimisation diverged three times; try --set rate=0.01, or another --seed.")
        best = max(edits, key=lambda edit: edit.facts["similarity"]["after"])
        best.facts["seconds"] = round(subject.seconds + time.perf_counter() - began, 2)
        return best

    def _groups(self, subject: Subject, plan: Plan, seeds: Sequence[int]) -> list[Group]:
        """The candidates that are optimised together: all, unless each has a generator tuned to its own start."""
        if self.settings.start != "redressed":
            return [Group(subject.generator, subject.ws.expand(len(seeds), -1, -1), seeds)]
        source = (subject.source[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
        garment, groups = plan.before[0, 0].cpu().numpy(), []
        for seed in seeds:
            clothed = dress_as(source, garment, plan.sentence, seed)
            wanted = torch.from_numpy(clothed).permute(2, 0, 1)[None].to(subject.source) / 255
            with torch.no_grad():  # the encoder's error on the photograph is taken off its guess
                ws = subject.ws + self.encoder.latent(wanted) - self.encoder.latent(subject.source)
            ws, generator = self._fit(subject.generator, wanted, ws)
            groups.append(Group(generator, ws, [seed], wanted))
        if self.settings.tuning:
            return groups
        starts = torch.cat([group.starts for group in groups])
        worn = torch.cat([group.worn for group in groups if group.worn is not None])
        return [Group(subject.generator, starts, seeds, worn)]

    def _run(
        self, subject: Subject, plan: Plan, group: Group, callback: Callable[[State], None] | None
    ) -> list[Edit]:
        """The optimisation of candidates together; those that diverged for good are left out."""
        count, seeds = len(group.seeds), group.seeds
        many = lambda tensor: tensor.expand(count, *tensor.shape[1:])  # noqa: E731
        targets = Targets(
            many(subject.source), many(plan.before), [plan.classes] * count, many(plan.keep),
            many(self.semantics.encode_text([plan.sentence.text])), seeds, group.worn,
        )  # fmt: skip
        terms = edit_terms(targets, self.semantics, self.regions, self.pose, self.settings)
        found = invert(
            drawing(group.generator), group.starts, terms, steps=self.settings.steps, rate=self.settings.rate,
            schedule=self.settings.schedule, tolerance=self.settings.tolerance, callback=callback,
        )  # fmt: skip
        return [self._finish(subject, plan, found, i, seeds[i]) for i in range(count) if not found.failed[i]]

    def _plan(self, subject: Subject, text: str, region: str, mask: np.ndarray | None) -> Plan:
        sentence = parse(text)
        notices = [f"{word!r} is not a word that the bundle {self.bundle.name} knows; it was left out."
                   for word in self.semantics.unknown_words(text)]  # fmt: skip
        allowed = None
        if mask is not None:
            allowed = subject.frame.to_canvas(torch.from_numpy(mask)[None, None].float().to(self.device), fill=0.0)
            if allowed.max() < 0.5:
                raise InputError("The mask leaves nothing of the person free: paint the garment white.")
        wanted = sentence.region if region == "auto" else region
        choice = choose_region(self.regions, subject.regions, wanted)
        notices += choice.notices
        wide = allowed if allowed is not None else decide(self.regions.select(subject.regions, choice.classes))
        before = F.interpolate(wide, size=self.generator.canvas, mode="area")
        reach = max(1, round(RELEASE * before.shape[-2]))
        released = grow(before, reach)
        reshape = bool(sentence.sleeve or sentence.length)
        if reshape:
            skin = F.interpolate(self.regions.select(subject.regions, ("skin", "legwear")),
                                 size=self.generator.canvas, mode="area")  # fmt: skip
            released = torch.maximum(released, grow(skin, max(1, round(RELEASE / 2 * before.shape[-2]))))
        if self.settings.keep == "body":
            small = F.interpolate(subject.regions, size=self.generator.canvas, mode="area")
            released = self.regions.body(small) - self.regions.select(small, HEAD)
        return Plan(sentence, choice.region, choice.classes, wide, before, 1 - released, reshape, mask, notices)

    def _finish(self, subject: Subject, plan: Plan, found: Inversion, which: int, seed: int) -> Edit:
        text = plan.sentence.text
        drawn = found.picture[which : which + 1]
        wide, probabilities = self._regions_of(drawn, subject.frame.canvas)
        with torch.no_grad():
            after = plan.wide
            if plan.reshape:  # what the network sees in generated pictures is compared with generated pictures only
                worn = decide(self.regions.select(probabilities, plan.classes))
                after = (after + worn - decide(self.regions.select(subject.fitted, plan.classes))).clamp(0, 1)
            result = stitch(
                Stitch(
                    photo=subject.photo, frame=subject.frame, drawn=wide, before=plan.wide, after=after,
                    head=self.regions.select(subject.regions, HEAD), body=self.regions.body(subject.regions),
                    body_after=self.regions.body(probabilities), allowed=plan.mask,
                ),
                self.settings,
            )  # fmt: skip
            similarity = self._similarity(subject, plan, after, result.picture)
        facts = {
            "input": str(subject.photo.path),
            "text": text,
            "region": plan.region,
            "bundle": self.bundle.name,
            "preset": self.settings.name,
            "device": str(self.device),
            "seed": seed,
            "steps": found.steps[which],
            "retries": found.retries[which],
            "losses": {name: round(float(value[which]), 6) for name, value in found.losses.items()},
            "similarity": similarity,
            "edited_fraction": round(float(result.mask.mean()), 4),
            "unknown_words": self.semantics.unknown_words(text),
        }
        ws = found.ws[which : which + 1]
        garment = subject.frame.to_photo(after, kernel="linear")[0, 0].cpu().numpy()
        return Edit(subject, text, result.picture, result.pixels, result.mask, garment, ws, drawn, plan.notices, facts)

    def _similarity(self, subject: Subject, plan: Plan, after: Tensor, picture: np.ndarray) -> dict:
        """Cosine of text and garment, in the photo and in the result."""
        wanted = self.semantics.encode_text([plan.sentence.text])
        cosines = []
        for pixels, garment in ((subject.photo.seen(), plan.wide), (picture, torch.maximum(after, plan.wide))):
            view = subject.frame.to_canvas(torch.from_numpy(pixels).permute(2, 0, 1)[None].to(self.device))
            features = self.semantics.encode_picture(garment_views(view, garment, self.semantics.size)[:, 0])
            cosines.append(round(float(F.cosine_similarity(features, wanted)), 4))
        return {"before": cosines[0], "after": cosines[1]}


@dataclass
class Group:
    """Candidates that share one optimisation.

    Attributes:
        generator: what draws them.
        starts: their latents, (B, R, D).
        seeds: theirs.
        worn: the people re-dressed by mask, (B, 3, H, W), where they start from them.
    """

    generator: Generator
    starts: Tensor
    seeds: Sequence[int]
    worn: Tensor | None = None


@dataclass
class Plan:
    """What one sentence changes in one subject; maps are (1, 1, h, w) float in [0, 1].

    Attributes:
        sentence: what was understood.
        region: the region's name.
        classes: region classes that the garment may have after the edit.
        wide: the garment before the edit, on the analysis canvas.
        before: the same on the generator's canvas.
        keep: where the generated picture must stay, on the generator's canvas.
        reshape: the sentence speaks of sleeves or length, so the outline may change.
        mask: the user's mask of the photo's size, (H, W), or None.
        notices: what the user should know.
    """

    sentence: Sentence
    region: str
    classes: tuple[str, ...]
    wide: Tensor
    before: Tensor
    keep: Tensor
    reshape: bool
    mask: np.ndarray | None
    notices: list[str]


def drawing(generator: Generator) -> Callable[[Tensor], Tensor]:
    """W+ (B, R, D) -> pictures (B, 3, H, W), about [0, 1]."""
    return lambda ws: generator.synthesis(ws) * 0.5 + 0.5
