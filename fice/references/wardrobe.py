"""The garments that an order shows in pictures: which of its sentences each belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache

import torch

from fice.bundle.bundle import Bundle
from fice.errors import InputError
from fice.garment import Garment
from fice.language.places import is_named
from fice.language.words import Sentence
from fice.references.garments import Garments
from fice.references.reading import read_reference
from fice.references.reference import Reference
from fice.subject.pose import Pose
from fice.subject.regions import Regions
from fice.wishes import VIEWS, Pixels, content_of

KEPT = 3 * VIEWS  # references that are kept for the next photo: of an outfit; a large one takes 40 MB
Wanted = tuple[Garment, Sentence]


class Wardrobe:
    """Reads pictures of garments, each once.

    Args:
        bundle: whose part "garments" finds them, read when the first picture is.
        regions, pose: what find somebody who wears it.
    """

    def __init__(self, bundle: Bundle, device: torch.device, regions: Regions, pose: Pose | None):
        self.bundle, self.device, self.regions, self.pose = bundle, device, regions, pose
        self._read = lru_cache(KEPT)(self._reference)

    @cached_property
    def garments(self) -> Garments:
        """The network that finds garments. Raises WeightsError where the bundle has none."""
        return Garments.from_bundle(self.bundle, self.device)

    def reference(self, picture: str | Pixels, region: str = "auto") -> Reference:
        """The garment that a picture shows.

        region: which is wanted, where a picture may show several. Raises InputError for a picture that shows none, or
        one that is worn elsewhere.
        """
        return self._read(picture, content_of(picture, "picture of a garment"), None if region == "auto" else region)

    def _reference(self, picture: str | Pixels, sha256: str, region: str | None) -> Reference:
        source = picture.array if isinstance(picture, Pixels) else picture
        return read_reference(source, self.garments, self.regions, self.pose, region)

    def dressed(self, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[tuple[Reference, ...]]]:
        """Garments with their sentences, and the references of each.

        Pictures of one region are of one garment, and of that whose sentence names the region, or no garment at all;
        the others are worn beside it. wanted: of `fice.language.answers.understood`. Raises InputError as `reference`,
        and for more pictures of one garment than `VIEWS`.
        """
        found = [(garment, sentence, self.references(garment)) for garment, sentence in wanted]
        told = [each for each in found if not _is_picture(each[0])]
        pictured = [each for each in found if _is_picture(each[0])]
        for garment, sentence, references in pictured:
            region = references[0].region
            where = next((i for i, other in enumerate(told) if _meant(other, region, len(pictured))), None)
            if where is None:
                told.append((replace(garment, region=region), sentence, references))
                continue
            other, words, others = told[where]
            both = (*others, *references)
            if len(both) > VIEWS:
                raise InputError(f"{len(both)} pictures are of the region {region}: give at most {VIEWS} of a garment.")
            if other.swatch:
                raise InputError("A garment is as its picture shows it, or made of a swatch: give one of the two.")
            merged = replace(other, region=region, pictures=(*other.pictures, *garment.pictures))
            told[where] = replace(merged, mask=merged.mask or garment.mask), words, both
        return [(garment, sentence) for garment, sentence, _ in told], [references for *_, references in told]

    def references(self, garment: Garment) -> tuple[Reference, ...]:
        """The garment of each of its pictures. InputError as `reference`, and where its region is a part of one."""
        if garment.pictures and not is_named(garment.region):
            regions = '"upper", "outer", "dress" or "lower"'
            raise InputError(f'A picture is of a whole garment: name its region {regions}, not "{garment.region}".')
        return tuple(self.reference(each, garment.region) for each in garment.pictures)


def _is_picture(garment: Garment) -> bool:
    return bool(garment.pictures) and not garment.text


def _meant(told: tuple[Garment, Sentence, tuple[Reference, ...]], region: str, pictures: int) -> bool:
    """Whether a garment is the one that a picture shows which is worn on this region; pictures: how many there are."""
    garment, sentence, references = told
    if references:
        return references[0].region == region
    if garment.region != "auto":
        return garment.region == region
    return sentence.region == region or sentence.region is None and pictures == 1
