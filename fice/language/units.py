"""A text cut into units: words and phrases of the language, with what each of them means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from fice.language.colours import COLOURS, NAMES_OF_COLOURS, Dye, Name, look_up, names
from fice.language.designs import DESIGN_NAMES, DESIGNS, MATERIAL_NAMES
from fice.language.lexicon import (
    ARTICLES,
    COMPOUNDS,
    GARMENTS,
    KINDS,
    LENGTHS,
    OTHER_KINDS,
    OTHER_WORDS,
    PATTERNS,
    SLEEVES,
    SYNONYMS,
    THINGS,
    listed,
)
from fice.language.tints import NUMBER, STEPS, VERBS, colour_at, without_steps

SHADES = frozenset(("colour of", "color of", "shade of"))
PRINTS = frozenset("print prints printed pattern patterned".split())
SCENES = frozenset("sea ocean grass forest lipstick".split())  # things that are colours before a garment alone
BREAKS = frozenset(",;:.!?()\n\u2013\u2014")


class Unit(NamedTuple):
    """A word or phrase of a text.

    Attributes:
        kind: C colour, P pattern, G garment, S sleeves, L length, M material, X thing that is no garment, # what looks
            like the number of a colour, ? unknown, or one of `fice.language.lexicon.OTHER_KINDS`.
        words: its canonical words, or ().
        said: as in the text, in small letters.
        own: an article stands before it.
        drawn: the design, the material, or where a thing lies.
        dye: of a colour.
        noun: the colour is a thing's name as well.
    """

    kind: str
    words: tuple[str, ...]
    said: str
    own: bool = False
    drawn: str | None = None
    dye: Dye | None = None
    noun: bool = False

    @property
    def heard(self) -> str:
        """What CLIP is told of it: a colour that has no name by the nearest of its words."""
        if self.dye and (self.dye.like or self.words and look_up(self.said.split(), names()) is None):
            return " ".join(self.words)
        return self.said


def cut_up(text: str) -> list[Unit]:
    """The units of a text, longest phrases first; breaks between its parts have the kind ","."""
    return list(_cut_up(text))


@lru_cache(2048)  # a text is asked for by its parser and by its tokenizer
def _cut_up(text: str) -> tuple[Unit, ...]:
    parts, at = list(_split(text)), 0
    units: list[Unit] = []
    while at < len(parts):
        found, length = _known(parts, at)
        colour = colour_at(parts, at)
        if colour and colour[1] > length:
            found, length = _coloured(parts, at, *colour), colour[1]
        at += length or 1
        if units and units[-1].words and units[-1].kind == "P" and found[0].said in PRINTS:  # "art deco print"
            units[-1] = units[-1]._replace(said=f"{units[-1].said} {found[0].said}")
        else:
            units += found
    if any(unit.kind == "P" and unit.drawn != "solid" for unit in units):  # "pink/purple stripes"
        units = [
            part for one in units for part in (map(_colour, one.said.split(" / ")) if " / " in one.said else [one])
        ]
    return tuple(_of_garments(_shared(units)))


def _shared(units: Sequence[Unit]) -> list[Unit]:
    """ "light and dark blue" is light blue and dark blue."""
    found = list(units)
    for at, (one, link, other) in enumerate(zip(units, units[1:], units[2:], strict=False)):
        words, base = one.said.split(), without_steps(other.said.split())
        if (
            one.kind == other.kind == "C"
            and link.kind == "A"
            and not without_steps(words)
            and base != other.said.split()
        ):
            name = colour_at((*words, *base), 0)
            if name and name[1] == len(words) + len(base):
                found[at] = Unit("C", name[0].words, " ".join((*words, *base)), dye=name[0].dye)
    return found


def _colour(name: str) -> Unit:
    """The unit of a colour's bare name."""
    known = names()[tuple(_split(name))]
    return Unit("C", known.words, name, dye=known.dye)


def _of_garments(units: Sequence[Unit]) -> list[Unit]:
    """Names that things share with colours are colours where a garment is meant: "wine" of a dress, not of a glass."""
    letters = "".join("a" if unit.said in ARTICLES else unit.kind for unit in units)
    dressed = bool(re.search("[GPM]", letters))
    found = list(units)
    for at, unit in enumerate(units):
        if unit.noun or unit.said in SCENES:
            after = next((other for other in units[at + 1 :] if other.kind != "."), unit)
            behind = re.sub("[.a]", "", letters[at + 1 :])
            if unit.noun and not _is_worn(unit, units[at - 1], letters[:at], after, behind, dressed):
                found[at] = Unit("X" if unit.words and dressed and after.said not in PRINTS else "?", (), unit.said)
            elif unit.kind == "X" and re.match("[PM]?G", behind) and not re.search("[BQ][.a]*$", letters[:at]):
                found[at] = _colour(unit.said)
    return found


def _is_worn(unit: Unit, last: Unit, before: str, after: Unit, behind: str, dressed: bool) -> bool:
    """Whether a name that things share is a garment's colour; before, behind: letters of the units there."""
    if after.said in PRINTS or after.said == "motif":  # "cherry print"
        return False
    if re.match("(?:[?CMSL=]|A(?=C))*[PMG]", behind) or after.said in ("colour", "color") or after.kind == "X":
        return True
    placed = re.search("[WQBU][.a]*$|[EJ?][.]*a[.]*$", before) and last.said not in SHADES
    return not placed and after.kind != "?" and (dressed or unit.said in NAMES_OF_COLOURS)


def _known(parts: Sequence[str], at: int) -> tuple[tuple[Unit, ...], int]:
    """The units of the longest phrase at a part, and how many parts it has: of an unknown word 0."""
    for length in range(min(_longest(), len(parts) - at), 0, -1):
        phrase = tuple(parts[at : at + length])
        if found := look_up(phrase, _phrases()):
            said = " ".join(phrase)
            return tuple(unit._replace(said=unit.said or said) for unit in found), length
    kind = "," if parts[at] == "," else "#" if NUMBER.fullmatch(parts[at]) else "?"
    return (Unit(kind, (), parts[at]),), 0


def _coloured(parts: Sequence[str], at: int, name: Name, length: int) -> tuple[Unit, ...]:
    """A colour as units; one such as "metallic blue" is a material or a pattern as well."""
    said = " ".join(parts[at : at + length])
    first, _ = _known(parts, at)
    if length > 1 and said not in SYNONYMS and first[0].kind in "PM":
        words = tuple(word for word in parts[at + 1 : at + length] if word in COLOURS)[-1:]
        return (*first, Unit("C", words, parts[at + length - 1], dye=name.dye))
    return (Unit("C", name.words, said, dye=name.dye, noun=name.noun),)


def _split(text: str) -> Iterator[str]:
    """Runs of letters and digits in lower case, and other symbols (emoji) as runs of their own.

    The number of a colour stays whole, and so does "/"; punctuation parts words, and is "," where it parts a sentence.
    """
    run, symbols = "", False
    plain = unicodedata.normalize("NFKC", text).casefold()
    for old, new in (("gray", "grey"), ("&", " and "), ("-ish", "ish")):
        plain = plain.replace(old, new)
    for piece in re.split(f"({NUMBER.pattern}|/)", plain):
        if piece == "/" or NUMBER.fullmatch(piece):
            yield piece
            continue
        for character in piece + " ":
            kind = unicodedata.category(character)[0]
            if kind == "M":  # a mark belongs to what it follows
                run += character if run else ""
                continue
            part_of_word, symbol = kind in "LN", kind == "S"
            if run and (not (part_of_word or symbol) or symbol != symbols):
                yield run
                run = ""
            if part_of_word or symbol:
                run, symbols = run + character, symbol
            elif character in BREAKS:
                yield ","


@cache
def _phrases() -> dict[tuple[str, ...], tuple[Unit, ...]]:
    """Split phrase -> its units, for everything but colours; where they are the phrase itself, said is ""."""
    table: dict[tuple[str, ...], tuple[Unit, ...]]
    table = {tuple(word.split()): (Unit(kind, (), ""),) for word, kind in listed(OTHER_KINDS)}
    table |= {
        tuple(_split(word)): (Unit("X", (), "", drawn=place.strip("-") or None),) for word, place in listed(THINGS)
    }
    table |= {tuple(_split(word)): (Unit("M", (), "", drawn=name),) for word, name in MATERIAL_NAMES.items()}
    for word, design in DESIGN_NAMES.items():
        pattern = word if word in PATTERNS else DESIGNS[design]
        table[tuple(_split(word))] = (Unit("P", (pattern,), "", drawn=design),)
    for word in (*GARMENTS, *SLEEVES, *LENGTHS, *dict(listed(OTHER_WORDS))):
        name = SYNONYMS.get(word, word)
        kind = next(kind for kind, words in KINDS.items() if name in words)
        table[tuple(_split(word))] = (Unit(kind, (name,), ""),)

    for word in VERBS:
        table[(word,)] = (Unit("V", (), "make"), Unit("C", (), word, dye=Dye(word, None, *STEPS[VERBS[word]])))

    def unit(word: str) -> Unit:
        split = tuple(_split(word))
        return table[split][0]._replace(said=word) if split in table else _colour(word)

    return table | {tuple(_split(phrase)): tuple(map(unit, words)) for phrase, words in COMPOUNDS.items()}


@cache
def _longest() -> int:
    return max(map(len, _phrases()))
