"""Parts of garments: what of a garment is collar, cuff, hem, by the figure that wears it.

Each function takes the figure and its garment, (h, w) in [0, 1] on the analysis canvas, and returns where the part is:
(h, w) in [0, 1], of which only what lies on the garment counts.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from fice.cloth.limb import Line
from fice.places.figure import NECK, Figure
from fice.subject.colours import TORSO

CUFF, HEM = 0.1, 0.08  # share of a sleeve's length, and of a garment's
NARROWEST = 2.5  # cm of a band
COLUMN, LEVEL = 1.5, 0.15  # cm aside in which an edge is looked for; share of a length by which it may rise
COLLAR, NECKLINE = 5.0, 3.0  # cm of cloth along the opening at the neck
OPENING = 11.0  # cm aside of the middle within which it is
THROAT = 8.0  # cm aside of it, and below the shoulders, where it is for certain
LOWEST = 24.0  # cm below the shoulders to which a collar, or the neckline, reaches
BAND = 4.0  # cm above and below a level
YOKE, BUST = 9.0, (8.0, 26.0)  # cm below the shoulders


def sleeves(figure: Figure, garment: np.ndarray) -> np.ndarray:
    return figure.arms


def cuffs(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """The last tenth of each sleeve."""
    found = [np.zeros_like(garment)]
    for inside, reach in figure.sleeves.values():
        here = (inside > 0.5) & (garment > 0.5)
        if here.any():
            end = float(np.quantile(reach[here], 0.98))
            long = max(CUFF * (end - max(float(reach[here].min()), 0.0)), NARROWEST)
            found.append(np.minimum(inside, figure.soft(reach - end + long)))
    return np.max(found, 0)


def hem(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """A band above the lower edge: of trousers on each leg, of all else around."""
    rest = garment * (1 - figure.arms)
    if figure.body.legs and _is_trousers(figure, garment):
        nearer = figure.left(limb=True)
        found = []
        for side, inside in (("left", nearer), ("right", -nearer)):
            along, across = Line.through(figure.body.legs[side]).places(figure.grid)
            leg = rest * (inside > 0)
            found.append(_lower_band(figure, along, across, leg) * (inside > 0))
        return np.max(found, 0)
    return _lower_band(figure, figure.along, figure.aside, rest)


def collar(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """The cloth around the opening at the neck, and what stands above the shoulders."""
    around = figure.soft(COLLAR - _from_opening(figure, garment))
    stands = figure.soft(np.minimum(NECK - figure.along, OPENING - abs(figure.aside)))
    return np.maximum(np.minimum(around, _at_neck(figure)), stands)


def neckline(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """The edge of the cloth along the opening at the neck."""
    return np.minimum(figure.soft(NECKLINE - _from_opening(figure, garment)), _at_neck(figure))


def waist(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """A band at the waist; of what begins there its upper edge."""
    down = figure.along - figure.levels["waist"]
    begins = _is_lower(figure, garment)
    return figure.soft(np.minimum(BAND - down, down + BAND * (1 + begins))) * (1 - figure.arms)


def bust(figure: Figure, garment: np.ndarray) -> np.ndarray:
    first, last = BUST
    return figure.soft(np.minimum(figure.along - first, last - figure.along)) * (1 - figure.arms)


def yoke(figure: Figure, garment: np.ndarray) -> np.ndarray:
    return figure.soft(YOKE - figure.along) * (1 - figure.arms)


def bodice(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """What is above the waist without the sleeves."""
    return figure.soft(-figure.below("waist")) * (1 - figure.arms)


def legs(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """What of trousers is below the crotch."""
    return figure.soft(figure.along - figure.hips - 3.0)


PARTS = {"sleeves": sleeves, "cuffs": cuffs, "hem": hem, "collar": collar, "neckline": neckline}
PARTS |= {"waist": waist, "bust": bust, "yoke": yoke, "bodice": bodice, "legs": legs}


def _lower_band(figure: Figure, along: np.ndarray, aside: np.ndarray, garment: np.ndarray) -> np.ndarray:
    """The lowest part of a garment, column by column aside of a line; none of columns that end far above the others."""
    here = garment > 0.5
    if not here.any():
        return np.zeros_like(garment)
    columns = np.clip(((aside + 100) / COLUMN).astype(int), 0, int(200 / COLUMN))
    ends = ndimage.maximum(np.where(here, along, -np.inf), columns, np.arange(columns.max() + 1))
    known = np.isfinite(ends)
    at = np.flatnonzero(known)
    low = float(np.quantile(along[here], 0.995))
    length = max(CUFF, low - float(np.quantile(along[here], 0.005)))
    edge = ndimage.median_filter(ends[at], 5, mode="nearest")
    edge = np.where(edge < low - max(LEVEL * length, 2 * NARROWEST), np.inf, edge)
    whole = np.full(len(ends), np.inf)
    whole[at] = edge
    down = along - whole[columns] + max(HEM * length, NARROWEST)
    return figure.soft(np.where(np.isfinite(down), down, -100.0))


def _from_opening(figure: Figure, garment: np.ndarray) -> np.ndarray:
    """cm from what is seen in the opening at the neck: skin, and of a coat what is worn below it."""
    coat = float((figure.share(("outer",)) * garment).sum()) > 0.5 * float(garment.sum())
    shown = ("face", "skin", "upper", "dress") if coat else ("face", "skin")
    zone = (abs(figure.aside) < OPENING) & (figure.along > 3 * NECK) & (figure.along < LOWEST)
    opening = (figure.share(shown) > 0.5) & (garment < 0.5) & zone
    throat = opening & (abs(figure.aside) < THROAT) & (figure.along < (THROAT if coat else 0.0))
    opening = ndimage.binary_propagation(throat, mask=opening)
    if not opening.any():
        return np.full_like(garment, 100.0)
    return ndimage.distance_transform_edt(~opening) * figure.cm


def _at_neck(figure: Figure) -> np.ndarray:
    inside = np.minimum(OPENING + COLLAR / 2 - abs(figure.aside), LOWEST - figure.along)
    return figure.soft(inside) * (1 - figure.arms)


def _is_trousers(figure: Figure, garment: np.ndarray) -> bool:
    return float((figure.share(("trousers",)) * garment).sum()) > 0.5 * float(garment.sum())


def _is_lower(figure: Figure, garment: np.ndarray) -> bool:
    return float((figure.share(TORSO) * garment).sum()) < 0.5 * float(garment.sum())
