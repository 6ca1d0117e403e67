"""Where each garment of an order is in a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from fice.errors import InputError
from fice.language.lexicon import CUTS, GARMENTS
from fice.language.places import is_named, read_area
from fice.language.words import Sentence
from fice.mask import decide, main_parts, union
from fice.places.find import HALVES, Found, Places
from fice.subject.colours import worn
from fice.subject.regions import REGIONS, Choice, Classes, Fixed, choose_region

if TYPE_CHECKING:
    from fice.order import Garment
    from fice.references.reference import Reference

KINDS = ("upper", "outer", "dress", "lower")
LESSER = 0.1  # share of a garment's largest part below which another is an error: a strap may part them
BESIDE = 20.0  # cm from the middle of a person within which each part of their garments begins
LITTLE = 0.005  # share of the body's area from which a garment is worn, however little of it is seen


def choices_of(
    wanted: Sequence[tuple[Garment, Sentence]],
    references: Sequence[tuple[Reference, ...]],
    painted: Sequence[Tensor | None],
    places: Places,
    anew: bool = False,
) -> list[Choice | Fixed | Found | InputError]:
    """Where each garment is; where the words do not say so, what is painted. Each keeps off the others' own classes.

    Of several garments, those that are nowhere are told by their error; raises it where all are. anew: what is worn
    gives way to what is wanted, whatever its kind.
    """
    found: list[Choice | Fixed | Found | InputError] = []
    for (garment, sentence), pictures, here in zip(wanted, references, painted, strict=True):
        named, kind = (sentence.region, sentence.garment) if garment.region == "auto" else (garment.region, None)
        if pictures:
            named, kind = pictures[0].region, None  # its kind is what will be worn
        try:
            if not is_named(garment.region):
                found.append(places.find(read_area(garment.region, strict=places.segmenter is None)))
            elif here is not None and (len(wanted) == 1 or named is None):
                found.append(Fixed(here))
            else:
                old = sentence.becomes[0] if sentence.becomes and garment.region == "auto" else None
                shaped = _shaped(sentence) if garment.region == "auto" else None
                if anew:
                    found.append(_anew(places, named, kind, old))
                else:
                    whole = _choice(places, None if shaped else named, kind, among=shaped or KINDS)
                    found.append(whole if pictures else _half_of_dress(places, whole, named, sentence.garment))
        except InputError as error:
            found.append(error)
    lost = [choice for choice in found if isinstance(choice, InputError)]
    if lost and len(lost) == len(found):
        raise lost[0]
    for i, choice in enumerate(found):
        others = {
            name
            for j, other in enumerate(found)
            if isinstance(other, Choice) and j != i
            for name in REGIONS[other.region]
        }
        if isinstance(choice, Choice) and others:
            kept = (name for name in choice.classes if name in REGIONS[choice.region] or name not in others)
            found[i] = replace(choice, classes=tuple(kept))
    return found


def worn_anew(choice: Choice, places: Places) -> Tensor:
    """All that a garment of any kind takes the place of, (1, 1, h, w) float in [0, 1]: also a little of a top."""
    subject, regions = places.subject, places.regions
    least = LITTLE * regions.body(subject.regions).sum()
    found = [torch.zeros_like(subject.regions[:, :1])]
    apart = [REGIONS[name] for name in KINDS] if choice.region in ("dress", "full") else []
    for names in (choice.classes, *apart):
        own = Classes(choice.region, tuple(name for name in choice.classes if name in names), regions)
        here = worn(own, subject.view, regions, subject.regions)
        found += [here] if here.sum() > least else []
    rest = main_parts(decide(regions.select(subject.regions, choice.classes)), LESSER)
    garment = _own(union([*found, rest]), places)
    return garment * (places.half(choice.region) if choice.half else 1)


def _own(garment: Tensor, places: Places) -> Tensor:
    """A garment (1, 1, h, w) without parts that begin far beside the person: they are somebody else's."""
    labels, _ = ndimage.label(garment[0, 0].cpu().numpy() > 0.5)
    near = np.unique(labels[abs(places.figure.aside) < BESIDE])
    return garment * torch.from_numpy(np.isin(labels, near[near > 0])).to(garment) if near.any() else garment


def _half_of_dress(places: Places, choice: Choice, named: str | None, garment: str | None) -> Choice | Found:
    """Of a dress what is a top or a skirt, where that is named and not what the dress is cut into; else the choice."""
    skirt_or_top = named in HALVES and CUTS.get(garment or "", "skirt") == "skirt"
    if not named or not skirt_or_top or choice.region != "dress" or not places.wears(("dress",)):
        return choice
    subject, regions = places.subject, places.regions
    dress = worn(Classes("dress", choice.classes, regions), subject.view, regions, subject.regions)
    limit = places.half(named)
    return Found(dress * limit, dress, limit, region=named)


def _shaped(sentence: Sentence) -> tuple[str, ...] | None:
    """What a sentence that names no garment but sleeves or hems may be of: the largest that has them."""
    if sentence.garment is not None or not (sentence.sleeve or sentence.length):
        return None
    return ("upper", "outer", "dress") if sentence.sleeve else ("lower", "dress")


def _choice(
    places: Places, named: str | None, kind: str | None, shaped: bool = True, among: Sequence[str] = KINDS
) -> Choice:
    return choose_region(places.regions, places.subject.regions, named, kind, shaped, among)


def _anew(places: Places, named: str | None, kind: str | None, old: str | None) -> Choice:
    """Where a garment of any kind takes the place of another: half a dress gives way to a top; old: the word for it."""
    choice = _choice(places, named, kind, shaped=False)
    if choice.region == "dress" and named in HALVES:
        return Choice(named, choice.classes, half=True)
    more: tuple[str, ...] = ()
    if named == "dress" and not places.wears(("upper", "dress")):
        more = ("outer",)  # which is all there is above the waist
    if old is not None and GARMENTS[old] != named:
        more = _choice(places, GARMENTS[old], old, shaped=False).classes
    return replace(choice, region=named or choice.region, classes=tuple(dict.fromkeys((*choice.classes, *more))))
