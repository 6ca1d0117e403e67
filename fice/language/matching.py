"""Which garment of an order each sentence is of, and each swatch and picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from fice.errors import InputError
from fice.language.words import NOTHING, Sentence, parse

if TYPE_CHECKING:
    from fice.order import Garment, Order

Clothed = Callable[[Sentence], bool]  # whether a garment gets another cloth, whatever its sentence says


def matched(order: Order, read: Callable[[Garment, Clothed], Sequence[Sentence]]) -> list[tuple[Garment, Sentence]]:
    """Each garment of an order with a sentence of it; one text may name several.

    A swatch is for the garment that its region names, or its text; of several in one text for those of which the text
    says no colour and no pattern, and then for no other. Pictures of a garment come last, as only a look at them tells
    of which. read: what the text of a garment says, as `understand`.
    """
    order, pictured = _without_pictures(order)
    placed = {garment.region: garment for garment in order.garments if garment.swatch and not garment.text}
    found: list[tuple[Garment, Sentence]] = []
    for garment in order.dressing:
        if garment.text or not garment.swatch:
            regions = {*placed} if garment.swatch is None else None
            sentences = _named(read(garment, partial(_clothed, regions)), regions)
            found += zip(_swatched(garment, sentences), sentences, strict=True)
    for i, (garment, sentence) in enumerate(found):
        if not garment.swatch and (other := placed.pop(sentence.region or "", None)):
            found[i] = replace(garment, swatch=other.swatch, swatch_width=other.swatch_width), sentence
    return [*found, *((garment, NOTHING) for garment in (*placed.values(), *pictured))]


def _without_pictures(order: Order) -> tuple[Order, list[Garment]]:
    """An order whose texts have no pictures that may be of any of their garments, and these pictures as garments."""
    texts, pictured = [], []
    for garment in order.garments:
        if garment.pictures and garment.swatch:
            raise InputError("A garment is as its picture shows it, or made of a swatch: give one of the two.")
        loose = garment.pictures and not (garment.text and garment.region != "auto")
        if loose:
            pictured.append(replace(garment, text=""))
        if garment.text or not loose:
            texts.append(replace(garment, pictures=()) if loose else garment)
    return replace(order, garments=tuple(texts)), pictured


def _clothed(regions: set[str] | None, sentence: Sentence) -> bool:
    """Whether a sentence is about one of these regions; of None about any."""
    return regions is None or sentence.region in regions


def _named(sentences: Sequence[Sentence], regions: set[str] | None) -> list[Sentence]:
    """The sentences, and one for each garment that they name without a look where a swatch gives it one.

    regions: for which there is a swatch; of None for any of which nothing is said.
    """
    first, *others = sentences
    more = [one for name in first.kept for one in parse(name) if _clothed(regions, one)]
    kept = tuple(name for name in first.kept if name not in {one.garment for one in more})
    return [replace(first, kept=kept), *others, *more]


def _swatched(garment: Garment, sentences: Sequence[Sentence]) -> list[Garment]:
    """A garment once for each sentence of its text, with its swatch where it is meant."""
    silent = [not one.draws for one in sentences]
    if not garment.swatch or len(sentences) == 1 or all(silent):
        return [garment] * len(sentences)
    if not any(silent):
        raise InputError("The swatch is said of several garments; say of which, as in --swatch FILE@lower.")
    without = replace(garment, swatch=None, swatch_width=None)
    return [garment if meant else without for meant in silent]
