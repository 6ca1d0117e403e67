"""How a wanted garment is cut: how far its sleeves and its hem reach, as far as words or pictures say."""

from __future__ import annotations

from dataclasses import dataclass

from fice.language.lexicon import GARMENTS
from fice.plan import Piece

SLEEVES = {"sleeveless": 0.0, "short-sleeved": 0.45, "long-sleeved": 1.0}
HEMS = {  # of regions, by the words of `fice.language.lexicon.LENGTHS`
    "upper": {"cropped": -0.2, "mini": 0.0, "knee-length": 0.5, "midi": 0.7, "maxi": 0.3},
    "outer": {"cropped": -0.2, "mini": 0.0, "knee-length": 0.5, "midi": 0.7, "maxi": 0.9},
    "lower": {"cropped": 0.8, "mini": 0.3, "knee-length": 0.5, "midi": 0.75, "maxi": 1.0},
    "dress": {"cropped": 0.3, "mini": 0.3, "knee-length": 0.5, "midi": 0.75, "maxi": 1.0},
}
LEGGED = ("jeans", "trousers", "leggings", "shorts", "jumpsuit")
HANGING = ("skirt", "dress", "gown")


@dataclass(frozen=True)
class Cut:
    """How far a garment reaches; None where nothing says it.

    Attributes:
        region: that it is worn on, of `fice.subject.regions.REGIONS`, or "full".
        sleeve: share of the arm from the shoulder to the wrist.
        hem: share of the way from the hips to the ankles; below 0 above the hips.
        legged: it goes around each leg, rather than around both.
        unsure: it may be of any length, as its picture alone tells.
    """

    region: str
    sleeve: float | None = None
    hem: float | None = None
    legged: bool | None = None
    unsure: bool = False


USUAL = {  # of garments whose name says it
    "t-shirt": Cut("upper", 0.45),
    "sweater": Cut("upper", 1.0, 0.1),
    "jumper": Cut("upper", 1.0, 0.1),
    "sweatshirt": Cut("upper", 1.0, 0.1),
    "hoodie": Cut("upper", 1.0, 0.1),
    "vest": Cut("upper", 0.0),
    "cardigan": Cut("outer", 1.0, 0.15),
    "jacket": Cut("outer", 1.0, 0.1),
    "blazer": Cut("outer", 1.0, 0.15),
    "coat": Cut("outer", 1.0, 0.5),
    "cape": Cut("outer", 1.0, 0.3),
    "gown": Cut("dress", None, 1.0),
    "jumpsuit": Cut("dress", None, 1.0),
    "jeans": Cut("lower", None, 1.0),
    "trousers": Cut("lower", None, 1.0),
    "leggings": Cut("lower", None, 1.0),
    "shorts": Cut("lower", None, 0.3),
    "suit": Cut("full", 1.0, 1.0),
}
KNEE = 0.5  # the hem of a skirt or a dress that takes the place of trousers, where nothing says it


def cut_of(piece: Piece) -> Cut:
    """The cut that a piece's words ask for, or its pictures."""
    sentence, references = piece.sentence, piece.references
    garment = references[0].kind if references else sentence.garment
    region = GARMENTS.get(garment or "", sentence.region or piece.region.name)
    usual = USUAL.get(garment or "", Cut(region))
    sleeve = usual.sleeve if sentence.sleeve is None else SLEEVES[sentence.sleeve]
    hem = HEMS.get(region, {}).get(sentence.length or "", usual.hem)
    if garment == "shorts":
        hem = min(hem or KNEE, KNEE)
    legged = True if garment in LEGGED else False if garment in HANGING else None
    return Cut(region, sleeve, hem, legged, unsure=bool(references))
