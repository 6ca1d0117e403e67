"""The terms that look at each garment alone: its words, its swatch, its pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.inversion import losses
from fice.inversion.losses import View
from fice.inversion.term import Targets, Term
from fice.language.clip import Semantics
from fice.mask import union
from fice.nets import Features
from fice.plan import Piece, Plan
from fice.settings import Settings
from fice.subject.views import garment_views, on_white

COARSEST = 8  # stride of the maps that know texture: what is coarser knows things
IN_CLIP = 0.1  # of the term of a garment's pictures, what CLIP says; with the usual weights as much as the words have


class Looking(Term):
    """A term to which CLIP shows each garment alone on white in augmented views, or the whole picture (`crop`)."""

    def __init__(self, semantics: Semantics, seen: View, settings: Settings, weight: float):
        super().__init__(weight)
        self.semantics, self.settings = semantics, settings
        self.seen = seen if settings.crop == "garment" else None

    def where(self, plan: Plan, pieces: Sequence[Piece], seed: int) -> Targets:
        """What is to be known of some garments of a plan to look at them."""
        generator = torch.Generator().manual_seed(seed)
        everything = [piece.region for piece in plan.pieces]
        return {
            "garment": places(plan, pieces, self.settings.apart),
            "regions": [[piece.region] if self.settings.apart else everything for piece in pieces],
            "generators": [generator for _ in pieces],
            "counts": [len(pieces)],
        }

    def features(self, drawn: Tensor, targets: Targets) -> Tensor:
        """(N, V, D): of each view of each garment, of pictures (b, 3, H, W) with targets as of `where`."""
        settings, picture = self.settings, pictures_of(targets, drawn)
        each = drawn if len(picture) == len(drawn) else drawn[picture]
        if self.seen is None:
            views = (each.clamp(0, 1) if settings.clamp else each)[:, None]
        else:
            found = self.seen(drawn).detach()
            at = zip(picture.tolist(), targets["regions"], strict=True)
            now = torch.cat([union([region.find(found[i : i + 1]) for region in regions]) for i, regions in at])
            views = garment_views(
                each,
                torch.maximum(now, targets["garment"]),
                self.semantics.size,
                targets["generators"] if settings.views else None,
                max(settings.views, 1),
                clamp=settings.clamp,
            )
        return self.semantics.encode_picture(views.flatten(0, 1)).unflatten(0, views.shape[:2])


class Semantic(Looking):
    """CLIP's cosine distance of each garment from its own words (section 3.3.1), summed over the garments.

    A garment that has pictures and no words wants nothing of it.
    """

    name = "semantic"

    def __init__(self, semantics: Semantics, seen: View, settings: Settings):
        super().__init__(semantics, seen, settings, settings.semantic * settings.strength)

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        if not plan.told:
            return None
        text = self.semantics.encode_text([self.said(piece) for piece in plan.told])
        return {"text": text, **self.where(plan, plan.told, seed)}

    def said(self, piece: Piece) -> str:
        """What is asked of a garment: where one colour is named and no pattern, that alone (`plain`)."""
        sentence, garment = piece.sentence, piece.garment
        patterned = sentence.pattern or sentence.design or garment.swatch or piece.references
        plain = self.settings.plain and len(sentence.dyes) == 1 and not patterned
        return f"solid {sentence.wanted}" if plain else sentence.wanted

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        features = self.features(drawn, targets)
        text = targets["text"].repeat_interleave(features.shape[1], 0)
        values = losses.semantic(features.flatten(0, 1), text).unflatten(0, features.shape[:2]).mean(1)
        return summed(values, targets, drawn)


class Texture(Term):
    """Each garment has its swatch's texture, by statistics of the region network's own features.

    Compared with the swatch on the photographed garment, in its light, as this canvas shows it.
    """

    name = "texture"

    def __init__(self, features: Features, settings: Settings):
        super().__init__(settings.texture)
        self.features, self.apart = features, settings.apart

    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        swatched = [piece for piece in plan.pieces if piece.garment.swatch is not None]
        if recoloured is None or not swatched:
            return None
        return textures(self.features, recoloured, places(plan, swatched, self.apart))

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        return summed(unlike(self.features, drawn, targets), targets, drawn)


class Pictured(Looking):
    """Each garment is like its pictures: the texture of the first on this body, and what CLIP sees in all of them.

    Texture as of `Texture`. Of CLIP one minus the cosines with the mean of the pictures and with the most alike.
    """

    name = "reference"

    def __init__(self, semantics: Semantics, seen: View, settings: Settings, features: Features | None):
        super().__init__(semantics, seen, settings, settings.reference)
        self.maps = features

    @torch.no_grad()
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        pictured = [piece for piece in plan.pieces if piece.references]
        if not pictured:
            return None
        size, device = self.semantics.size, plan.subject.source.device
        seen = [
            self.semantics.encode_picture(torch.cat([on_white(each, size) for each in piece.references]).to(device))
            for piece in pictured
        ]
        found = {"pictures": seen, **self.where(plan, pictured, seed)}
        if self.maps is None or recoloured is None:
            return found
        return {**found, **textures(self.maps, recoloured, places(plan, pictured, self.settings.apart))}

    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        features = self.features(drawn, targets)
        values = IN_CLIP * torch.stack([unlike_all(*each) for each in zip(features, targets["pictures"], strict=True)])
        if self.maps is not None and "means" in targets:
            values = values + unlike(self.maps, drawn, targets)
        return summed(values, targets, drawn)


def unlike_all(views: Tensor, pictures: Tensor) -> Tensor:
    """One minus the cosine of views (V, D) of a garment with its pictures (K, D): with their mean and the most alike.

    All of length one; returns ().
    """
    cosines = views @ torch.cat([F.normalize(pictures.mean(0, keepdim=True), dim=1), pictures]).T
    return 1 - (cosines[:, 0] + cosines[:, 1:].amax(1)).mean() / 2


def places(plan: Plan, pieces: Sequence[Piece], apart: bool) -> Tensor:
    """Where garments of a plan are on the engine's canvas, (N, 1, H, W); not apart: where any is."""
    return torch.cat([piece.before if apart else plan.before for piece in pieces])


@torch.no_grad()
def textures(network: Features, picture: Tensor, garments: Tensor) -> Targets:
    """The texture of garments (N, 1, H, W) in a picture (1, 3, H, W), to be compared with by `unlike`."""
    maps = [each.expand(len(garments), -1, -1, -1) for each in fine(network, picture)]
    means, deviations = losses.statistics(maps, garments)
    return {"garments": garments, "means": means, "deviations": deviations, "counts": [len(garments)]}


def unlike(network: Features, drawn: Tensor, targets: Targets) -> Tensor:
    """How unlike its texture each garment is, (N,); targets: of the pictures (b, 3, H, W), as of `textures`."""
    picture = pictures_of(targets, drawn)
    found = losses.statistics([each[picture] for each in fine(network, drawn)], targets["garments"])
    return losses.texture(found, (targets["means"], targets["deviations"]))


def pictures_of(targets: Targets, drawn: Tensor) -> Tensor:
    """In which picture each garment is, (N,)."""
    return torch.tensor([i for i, count in enumerate(targets["counts"]) for _ in range(count)], device=drawn.device)


def summed(values: Tensor, targets: Targets, drawn: Tensor) -> Tensor:
    """The sum over the garments (N,) of each picture: (b,)."""
    if len(values) == len(drawn):
        return values
    return values.new_zeros(len(drawn)).index_add(0, pictures_of(targets, drawn), values)


def fine(network: Features, picture: Tensor) -> list[Tensor]:
    """The maps of a network in which texture is compared."""
    return [each for each, stride in zip(network.features(picture), network.strides, strict=True) if stride <= COARSEST]
