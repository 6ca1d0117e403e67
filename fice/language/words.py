"""Sentences about clothes: what is wanted, and what is only spoken of.

Understood are

- the garment and how it shall look: "a red floral dress", "dress in red and white, striped";
- a change, of which only the outcome is wanted: "change the red sweater to blue", "from red to green", "replace the
  stripes with dots", "make the red shirt blue", "add white dots to the blue skirt";
- what shall not be: "not red", "without stripes", "no pattern", "blue instead of red", "remove the jacket";
- what is beside the garment, with the colours that belong to it: shoes, bags, collars, walls, persons;
- several garments, alternatives and colours that may belong to anything: `fice.language.answers` asks back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fice.errors import InputError
from fice.language.lexicon import COLOURS, GARMENTS, LENGTHS, PATTERNS, SLEEVES, Unit, cut_up

LOOK = "[CPMSL?]*"  # what is said of a garment or thing before it is named
LINK = "[EWJ]*"  # in, with, of ...
PLAIN = Unit("P", ("solid",), "plain")


@dataclass(frozen=True)
class Sentence:
    """What fice understood of a text.

    Attributes:
        text: as given.
        wanted: the text without what is not wanted, for CLIP; where all of it is, the text itself.
        words: the wanted words in canonical form, fillers left out.
        colour, pattern, garment, sleeve, length: the first of each kind among them, or None.
        region: "upper", "lower", "dress", "outer", "full", or None when the words do not say.
        unknown: words fice does not know, in the order of the text, each once.
        garments: the garments of the text; of adjoining ones the last, as a "shirt dress" is a dress.
        materials: materials that are wanted, as said.
        shapes: sleeves and lengths that are wanted, as said.
        things: what is spoken of and is no garment, as said: shoes, walls.
        excluded: what is not wanted, as said, where nothing follows from it for what is.
        taken_off: garments, or clothes as such, that are not to be worn, as said.
        becomes: a garment and the other one that it is to become, or ().
        unclear: words that may mean this or that, as said, or "".
        numbers: colours given as #rrggbb.
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


def parse(text: str) -> Sentence:
    """Reads a sentence such as "a long red floral dress". Raises InputError for a text without words."""
    units = [*cut_up(text)]
    if all(unit.kind == "," for unit in units):
        raise InputError('the text is empty; say what to wear, for example "red floral dress".')
    given = _Reading([unit for unit in units if unit.kind != "."])
    reading = _Reading(given.units)
    reading.reorder()
    becomes = reading.change()
    reading.deny()
    reading.set_aside()
    units = reading.units
    garments = reading.garments()
    words = tuple(word for unit in units if unit.kind in "CPGSL" for word in unit.words)
    colour, pattern, sleeve, length = (
        next((word for word in words if word in kind), None) for kind in (COLOURS, PATTERNS, SLEEVES, LENGTHS)
    )
    said = lambda kinds: tuple(dict.fromkeys(unit.said for unit in units if unit.kind in kinds))  # noqa: E731
    return Sentence(
        text=text,
        wanted=text if units == given.units else " ".join(unit.said for unit in units if unit.kind != ","),
        words=words, colour=colour, pattern=pattern, garment=garments[0] if garments else None, sleeve=sleeve,
        length=length, region=_region(garments, words), unknown=said("?X"), garments=garments, materials=said("M"),
        shapes=said("SL"), things=tuple(dict.fromkeys(reading.things)), excluded=tuple(reading.excluded),
        taken_off=tuple(reading.taken_off), becomes=becomes, unclear=reading.unclear(), numbers=said("#"),
    )  # fmt: skip


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

    def deny(self) -> None:
        """Takes away what shall not be; without its pattern, cloth is plain."""
        plain = False
        self.take(rf"(?:K|NV){LOOK}G(?:A{LOOK}G)*")  # "keep the jeans": they are left alone
        for units in self.take(rf"U{LINK}{LOOK}[GX]"):
            (self.taken_off if units[-1].kind == "G" else self.things).append(units[-1].said)
        same = rf"(?:,{LINK}\1)*,?[OA]{LINK}[NU]?{LINK}[CPMSL?]*\1"
        for pattern in (rf"(?:NV|[NU]){LINK}[CPMSL?]*([CPMSL?])(?:{same})*", "[CPMSL]+Z"):
            for units in self.take(pattern):
                patterns = [unit for unit in units if unit.kind == "P" and unit.words != PLAIN.words]
                plain = plain or bool(patterns)
                self.excluded += [unit.said for unit in units if unit.kind in "CPMSL?" and unit not in patterns]
        self.take(rf"N{LINK}[GX]")
        self.taken_off += [unit.said for unit in self.units if unit.kind == "Y"]
        self.take(rf"B{LINK}{LOOK}[XH]?(?![CPMSLG?])")
        if plain and not any(unit.kind == "P" and unit.words for unit in self.units):
            self.units.insert(0, PLAIN)

    def set_aside(self) -> None:
        """Takes away what is no garment, with what is said of it."""
        self.take(r"[CPM]+H(?!G)")
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
            before, after = ([unit.said for unit in side if unit.kind == "C"]
                             for side in (self.units[: at[0]], self.units[at[0] :]))  # fmt: skip
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
        return "".join(unit.kind for unit in self.units)


def _region(garments: Sequence[str], words: Sequence[str]) -> str | None:
    """Where the garments lie; garments of several regions make a whole outfit."""
    regions = {GARMENTS[garment] for garment in garments}
    if not regions and any(word in SLEEVES for word in words):
        return "upper"
    return regions.pop() if len(regions) == 1 else "full" if regions else None
