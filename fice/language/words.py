"""Parsing sentences about clothes: what is wanted, and what is only spoken of.

Understood are

- the garment and how it shall look: "a red floral dress", "dress in red and white, striped";
- a change, of which only the outcome is wanted: "change the red sweater to blue", "from red to green", "replace the
  stripes with dots", "make the red shirt blue", "add white dots to the blue skirt";
- what shall not be: "not red", "without stripes", "no pattern", "blue instead of red", "remove the jacket";
- what is beside the garment, with the colours that belong to it: shoes, bags, collars, walls, persons;
- several garments, each with what is said of it: "white shirt and blue jeans", "make the shirt white and the jeans
  blue", "a red top with a matching skirt" (`fice.language.clauses`).

Alternatives, garments that hide each other and colours that may belong to anything are understood as such:
`fice.language.answers` asks back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fice.errors import InputError
from fice.language.clauses import LINK, LOOK, divide, kinds_of
from fice.language.lexicon import ARTICLES, COLOURS, GARMENTS, LENGTHS, PATTERNS, SLEEVES, Unit, cut_up

PLAIN = Unit("P", ("solid",), "plain")


@dataclass(frozen=True)
class Sentence:
    """What fice understood of a text about one garment.

    Attributes:
        text: as given, with all its garments.
        wanted: what of the text is wanted of the garment, for CLIP; where that is all of it, the text itself.
        words: the wanted words in canonical form, fillers left out.
        colour, pattern, garment, sleeve, length: the first of each kind among them, or None.
        region: "upper", "lower", "dress", "outer", "full", or None when the words do not say.
        unknown: words fice does not know, in the order of the text, each once.
        garments: the garment, or several of which one is meant; of adjoining ones the last: a "shirt dress" is a dress.
        materials: materials that are wanted, as said.
        shapes: sleeves and lengths that are wanted, as said.
        things: what is spoken of and is no garment, as said: shoes, walls.
        excluded: what is not wanted, as said, where nothing follows from it for what is.
        taken_off: garments, or clothes as such, that are not to be worn, as said.
        becomes: a garment and the other one that it is to become, or ().
        unclear: words that may mean this or that, as said, or "".
        numbers: colours given as #rrggbb.
        kept: other garments of the text, of which nothing is said.
    """

    text: str
    wanted: str
    words: tuple[str, ...]
    colour: str | None
    pattern: str | None
    garment: str | None
    sleeve: str | None
    length: str | None
    region: str | None
    unknown: tuple[str, ...]
    garments: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    taken_off: tuple[str, ...] = ()
    becomes: tuple[str, ...] = ()
    unclear: str = ""
    numbers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def parse(text: str) -> tuple[Sentence, ...]:
    """Reads a text such as "a long red floral dress": a sentence for each garment that it says something of.

    They have the order of the text; of a text about no garment, or about several of which it says nothing, all is
    read. A suit beside a shirt has a sentence for each region that is left to it. Raises InputError for a text without
    words.
    """
    units = [*cut_up(text)]
    if all(unit.kind == "," for unit in units):
        raise InputError('the text is empty; say what to wear, for example "red floral dress".')
    whole = _Reading([*_without_fillers(units)])
    units = list(whole.units)
    whole.keep()
    whole.take_off()
    other = whole.take(rf"(?<=G)N{LINK}{LOOK}G")  # "a blue skirt instead of the red dress"
    other += whole.take(rf"N{LINK}{LOOK}G(?=,.*G)")  # "not a red dress but a blue skirt"
    whole.leave_out()
    whole.set_aside()
    clauses = divide(whole.units)
    if not clauses or len(clauses) == 1 and not other:
        return (_read(text, units, text),)
    found = [sentence for clause in clauses for sentence in _placed(_read(text, clause.units), clause.regions)]
    found = [one if one.garment else replace(one, unclear=one.unclear or one.wanted) for one in found]
    about = [one for one in found if one.words != one.garments or one.materials or one.excluded or one.unknown] or found
    left = [one.garment for one in found if one not in about and one.garment]
    things = tuple(dict.fromkeys((*whole.things, *about[0].things)))
    off = tuple(dict.fromkeys((*whole.taken_off, *about[0].taken_off)))
    return (replace(about[0], things=things, taken_off=off, kept=tuple(dict.fromkeys(left))), *about[1:])


def _read(text: str, units: Sequence[Unit], whole: str = "") -> Sentence:
    """What units of a text about one garment say; whole: that text, where the units are all of it."""
    reading = _Reading(units)
    reading.reorder()
    reading.keep()
    becomes = reading.change()
    reading.take_off()
    reading.deny()
    reading.set_aside()
    left = reading.units
    garments = reading.garments()
    words = tuple(word for unit in left if unit.kind in "CPGSL" for word in unit.words)
    colour, pattern, sleeve, length = (
        next((word for word in words if word in kind), None) for kind in (COLOURS, PATTERNS, SLEEVES, LENGTHS)
    )
    said = lambda kinds: tuple(dict.fromkeys(unit.said for unit in left if unit.kind in kinds))  # noqa: E731
    silent = "," if whole else ",VRDTFQ"
    return Sentence(
        text=text,
        wanted=whole if whole and left == units else " ".join(unit.said for unit in left if unit.kind not in silent),
        words=words,
        colour=colour,
        pattern=pattern,
        garment=garments[0] if garments else None,
        sleeve=sleeve,
        length=length,
        region=_region(garments, words),
        unknown=said("?X"),
        garments=garments,
        materials=said("M"),
        shapes=said("SL"),
        things=tuple(dict.fromkeys(reading.things)),
        excluded=tuple(reading.excluded),
        taken_off=tuple(reading.taken_off),
        becomes=becomes,
        unclear=reading.unclear(),
        numbers=said("#"),
    )


def _placed(sentence: Sentence, regions: Sequence[str]) -> Iterator[Sentence]:
    """The sentence itself, or once for each region that it is for."""
    yield from (replace(sentence, region=region) for region in regions) if regions else (sentence,)


def _without_fillers(units: Iterable[Unit]) -> Iterator[Unit]:
    """Units that say something, with articles as a mark of what they stand before."""
    own = False
    for unit in units:
        if unit.kind == ".":
            own = own or unit.said in ARTICLES
        else:
            yield unit._replace(own=own)
            own = False


class _Reading:
    """The units of a sentence, from which what is not wanted is taken away step by step.

    Patterns are regular expressions over the kinds of the units, one letter each.
    """

    def __init__(self, units: Sequence[Unit]):
        self.units = list(units)
        self.things: list[str] = []
        self.excluded: list[str] = []
        self.taken_off: list[str] = []

    def reorder(self) -> None:
        """ "add white dots to the blue skirt" is a blue skirt with white dots."""
        if found := re.search(rf"D(.+)[TQ](?={LOOK}G)", self._kinds()):
            self.units = [*self.units[found.end() :], *self.units[found.start() + 1 : found.end() - 1]]

    def change(self) -> tuple[str, ...]:
        """Keeps of a change its outcome; the two garments where one is to become another."""
        kinds = self._kinds()
        replaced = re.search(r"R.+?[WT]", kinds)
        at = replaced.end() - 1 if replaced else kinds.rfind("T")
        old, new = _Reading(self.units[: max(at, 0)]), _Reading(self.units[at + 1 :])
        said = re.search("[VRF]", old._kinds()) and re.search("[CPMSLG?]", new._kinds())
        if at < 0 or not (said or re.match("[?M]*[CP]|G", new._kinds()) and re.search("[CP]", old._kinds())):
            self.take(rf"V({LOOK})G[EQ]*[CPM]", 1)  # "make the red shirt blue"
            return ()
        before, after = old.garments(), new.garments()
        left = [unit for unit in old.units if unit.kind not in "CPMSL?" and not (after and unit.kind == "G")]
        self.units = [*left, *new.units]
        return (before[-1], after[0]) if before and after and before[-1] != after[0] else ()

    def keep(self) -> None:
        """Takes away garments that shall stay as they are: "keep the jeans"."""
        self.take(rf"(?:K|NV){LOOK}G(?:A{LOOK}G)*(?:[CPM]+(?=[,A]+V))?")

    def take_off(self) -> None:
        """Takes away what is not to be worn."""
        for units in self.take(rf"U{LINK}{LOOK}[GX]"):
            (self.taken_off if units[-1].kind == "G" else self.things).append(units[-1].said)

    def deny(self) -> None:
        """Takes away looks that shall not be, and what is left out; without its pattern, cloth is plain."""
        plain = False
        same = rf"(?:,{LINK}\1)*,?[OA]{LINK}[NU]?{LINK}[CPMSL?]*\1"
        for pattern in (rf"(?:NV|[NU]){LINK}[CPMSL?]*([CPMSL?])(?:{same})*", "[CPMSL]+Z"):
            for units in self.take(pattern):
                patterns = [unit for unit in units if unit.kind == "P" and unit.words != PLAIN.words]
                plain = plain or bool(patterns)
                self.excluded += [unit.said for unit in units if unit.kind in "CPMSL?" and unit not in patterns]
        self.leave_out()
        if plain and not any(unit.kind == "P" and unit.words for unit in self.units):
            self.units.insert(0, PLAIN)

    def leave_out(self) -> None:
        """Takes away what is spoken of as not meant, or as something behind the person."""
        self.take(rf"N{LINK}[GX]")
        self.taken_off += [unit.said for unit in self.units if unit.kind == "Y"]
        self.take(rf"B{LINK}{LOOK}[XH]?(?![CPMSLG?])")

    def set_aside(self) -> None:
        """Takes away what is no garment, with what is said of it."""
        self.take(r"[CPM]+H(?!G)")
        for units in self.take("(?<![^,])[CPM]+[?]+(?=[AW][?]*[CP][CPMSL?=]*G)"):
            self.things.append(units[-1].said)  # "red kimono and blue jeans"
        for units in self.take("(?:G,?[EWT]*[CP][^X]*[A,]|[CP]G,)(X[CP]+)(?![CPMSLG?])", 1):
            self.things.append(units[0].said)  # "trousers black, shoes brown"
        pair = "(?:(?<=[WQ])CA)?"
        for pattern in (rf"{LOOK}XJ{LOOK}G", rf"{pair}{LOOK}G?X(?!G)"):
            for units in self.take(pattern):
                self.things.append(next(unit.said for unit in units if unit.kind == "X"))
        for units in self.take(r"(?<=G)Q[CPM]+\?(?![CPMG])"):
            self.things.append(units[-1].said)  # "on a green settee"

    def unclear(self) -> str:
        """What could mean this or that: a negation of nothing, a choice, colours to both sides of a garment."""
        kinds = self._kinds()
        for pattern in ("[NUZ]", f"[CPG]O{LOOK}[CPG]"):
            if found := re.search(pattern, kinds):
                return " ".join(unit.said for unit in self.units[found.start() : found.end()])
        at = [place for place, unit in enumerate(self.units) if unit.kind == "G"]
        if at and not any(unit.kind == "P" and unit.words for unit in self.units):
            before, after = (
                [unit.said for unit in side if unit.kind == "C"] for side in (self.units[: at[0]], self.units[at[0] :])
            )
            if before and after and before != after:
                return " ".join([*before, *after])
        return ""

    def garments(self) -> tuple[str, ...]:
        """Each once; "outfit" and the like beside another say nothing new."""
        named = [unit for unit in self.units if unit.words != ("outfit",)]
        if not any(unit.kind == "G" for unit in named):
            named = self.units
        kinds = "".join(unit.kind for unit in named)
        return tuple(dict.fromkeys(named[found.end() - 1].words[0] for found in re.finditer("G+", kinds)))

    def take(self, pattern: str, group: int = 0) -> list[list[Unit]]:
        """Takes away the units that a pattern, or its group, covers."""
        spans = [found.span(group) for found in re.finditer(pattern, self._kinds())]
        taken = [self.units[start:end] for start, end in spans]
        for start, end in reversed(spans):
            del self.units[start:end]
        return taken

    def _kinds(self) -> str:
        return kinds_of(self.units)


def _region(garments: Sequence[str], words: Sequence[str]) -> str | None:
    """Where the garments lie; garments of several regions make a whole outfit."""
    regions = {GARMENTS[garment] for garment in garments}
    if not regions and any(word in SLEEVES for word in words):
        return "upper"
    return regions.pop() if len(regions) == 1 else "full" if regions else None
