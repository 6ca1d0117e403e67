"""Clauses: a text about several garments, taken apart into what is said of each.

A clause ends before what parts its garment from the next: "and", a comma, else "with" or "over". What is said of
several is given to each of them:

- "blue shirt and trousers": looks before a garment hold for those that follow it with nothing of their own;
- "shirt and trousers in blue": looks behind a garment hold for those before it with nothing of their own, and of a
  change ("make the shirt and the jeans blue") whatever these were before;
- "all black: shirt and trousers", "shirt and trousers, no pattern": what stands apart holds for all that do not
  contradict it;
- "a red top and a matching skirt": one garment is like the other;
- "make the shirt white and the jeans blue": a verb holds until the next one.

An article of its own keeps a garment out of what is said before it: "a blue shirt and the trousers".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fice.language.lexicon import GARMENTS
from fice.language.looks import is_loose
from fice.language.units import Unit

LOOK = "[CPMSL?=]*"  # what is said of a garment or thing before it is named
LINK = "[EWJ]*"  # in, with, of ...
EDGES = "A,WQEJ"  # what parts clauses says nothing in either
MAKE = Unit("V", (), "make")
COVERED = {"suit": ("outer", "lower"), "outfit": ("upper", "outer", "lower")}  # by clothes that are several garments


def covered(garment: str) -> tuple[str, ...]:
    """The regions that a garment hides."""
    region = GARMENTS[garment]
    return COVERED.get(garment) or (("upper", "lower", "dress") if region == "dress" else (region,))


def kinds_of(units: Iterable[Unit]) -> str:
    return "".join(unit.kind for unit in units)


@dataclass
class Clause:
    """What is said of one garment.

    Attributes:
        joint: kinds of the units that part it from the clause before, then "V" where a verb of its own begins it.
        lead: units before the garment.
        core: the garment; of adjoining ones and of changes ("a skirt to a dress") all and what is between them.
        tail: units behind it.
        regions: what of the person it is for, where the garment does not say.
    """

    joint: str
    lead: list[Unit]
    core: list[Unit] = field(default_factory=list)
    tail: list[Unit] = field(default_factory=list)
    regions: tuple[str, ...] = ()

    @property
    def garment(self) -> str:
        return self.core[-1].words[0]

    @property
    def units(self) -> list[Unit]:
        """All but the edges and words such as "matching", which have done their work."""
        units = [unit for unit in (*self.lead, *self.core, *self.tail) if unit.kind != "="]
        kinds = kinds_of(units)
        return units[len(kinds) - len(kinds.lstrip(EDGES)) : len(kinds.rstrip(EDGES + "VRDK"))]

    def says(self, kinds: str) -> bool:
        return any(unit.kind in kinds for unit in (*self.lead, *self.tail))

    @property
    def looks(self) -> list[Unit]:
        return [unit for unit in (*self.lead, *self.tail) if unit.kind in "CPMA"]


def divide(units: Sequence[Unit]) -> list[Clause]:
    """The clauses of a text, one a garment, in their order; () where it names none."""
    clauses = _joined(_cut_apart(units))
    if len(clauses) > 1:
        ahead, behind = _apart(clauses)
        clauses = _of_several(clauses)
        _share_backward(clauses)
        _share_forward(clauses)
        _give(ahead, clauses, clauses[0])
        _give(behind, clauses, clauses[-1])
    return clauses


def _cut_apart(units: Sequence[Unit]) -> list[Clause]:
    kinds = kinds_of(units)
    runs = [found.span() for found in re.finditer("G+", kinds)]
    if not runs:
        return []
    behind = not re.search("[CPM]", kinds[: runs[0][0]]) and bool(re.search("[CPM]", kinds[runs[-1][1] :]))
    clauses = [Clause("", list(units[: runs[0][0]]))]
    for (start, end), (following, _) in pairwise(runs):
        clause, between = clauses[-1], kinds[end:following]
        clause.core += units[start:end]
        cut = _cut(between, kinds_of((*clause.lead, *clause.core)), behind)
        if cut is None:
            clause.core += units[end:following]
            continue
        clause.tail += units[end : end + cut]
        lead = list(units[end + cut : following])
        joint = kinds_of(lead)[: len(lead) - len(kinds_of(lead).lstrip(EDGES))]
        verb = _verb(clause, lead)
        clauses.append(Clause(joint if verb is not None else joint + "V", [*(verb or ()), *lead[len(joint) :]]))
    clauses[-1].core += units[slice(*runs[-1])]
    clauses[-1].tail += units[runs[-1][1] :]
    return clauses


def _cut(between: str, before: str, behind: bool) -> int | None:
    """Where among the kinds between two garments the second's clause begins; None where both are in one clause.

    before: kinds of the clause so far. behind: looks follow their garments in a text without anything that parts it.
    """
    changed = r"T" if "D" not in before else "(?!)"
    replaced = "W" if "R" in before and "W" not in before else "(?!)"
    if re.search(f"(?:O|{changed}|{replaced}){LOOK}$", between):
        return None
    parting = [found.start() for found in re.finditer("[A,]+", between)]
    alike = r"([CPM])(?:A|,(?=\1A\1))\1"  # "red and white", "red, white and blue"
    apart = [at for at in parting if not re.match(alike, between[max(at - 1, 0) :])]
    weak = [
        found.start()
        for pattern in ("[WQ]+(?:[CPMSL?=]|(?<=C)A(?=C))*$", f"E{LOOK}$")
        for found in [re.search(pattern, between)]
        if found
    ]
    if apart or weak or parting:
        return apart[-1] if apart else weak[0] if weak else parting[-1]
    return len(between) if behind else 0


def _verb(before: Clause, lead: Sequence[Unit]) -> list[Unit] | None:
    """The verb that a clause takes over from the one before, if there is any; None where it has its own."""
    if re.search("[VRDNU]", kinds_of(lead)):
        return None
    verbs = [unit for unit in before.lead if unit.kind in "VR"]
    return verbs[-1:] or [MAKE] * any(unit.kind == "T" for unit in before.tail)


def _joined(clauses: Sequence[Clause]) -> list[Clause]:
    """A garment that is named twice has one clause."""
    found: dict[str, Clause] = {}
    for clause in clauses:
        if first := found.get(clause.garment):
            first.tail += [*clause.lead, *clause.core, *clause.tail]
        else:
            found[clause.garment] = clause
    return list(found.values())


def _apart(clauses: Sequence[Clause]) -> tuple[list[Unit], list[Unit]]:
    """Takes away what stands apart before all garments, and behind them."""
    first, last = clauses[0], clauses[-1]
    found = re.match("[^,]*[CPM],$|[NU][^,]*,", kinds_of(first.lead))
    at = found.end() if found else 0
    ahead, first.lead = first.lead[:at], first.lead[at:]
    labels = re.match(",.*[CPM]", kinds_of(clauses[-2].tail))  # "coat: camel; trousers: black"
    at = (kinds_of(last.tail) + ",,").index(",", 1 if labels else 0)
    last.tail, behind = last.tail[:at], last.tail[at:]
    return ahead, behind


def _give(part: list[Unit], clauses: Sequence[Clause], otherwise: Clause) -> None:
    """Adds what stands apart to the clauses that say nothing of its kind, and what is denied to all."""
    kinds = kinds_of(part)
    said = "".join(kind for kind in "CP" if kind in kinds)
    denied = bool(re.search("[NUZ]", kinds))
    lacking = [clause for clause in clauses if said and (denied or not clause.says(said))]
    for clause in lacking or [otherwise]:
        clause.tail += part


def _of_several(clauses: list[Clause]) -> list[Clause]:
    """Suits and outfits beside other garments are for what these leave of the person; of nothing they are a heading."""
    left = []
    for clause in clauses:
        others = [other for other in clauses if other.garment not in COVERED]
        if clause.garment not in COVERED or not others:
            left.append(clause)
            continue
        taken = {region for other in others for region in covered(other.garment)}
        clause.regions = tuple(region for region in COVERED[clause.garment] if region not in taken)
        plain = not any(other.says("CPM") for other in others)
        if not clause.regions or clause.garment == "outfit" and (plain or not clause.says("CPM")):
            _give(clause.looks, others, others[0])
        else:
            left.append(clause)
    return left


def _share_backward(clauses: Sequence[Clause]) -> None:
    """ "shirt and trousers in blue", "make the red shirt and the white jeans blue"."""
    chained = False
    for clause, following in reversed([*pairwise(clauses)]):
        chained = following.joint.strip("A,") == "" and ("A" in following.joint or chained)
        tail = kinds_of(following.tail)
        if not chained or clause.tail or kinds_of(clause.core).strip("G") or not re.search("[CPM]", tail):
            continue
        change = re.search("[VR]", kinds_of(following.lead)) and re.match("[TWCPM]", tail)
        if change or not clause.says("CPM") and not re.search("[CPM]", kinds_of(following.lead)):
            clause.tail = list(following.tail)


def _share_forward(clauses: Sequence[Clause]) -> None:
    """ "blue shirt and trousers", "a red top and a matching skirt"."""
    for at, clause in enumerate(clauses):
        before = clauses[at - 1] if at else (*clauses[1:], clause)[0]
        if clause.says("="):
            if all(unit.kind in "MA" or is_loose(unit.dye) for unit in clause.looks):
                clause.lead += before.looks
        elif clause.says("CPM"):
            continue
        elif at and not before.tail and not clause.tail and not clause.core[0].own and _listed(clauses[at:]):
            clause.lead += before.looks


def _listed(clauses: Sequence[Clause]) -> bool:
    """Whether an "and" joins the first of clauses, or ends the list of bare garments that it begins."""
    for clause in clauses:
        if clause.joint.strip("A,") or clause.says("CPMSL?"):
            return False
        if "A" in clause.joint:
            return True
    return False
