"""Which kind of garment a picture shows, and whether it is one for the region that it is wanted for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fice.errors import InputError
from fice.language.lexicon import GARMENTS
from fice.references.joints import long_legged, sleeve_share
from fice.references.reference import KINDS
from fice.references.worn import Wearing

DOUBT = 0.1  # chance below which a picture shows no garment of the wanted region
OF = {"upper": "a top", "outer": "a jacket or coat", "dress": "a dress", "lower": "a skirt, trousers or shorts"}
SHORT, LONG = 0.45, 0.7  # of the arm: a jumper's sleeves are hardly shorter, a t-shirt's hardly longer
PLURALS = ("trousers", "shorts")


def choose_kind(name: Path, chances: Sequence[float], wanted: str | None) -> tuple[str, float]:
    """The likeliest of `KINDS`, of the wanted region where it may be one, and its chance among all.

    name: of the picture, for people. Raises InputError where it is beyond doubt no garment of that region.
    """
    likely = dict(zip(KINDS, np.asarray(chances, float).tolist(), strict=True))
    best = max(likely, key=lambda kind: likely[kind])
    if wanted not in OF:
        return best, likely[best]
    near = {"upper", "outer"} if wanted in ("upper", "outer") else {wanted}  # a shirt is worn open, too
    fitting = {kind: chance for kind, chance in likely.items() if GARMENTS[kind] in near}
    if sum(fitting.values()) < DOUBT:
        shown = best if best in PLURALS else f"a {best}"
        raise InputError(
            f"{name} shows {shown}; say --garment {name}@{GARMENTS[best]}, or give a picture of {OF[wanted]}."
        )
    kind = max(fitting, key=lambda kind: fitting[kind])
    return kind, likely[kind]


def choose_one(name: Path, chances: Sequence[Sequence[float]], wanted: str | None) -> int:
    """Which of several garments, each with the chances of its kinds, the picture is for.

    Raises InputError where that cannot be told.
    """
    if len(chances) == 1:
        return 0
    kinds = [KINDS[int(np.argmax(each))] for each in chances]
    regions = [GARMENTS[kind] for kind in kinds]
    if wanted in regions and regions.count(wanted) == 1:
        return regions.index(wanted)
    shown = ", ".join(kinds[:-1]) + " and " + kinds[-1]
    choices = [f"--garment {name}@{region}" for region in dict.fromkeys(regions)]
    remedy = "cut the picture to one of them"
    if len(choices) == len(regions) and wanted is None:
        remedy = "say " + " or ".join(choices)
    raise InputError(f"{name} shows {len(kinds)} garments ({shown}); {remedy}.")


def choose_worn(wearing: Wearing, chances: Sequence[float]) -> tuple[str, float]:
    """The likeliest kind of what is worn: by its region and its length, and among tops by what a network says."""
    likely = dict(zip(KINDS, np.asarray(chances, float).tolist(), strict=True))
    if wearing.region == "outer":
        return "jacket", 1.0
    if wearing.region == "dress":
        return "dress", 1.0
    if wearing.region == "lower":
        skirt = wearing.shares["skirt"] / max(sum(wearing.shares.values()), 1e-6)
        if skirt > 0.5:
            return "skirt", skirt
        return ("trousers" if long_legged(wearing.matte, wearing.joints) else "shorts"), 1 - skirt
    sleeves = sleeve_share(wearing.matte, wearing.joints)
    if sleeves is not None:
        likely["t-shirt"] *= 0.2 if sleeves > LONG else 1.0
        likely["jumper"] *= 0.2 if sleeves < SHORT else 1.0
    tops = {kind: likely[kind] for kind in KINDS if GARMENTS[kind] == "upper"}
    kind = max(tops, key=lambda kind: tops[kind])
    return kind, tops[kind] / max(sum(tops.values()), 1e-6)
