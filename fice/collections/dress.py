"""The garments of a collection that sentences ask for, put into an order as if their pictures were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from fice.collections.collection import Collection, Hit
from fice.collections.kinds import kinds_meant
from fice.collections.query import query_of
from fice.errors import InputError
from fice.garment import Garment
from fice.language.clip import Semantics
from fice.language.places import is_named
from fice.language.words import Sentence
from fice.order import Order
from fice.subject.colours import worn
from fice.subject.regions import Choice, Classes, Regions, choose_region
from fice.subject.subject import Subject
from fice.subject.views import garment_views

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle

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


class Collections:
    """The collections of orders, opened once, and asked with one bundle's networks.

    Args:
        bundle: whose networks see.
        semantics, regions: those of it that are needed, loaded.
    """

    def __init__(self, bundle: Bundle, semantics: Semantics, regions: Regions):
        self.bundle, self.semantics, self.regions = bundle, semantics, regions
        self._collections: dict[str, Collection] = {}
        self._texts: dict[str, np.ndarray] = {}

    @classmethod
    def from_bundle(cls, bundle: Bundle, device: str | torch.device = "cpu") -> Collections:
        """With the networks of a bundle, which are read. WeightsError where one is missing or damaged."""
        return cls(bundle, Semantics.from_bundle(bundle, device), Regions.from_bundle(bundle, device))

    def dress(
        self, wanted: Wanted, order: Order, subject: Subject
    ) -> tuple[list[tuple[Garment, Sentence]], list[Finding]]:
        """The garments of an order, those that no picture and no swatch shows with pictures of its collection.

        Each gets the `order.top` that answer its sentence best; of those that answer alike, the ones that are like what
        is worn. Raises InputError as `check_collection`.
        """
        dressed, found = [], []
        for garment, sentence in wanted:
            if _is_sought(order, garment, sentence):
                found.append(self.find(self.opened(str(order.collection)), garment, sentence, order.top, subject))
                garment = replace(garment, pictures=tuple(str(hit.picture) for hit in found[-1].hits))
            dressed.append((garment, sentence))
        return dressed, found

    def notices(self, order: Order) -> list[str]:
        """What a person should know of an order's collection, after garments were found in it."""
        return self._collections[order.collection].notices() if order.collection in self._collections else []

    def opened(self, name: str) -> Collection:
        """A collection. InputError as `Collection.open` and `seen_by`."""
        if name not in self._collections:
            self._collections[name] = Collection.open(name).seen_by(self.bundle)
        return self._collections[name]

    def find(
        self, collection: Collection, garment: Garment, sentence: Sentence, top: int, subject: Subject | None = None
    ) -> Finding:
        """What a collection has for one garment, for the person in a photo or for anybody."""
        region, look = _region(garment, sentence), None
        if subject is not None and (choice := self._worn(subject, region, sentence.garment)):
            region, look = region or choice.region, self._look(subject, choice)
        query = query_of(sentence, region, self._encode, collection.spread)
        return Finding(sentence.wanted, collection.found(replace(query, photo=look), sentence.wanted, top))

    def _encode(self, text: str) -> np.ndarray:
        """CLIP's features of a text, (D,); each is encoded once."""
        if text not in self._texts:
            self._texts[text] = _numbers(self.semantics.encode_text([text]))
        return self._texts[text]

    def _worn(self, subject: Subject, region: str | None, garment: str | None) -> Choice | None:
        """What would be changed, or None where nothing of the kind is worn."""
        try:
            return choose_region(self.regions, subject.regions, region, garment)
        except InputError:
            return None

    @torch.no_grad()
    def _look(self, subject: Subject, choice: Choice) -> np.ndarray:
        """CLIP's features (D,) of the garment that would be changed."""
        region = Classes(choice.region, choice.classes, self.regions)
        where = worn(region, subject.view, self.regions, subject.regions)
        return _numbers(self.semantics.encode_picture(garment_views(subject.view, where, self.semantics.size)[:, 0]))


def check_collection(order: Order, wanted: Wanted, bundle: Bundle) -> None:
    """InputError where an order's collection cannot be used, or has nothing of a kind that is asked."""
    sought = [each for each in wanted if _is_sought(order, *each)]
    if sought:
        collection = Collection.open(str(order.collection)).seen_by(bundle)
        for garment, sentence in sought:
            if not any(one.pictures for one, _ in wanted):  # one of which may turn out to be of this garment
                collection.check(kinds_meant(sentence, _region(garment, sentence)), sentence.wanted)


def _is_sought(order: Order, garment: Garment, sentence: Sentence) -> bool:
    """Whether a garment is looked for in an order's collection."""
    shown = garment.pictures or garment.swatch is not None
    return bool(order.collection and order.top and sentence.wanted and is_named(garment.region)) and not shown


def _region(garment: Garment, sentence: Sentence) -> str | None:
    return sentence.region if garment.region == "auto" else garment.region


def _numbers(features: Tensor) -> np.ndarray:
    return features[0].float().cpu().numpy()
