"""Words for places on a person: "the left sleeve", "everything below the waist", "the dress but not its collar".

    area   = places [("but not" | "without" | "except" ...) places]
    places = place {("and" | "or" | ",") place}
    place  = [side] name ["of the" garment] [("above" | "below") level] ["on the left of the picture"]

A name is a part (`PARTS`), a thing (`CARRIED`), a garment of the lexicon, or "everything". Sides are the wearer's own,
unless the picture is named.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from fice.errors import InputError
from fice.language.lexicon import GARMENTS, OTHER_WORDS, THINGS, listed

EVERYTHING = "everything"
SIDES = ("left", "right")
LEVELS = ("neck", "chest", "waist", "hips", "knees", "ankles")  # from the head down
# parts of garments <- other words for the same; plurals are understood
PARTS = """
sleeves: sleeve, arm | cuffs: cuff, sleeve end | collar: lapel, revers, neckband
neckline: neck, neck opening | hem: hemline, lower edge, bottom edge
waist: waistline, waistband, waist band, midriff | bust: chest, breast, bosom
yoke: shoulder | bodice: torso, trunk, body | legs: leg
"""
# things with a class of their own <- other words for the same, beside those of the lexicon
CARRIED = """
shoes: pump, flat, wedge | headwear: headgear | bag: tote, satchel, pouch
legwear: tights, hosiery, pantyhose, nylons | belt: sash | scarf: scarves, shawl
glasses: sunglasses, spectacles, eyeglasses
"""
WORN = """
everything: all, all clothes, everything worn | upper: upper garment | lower: lower garment, bottoms
outer: outerwear, outer garment
"""
# what parts places, what limits them, and what says nothing
SIGNS = """
but: but not, but without, without, except, except for, excluding, minus, apart from, other than, but, not, no, and not
but: and no, and without, save for, leaving out
and: and, plus, as well as, together with, along with, or, nor, &, /, +
above: above, over, higher than | below: below, under, beneath, underneath, lower than | of: of, on, in, at
picture: of the picture, of the photo, of the image, in the picture, in the photo, in the image, viewer
picture: of the photograph, in the photograph
hips: hip | knees: knee | ankles: ankle
-: the, a, an, his, her, my, your, their, its, this, that, these, those, both, whole, entire, only, just, s, side, half
-: hand, area, region, part, own, pair, wearer, person, worn, is, are
"""
LEVEL_OF = {"neckline": "neck", "collar": "neck", "bust": "chest", "waist": "waist", "belt": "waist"}
ALL_OF = frozenset(("upper", "outer", "dress", "lower", "full"))  # as of `fice.subject.regions.REGIONS`
LONGEST, CLOSE = 4, 0.8  # words of a phrase; likeness from which one may be another, misspelt


class Sign(NamedTuple):
    """A phrase of the words for a region: its kind, what it stands for, and as said."""

    kind: str
    name: str
    said: str = ""


@dataclass(frozen=True)
class Spot:
    """One place on a person.

    Attributes:
        name: a part, a thing, a garment, or "everything".
        side: "left" or "right", or None for both.
        seen: the side is the viewer's and not the wearer's.
        of: the garment whose part it is, or None for whichever has such a part.
        levels: what it is limited to, ("below", "waist") ...
        said: the name as in the words, for networks.
    """

    name: str
    side: str | None = None
    seen: bool = False
    of: str | None = None
    levels: tuple[tuple[str, str], ...] = ()
    said: str = field(default="", compare=False)

    def covers(self, other: Spot) -> bool:
        """Whether nothing of the other one lies beside it, by its words alone."""
        wide = self.side is None or (self.side, self.seen) == (other.side, other.seen)
        same = self.name in (other.name, EVERYTHING) and self.of in (None, other.of)
        return wide and same and set(self.levels) <= set(other.levels)


@dataclass(frozen=True)
class Area:
    """A region in words: all of `places` but what is in `without`.

    either: it is enough that one of the places is there.
    """

    said: str
    places: tuple[Spot, ...]
    without: tuple[Spot, ...] = ()
    either: bool = False


def is_named(region: str) -> bool:
    """Whether a region is one that needs no reading: "auto", or all of a garment by its region's name."""
    return region == "auto" or region in ALL_OF


@lru_cache
def read_area(words: str, strict: bool = True) -> Area:
    """What words for a region mean. InputError for what is no place that can be found, and for contradictions.

    strict: names that fice does not know are refused; else they are for a network that may.
    """
    signs = list(_signs(words))
    kinds = [sign.kind for sign in signs]
    at = kinds.index("but") if "but" in kinds else len(signs)
    places = _spots(signs[:at], words, strict) or ((Spot("full"),) if at < len(signs) else ())
    after = [sign._replace(kind="and") if sign.kind == "but" else sign for sign in signs[at + 1 :]]
    without = _spots(after, words, strict)
    if not places or at < len(signs) and not without:
        raise InputError(f'"{words}" names no place; say one, as in "left sleeve" or "the dress".')
    left = tuple(one for one in places if not any(other.covers(one) for other in without))
    if not left or any(map(_is_empty, places)):
        raise InputError(f'"{words}" contradicts itself and leaves nothing; take one of both away.')
    return Area(words, left, without, any(sign.name == "or" for sign in signs[:at]))


def names_in(text: str) -> set[str]:
    """The parts, things and garments that a text names, whatever else it says."""
    return {sign.name for sign in _signs(text) if sign.kind == "name"}


def known_places() -> dict[str, list[str]]:
    """Each part and thing, with other words for it."""
    return {name: words for table in (PARTS, CARRIED) for name, words in _grouped(table).items()}


def _spots(signs: Sequence[Sign], words: str, strict: bool) -> tuple[Spot, ...]:
    """Places that are joined by "and"."""
    groups: list[list[Sign]] = [[]]
    for sign in signs:
        if sign.kind == "and":
            groups.append([])
        else:
            groups[-1].append(sign)
    groups = [group for group in groups if group]
    for group, after in pairwise(groups):
        if {"side"} == _kinds(group) < _kinds(after):  # "left and right sleeve"
            group += [sign for sign in after if sign.kind != "side"]
    found: list[Spot] = []
    for group in groups:
        spot = _spot(group, words, strict)
        named = any(sign.name == EVERYTHING for sign in group)
        if found and not named and (spot.name, spot.side) == (EVERYTHING, None):  # "below ... and above ..."
            found[-1] = replace(found[-1], levels=(*found[-1].levels, *spot.levels))
        else:
            found.append(spot)
    return tuple(dict.fromkeys(found))


def _spot(signs: Sequence[Sign], words: str, strict: bool) -> Spot:
    """One place, of signs without "and" and "but"."""
    names, levels, said = [], [], []
    strange = False
    rest = iter(signs)
    for sign in rest:
        if sign.kind in ("above", "below"):
            level = next(rest, sign).name
            level = LEVEL_OF.get(level, level)
            if level not in LEVELS:
                raise InputError(f'"{words}" is {sign.kind} nothing that fice knows; say one of {", ".join(LEVELS)}.')
            levels.append((sign.kind, level))
        elif sign.kind in ("name", "?", "level", "of"):
            said.append(sign.said)
            strange = strange or sign.kind in ("?", "level")
            names += [sign.name] if sign.kind == "name" else []
            if strange and strict:
                raise InputError(_unknown(sign.said))
    garments = [name for name in names if name in GARMENTS or name in ALL_OF]
    others = list(dict.fromkeys(name for name in names if name not in garments))
    joined = any(sign.kind == "of" for sign in signs)
    if not strange and (len(others) > 1 or (len(garments) > 1 and joined)):
        raise InputError(f'It is not clear which place "{words}" means; name one, or join several with "and".')
    side = next((sign.name for sign in signs if sign.kind == "side"), None)
    seen = side is not None and any(sign.kind == "picture" for sign in signs)
    text = re.sub(r"(^| )(of|on|in|at)$", "", " ".join(said))
    if strange:
        return Spot(text, side, seen, None, tuple(levels), text)
    garment = garments[-1] if garments else None
    name = others[0] if others else garment or EVERYTHING
    if name == "cuffs" and garment and GARMENTS.get(garment, garment) == "lower":
        name = "hem"
    return Spot(name, side, seen, garment if others else None, tuple(levels), text)


def _kinds(signs: Sequence[Sign]) -> set[str]:
    return {sign.kind for sign in signs}


def _is_empty(spot: Spot) -> bool:
    """Whether nothing lies between the levels of a place."""
    above = min((LEVELS.index(level) for way, level in spot.levels if way == "above"), default=len(LEVELS))
    below = max((LEVELS.index(level) for way, level in spot.levels if way == "below"), default=-1)
    return below >= above


def _signs(words: str) -> Iterator[Sign]:
    """The longest known phrases, each its kind and what it stands for; what says nothing is left out."""
    plain = re.sub(r"\b(?:from )?(?:the )?(\w+) (down|up)(?:wards?)?\b", _from_there, words.casefold())
    tokens, table, at = re.findall(r"[^\W_]+|[,&/+]", plain), _table(), 0
    while at < len(tokens):
        for length in range(min(LONGEST, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + length])
            forms = (phrase, f"{phrase}s", phrase.removesuffix("s"), phrase.removesuffix("es"))
            if sign := next((table[form] for form in forms if form in table), None):
                break
        else:
            sign = Sign("?", phrase)
        at += length
        if sign.kind != "-":
            yield sign._replace(said=phrase)


def _from_there(found: re.Match[str]) -> str:
    """ "From the waist down" is below the waist."""
    return f"{'below' if found[2] == 'down' else 'above'} {found[1]}"


@cache
def _table() -> dict[str, Sign]:
    """Phrase -> its kind and what it stands for."""
    table = {side: Sign("side", side) for side in SIDES}
    for word, kind in listed(SIGNS):
        level, choice = kind in LEVELS, word in ("or", "nor", "/")
        table[word] = Sign("level" if level else kind, "or" if choice else kind)
    table[","] = Sign("and", "and")  # which parts words in tables
    table |= {word: Sign("name", place) for word, place in listed(THINGS) if place in known_places()}
    table |= {word: Sign("name", name) for word, name in listed(OTHER_WORDS) if name in GARMENTS}
    table |= {name: Sign("name", name) for name in (*GARMENTS, *ALL_OF)}
    for group in (CARRIED, WORN, PARTS):
        table |= {word: Sign("name", name) for name, words in _grouped(group).items() for word in (name, *words)}
    return table


def _grouped(table: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word, name in listed(table):
        found.setdefault(name, []).append(word)
    return found


def _unknown(word: str) -> str:
    close = difflib.get_close_matches(word[:40], _table(), 1, CLOSE)
    hint = f'; did you mean "{close[0]}"?' if close and _table()[close[0]].kind == "name" else ""
    named = ", ".join(known_places())
    return f'"{word}" is no place that fice finds{hint or f": {named} and garments are"}; else paint a --mask.'
