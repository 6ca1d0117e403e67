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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from fice.errors import InputError
from fice.language.clauses import LINK, LOOK, divide
from fice.language.colours import COLOURS, RGB, Dye
from fice.language.lexicon import ARTICLES, GARMENTS, LENGTHS, PATTERNS, SLEEVES
from fice.language.looks import designed, dyed, likened, washed
from fice.language.reading import Reading
from fice.language.units import Unit, cut_up


@dataclass(frozen=True)
class Sentence:
    """What fice understood of a text about one garment.

    Attributes:
        text: as given, with all its garments.
        wanted: what of the text is wanted of the garment, for CLIP; where that is all of it, the text itself.
        words: the wanted words in canonical form, fillers left out.
        colour, pattern, garment, sleeve, length: the first of each kind among them, or None.
        dyes: the colours that are drawn, in the order of the text; a pattern's ground before the pattern.
        design: the pattern that is drawn, of `fice.language.designs.DESIGNS`, or None.
        material: of `fice.language.designs.MATERIALS`, or None.
        region: "upper", "lower", "dress", "outer", "full", or None when the words do not say.
        unknown: words fice does not know, in the order of the text, each once.
        garments: the garment, or several of which one is meant; of adjoining ones the last: a "shirt dress" is a dress.
        materials: what is said of the material that cannot be drawn, as said.
        shapes: sleeves and lengths that are wanted, as said.
        things: what is spoken of and is no garment, as said: shoes, walls.
        excluded: what is not wanted, as said, where nothing follows from it for what is.
        taken_off: garments, or clothes as such, that are not to be worn, as said.
        becomes: a garment and the other one that it is to become, or ().
        unclear: words that may mean this or that, as said, or "".
        numbers: what looks like the number of a colour and is none, as said.
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
    dyes: tuple[Dye, ...] = ()
    design: str | None = None
    material: str | None = None

    @property
    def draws(self) -> bool:
        """Whether it says of the cloth what can be drawn."""
        return bool(self.dyes or self.design or self.material)


NOTHING = Sentence("", "", (), None, None, None, None, None, None, ())  # what an order says without words


def parse(text: str) -> tuple[Sentence, ...]:
    """Reads a text such as "a long red floral dress": a sentence for each garment that it says something of.

    They have the order of the text; of a text about no garment, or about several of which it says nothing, all is
    read. A suit beside a shirt has a sentence for each region that is left to it. Raises InputError for a text without
    words.
    """
    said = cut_up(text)
    if all(unit.kind == "," or unit.said == "/" for unit in said):
        raise InputError('the text is empty; say what to wear, for example "red floral dress".')
    units = likened(said)
    spoken = text if units == said else ""
    whole = Reading([*_without_fillers(units)])
    whole.ground()
    units = list(whole.units)
    whole.keep()
    whole.take_off()
    other = whole.take(rf"(?<=G)N{LINK}{LOOK}G")  # "a blue skirt instead of the red dress"
    other += whole.take(rf"N{LINK}{LOOK}G(?=,.*G)")  # "not a red dress but a blue skirt"
    whole.leave_out()
    whole.set_aside()
    clauses = divide(whole.units)
    if not clauses or len(clauses) == 1 and not other:
        return (_read(text, units, spoken),)
    found = [sentence for clause in clauses for sentence in _placed(_read(text, clause.units), clause.regions)]
    found = [one if one.garment else replace(one, unclear=one.unclear or one.wanted) for one in found]
    about = [
        one for one in found if one.draws or one.words != one.garments or one.materials or one.excluded or one.unknown
    ]
    about = about or found
    left = [one.garment for one in found if one not in about and one.garment]
    things = tuple(dict.fromkeys((*whole.things, *about[0].things)))
    off = tuple(dict.fromkeys((*whole.taken_off, *about[0].taken_off)))
    return (replace(about[0], things=things, taken_off=off, kept=tuple(dict.fromkeys(left))), *about[1:])


@cache
def colour_of(text: str) -> RGB | None:
    """The colour that a text names, and nothing else, sRGB 0..255; None for any other text."""
    try:
        first, *others = parse(text)
    except InputError:
        return None
    more = first.garments, first.things, first.unknown, first.excluded, first.materials, first.design, first.unclear
    if others or any(more) or len(first.dyes) != 1 or first.dyes[0].rgb is None:
        return None
    return first.dyes[0].on(first.dyes[0].rgb)


def _read(text: str, units: Sequence[Unit], whole: str = "") -> Sentence:
    """What units of a text about one garment say; whole: that text, where the units are all of it."""
    reading = Reading(units)
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
    dyes, clash = dyed(left)
    design, material = designed(left)
    if material == "denim" or garments[:1] == ("jeans",) and material is None:
        dyes = washed(dyes)
    as_said = left == units and all(unit.heard == unit.said for unit in left)
    heard = (unit.heard for unit in left if unit.kind not in silent)
    return Sentence(
        text=text,
        wanted=whole if whole and as_said else " ".join(filter(None, heard)),
        words=words,
        colour=colour,
        pattern=pattern,
        garment=garments[0] if garments else None,
        sleeve=sleeve,
        length=length,
        region=_region(garments, words),
        unknown=said("?X"),
        garments=garments,
        materials=tuple(dict.fromkeys(unit.said for unit in left if unit.kind == "M" and not unit.drawn)),
        shapes=said("SL"),
        things=tuple(dict.fromkeys(reading.things)),
        excluded=tuple(reading.excluded),
        taken_off=tuple(reading.taken_off),
        becomes=becomes,
        unclear=reading.unclear() or clash,
        numbers=said("#"),
        dyes=dyes,
        design=design,
        material=material,
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


def _region(garments: Sequence[str], words: Sequence[str]) -> str | None:
    """Where the garments lie; garments of several regions make a whole outfit."""
    regions = {GARMENTS[garment] for garment in garments}
    if not regions and any(word in SLEEVES for word in words):
        return "upper"
    return regions.pop() if len(regions) == 1 else "full" if regions else None
