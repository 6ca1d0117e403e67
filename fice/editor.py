"""The story of one edit: an order is applied to a subject, the engine draws the plan, the stitch puts it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fice.bundle.bundle import Bundle, check_encoder, load_bundle
from fice.check import check, colours_reached, complaints, likeness
from fice.cloth.engine import Redressing
from fice.cloth.tailor import check_cloth
from fice.collections.dress import Collections
from fice.course import Spent
from fice.device import resolve
from fice.diffusion.engine import Diffusion
from fice.diffusion.inpainted import Inpainted
from fice.diffusion.plugins import plugin_notices
from fice.edit import Edit, best_of
from fice.engine import Engine, Run, refused
from fice.errors import UsageError
from fice.inversion.engine import Inversion
from fice.inversion.latent import read_latent
from fice.inversion.loop import State
from fice.language.answers import remarks, understood
from fice.language.clip import Semantics
from fice.language.places import read_area
from fice.mask import union
from fice.order import Order
from fice.photo.photo import Photo, read_photo
from fice.places.find import Places
from fice.plan import Piece, Plan, make_plan
from fice.references.fit import Fitted
from fice.references.wardrobe import Wardrobe
from fice.segmenters.load import load_segmenter
from fice.settings import NETWORK, Settings
from fice.stitch.parts import Stitch, Worn
from fice.stitch.stitch import stitch
from fice.subject.analysis import Analysis, seen
from fice.subject.pose import Pose
from fice.subject.recalled import recalling
from fice.subject.regions import HEAD, Regions
from fice.subject.subject import Subject


class Editor:
    """Edits photos with one bundle on one device.

    Args:
        bundle: a name, a folder or a Bundle.
        device: "auto", "cpu", "cuda[:n]", "mps" or a torch.device.
        settings: the choices of the edit; the usual preset of the bundle when not given.
        remember: photos that were analysed by any process are not looked at again; see `fice.memory`.
        progress: told the stage after each of its steps, as `fice.course.Course` wants it.

    Raises WeightsError for a bundle or a segmenter that is missing or damaged, UsageError where the extra that a
    segmenter needs is not installed, DeviceError for a device that is not there.

    >>> from fice import Editor
    >>> editor = Editor()
    >>> subject = editor.prepare("photo.jpg")  # once
    >>> for sentence in ("red dress", "blue striped dress"):  # as often as you like
    ...     path = editor.edit(subject, sentence, seed=7).save(f"{sentence}.png")
    """

    def __init__(
        self,
        bundle: str | Path | Bundle = "street",
        device: str | torch.device = "auto",
        settings: Settings | None = None,
        progress: Callable[[str], None] = lambda _: None,
        remember: bool = False,
    ):
        self.bundle = load_bundle(bundle)
        self.device = resolve(device)[0] if isinstance(device, str) else device
        self.settings, self.progress = settings or Settings.preset(self.bundle.preset), progress
        if "encoder" in self.bundle.parts:
            check_encoder(self.bundle)
        own = self.settings.region_from
        self.segmenter = load_segmenter(own, self.device) if own != NETWORK else None
        package = self.bundle.package("clip") if self.settings.clip_from == "package" else None
        self.regions = Regions.from_bundle(self.bundle, self.device)
        self.semantics = Semantics.from_bundle(self.bundle, self.device, network=package)
        generated = self.settings.garment == "generated"
        self.collections = Collections(self.bundle, self.semantics, self.regions)
        joints = "pose" in self.bundle.parts and self.bundle.extra("pose").get("keypoints")
        self.pose = self._pose() if generated or joints else None
        self.wardrobe = Wardrobe(self.bundle, self.device, self.regions, self.pose)
        self.engine = self._engine()
        self.analysis = Analysis(self.regions, self.engine.canvas, self.engine.whole, self.settings.mirrored, self.pose)
        self.look = recalling(self.analysis, self.bundle, self.settings) if remember else self.analysis

    def _pose(self) -> Pose:
        package = self.bundle.package("pose") if self.settings.pose_from == "package" else None
        return Pose.from_bundle(self.bundle, self.device, network=package)

    def _engine(self) -> Engine:
        if self.settings.garment == "diffused":
            return Diffusion(self.bundle, self.device, self.settings, self.regions, self.progress)
        if self.pose is None or self.settings.garment == "photographed":
            return Redressing(self.bundle, self.settings, self.regions)
        looks = self.regions, self.semantics, self.pose
        return Inversion(self.bundle, self.device, self.settings, *looks, self.progress)

    def prepare(self, photo: str | Path | Photo, latent: Tensor | None = None) -> Subject:
        """Finds the person and their regions, and fits the engine to the photo.

        latent: W+ to begin with instead of the encoder's, (1, R, D) float. Raises InputError for a photo or latent
        that cannot be used, and for a photo in which nobody is found.
        """
        return self.fit([self.analyse(photo)], [latent])[0]

    def analyse(self, photo: str | Path | Photo) -> Subject:
        """What is seen in a photo, before the engine is fitted to it. Raises InputError as `prepare` does."""
        spent = Spent()
        if not isinstance(photo, Photo):
            with spent.at("read"):
                photo = read_photo(photo)
        subject = self.look(photo, self.device)
        self.progress("look")
        return replace(subject, spent=Spent(spent, **subject.spent))

    def fit(self, subjects: Sequence[Subject], latents: Sequence[Tensor | None] | None = None) -> list[Subject]:
        """Subjects to which the engine is fitted: together, without mixing them.

        latents: for each where to begin, as of `prepare`, or None.
        """
        spent = Spent()
        with spent.at("fit"):
            fits = self.engine.fit(subjects, latents or [None] * len(subjects))
        seconds = spent["fit"] / len(subjects)
        return [
            replace(subject, fit=fit, notices=[*subject.notices, *fit.notices], spent=Spent(subject.spent, fit=seconds))
            for subject, fit in zip(subjects, fits, strict=True)
        ]

    def edit(
        self, subject: Subject, order: str | Order, *, callback: Callable[[State], None] | None = None, **wishes: Any
    ) -> Edit:
        """Dresses the subject as the order says.

        Args:
            order: what is asked; a sentence is an order of one garment, or of those that it names.
            wishes: of the order that are different: region, mask, seed ..., as of `Order.of`.
            callback: sees the state after each step.

        Raises InputError for a text that cannot be obeyed (`fice.language.answers.understand`), for a garment that is
        not in the picture, and when an optimisation diverges for good; UsageError for a wish that makes no sense.
        """
        order = Order.of(order, **wishes)
        plan = self.plan(subject, order)  # what can be refused is refused before the work begins
        if subject.fit is None or order.latent is not None:
            latent = None if order.latent is None else read_latent(order.latent)
            subject = self.fit([subject], [latent])[0]
            plan = replace(plan, subject=subject)
        spent = Spent(subject.spent)
        with spent.at("fit"):
            numbers = range(order.candidates)
            runs = self.engine.begin([plan.candidate(i) for i in numbers], [order.seed + i for i in numbers])
        with spent.at("loop"):
            going = runs
            while going:
                ended = self.engine.step(going)
                going = [run for run in going if run not in ended]
                self.progress("loop")
                if callback:
                    callback(State.of(runs, self.engine.steps))
        edits = []
        with spent.at("stitch"):
            for run in runs:
                if not run.failed:
                    edits.append(self.finish(run))
                self.progress("stitch")
        best = best_of(edits, self.engine.diverged)
        best.facts |= spent.facts()
        return best

    def plan(self, subject: Subject, order: str | Order) -> Plan:
        """What an order changes in a subject; errors as of `edit`."""
        order = Order.of(order)
        if wishes := refused(order, self.engine.takes):
            raise UsageError(self.engine.refusal(wishes))
        for garment in order.garments:
            check_cloth(garment, self.regions)
        told, shown = self.wardrobe.dressed(understood(order, self.bundle, self.settings))
        wanted, found = self.collections.dress(told, order, subject)
        references = [had or self.wardrobe.references(one) for had, (one, _) in zip(shown, wanted, strict=True)]
        plan = make_plan(subject, order, wanted, self.regions, self.settings, self.segmenter, references)
        plan = self.engine.ready(plan, self.analysis)
        said = remarks(wanted, self.bundle, self.settings, self.semantics.tokenizer)
        seen = [notice for pictures in references for each in pictures for notice in each.notices]
        said += [*map(str, found), *self.collections.notices(order), *plugin_notices(order.plugins, self.settings)]
        return replace(plan, notices=[*said, *seen, *plan.notices], found=tuple(found))

    def places(self, subject: Subject, words: str | None = None) -> dict[str, Tensor]:
        """Where words for a region are, or each garment and thing that is seen, by name.

        Maps are (1, 1, h, w) float in [0, 1] on the analysis canvas. Raises InputError for words that name no place,
        or one that is not in the picture.
        """
        places = Places(subject, self.regions, self.segmenter)
        if words is None:
            return places.worn()
        return {words: places.find(read_area(words, strict=self.segmenter is None)).where}

    def finish(self, run: Run) -> Edit:
        """The result of a run that came to its end, put back into its photo."""
        plan, subject, settings = run.plan, run.plan.subject, self.settings
        made = self.engine.finish(run)
        garments = tuple(
            Worn(piece.wide if cloth is None else piece.cloth, after, piece.mask, cloth, same=_same_cloth(piece))
            for piece, after, cloth in zip(plan.pieces, made.garments, made.cloths, strict=True)
        )
        with torch.no_grad():
            parts = Stitch(
                subject.photo,
                subject.frame,
                made.picture,
                garments,
                head=self.regions.select(subject.regions, HEAD),
                body=self.regions.body(subject.regions),
                body_after=made.body,
                generated=made.generated,
                ground=plan.ground,
            )
            result = stitch(parts, settings.stitch, settings.detail)
            after = seen(result.over(subject.photo), subject.frame, self.device)
            similarity = likeness(self.semantics, subject.view, plan.pieces, made.garments, after)
            painted = [cloth.painted for cloth in made.cloths if isinstance(cloth, Inpainted)]
            others = (piece.references or piece.cut for piece in plan.pieces)
            shapes = [now for other, now in zip(others, made.garments, strict=True) if other]
            anew = painted or shapes
            figures = check(subject, self.regions, plan.pieces, after, plan.ground is not None, anew, bool(painted))
            faults = complaints(figures)
        unknown = [word for piece in plan.pieces for word in self.semantics.unknown_words(piece.sentence.wanted)]
        drawn = [notice for cloth in made.cloths if isinstance(cloth, Fitted) for notice in cloth.notices]
        facts = {
            "input": str(subject.photo.path),
            "text": plan.order.title,
            "region": plan.region,
            "order": plan.order.as_json(),
            "bundle": self.bundle.name,
            "preset": settings.name,
            "pictures": [str(piece.garment.pictures[0]) for piece in plan.pieces if piece.references],
            "settings": settings.changes(),
            "device": str(self.device),
            "seed": run.seed,
            "steps": run.steps,
            "retries": run.retries,
            "losses": {name: round(value, 6) for name, value in run.losses.items()},
            "curve": run.curve(),
            "similarity": similarity,
            "check": figures,
            "complaints": faults,
            "colours": colours_reached(subject, plan.pieces, made.cloths, after),
            "edited_fraction": round(float(result.mask.mean()), 4),
            "unknown_words": list(dict.fromkeys(unknown)),
        }
        if plan.found:
            facts["found"] = [each.as_json() for each in plan.found]
        return Edit(
            subject,
            plan.order,
            result.pixels,
            result.mask,
            union([*made.garments, torch.zeros_like(made.body)]),
            made.latent,
            run.picture,
            [*plan.notices, *drawn, *faults],
            facts,
            result.alpha,
        )


def _same_cloth(piece: Piece) -> bool:
    return piece.sentence.colour is None and piece.sentence.pattern is None
