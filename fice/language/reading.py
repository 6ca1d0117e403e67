"""The units of a text, read: what is not wanted of them is taken away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fice.language.clauses import LINK, LOOK, kinds_of
from fice.language.looks import is_loose, worn
from fice.language.units import Unit

PLAIN = Unit("P", ("solid",), "plain", drawn="solid")
GROUNDS = ("ground", "background", "base")


class Reading:
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

    def ground(self) -> None:
        """ "red dots on white" is white with red dots; "ombre from red to blue" is both."""
        kinds = self._kinds()
        found = re.search(
            f"(C+P)Q(?:C+(?:X|(?![CPMSLG?]))|C*G)|(C+{'' if 'P' in kinds else 'P'})QC+(?![CMSLG?X])", kinds
        )
        if found and not re.search("[GNUR]" if found[0].endswith("G") else "[NUR]", kinds[: found.start()]):
            middle = found.end(1) if found[1] else found.end(2)
            on, *under = self.units[middle : found.end()]
            if on.said == "on" and (under[-1].kind != "X" or under[-1].said in GROUNDS):
                shown = self.units[found.start() : middle]
                self.units[slice(*found.span())] = [*(unit for unit in under if unit.kind != "X"), *shown]
        if any(unit.drawn == "ombre" for unit in self.units):
            ends = [found.start() for found in re.finditer("[FT](?=C)", self._kinds())]
            self.units = [unit for at, unit in enumerate(self.units) if at not in ends]

    def change(self) -> tuple[str, ...]:
        """Keeps of a change its outcome; the two garments where one is to become another."""
        kinds = self._kinds()
        replaced = re.search(r"R.+?[WT]", kinds)
        at = replaced.end() - 1 if replaced else kinds.rfind("T")
        old, new = Reading(self.units[: max(at, 0)]), Reading(self.units[at + 1 :])
        said = re.search("[VRF]", old._kinds()) and re.search("[CPMSLG?]", new._kinds())
        if at < 0 or not (said or re.match("[?M]*[CP]|G", new._kinds()) and re.search("[CP]", old._kinds())):
            looks = [
                unit for units in self.take(rf"V({LOOK})G[EQ]*[CPM]", 1) for unit in units
            ]  # "make the red shirt blue"
            if re.search("V[CPM]", self._kinds()) and is_loose(self.units[self._kinds().index("V") + 1].dye):
                self.take("(?<=VC)[CPM]+(?=[?]*G)")  # "darken the red shirt"
            if "V" in self._kinds():
                self.units = [worn(unit, looks) for unit in self.units]
            return ()
        new.units = [worn(unit, old.units) for unit in new.units]
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
                patterns = [unit for unit in units if unit.kind == "P" and unit.drawn != PLAIN.drawn]
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
                [unit.said for unit in side if unit.dye and not is_loose(unit.dye)]
                for side in (self.units[: at[0]], self.units[at[0] :])
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
