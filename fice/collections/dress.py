"""The garments of a collection that sentences ask for, put into an order as if their pictures were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fice.collections.collection import Collection, Hit
from fice.collections.query import query_of
from fice.errors import InputError
from fice.garment import Garment
from fice.language.clip import Semantics
from fice.language.places import is_named
from fice.language.words import Sentence
from fice.subject.colours import worn
from fice.subject.regions import Choice, Classes, Regions, choose_region
from fice.subject.subject import Subject
from fice.subject.views import garment_views

Wanted = Sequence[tuple[Garment, Sentence]]


@dataclass(frozen=True)
class Finding:
    """What a collection has for one garment of an order, the best first."""

    wanted: str
    hits: tuple[Hit, ...]

    def as_json(self) -> dict[str, Any]:
        return {"wanted": self.wanted, "garments": [hit.as_json() for hit in self.hits]}

    def __str__(self) -> str:
        first, more = self.hits[0], len(self.hits) - 1
        others = f" and {more} more" if more else ""
        return f"Found for {self.wanted!r}: {first.picture.name} ({first.why}){others}."


def dress(
    wanted: Wanted, collection: Collection, semantics: Semantics, top: int, subject: Subject, regions: Regions
) -> tuple[list[tuple[Garment, Sentence]], list[Finding]]:
    """The same garments, those that have neither a picture nor a swatch with the `top` best pictures of a collection.

    Garments like the one that is worn come before others that answer the sentence as well. Raises InputError where the
    collection has nothing of a kind that is asked.
    """
    dressed, found = [], []
    for garment, sentence in wanted:
        if not garment.pictures and garment.swatch is None and sentence.wanted and is_named(garment.region):
            found.append(_find(garment, sentence, collection, semantics, top, _Worn(subject, regions)))
            garment = replace(garment, pictures=tuple(str(hit.picture) for hit in found[-1].hits))
        dressed.append((garment, sentence))
    return dressed, found


def _find(
    garment: Garment, sentence: Sentence, collection: Collection, semantics: Semantics, top: int, body: _Worn
) -> Finding:
    region = None if garment.region == "auto" else garment.region
    choice = body.choice(region or sentence.region, sentence.garment)
    if not (region or sentence.region) and choice is not None:
        region = choice.region
    query = query_of(sentence, region, encoder(semantics), collection.spread)
    if choice is not None:
        query = replace(query, photo=body.look(choice, semantics))
    return Finding(sentence.wanted, collection.found(query, sentence.wanted, top))


class _Worn:
    """What the person in a photo wears."""

    def __init__(self, subject: Subject, regions: Regions):
        self.subject, self.regions = subject, regions

    def choice(self, region: str | None, garment: str | None) -> Choice | None:
        """What would be changed, or None where nothing of the kind is worn."""
        try:
            return choose_region(self.regions, self.subject.regions, region, garment)
        except InputError:
            return None

    @torch.no_grad()
    def look(self, choice: Choice, semantics: Semantics) -> np.ndarray:
        """CLIP's features (D,) of the garment that would be changed."""
        region = Classes(choice.region, choice.classes, self.regions)
        where = worn(region, self.subject.view, self.regions, self.subject.regions)
        return _numbers(semantics.encode_picture(garment_views(self.subject.view, where, semantics.size)[:, 0]))[0]


def encoder(semantics: Semantics):
    """Texts to CLIP's features (n, D), as `query_of` takes it; each text is encoded once."""
    return lambda texts: _numbers(semantics.encode_text(texts))


def _numbers(features: Tensor) -> np.ndarray:
    return features.float().cpu().numpy()
