"""A garment on somebody, strip by strip, and what its rooms have in common.

Where sleeves, legs and hem of the picture end about where the photographed ones do, these keep their outline.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fice.references.figure import SAME, SIGNS, Figure, Limb
from fice.references.limbs import bare_leg, legs
from fice.references.strips import COLUMNS, TRUNK, Strip, outlined

NEAR = 3.0  # cm beside where an edge is thought to be in which its outline is looked for
HEM = 4.0  # cm of a hem that has an outline of its own
LEAST, FLOOR = 20.0, 78.0  # cm below the hips to which a dress or a skirt reaches at least, and at most
WHOLE = 0.85  # of a limb, a sleeve or leg that reaches so far reaches its end
LAP = 4.0  # cm of a bare limb below what covers it


@dataclass
class Hung:
    """A garment on somebody. Maps are (h, w).

    Attributes:
        strips: in cm, by name; the trunk's first.
        inside: cm inside each, positive where it lies before the trunk's.
        own, flat: more points that match, (n, 2) cm and (n, 2) pixels of the picture.
        over: in [0, 1], what of the body it covers newly, whose outline becomes its own.
        changed: cm inside where the outline is the picture's.
        stays: cm inside where the old garment stays as it is.
        gone: cm inside what of the old garment goes.
        solid: an outline (n, 2) cm within which the picture has no holes; or None.
        limbs: arms and legs that may be bare.
        layered: what the old garment shows below the new one stays.
    """

    strips: dict[str, Strip]
    inside: dict[str, np.ndarray]
    own: np.ndarray
    flat: np.ndarray
    over: np.ndarray
    changed: np.ndarray
    stays: np.ndarray
    gone: np.ndarray
    solid: np.ndarray | None = None
    limbs: list[Limb] = field(default_factory=list)
    layered: bool = False


def nothing(figure: Figure) -> Hung:
    none = np.zeros_like(figure.grid.x)
    return Hung({}, {}, np.zeros((0, 2)), np.zeros((0, 2)), none, none - 100, none - 100, none - 100)


def width(strip: Strip, row: int) -> float:
    return float(np.hypot(*(strip.right[row] - strip.left[row])))


def path(points: np.ndarray) -> np.ndarray:
    """How far along a path (n, 2) its points are, (n,)."""
    return np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])


def lengths(strip: Strip, start: int) -> tuple[np.ndarray, float]:
    """Of a strip from a row on how far each row is along it, as shares (n,), and how long it is."""
    middle = path((strip.left[start:] + strip.right[start:]) / 2)
    return middle / max(middle[-1], 1e-6), float(middle[-1])


def edges_of(
    figure: Figure,
    flat: Strip,
    start: int,
    shares: np.ndarray,
    first: dict[str, float],
    last: dict[str, float],
    level: float | None,
) -> dict[str, np.ndarray]:
    """The trunk's edges from its row `start` on, (n, 2) each; below `level` as wide as in the picture."""
    widths = np.array([width(flat, row) for row in range(start, len(flat.left))])
    edges = {}
    for side, sign in SIGNS.items():
        rows = first[side] + shares * (last[side] - first[side])
        radius = figure.girth.around(rows)[1]
        if level is not None:
            at = np.array(level)
            grown = widths / np.interp(level, rows, widths) * float(figure.girth.around(at)[1])
            radius = np.where(rows > level, grown, radius)
        edge = figure.edge(rows, sign, radius)
        kept = len(rows) if level is None else int((rows < level).sum())
        if kept > 2:
            edge[:kept] = outlined(edge[:kept], figure.clad.worn_at, NEAR, 0.25)
        edges[side] = edge
    return edges


def hem(
    figure: Figure, hung: Hung, legged: bool, first: dict[str, float], length: float
) -> tuple[dict[str, float], float | None]:
    """Where a dress or a skirt ends, cm along the trunk; and to where the photographed outline is good, None: wholly.

    legged: what is worn goes around each leg; first: where it begins; length: cm of it, which end above the feet. Bare
    legs go on from there; where they cannot be drawn, what is worn stays below the new one.
    """
    start = figure.hips - min(first.values())
    length = min(max(length, start + LEAST), start + FLOOR)
    old = {side: figure.ends(sign)[1] for side, sign in SIGNS.items()}
    new = {side: first[side] + length for side in SIGNS}
    longer = float(np.mean([new[side] - old[side] for side in SIGNS]))
    if abs(longer) <= SAME and not legged or not (figure.body.legs or longer > 0):
        return old, None
    level = figure.hips if legged else min(min(old[side], new[side]) for side in SIGNS) - HEM
    hung.changed = figure.places[0] - level
    hung.layered = not figure.legs_show
    if not hung.layered:
        spots, nearer = legs(figure)[1:]
        end = float(np.mean([*new.values()])) - figure.hips - LAP
        hung.limbs += [bare_leg(figure, side, spots[side], nearer * sign, end) for side, sign in SIGNS.items()]
    return new, level


def seam_points(hung: Hung, flat: dict[str, Strip], worn: bool) -> tuple[np.ndarray, np.ndarray]:
    """All points of the trunk that match beside its strip's: where limbs begin, and the neck or the fork."""
    own, there = [hung.own], [hung.flat]
    for side in hung.strips.keys() - {TRUNK}:
        own.append(hung.strips[side].grid(True)[: len(COLUMNS)])
        there.append(flat[side].grid(worn)[: len(COLUMNS)])
    return np.concatenate(own), np.concatenate(there)
