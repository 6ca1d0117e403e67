"""Looks of parts and things in a sentence: "a white collar", "red dress with green shoes", "make the sleeves blue"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

from fice.errors import InputError
from fice.language.places import names_in, read_area
from fice.language.words import parse

if TYPE_CHECKING:
    from fice.order import Garment, Order

# places that a sentence may dress; by other words for a body, as "leg", skin may be meant
NAMED = frozenset("sleeves cuffs collar neckline hem shoes headwear bag legwear belt scarf glasses".split())
MAKE = frozenset("make paint dye colour color turn change".split())
APART = frozenset("and or with but not no without".split())  # what no place begins with
JOINT = re.compile(r"(\s*,\s*(?:and\s|with\s)?\s*|\s+(?:and|with|plus)\s+)", re.IGNORECASE)
LONGEST = 200  # letters of a text in which places are looked for


def divided(order: Order, alone: bool = False) -> Order:
    """An order with a garment of its own for each part or thing that a text dresses.

    alone: only of texts that speak of nothing else.
    """
    return replace(order, garments=tuple(each for garment in order.garments for each in _apart(garment, alone)))


def _apart(garment: Garment, alone: bool) -> Iterator[Garment]:
    """A garment, and beside it each part or thing that its text dresses, with its own looks and region.

    InputError where one region is said of several of them.
    """
    text, places = divide_places(garment.text)
    if not places or alone and text.strip():
        yield garment
        return
    beside = parse(text) if text.strip() else ()
    says = any(one.draws or one.unknown or one.materials or one.excluded or one.taken_off for one in beside)
    named = beside[0].garment if len(beside) == 1 else None
    if says or garment.pictures or named and garment.swatch:
        yield replace(garment, text=text)
        garment, named = replace(garment, pictures=(), swatch=None, swatch_width=None), None
    if garment.region != "auto" and (says or len(places) > 1):
        raise InputError(f"The region {garment.region} is said of several places; give each its own in an --order.")
    for looks, place in places:
        region = f"{place} of the {named}" if named else place
        yield replace(garment, text=looks, region=region if garment.region == "auto" else garment.region)


@lru_cache
def divide_places(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What of a text is about garments, and (looks, words for a region) of each part or thing that it dresses."""
    if len(text) > LONGEST or not names_in(text) & NAMED:
        return text, ()
    parts = JOINT.split(text)  # chunks, and what joins them between
    spans = combinations(range(0, len(parts) + 2, 2), 2)
    for start, end in sorted(((first, last - 1) for first, last in spans), key=lambda span: span[0] - span[1]):
        if found := _placed("".join(parts[start:end])):
            rest = [*parts[: max(start - 1, 0)], *parts[end if start else end + 1 :]]
            left, others = divide_places("".join(rest))
            return left, (found, *others)
    return text, ()


def _placed(text: str) -> tuple[str, str] | None:
    """(looks, words for a region) of a text that says how a place shall look, and nothing else."""
    words = text.split()
    change = bool(words) and words[0].lower() in MAKE
    for at in range(1 + change, len(words)):
        one, other = " ".join(words[change:at]), " ".join(words[at:])
        behind = " ".join(words[at + 1 :]) if words[at].lower() in ("in", "to") else other if change else ""
        for looks, place in ((behind, one), ("" if change else one, other)):
            if looks and _is_place(place) and _is_look(looks):
                return looks, place
    return None


def _is_place(words: str) -> bool:
    try:
        area = read_area(words.lower())
    except InputError:
        return False
    clothes = words.split()[0].lower() in APART or parse(words)[0].garments and not any(spot.of for spot in area.places)
    return not clothes and not area.without and all(spot.name in NAMED and not spot.levels for spot in area.places)


def _is_look(text: str) -> bool:
    """Whether a text says what can be drawn, and not of what."""
    if text.split()[-1].lower() in APART:
        return False
    try:
        first, *others = parse(text)
    except InputError:
        return False
    more = first.garments, first.things, first.unknown, first.excluded, first.taken_off, first.unclear, first.numbers
    return first.draws and not others and not any(more)
