"""A garment as a picture shows it: which it is, its matte, and the points that every garment of its cut has."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fice.language.lexicon import GARMENTS

KINDS = ("t-shirt", "shirt", "jumper", "jacket", "dress", "skirt", "trousers", "shorts")
BODICE = ("neck", "shoulder", "cuff outside", "cuff inside", "armpit", "waist", "hem")
LOWER = ("waist", "hip", "hem outside", "hem inside")  # and the crotch, which has no sides
POINTS = {  # of each kind, on both sides, along the outline from the top
    **dict.fromkeys(("t-shirt", "shirt", "jumper", "jacket", "dress"), BODICE),
    "skirt": ("waist", "hip", "hem"),
    "trousers": LOWER,
    "shorts": LOWER,
}


@dataclass(frozen=True, eq=False)
class Reference:
    """A garment as a picture shows it.

    Attributes:
        pixels: (h, w, 3) float32 linear light.
        matte: (h, w) float32 in [0, 1], where the garment is.
        kind: one of `KINDS`.
        sure: the probability of that kind.
        points: (x, y) in pixels, x to the right, of "left neck", "right hem" ... as of `POINTS`, and "crotch"; the
            sides are the wearer's own. A sleeveless garment has its cuffs at the shoulder and the armpit.
        worn: somebody wears it in the picture.
        sha256: of the picture.
        notices: what the user should know about it.
    """

    pixels: np.ndarray = field(repr=False)
    matte: np.ndarray = field(repr=False)
    kind: str
    sure: float
    points: dict[str, tuple[float, float]] = field(repr=False)
    worn: bool
    sha256: str
    notices: tuple[str, ...] = ()

    @property
    def region(self) -> str:
        """The region that it is worn on, of `fice.subject.regions.REGIONS`."""
        return GARMENTS[self.kind]
