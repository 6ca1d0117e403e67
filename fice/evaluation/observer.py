"""Networks look at an edit and its source, and what they see is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fice.bundle.bundle import Bundle
from fice.check import LIMITS, check
from fice.cloth.engine import CANVAS
from fice.device import resolve
from fice.errors import InputError
from fice.evaluation import captions, fidelity, likeness, measures
from fice.evaluation.columns import MEASURES
from fice.evaluation.measures import Unmeasurable
from fice.evaluation.plans import plan_of
from fice.evaluation.reports import curve_of, of_check, seconds_of
from fice.evaluation.study import Row
from fice.evaluation.triples import Triple
from fice.language.clip import Semantics
from fice.photo.photo import Photo, read_photo
from fice.plan import Piece, Plan, read_painted
from fice.references.wardrobe import Wardrobe
from fice.subject.analysis import Analysis, seen
from fice.subject.colours import worn
from fice.subject.pose import Pose
from fice.subject.regions import HEAD, Regions, resized_to
from fice.subject.subject import Subject
from fice.subject.views import garment_views

KEPT = 8  # sources that are not looked at anew when another edit of them comes
PERSON = 0.9  # probability from which a pixel must stay before new ground
NO_NUMBER = "The networks gave no number for this picture."
OF_EACH = tuple(measure.name for measure in MEASURES if not measure.whole)


@dataclass(frozen=True)
class _View:
    """What is seen in one picture, in the frame of the source.

    Attributes:
        photo: the picture as read.
        view: the frame, on the analysis canvas, (1, 3, H, W) float in [0, 1].
        person: the same on the generator's canvas, on white where the bundle wants it, (1, 3, h, w).
        regions: region probabilities of the view, (1, K, H, W).
        parts: part maps of the person, (P, h, w) without background.
    """

    photo: Photo
    view: Tensor
    person: Tensor
    regions: Tensor
    parts: Tensor


class Observer:
    """Looks at edits with the networks of a bundle and with a judge.

    Args:
        bundle: finds the person, garments, head and parts of the body.
        judge: says how much of a text it sees; better one that guided no edit.
        device: "auto", "cpu", "cuda[:n]", "mps" or a torch.device; the judge must be there too.
    """

    def __init__(self, bundle: Bundle, judge: Semantics, device: str | torch.device = "auto"):
        self.device = resolve(device)[0] if isinstance(device, str) else device
        self.regions = Regions.from_bundle(bundle, self.device)
        self.pose, self.judge = Pose.from_bundle(bundle, self.device), judge
        self.wardrobe = Wardrobe(bundle, self.device, self.regions, self.pose)
        canvas = bundle.canvas if "generator" in bundle.parts else CANVAS
        self.analysis = Analysis(self.regions, canvas, bundle.whole, pose=self.pose)
        self._source = lru_cache(KEPT)(self._look_at_source)
        self._edit = lru_cache(1)(self._look_at_edit)

    def observe(self, run: str, triple: Triple) -> Row:
        """All that can be said about one edit; never raises for what a picture or text is.

        UsageError when scikit-image is missing.
        """
        values: dict[str, float] = {}
        reasons: dict[str, str] = {}
        try:
            for name, measure in self._measures(triple).items():
                try:
                    values[name] = _finite(measure())
                except (Unmeasurable, InputError) as error:
                    reasons[name] = str(error)
        except (Unmeasurable, InputError) as error:
            reasons = dict.fromkeys(OF_EACH, str(error))
        return Row(run, triple.source, triple.edit, triple.order, values, reasons, curve_of(triple.report))

    def person(self, path: Path) -> Tensor:
        """Who is in a picture, framed, on white: (1, 3, H, W) float in [0, 1]. InputError where nobody is found."""
        return self._source(path)[1].person

    def person_of(self, triple: Triple) -> Tensor | None:
        """Who is in an edit, in the frame of its own source, as `person`; None where that cannot be."""
        try:
            return self._both(triple)[2].person
        except (Unmeasurable, InputError):
            return None

    def _measures(self, triple: Triple) -> dict[str, Callable[[], float]]:
        """Name -> what computes it. Raises InputError or Unmeasurable where nothing can be measured at all."""
        subject, source, edit = self._both(triple)
        plan = plan_of(triple, subject, self.analysis, self.wardrobe)
        before, after = source.photo.seen(), edit.photo.seen()
        outside = lru_cache(1)(lambda: self._outside(plan))
        head = lru_cache(1)(lambda: self._head(subject))
        told = plan.told
        garments = lru_cache(1)(lambda: [self._garment(piece, source, edit) for piece in _some(told)])
        shown = lru_cache(1)(lambda: [(both[1], each.sentence) for both, each in zip(garments(), told, strict=True)])
        cosines = lru_cache(1)(lambda: self._similarities(told, garments()))
        errors, read = lru_cache(1)(lambda: _colour_errors(plan, before, after)), self.judge.encode_text
        figures = lru_cache(1)(lambda: self._check(plan, edit, triple.report))
        found: dict[str, Callable[[], float]] = {
            "similarity before": lambda: cosines()[0],
            "similarity": lambda: cosines()[1],
            "gain": lambda: cosines()[1] - cosines()[0],
            "colour error": lambda: float(np.mean(errors()[1])),
            "colour halved": lambda: float(np.mean(errors()[1] <= errors()[0] / 2)),
            "right caption": lambda: captions.right_caption(read, shown()),
            "right pattern": lambda: captions.right_pattern(read, shown()),
            "identical": lambda: measures.identical(_stored(source.photo), _stored(edit.photo), outside()),
            "psnr outside": lambda: measures.psnr(before, after, outside()),
            "ssim outside": lambda: measures.ssim(before, after, outside()),
            "head psnr": lambda: measures.psnr(before, after, head()),
            "head ssim": lambda: measures.ssim(before, after, head()),
            "part iou": lambda: measures.part_iou(source.parts, edit.parts),
            "silhouette iou": lambda: self._silhouette(subject, source, edit, outside()),
            "part distance": lambda: measures.part_distance(source.parts, edit.parts, self._height(source)),
            **{name.replace("_", " "): partial(of_check, figures, name) for name in LIMITS},
            **fidelity.figures(subject, self.regions, plan.pieces, before, after),
            **likeness.figures(lambda: self._pictured(plan, edit), self.judge, self.regions.network),
            "seconds": lambda: seconds_of(triple.report),
        }
        return found

    def _both(self, triple: Triple) -> tuple[Subject, _View, _View]:
        if triple.error:
            raise Unmeasurable(triple.error)
        subject, source = self._source(triple.source)
        return subject, source, self._edit(triple.source, triple.edit)

    @torch.no_grad()
    def _look_at_source(self, path: Path) -> tuple[Subject, _View]:
        subject = self.analysis(read_photo(path), self.device)
        view = self._view(subject, subject.photo)
        return subject, _View(subject.photo, view, subject.source, subject.regions, self._parts(subject.source))

    @torch.no_grad()
    def _look_at_edit(self, source: Path, path: Path) -> _View:
        subject, photo = self._source(source)[0], read_photo(path)
        if photo.size != subject.photo.size:
            (height, width), (own_height, own_width) = photo.size, subject.photo.size
            raise Unmeasurable(f"The edit is {width} x {height} pixels and the source {own_width} x {own_height}.")
        view = self._view(subject, photo)
        regions = self.analysis.of(view)
        person = self.analysis.person(view, regions)
        return _View(photo, view, person, regions, self._parts(person))

    def _view(self, subject: Subject, photo: Photo) -> Tensor:
        return seen(photo, subject.frame, self.device)

    def _parts(self, person: Tensor) -> Tensor:
        """Maps with square pixels, whatever the network makes of a picture."""
        return resized_to(self.pose.maps(person), person)[0].cpu()

    def _similarities(self, told: Sequence[Piece], garments: Sequence[Tensor]) -> tuple[float, float]:
        """The judge's cosines of each text with its garment, of the source and of the edit: the mean."""
        texts = [self.judge.encode_text([piece.sentence.wanted]) for piece in told]
        found = [(both @ text.T)[:, 0].tolist() for both, text in zip(garments, texts, strict=True)]
        before, after = (sum(values) / len(found) for values in zip(*found, strict=True))
        return before, after

    @torch.no_grad()
    def _garment(self, piece: Piece, source: _View, edit: _View) -> Tensor:
        """Features (2, D) of a garment on white in the judge's eyes, of the source and of the edit."""
        text, reader = piece.sentence.wanted, self.judge.tokenizer
        if torch.equal(reader.encode([text]), reader.encode([""])):
            raise Unmeasurable(f"The judge knows no word of {text!r}.")
        garments = torch.cat([piece.wide, torch.maximum(self._now(piece, edit), piece.wide)])
        views = garment_views(torch.cat([source.view, edit.view]), garments, self.judge.size)[:, 0]
        features = self.judge.encode_picture(views)
        if not features.isfinite().all():
            raise Unmeasurable(NO_NUMBER)
        return features

    def _pictured(self, plan: Plan, edit: _View) -> list[likeness.Shown]:
        return [(edit.view, self._now(piece, edit), piece.references) for piece in plan.pieces if piece.references]

    def _now(self, piece: Piece, edit: _View) -> Tensor:
        """Where a garment is in the edit: a part, and what is not found again, where it was."""
        if piece.wide.max() <= 0.5:
            raise Unmeasurable("The garment is too small in the source to be judged.")
        if piece.place:
            return piece.wide
        now = worn(piece.region, edit.view, self.regions, edit.regions)
        return now if now.max() > 0.5 else piece.wide

    def _check(self, plan: Plan, edit: _View, report: dict[str, Any]) -> dict[str, Any]:
        """The figures of `fice.check`: those of the edit's own report, else as these networks see it."""
        told = report.get("check")
        if isinstance(told, dict):
            return told
        return {**check(plan.subject, self.regions, plan.pieces, edit.view, plan.ground is not None)}

    def _outside(self, plan: Plan) -> np.ndarray:
        """Where the edit had to leave the photo alone, (H, W) bool: outside the masks, or what the words free.

        Before new ground that is of the person only.
        """
        masks = [read_painted(garment.mask, plan.subject.photo) for garment in plan.order.garments]
        painted = [mask > 0 for mask in masks if mask is not None]
        whole = len(painted) == len(masks)
        free = np.logical_or.reduce(painted) if whole else _at_photo(plan.subject, 1 - plan.keep) > 0.5
        if plan.ground is not None:
            free = free | (_at_photo(plan.subject, self.regions.body(plan.subject.regions)) < PERSON)
        if free.all():
            raise Unmeasurable("The region covers the whole picture, so nothing had to stay.")
        return ~free

    def _silhouette(self, subject: Subject, source: _View, edit: _View, outside: np.ndarray) -> float:
        before, after = (self.regions.body(look.regions)[0, 0].cpu().numpy() > 0.5 for look in (source, edit))
        there = subject.frame.to_canvas(torch.from_numpy(outside)[None, None].float(), fill=0.0)[0, 0].numpy() > 0.5
        return measures.silhouette_iou(before, after, there)

    def _head(self, subject: Subject) -> np.ndarray:
        head = _at_photo(subject, self.regions.select(subject.regions, HEAD)) > 0.5
        if not head.any():
            raise Unmeasurable("No head is seen in the source.")
        return head

    def _height(self, look: _View) -> float:
        """Of the person, in pixels of the generator's canvas."""
        rows = (self.regions.body(look.regions)[0, 0] > 0.5).any(1).nonzero()
        if not len(rows):
            raise Unmeasurable("Nobody is seen in the source.")
        return float(rows.max() - rows.min() + 1) * look.person.shape[2] / look.regions.shape[2]


def _some(told: Sequence[Piece]) -> Sequence[Piece]:
    if not told:
        raise Unmeasurable("No words say what the garment should be.")
    return told


def _at_photo(subject: Subject, canvas: Tensor) -> np.ndarray:
    """A map (1, 1, h, w) of the canvas at the photo's size, (H, W); 0 beyond the canvas."""
    return subject.frame.to_photo(canvas, kernel="linear")[0, 0].cpu().numpy()


def _stored(photo: Photo) -> np.ndarray:
    """The pixels as the file has them, with their opacity: (H, W, 4)."""
    opaque = np.full(photo.size, np.iinfo(photo.pixels.dtype).max, photo.pixels.dtype)
    return np.dstack([photo.pixels, opaque if photo.alpha is None else photo.alpha])


def _colour_errors(plan: Plan, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(2, N): of the garments whose text names a colour, in the source and in the edit."""
    dyes = ((piece, dye) for piece in plan.pieces for dye in piece.sentence.dyes[:1])
    named = [(piece, dye.on(dye.rgb)) for piece, dye in dyes if dye.rgb and not dye.like]
    if not named:
        raise Unmeasurable(f"The text {plan.order.sentence!r} names no colour.")
    worn = [(_at_photo(plan.subject, piece.wide), colour) for piece, colour in named]
    return np.array([[measures.colour_error(picture, *each) for each in worn] for picture in (before, after)])


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise Unmeasurable(NO_NUMBER)
    return value
