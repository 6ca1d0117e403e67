"""Looks: colours of other things, the colour worn, and the dyes, design and material that a sentence asks for.

Understood are "the same red as the bag", "matching the shoes", "in the colour of her hair", "darker than the skirt";
"blue, but darker"; "make the blue shirt darker", "darken it".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from fice.language.colours import COLOURS, RGB, Dye
from fice.language.designs import MATERIALS, OF_DESIGN
from fice.language.lexicon import ARTICLES, GARMENTS
from fice.language.tints import BARE, STEPS
from fice.language.units import SHADES, Unit

# letters of units: a kind, or of fillers t article, s as, l like, n than, o colour of; m matching
LETTERS = {"as": "s", "like": "l", "than": "n"} | dict.fromkeys(SHADES, "o")
LIKE = re.compile(
    "(=[C.o]*s[t.C]*[XG])"  # the same red as the bag
    "|(mW?t[.C]*[XG])(?!T)"  # matching the shoes
    "|(?<=[ET])[t.]*(o[t.C]+[XG])"  # in the colour of her hair
    "|((?:sC+s|C+l)t[.C]*[XG])"  # as red as the bag, red like the bag
    "|(C[.]*nt[.C]*[XG])"  # darker than the bag
)
PLACES = {"upper": "upper", "outer": "outer", "dress": "dress", "lower": "trousers", "full": "outer"}
INDIGO: dict[RGB, RGB] = {  # sRGB of what is called so -> of jeans, raw, new and worn
    (0, 3, 91): (36, 50, 86),  # dark blue
    COLOURS["blue"]: (66, 94, 138),
    COLOURS["light blue"]: (142, 168, 200),
}
CLASHING = 10  # steps of lightness or chroma from which two wishes contradict each other


def likened(units: Sequence[Unit]) -> list[Unit]:
    """Units in which a colour that is described by another thing is one of them.

    A garment of which something else is said stays, and this one is to be like it.
    """
    left: list[Unit] = []
    at = 0
    for found in LIKE.finditer("".join(map(_letter, units))):
        start, end = found.span(found.lastindex or 0)
        *spoken, thing = units[start:end]
        colour = next((unit for unit in spoken if unit.dye), None)
        dye = colour.dye if colour and colour.dye else Dye("")
        place = thing.drawn if thing.kind == "X" else _place(thing)
        if place is None or found[5] and not any(dye.steps):
            continue
        said = " ".join(unit.said for unit in units[start:end])
        words = colour.words if colour else ()
        named = thing.kind == "G" and any(thing.words == unit.words for unit in (*units[:start], *units[end:]))
        left += units[at:start]
        if named:
            left += [Unit("=", (), said), *(unit for unit in spoken if is_loose(unit.dye))]
        else:
            left.append(Unit("C", words, said, dye=replace(dye, said=said, like=place)))
        at = end
    return [*left, *units[at:]]


def dyed(units: Iterable[Unit]) -> tuple[tuple[Dye, ...], str]:
    """The dyes of units, in their order, and what of them contradicts itself, as said, or "".

    Steps without a colour are steps of the colour before them, or of the next; of none, of the garment's own.
    """
    dyes: list[Dye] = []
    ahead: list[Dye] = []
    for dye in (unit.dye for unit in units if unit.dye):
        if not is_loose(dye):
            dyes.append(_joined([dye, *ahead]))
            ahead = []
        elif dyes:
            dyes[-1] = _joined([dyes[-1], dye])
        else:
            ahead.append(dye)
    for one in zip(*(dye.steps for dye in ahead), strict=True):
        if min(one) <= -CLASHING and max(one) >= CLASHING:
            return (), " ".join(dye.said for dye in ahead)
    return (tuple(dyes) if dyes or not ahead else (_joined(ahead),)), ""


def designed(units: Sequence[Unit]) -> tuple[str | None, str | None]:
    """The design and the material that units ask for; knit and denim are both, and bear finer designs."""
    designs = [str(unit.drawn) for unit in units if unit.kind == "P" and unit.words]
    materials = [unit.drawn for unit in units if unit.kind == "M" and unit.drawn]
    materials += [OF_DESIGN[design] for design in designs if design in OF_DESIGN]
    designs.sort(key=lambda design: (design in OF_DESIGN) + (design in MATERIALS))
    return next(iter(designs), None), next(iter(materials), None)


def washed(dyes: Sequence[Dye]) -> tuple[Dye, ...]:
    """The dyes of denim: what is called blue there is indigo."""
    return tuple(replace(dye, rgb=INDIGO.get(dye.rgb, dye.rgb)) if dye.rgb else dye for dye in dyes)


def is_loose(dye: Dye | None) -> bool:
    """Whether it is a step from a colour that is not said: "darker"."""
    return dye is not None and dye.rgb is None and dye.like is None


def worn(unit: Unit, old: Sequence[Unit]) -> Unit:
    """A colour of a change: "darker blue" of a blue garment is darker than that, and "dark" than what it is."""
    if unit.dye is None:
        return unit
    if any(unit.dye.steps) and any(unit.dye.rgb == other.dye.rgb for other in old if other.dye):
        return unit._replace(dye=replace(unit.dye, rgb=None))
    if unit.said in ("dark", "pale"):
        lighter, purer, warmer = (BARE * step for step in STEPS[unit.said])
        return unit._replace(words=(), dye=Dye(unit.said, None, lighter, purer, warmer))
    return unit


def _joined(dyes: Sequence[Dye]) -> Dye:
    first, *others = dyes
    for other in others:
        first = first.moved(other.steps, f"{first.said} {other.said}")
    return first


def _letter(unit: Unit) -> str:
    if unit.kind == ".":
        return "t" if unit.said in ARTICLES else LETTERS.get(unit.said, ".")
    return "m" if unit.kind == "=" and not unit.said.startswith("same") else unit.kind


def _place(garment: Unit) -> str:
    """The class of `fice.subject.regions.REGION_CLASSES` of a garment."""
    return "skirt" if garment.words == ("skirt",) else PLACES[GARMENTS[garment.words[0]]]
