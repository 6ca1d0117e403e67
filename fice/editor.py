"""The story of one edit: prepare a photo once, then edit it as often as you like."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle import Bundle, load_bundle
from fice.device import resolve
from fice.edit import Edit
from fice.encoder import Encoder, check_encoder
from fice.errors import InputError
from fice.frame import Frame
from fice.guidance import Targets, edit_terms, fit_terms
from fice.inversion import Inversion, State, invert, tune
from fice.latent import check_latent
from fice.mask import decide
from fice.nets.stylegan2 import Generator
from fice.person import find_person
from fice.photo import Photo, read_photo
from fice.plan import Plan, make_plan
from fice.pose import Pose
from fice.redress import dress_as
from fice.regions import HEAD, Regions
from fice.semantics import Semantics, garment_views
from fice.settings import Settings
from fice.stitch import Stitch, stitch
from fice.subject import Subject
from fice.words import parse

ANALYSIS = 256  # pixels of height at which regions are looked at; the generator's canvas may be smaller
BLIND = 200  # steps that fit a latent to its photograph where no encoder says where to begin


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
        if "encoder" in self.bundle.parts:
            check_encoder(self.bundle)
        clip = self.bundle.package("clip") if self.settings.semantics == "package" else None
        pose = self.bundle.package("pose") if self.settings.posing == "package" else None
        self.generator = self.bundle.part("generator", self.device)
        self.regions = Regions.from_bundle(self.bundle, self.device)
        self.pose = Pose.from_bundle(self.bundle, self.device, network=pose)
        self.semantics = Semantics.from_bundle(self.bundle, self.device, network=clip)

    def prepare(self, photo: str | Path | Photo, latent: Tensor | None = None) -> Subject:
        """Finds the person, their regions and their latent.

        latent: W+ to begin with instead of the encoder's, (1, R, D) float. Raises InputError for a photo or latent
        that cannot be used, and for a photo in which nobody is found.
        """
        began = time.perf_counter()
        photo = photo if isinstance(photo, Photo) else read_photo(photo)
        picture = torch.from_numpy(photo.seen()).permute(2, 0, 1)[None].to(self.device)
        with torch.no_grad():
            frame, notices = self._frame(picture, photo)
            view = frame.to_canvas(picture)
            regions = self._look(view)
            if self.whole:
                source = view
            else:
                body = decide(self.regions.body(regions))
                source = view * body + 1 - body
            source = F.avg_pool2d(source, frame.canvas[0] // self.generator.canvas[0])
            if latent is not None:
                start = check_latent(latent, self.generator).to(source)
            elif self.settings.start == "mean" or "encoder" not in self.bundle.parts:
                start = self.generator.mapping.w_avg.repeat(1, self.generator.num_ws, 1)
            else:
                start = self.encoder.latent(source)
        steps = self.settings.refine
        if "encoder" not in self.bundle.parts and latent is None:
            steps = max(steps, BLIND)
            notices.append(f"Bundle {self.bundle.name} has no encoder, so the photo is fitted from the mean latent.")
        ws, generator = self._fit(self.generator, source, start, steps)
        fitted = self._regions_of(drawing(generator)(ws), frame.canvas)[1]
        seconds = time.perf_counter() - began
        return Subject(photo, frame, source, regions, fitted, ws, generator, [*photo.notices, *notices], seconds)

    @property
    def whole(self) -> bool:
        """The generator draws photographs as they are taken, rather than somebody from head to foot on white."""
        return self.bundle.extra("generator").get("framing") == "photo"

    def _frame(self, picture: Tensor, photo: Photo) -> tuple[Frame, list[str]]:
        """Where the analysis canvas lies in a photo (1, 3, H, W), and what to tell the user."""
        height, width = self.generator.canvas
        if self.whole:
            return Frame((0, 0, *photo.size), photo.size, (height, width), fill=1.0), []
        factor = max(1, ANALYSIS // height)
        person, notices = find_person(self.regions, picture), []
        if person.others:
            notices.append(f"{person.others + 1} people are in the picture; the largest is edited.")
        if person.cut:
            notices.append("The person is cut off by the lower edge; what is visible is edited.")
        return Frame(person.box, photo.size, (height * factor, width * factor)), notices

    @property
    def encoder(self) -> Encoder:
        """The bundle's encoder, mapped anew when asked for: a large one is needed for a moment only."""
        return Encoder(self.bundle.part("encoder", self.device))

    def _look(self, picture: Tensor) -> Tensor:
        """Region probabilities of what is looked at once."""
        return self.regions.analyse(picture) if self.settings.mirrored else self.regions.probabilities(picture)

    @torch.no_grad()
    def _regions_of(self, drawn: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """A generated picture enlarged to the analysis canvas, and its region probabilities."""
        within = (lambda picture: picture.clamp(0, 1)) if self.settings.clamp else (lambda picture: picture)
        wide = drawn if drawn.shape[2:] == size else F.interpolate(within(drawn), size=size, mode="bicubic")
        return within(wide), self._look(within(wide))

    def _fit(self, generator: Generator, wanted: Tensor, ws: Tensor, steps: int) -> tuple[Tensor, Generator]:
        """Moves a latent, and with `tuning` a copy of the generator, towards a picture, without any text."""
        settings = self.settings
        if steps:
            ws = invert(drawing(generator), ws, fit_terms(wanted, settings), steps=steps, rate=settings.rate).ws
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
        sentence = parse(text, strict=self.bundle.reads_own_words)
        plan = make_plan(subject, sentence, region, mask, self.regions, self.settings)
        plan.notices[:0] = self._remarks(text)
        seeds = range(seed, seed + candidates)
        groups = self._groups(subject, plan, seeds)
        edits = [edit for group in groups for edit in self._run(subject, plan, group, callback)]
        if not edits:
            raise InputError("The optimisation diverged three times; try --set rate=0.01, or another --seed.")
        best = max(edits, key=lambda edit: edit.facts["similarity"]["after"])
        best.facts["seconds"] = round(subject.seconds + time.perf_counter() - began, 2)
        return best

    def _remarks(self, text: str) -> list[str]:
        """What of a sentence the network does not see."""
        said = [f"{word!r} is not a word that the bundle {self.bundle.name} knows; it was left out."
                for word in self.semantics.unknown_words(text)]  # fmt: skip
        if cut := self.semantics.cut(text):
            said.append(f"The sentence is too long for the bundle {self.bundle.name}; cut off was: {' '.join(cut)}.")
        return said

    def _groups(self, subject: Subject, plan: Plan, seeds: Sequence[int]) -> list[Group]:
        """The candidates that are optimised together: all, unless each has a generator tuned to its own start."""
        if self.settings.start != "redressed":
            return [Group(subject.generator, subject.ws.expand(len(seeds), -1, -1), seeds)]
        source = (subject.source[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
        garment, groups = plan.before[0, 0].cpu().numpy(), []
        for seed in seeds:
            clothed = dress_as(source, garment, plan.sentence, seed)
            wanted = torch.from_numpy(clothed).permute(2, 0, 1)[None].to(subject.source) / 255
            ws = subject.ws
            if "encoder" in self.bundle.parts:
                with torch.no_grad():  # the encoder's error on the photograph is taken off its guess
                    after, before = self.encoder.latent(torch.cat([wanted, subject.source])).split(1)
                ws = ws + after - before
            ws, generator = self._fit(subject.generator, wanted, ws, self.settings.refine)
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


def drawing(generator: Generator) -> Callable[[Tensor], Tensor]:
    """W+ (B, R, D) -> pictures (B, 3, H, W), about [0, 1]."""
    return lambda ws: generator.synthesis(ws) * 0.5 + 0.5
