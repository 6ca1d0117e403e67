"""What a model that knows any words is told of a garment: the text itself, but what is not wanted of it."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from fice.language.clauses import LINK, kinds_of
from fice.language.colours import COLOURS, NAMES_OF_COLOURS, names
from fice.language.tints import NUMBER, numbered
from fice.language.units import cut_up
from fice.language.words import Sentence, parse
from fice.srgb import to_lab

DENIED = re.compile(rf"(?:N|U){LINK}([CPMSLX?G]+(?:[AO]{LINK}[NU]?[CPMSLX?]+)*)|([CPMSLX]+)Z")
CHANGED = re.compile("[YKVRD]|F.*T")  # of the kinds of a text's words: it is more than a description
SILENT = ".VRDTFK"
NAMED = re.compile(r"<[^<>\s]+>")
NEAR = 12.0  # in CIELAB, within which a plain name is near enough
LINKS = "EWJAOQ,"


def told(sentence: Sentence, negated: bool = True) -> str:
    """A description of the garment, colours by their names; "" where a text says nothing of it.

    negated: what shall not be is told apart, as `denied`; else the text tells it.
    """
    if is_whole(sentence) and not (negated and denied(sentence)):
        number = re.compile(NUMBER.pattern, re.IGNORECASE)
        return number.sub(lambda found: named(found[0].lower()), sentence.text.strip())
    heard = [(one.kind, named(one.said)) for one in cut_up(_kept(sentence)) if one.kind not in SILENT]
    kinds = "".join(kind for kind, _ in heard)
    first, last = len(kinds) - len(kinds.lstrip(LINKS)), len(kinds.rstrip(LINKS))
    return _with_names([said for kind, said in heard[first:last] if kind != ","], sentence.text)


def is_whole(sentence: Sentence) -> bool:
    """Whether the text describes this garment and nothing else, so that nothing of it need be left out."""
    if not sentence.text.strip():
        return True
    return len(parse(sentence.text)) == 1 and not CHANGED.search(kinds_of(cut_up(sentence.text)))


def denied(sentence: Sentence) -> tuple[str, ...]:
    """What shall not be seen, as said."""
    if not sentence.text.strip():
        return ()
    units = cut_up(sentence.text)
    found = [units[slice(*one.span(1 if one[1] else 2))] for one in DENIED.finditer(kinds_of(units))]
    said = [unit.said for span in found for unit in span if unit.kind in "CPMSLX?G"]
    return tuple(dict.fromkeys([*sentence.excluded, *said]))


def named(said: str) -> str:
    """A colour by a name that people use, where it is given as a number; else as said."""
    rgb = numbered(said)
    if rgb is None:
        return said
    known = _names()
    apart = np.linalg.norm(to_lab(np.array([*known.values()])) - to_lab(np.array(rgb, np.float64)), axis=1)
    plain = apart[: len(COLOURS)]
    return list(known)[int((plain if plain.min() < NEAR else apart).argmin())]


def _with_names(words: list[str], text: str) -> str:
    """Words, and where they have a part of a model's own words of a text, "<name>", those as they are written there."""
    own = NAMED.findall(text) if "<" in words else []
    parts = {one.said for name in own for one in cut_up(name)}
    return " ".join([*(word for word in words if not own or word not in parts), *own])


def _kept(sentence: Sentence) -> str:
    """The wanted words of a text, colours as they were said rather than by fice's own names."""
    numbers = [dye.said for dye in sentence.dyes if numbered(dye.said)]
    text = sentence.wanted
    for said in numbers:
        word = next(unit.words[0] for unit in cut_up(said) if unit.words)
        text = re.sub(rf"\b{word}\b", said, text, count=1)
    return text


@cache
def _names() -> dict[str, tuple[int, int, int]]:
    """Colours of fice's own, then those of several words, "forest green", sRGB 0..255."""
    several = {name: names()[tuple(name.split())].dye.rgb for name in NAMES_OF_COLOURS if " " in name}
    return COLOURS | {name: rgb for name, rgb in several.items() if rgb is not None}
