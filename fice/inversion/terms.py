"""The terms of an edit: what each picture is drawn towards, and what it must keep.

A term owns its targets: it makes them of a plan once, or says that the plan wants nothing of it, so that a batch may
mix plans of any kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.inversion import losses
from fice.inversion.losses import View
from fice.language.clip import Semantics
from fice.nets import Features
from fice.plan import Plan
from fice.settings import Settings
from fice.subject.pose import Pose
from fice.subject.regions import HEAD, Regions
from fice.subject.views import garment_views

COARSEST = 8  # stride of the maps that know texture: what is coarser knows things
Targets = Mapping[str, Any]  # of one picture: tensors with a batch axis of one, or lists with an entry a garment


class Term(ABC):
    """One summand of the loss, with what it needs to know of each picture.

    view: what it sees of the picture together with other terms, if anything.
    """

    name: str
    view: View | None = None

    def __init__(self, weight: float):
        self.weight = weight

    @abstractmethod
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        """What the picture of a plan is compared with; None where the plan wants nothing of this term.

        recoloured: the subject's own garments in the cloth that is asked for, (1, 3, H, W) float in [0, 1], if any.
        """

    @abstractmethod
    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        """drawn (b, 3, H, W), W+ (b, R, D), the joined targets of these pictures -> (b,)."""


def bind(terms: Sequence[Term], targets: Sequence[Mapping[str, Targets | None]]) -> list[losses.Term]:
    """The terms for a batch, given each picture's targets by the name of the term."""
    return [
        losses.Term(term.name, term.weight, _bound(term, [one[term.name] for one in targets]), term.view)
        for term in terms
    ]


def _bound(term: Term, targets: Sequence[Targets | None]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The term's value over those pictures of the batch that want something of it; 0 for the others."""
    kept: dict[tuple[int, ...], tuple[Tensor, Targets]] = {}

    def value(drawn: Tensor, ws: Tensor, index: Tensor) -> Tensor:
        asked = tuple(index.tolist())
        if asked not in kept:
            kept.clear()
            wanting = [(row, found) for row, i in enumerate(asked) if (found := targets[i]) is not None]
            kept[asked] = torch.tensor([row for row, _ in wanting]), _joined([found for _, found in wanting])
        rows, joined = kept[asked]
        if len(rows) == len(asked):
            return term(drawn, ws, joined)
        nothing = drawn.new_zeros(len(asked))
        if not len(rows):
            return nothing + 0 * drawn.sum()
        rows = rows.to(drawn.device)
        return nothing.index_add(0, rows, term(drawn[rows], ws[rows], joined))

    return value


def _joined(several: Sequence[Targets]) -> Targets:
    names = several[0] if several else ()
    return {name: _in_a_row([one[name] for one in several]) for name in names}


def _in_a_row(values: Sequence[Any]) -> Any:
    if isinstance(values[0], Tensor):
        return torch.cat(list(values))
    return [entry for value in values for entry in value]


class Semantic(Term):
    """CLIP's cosine distance of each garment from its own words (section 3.3.1), summed over the garments.

    Each garment alone on white in augmented views, or the whole picture (`crop`).
    """

    name = "semantic"

    def __init__(self, semantics: Semantics, seen: View, settings: Settings):
        super().__init__(settings.semantic * settings.strength)
        self.semantics, self.settings = semantics, settings
        self.view = seen if settings.crop == "garment" else None

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        generator = torch.Generator().manual_seed(seed)
        return {
            "text": self.semantics.encode_text([piece.sentence.wanted for piece in plan.pieces]),
            "garment": torch.cat([piece.before for piece in plan.pieces]),
            "regions": [piece.region for piece in plan.pieces],
            "generators": [generator for _ in plan.pieces],
            "counts": [len(plan.pieces)],
        }

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        settings, counts = self.settings, targets["counts"]
        picture = torch.tensor([i for i, count in enumerate(counts) for _ in range(count)], device=drawn.device)
        each = drawn if len(picture) == len(drawn) else drawn[picture]
        if self.view is None:
            views = (each.clamp(0, 1) if settings.clamp else each)[:, None]
        else:
            found = self.view(drawn).detach()
            now = torch.cat(
                [region.find(found[i : i + 1]) for i, region in zip(picture.tolist(), targets["regions"], strict=True)]
            )
            views = garment_views(
                each,
                torch.maximum(now, targets["garment"]),
                self.semantics.size,
                targets["generators"] if settings.views else None,
                max(settings.views, 1),
                clamp=settings.clamp,
            )
        features = self.semantics.encode_picture(views.flatten(0, 1))
        text = targets["text"].repeat_interleave(views.shape[1], 0)
        values = losses.semantic(features, text).unflatten(0, views.shape[:2]).mean(1)
        return values if len(values) == len(drawn) else values.new_zeros(len(drawn)).index_add(0, picture, values)


class Image(Term):
    """Likeness to the photo where the plan keeps it (section 3.3.3)."""

    name = "image"

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {"source": plan.subject.source, "keep": plan.keep}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.image(drawn, targets["source"], targets["keep"])


class Posed(Term):
    """The body stands as it stood (section 3.3.2), or as the plan says: DensePose's maps."""

    name = "pose"

    def __init__(self, pose: Pose, weight: float):
        super().__init__(weight)
        self.pose = pose

    @torch.no_grad()
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {"maps": self.pose.maps(plan.subject.source) if plan.stance is None else plan.stance}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.pose(self.pose.maps(drawn), targets["maps"])


class Head(Term):
    """The head's shape stays (section 3.3.4)."""

    name = "head"

    def __init__(self, regions: Regions, seen: View, weight: float):
        super().__init__(weight)
        self.regions, self.seen, self.view = regions, seen, seen

    @torch.no_grad()
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {"head": self.regions.select(self.regions.probabilities(plan.subject.source), HEAD)}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.head(self.regions.select(self.seen(drawn), HEAD), targets["head"])


class Near(Term):
    """W+ stays near W (section 3.3.5)."""

    name = "latent"

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets:
        return {}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return losses.latent(ws)


class Cloth(Term):
    """The re-dressed start's coarse colour, as CLIP alone drifts into rainbows that it likes."""

    name = "cloth"

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        return None if recoloured is None else {"recoloured": recoloured, "garment": plan.before}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        garment = targets["garment"]
        return losses.image(coarse(drawn * garment), coarse(targets["recoloured"] * garment), garment.new_ones(()))


class Texture(Term):
    """Each garment has its swatch's texture, by statistics of the region network's own features.

    Compared with the swatch on the photographed garment, in its light, as this canvas shows it.
    """

    name = "texture"

    def __init__(self, features: Features, weight: float):
        super().__init__(weight)
        self.features = features

    @torch.no_grad()
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        swatched = [piece for piece in plan.pieces if piece.garment.swatch is not None]
        if recoloured is None or not swatched:
            return None
        garments = torch.cat([piece.before for piece in swatched])
        maps = [each.expand(len(garments), -1, -1, -1) for each in self._maps(recoloured)]
        means, deviations = losses.statistics(maps, garments)
        return {"garments": garments, "means": means, "deviations": deviations, "counts": [len(swatched)]}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        counts = targets["counts"]
        picture = torch.tensor([i for i, count in enumerate(counts) for _ in range(count)], device=drawn.device)
        found = losses.statistics([each[picture] for each in self._maps(drawn)], targets["garments"])
        values = losses.texture(found, (targets["means"], targets["deviations"]))
        return drawn.new_zeros(len(drawn)).index_add(0, picture, values)

    def _maps(self, picture: Tensor) -> list[Tensor]:
        return [
            each
            for each, stride in zip(self.features.features(picture), self.features.strides, strict=True)
            if stride <= COARSEST
        ]


def edit_terms(semantics: Semantics, regions: Regions, pose: Pose, settings: Settings) -> list[Term]:
    """The five terms of FICE (arXiv 2301.02110, section 3.3), cloth's colour, swatch's texture; weight 0 removes."""
    seen = View(regions.probabilities)
    terms: list[Term] = [
        Semantic(semantics, seen, settings),
        Image(settings.image),
        Posed(pose, settings.pose),
        Head(regions, seen, settings.head),
        Near(settings.latent),
        Cloth(settings.cloth),
    ]
    if isinstance(regions.network, Features):
        terms.append(Texture(regions.network, settings.texture))
    return [term for term in terms if term.weight > 0]


def coarse(picture: Tensor) -> Tensor:
    """A picture a quarter as large: its colours without its pattern."""
    return F.avg_pool2d(picture, 4)


def fit_terms(source: Tensor, settings: Settings) -> list[losses.Term]:
    """The terms that fit a latent to its photograph, before any text: likeness at two scales, and W+ near W."""
    small = coarse(source)

    def image(drawn: Tensor, _: Tensor, index: Tensor) -> Tensor:
        fine = (drawn - source[index]).square().mean((1, 2, 3))
        return fine + (coarse(drawn) - small[index]).square().mean((1, 2, 3))

    return [
        losses.Term("image", settings.image, image),
        losses.Term("latent", settings.latent * 0.1, lambda _, ws, __: losses.latent(ws)),
    ]
