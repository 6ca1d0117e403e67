"""The terms of an edit, put together for a batch: what each picture is drawn towards, and what it must keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.inversion import losses
from fice.inversion.losses import Term
from fice.language.clip import Semantics
from fice.settings import Settings
from fice.subject.pose import Pose
from fice.subject.regions import HEAD, Regions
from fice.subject.views import garment_views


@dataclass(frozen=True)
class Targets:
    """What the terms of a batch compare with, on the generator's canvas.

    Attributes:
        source: the people on white, (B, 3, H, W) float in [0, 1].
        garment: the garments before the edit, (B, 1, H, W) float in [0, 1].
        classes: for each picture, the region classes that the garment after the edit may have.
        keep: where the picture must stay, (B, 1, H, W) float in [0, 1].
        text: text features, (B, D) of length one.
        generators: one a picture, for the augmented views; they go on from step to step.
        pose: body-part maps of the source, (B, P, h, w).
        head: head probabilities of the source, (B, 1, H, W).
        worn: the people re-dressed by mask, (B, 3, H, W) float in [0, 1], where the optimisation began there.
    """

    source: Tensor
    garment: Tensor
    classes: Sequence[tuple[str, ...]]
    keep: Tensor
    text: Tensor
    generators: Sequence[torch.Generator]
    pose: Tensor
    head: Tensor
    worn: Tensor | None = None

    @classmethod
    def of(cls, source: Tensor, garment: Tensor, classes: Sequence[tuple[str, ...]], keep: Tensor, text: Tensor,
           seeds: Sequence[int], worn: Tensor | None, regions: Regions, pose: Pose) -> Targets:  # fmt: skip
        """The targets of pictures whose pose and head have not been looked at yet."""
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        with torch.no_grad():
            head = regions.select(regions.probabilities(source), HEAD)
            return cls(source, garment, classes, keep, text, generators, pose.maps(source), head, worn)

    @classmethod
    def join(cls, all_of: Sequence[Targets]) -> Targets:
        """Several batches as one; all or none have `worn`."""
        tensor = lambda name: torch.cat([getattr(one, name) for one in all_of])  # noqa: E731
        return cls(
            tensor("source"), tensor("garment"), [names for one in all_of for names in one.classes], tensor("keep"),
            tensor("text"), [each for one in all_of for each in one.generators], tensor("pose"), tensor("head"),
            None if all_of[0].worn is None else tensor("worn"),
        )  # fmt: skip


def latent(_: Tensor, ws: Tensor, __: Tensor) -> Tensor:
    """`losses.latent` with the arguments of a term."""
    return losses.latent(ws)


class Watch:
    """The regions of the picture in work, computed once however many terms ask."""

    def __init__(self, regions: Regions):
        self.regions = regions
        self._drawn: Tensor | None = None

    def __call__(self, drawn: Tensor) -> Tensor:
        """drawn (b, 3, H, W) -> probabilities (b, K, H, W)."""
        if self._drawn is not drawn:
            self._drawn, self._probabilities = drawn, self.regions.probabilities(drawn)
        return self._probabilities


def garment_now(regions: Regions, probabilities: Tensor, classes: Sequence[tuple[str, ...]]) -> Tensor:
    """The garments in pictures with these probabilities (b, K, H, W), each of its own classes: (b, 1, H, W)."""
    return torch.cat([regions.select(p[None], names) for p, names in zip(probabilities, classes, strict=True)])


def edit_terms(targets: Targets, semantics: Semantics, regions: Regions, pose: Pose, settings: Settings) -> list[Term]:
    """The five terms of FICE (arXiv 2301.02110, section 3.3) and the cloth's colour; weight zero leaves one out."""
    watch, worn = Watch(regions), targets.source if targets.worn is None else targets.worn

    def semantic(drawn: Tensor, _: Tensor, who: Tensor) -> Tensor:
        if settings.look == "picture":
            seen = (drawn.clamp(0, 1) if settings.clamp else drawn)[:, None]
        else:
            classes = [targets.classes[i] for i in who]
            now = garment_now(regions, watch(drawn).detach(), classes)
            seen = garment_views(
                drawn, torch.maximum(now, targets.garment[who]), semantics.size,
                [targets.generators[i] for i in who] if settings.views else None, max(settings.views, 1),
                clamp=settings.clamp,
            )  # fmt: skip
        features = semantics.encode_picture(seen.flatten(0, 1))
        text = targets.text[who].repeat_interleave(seen.shape[1], 0)
        return losses.semantic(features, text).unflatten(0, seen.shape[:2]).mean(1)

    def image(drawn: Tensor, _: Tensor, who: Tensor) -> Tensor:
        return losses.image(drawn, targets.source[who], targets.keep[who])

    def posed(drawn: Tensor, _: Tensor, who: Tensor) -> Tensor:
        return losses.pose(pose.maps(drawn), targets.pose[who])

    def head(drawn: Tensor, _: Tensor, who: Tensor) -> Tensor:
        return losses.head(regions.select(watch(drawn), HEAD), targets.head[who])

    def cloth(drawn: Tensor, _: Tensor, who: Tensor) -> Tensor:
        garment = targets.garment[who]
        return losses.image(coarse(drawn * garment), coarse(worn[who] * garment), garment.new_ones(()))

    terms = [
        Term("semantic", settings.semantic * settings.strength, semantic),
        Term("image", settings.image, image),
        Term("pose", settings.pose, posed),
        Term("head", settings.head, head),
        Term("latent", settings.latent, latent),
        Term("cloth", settings.cloth if targets.worn is not None else 0.0, cloth),
    ]
    return [term for term in terms if term.weight > 0]


def coarse(picture: Tensor) -> Tensor:
    """A picture a quarter as large: its colours without its pattern."""
    return F.avg_pool2d(picture, 4)


def fit_terms(source: Tensor, settings: Settings) -> list[Term]:
    """The terms that fit a latent to its photograph, before any text: likeness at two scales, and W+ near W."""
    small = coarse(source)

    def image(drawn: Tensor, _: Tensor, who: Tensor) -> Tensor:
        fine = (drawn - source[who]).square().mean((1, 2, 3))
        return fine + (coarse(drawn) - small[who]).square().mean((1, 2, 3))

    return [Term("image", settings.image, image), Term("latent", settings.latent * 0.1, latent)]
