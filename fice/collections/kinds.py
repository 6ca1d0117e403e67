"""Which kinds of garments a sentence, or a shop's category, may mean."""

from __future__ import annotations

from fice.language.lexicon import GARMENTS
from fice.language.words import Sentence
from fice.references.reference import KINDS

MEANT = {  # by words that are neither a kind themselves nor any garment of their region
    "blouse": ("shirt",),
    "top": ("t-shirt", "shirt", "jumper"),
    "vest": ("t-shirt", "jumper", "jacket"),
    "bodysuit": ("t-shirt",),
    "cardigan": ("jumper", "jacket"),
    "suit": ("jacket", "trousers"),
    **dict.fromkeys(("sweater", "sweatshirt", "hoodie"), ("jumper",)),
    **dict.fromkeys(("jeans", "leggings"), ("trousers",)),
}


def kinds_meant(sentence: Sentence, region: str | None = None) -> tuple[str, ...]:
    """Of `KINDS`; () for any.

    region: of `fice.subject.regions.REGIONS`, in which it shall be worn whatever the sentence says.
    """
    garment, named = sentence.garment or "", sentence.region
    kinds = (garment,) if garment in KINDS else MEANT.get(garment, ())
    if not kinds and named not in (None, "full"):
        kinds = tuple(kind for kind in KINDS if GARMENTS[kind] == named)
    if region not in (None, "full"):
        kinds = tuple(kind for kind in kinds or KINDS if GARMENTS[kind] == region)
        kinds = kinds or tuple(kind for kind in KINDS if GARMENTS[kind] == region)
    return kinds
