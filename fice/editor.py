"""The story of one edit: prepare a photo once, then edit it as often as you like."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle.bundle import Bundle, load_bundle
from fice.cloth.clothing import redressed, weave
from fice.course import Spent
from fice.device import resolve
from fice.edit import Edit, best_of
from fice.inversion.encoder import Encoder, check_encoder
from fice.inversion.guess import Guess
from fice.inversion.latent import check_latent, draw_z
from fice.inversion.loop import Descent, Slot, State, evaluate, invert
from fice.inversion.losses import Term
from fice.inversion.task import Task
from fice.inversion.terms import Targets, edit_terms, fit_terms
from fice.inversion.tuning import Draw, Weights, drawing, drawn_once, join, tune
from fice.language.answers import remarks, understand
from fice.language.clip import Semantics
from fice.mask import decide
from fice.photo.photo import Photo, read_photo
from fice.plan import Plan, make_plan
from fice.settings import Settings
from fice.stitch.stitch import Stitch, stitch
from fice.subject.exposure import exposure_of
from fice.subject.frame import Frame
from fice.subject.person import find_person
from fice.subject.pose import Pose
from fice.subject.regions import HEAD, Regions
from fice.subject.subject import Sight, Subject
from fice.subject.views import garment_views

ANALYSIS = 256  # pixels of height at which regions are looked at; the generator's canvas may be smaller
FIT_RATE = 0.05  # of latents towards pictures, where no text pulls
BLIND = 200  # steps that fit a latent to its photograph where no encoder says where to begin


class Editor:
    """Edits photos with one bundle on one device.

    Args:
        bundle: a name, a folder or a Bundle.
        device: "auto", "cpu", "cuda[:n]", "mps" or a torch.device.
        settings: the choices of the edit; the preset `default` when not given.
        progress: told the stage after each of its steps, as `fice.course.Course` wants it.

    Raises WeightsError for a bundle that is missing or damaged, DeviceError for a device that is not there.
    """

    def __init__(self, bundle: str | Path | Bundle = "street", device: str | torch.device = "auto",
                 settings: Settings | None = None, progress: Callable[[str], None] = lambda _: None):  # fmt: skip
        self.bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
        self.device = resolve(device)[0] if isinstance(device, str) else device
        self.settings, self.progress = settings or Settings.preset("default"), progress
        if "encoder" in self.bundle.parts:
            check_encoder(self.bundle)
        clip = self.bundle.package("clip") if self.settings.semantics == "package" else None
        pose = self.bundle.package("pose") if self.settings.posing == "package" else None
        self.generator = self.bundle.part("generator", self.device)
        self.regions = Regions.from_bundle(self.bundle, self.device)
        self.pose = Pose.from_bundle(self.bundle, self.device, network=pose)
        self.semantics = Semantics.from_bundle(self.bundle, self.device, network=clip)
        self.guess = None
        if self.settings.start == "guess":
            self.guess = Guess(self.bundle, self.generator, self.semantics, self.device)

    def prepare(self, photo: str | Path | Photo, latent: Tensor | None = None) -> Subject:
        """Finds the person, their regions and their latent.

        latent: W+ to begin with instead of the encoder's, (1, R, D) float. Raises InputError for a photo or latent
        that cannot be used, and for a photo in which nobody is found.
        """
        return self.settle([self.look(photo)], [latent])[0]

    @torch.no_grad()
    def look(self, photo: str | Path | Photo) -> Sight:
        """What is seen in a photo without any optimisation. Raises InputError as `prepare` does."""
        spent = Spent()
        if not isinstance(photo, Photo):
            with spent.at("read"):
                photo = read_photo(photo)
        with spent.at("look"):
            picture = torch.from_numpy(photo.seen()).permute(2, 0, 1)[None].to(self.device)
            frame, elsewhere, notices = self._frame(picture, photo)
            view = frame.to_canvas(picture)
            regions = self.regions.empty(self._analysed(view), frame.to_canvas(elsewhere, fill=0.0) > 0.5)
            source = self.person(view, regions)
            exposure = exposure_of(view, self.regions.select(regions, ("face", "skin")), self.regions.body(regions))
        self.progress("look")
        return Sight(photo, frame, source, regions, exposure, [*photo.notices, *notices], spent)

    def person(self, view: Tensor, regions: Tensor) -> Tensor:
        """What a view of the analysis canvas (1, 3, h, w) shows on the generator's, (1, 3, H, W).

        regions: its probabilities, (1, K, h, w); a person is put on white, unless the generator draws photographs.
        """
        if not self.whole:
            body = decide(self.regions.body(regions))
            view = view * body + 1 - body
        return F.avg_pool2d(view, view.shape[2] // self.generator.canvas[0])

    def settle(self, sights: Sequence[Sight], latents: Sequence[Tensor | None] | None = None) -> list[Subject]:
        """Fits latents, and with `tuning` the generator's weights, to photos: together, without mixing them.

        latents: for each photo where to begin, (1, R, D), or None. Raises InputError for one of another shape.
        """
        began = time.perf_counter()
        given = [None if ws is None else check_latent(ws, self.generator) for ws in latents or [None] * len(sights)]
        source = torch.cat([sight.source for sight in sights])
        steps, said = self.settings.refine, []
        if "encoder" not in self.bundle.parts and None in given:
            steps = max(steps, BLIND)
            said.append(f"Bundle {self.bundle.name} has no encoder, so the photo is fitted from the mean latent.")
        starts = self._starts(source, [sight.photo.sha256 for sight in sights])
        starts = torch.cat([own if ws is None else ws.to(own) for ws, own in zip(given, starts.split(1), strict=True)])
        ws, weights = self._fit(source, starts, {}, steps)
        drawn = drawn_once(self.generator, ws, weights)
        seconds = (time.perf_counter() - began) / len(sights)
        return [
            Subject(**vars(sight) | {"notices": [*sight.notices, *said], "spent": Spent(sight.spent, fit=seconds)},
                    fitted=self._enlarged(drawn[i : i + 1], sight.frame.canvas)[1], ws=ws[i : i + 1],
                    weights={name: value[i : i + 1] for name, value in weights.items()})
            for i, sight in enumerate(sights)
        ]  # fmt: skip

    @torch.no_grad()
    def _starts(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """Where the fit of pictures (B, 3, H, W) begins: (B, R, D). names: sha256 of each, for a random start."""
        if self.settings.start == "random":
            seeds = [int(name[:8], 16) for name in names]
            return self.generator.mapping(draw_z(self.generator.z_dim, seeds).to(source))
        if self.settings.start == "mean" or "encoder" not in self.bundle.parts:
            return self.generator.mapping.w_avg.repeat(len(source), self.generator.num_ws, 1)
        return self.encoder.latent(source)

    @property
    def whole(self) -> bool:
        """The generator draws photographs as they are taken, rather than somebody from head to foot on white."""
        return self.bundle.extra("generator").get("framing") == "photo"

    def _frame(self, picture: Tensor, photo: Photo) -> tuple[Frame, Tensor, list[str]]:
        """Where the analysis canvas lies in a photo (1, 3, H, W), where other people are, and what to tell the user."""
        height, width = self.generator.canvas
        if self.whole:
            frame = Frame((0, 0, *photo.size), photo.size, (height, width), fill=1.0)
            return frame, torch.zeros_like(picture[:, :1]), []
        factor = max(1, ANALYSIS // height)
        person, notices = find_person(self.regions, picture), []
        if person.others:
            notices.append(f"{person.others + 1} people are in the picture; the largest is edited.")
        if person.cut:
            notices.append("The person is cut off by the lower edge; what is visible is edited.")
        return Frame(person.box, photo.size, (height * factor, width * factor)), person.elsewhere, notices

    @property
    def encoder(self) -> Encoder:
        """The bundle's encoder, mapped anew when asked for: a large one is needed for a moment only."""
        return Encoder(self.bundle.part("encoder", self.device), self.generator)

    def _analysed(self, picture: Tensor) -> Tensor:
        """Region probabilities of what is looked at once."""
        return self.regions.analyse(picture) if self.settings.mirrored else self.regions.probabilities(picture)

    @torch.no_grad()
    def _enlarged(self, drawn: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """A generated picture enlarged to the analysis canvas, and its region probabilities."""
        within = (lambda picture: picture.clamp(0, 1)) if self.settings.clamp else (lambda picture: picture)
        wide = drawn if drawn.shape[2:] == size else F.interpolate(within(drawn), size=size, mode="bicubic")
        return within(wide), self._analysed(within(wide))

    def _fit(self, wanted: Tensor, ws: Tensor, weights: Weights, steps: int) -> tuple[Tensor, Weights]:
        """Moves latents, and with `tuning` the generator's weights, towards pictures, without any text."""
        settings, ws, tell = self.settings, self._in_space(ws), lambda _: self.progress("fit")
        if steps:
            draw = self._drawing(weights)
            ws = invert(draw, ws, fit_terms(wanted, settings), steps=steps, rate=FIT_RATE, callback=tell).ws
        if settings.tuning:
            weights = tune(self.generator, weights, ws, wanted, settings.tuning, callback=tell)
        return ws, weights

    def _drawing(self, weights: Weights) -> Draw:
        """How W+ becomes pictures: in the space W all rows pull at one latent."""
        draw = drawing(self.generator, weights)
        return draw if self.settings.space == "w+" else lambda ws, who: draw(self._in_space(ws), who)

    def _in_space(self, ws: Tensor) -> Tensor:
        """W+ (B, R, D) itself, or the nearest with all rows alike."""
        return ws if self.settings.space == "w+" else ws.mean(1, keepdim=True).expand_as(ws)

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

        Raises InputError for a text that cannot be obeyed (`fice.language.answers.understand`), for a garment that
        is not in the picture, and when the optimisation diverges for good.
        """
        spent = Spent(subject.spent)
        with spent.at("fit"):
            plan = self.plan(subject, text, region, mask)
            descent = self.descent()
            tasks = self.begin([(subject, plan, seed + i) for i in range(candidates)])
            slots = [descent.add(task, task.ws) for task in tasks]
        with spent.at("loop"):
            while descent.slots:
                descent.step()
                self.progress("loop")
                if callback:
                    callback(State.of(slots, self.settings.steps))
        edits = []
        with spent.at("stitch"):
            for slot in slots:
                if not slot.failed:
                    edits.append(self.finish(slot))
                self.progress("stitch")
        best = best_of(edits)
        best.facts |= spent.facts()
        return best

    def plan(self, subject: Subject, text: str, region: str = "auto", mask: np.ndarray | None = None) -> Plan:
        """What a text changes in a subject; arguments and errors as of `edit`."""
        sentence = understand(text, self.bundle, self.settings)
        plan = make_plan(subject, sentence, region, mask, self.regions, self.settings)
        plan.notices[:0] = remarks(sentence, self.bundle, self.settings, self.semantics.tokenizer)
        return plan

    def begin(self, wishes: Sequence[tuple[Subject, Plan, int]]) -> list[Task]:
        """Where the optimisation of (subject, plan, seed) begins; together, without mixing them."""
        subjects, plans, seeds = zip(*wishes, strict=True)
        source, ws = (torch.cat([getattr(subject, name) for subject in subjects]) for name in ("source", "ws"))
        weights, worn = join([subject.weights for subject in subjects]), None
        texts = self.semantics.encode_text([plan.sentence.wanted for plan in plans])
        if self.guess:
            ws = self._in_space(self.guess.latent(ws, texts))
        if self.settings.start == "redressed":
            worn = torch.cat([redressed(*wish) for wish in wishes])
            if "encoder" in self.bundle.parts:
                with torch.no_grad():  # the encoder's error on the photograph is taken off its guess
                    after, before = self.encoder.latent(torch.cat([worn, source])).chunk(2)
                ws = ws + after - before
            ws, weights = self._fit(worn, ws, weights, self.settings.refine)
        tasks = []
        for i, (subject, plan, seed) in enumerate(wishes):
            own = None if worn is None else worn[i : i + 1]
            targets = Targets.of(subject.source, plan.before, [plan.classes], plan.keep, texts[i : i + 1], [seed], own,
                                 self.regions, self.pose)  # fmt: skip
            mine = {name: value[i : i + 1] for name, value in weights.items()}
            tasks.append(Task(subject, plan, seed, ws[i : i + 1], mine, targets))
        return tasks

    def descent(self) -> Descent:
        """The optimisation of tasks, which may come and go."""
        held: tuple[list[Task], Draw, list[Term]] | None = None

        def together(tasks: list[Task], ws: Tensor) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
            nonlocal held
            if held is None or held[0] != tasks:
                targets = Targets.join([task.targets for task in tasks])
                draw = self._drawing(join([task.weights for task in tasks]))
                terms = edit_terms(targets, self.semantics, self.regions, self.pose, self.settings)
                held = list(tasks), draw, terms
            return evaluate(held[1], held[2], ws, torch.arange(len(tasks)))

        settings = self.settings
        return Descent(together, steps=settings.steps, rate=settings.rate, schedule=settings.schedule,
                       tolerance=settings.tolerance)  # fmt: skip

    def finish(self, slot: Slot) -> Edit:
        """The result of a task that came to its end, put back into its photo."""
        task, drawn = slot.task, slot.picture
        subject, plan, text, begun = task.subject, task.plan, task.plan.sentence.text, task.targets.worn
        wide, probabilities = self._enlarged(drawn, subject.frame.canvas)
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
                    weave=None if begun is None else weave(subject, plan, task.seed, drawn, begun),
                    same=plan.sentence.colour is None and plan.sentence.pattern is None,
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
            "settings": self.settings.changes(),
            "device": str(self.device),
            "seed": task.seed,
            "steps": slot.steps,
            "retries": slot.retries,
            "losses": {name: round(value, 6) for name, value in slot.losses.items()},
            "curve": slot.curve(),
            "similarity": similarity,
            "edited_fraction": round(float(result.mask.mean()), 4),
            "unknown_words": self.semantics.unknown_words(plan.sentence.wanted),
        }
        garment = subject.frame.to_photo(after, kernel="linear")[0, 0].cpu().numpy()
        return Edit(
            subject, text, result.picture, result.pixels, result.mask, garment, slot.ws, drawn, plan.notices, facts
        )

    def _similarity(self, subject: Subject, plan: Plan, after: Tensor, picture: np.ndarray) -> dict:
        """Cosine of text and garment, in the photo and in the result."""
        wanted = self.semantics.encode_text([plan.sentence.wanted])
        cosines = []
        for pixels, garment in ((subject.photo.seen(), plan.wide), (picture, torch.maximum(after, plan.wide))):
            view = subject.frame.to_canvas(torch.from_numpy(pixels).permute(2, 0, 1)[None].to(self.device))
            features = self.semantics.encode_picture(garment_views(view, garment, self.semantics.size)[:, 0])
            cosines.append(round(float(F.cosine_similarity(features, wanted)), 4))
        return {"before": cosines[0], "after": cosines[1]}
