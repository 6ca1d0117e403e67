"""What hangs from the waist: a skirt, and trousers, on somebody."""

from __future__ import annotations

import numpy as np

from fice.cloth.limb import Girth, Line, length_of
from fice.cloth.parts import CROTCH, THIGH
from fice.references.cut import Paper
from fice.references.figure import ROUND, SAME, SIGNS, WAIST, Figure
from fice.references.hung import LAP, WHOLE, Hung, edges_of, hem, lengths, nothing, path, width
from fice.references.limbs import FORK, bare_leg, legs
from fice.references.reference import Reference
from fice.references.strips import LEFT, RIGHT, TRUNK, Strip

LOW, USUAL = -6.0, -10.0  # cm below the hips: a waist below that is hidden, and then is about there
HIGHEST, LOWEST = 8.0, 24.0  # cm below the hips between which the legs part
LONG = 1.2  # of the rise, an inner leg that is longer reaches the ankle
CROPPED = 0.7  # of a leg, trousers that reach so far are as long as they are worn
HIGH = -22.0  # cm above the hips from which what is worn is more than a lower garment
CLAD = (0.0, 0.5, 1.0), (9.5, 7.5, 6.5)  # cm of radius along a leg in trousers
LAPPED, NARROW = 1.2, 3.0  # cm by which legs that touch go beyond the middle between them; of a radius at least


def skirt(figure: Figure, flat: dict[str, Strip], reference: Reference, legged: bool) -> Hung:
    """One strip from the waist to the hem; legged: what is worn goes around each leg."""
    trunk, hung = flat[TRUNK], nothing(figure)
    first = _from_waist(figure, hung)
    waist = float(figure.girth.around(np.array(np.mean([*first.values()]) + 4))[1])
    shares, length = lengths(trunk, 0)
    length *= 2 * waist * (1 if reference.worn else ROUND) / width(trunk, 0)
    if isinstance(reference, Paper) and reference.hem is not None:
        length = float(figure.hips + reference.hem * figure.leg - np.mean([*first.values()]))
    ends, level = hem(figure, hung, legged, first, length)
    edges = edges_of(figure, trunk, 0, shares, first, ends, level)
    hung.strips[TRUNK] = Strip(edges[LEFT], edges[RIGHT])
    return hung


def trousers(figure: Figure, flat: dict[str, Strip], fork: np.ndarray, legged: bool, long: bool) -> Hung:
    """Trunk and legs.

    fork: (1, 2) of the picture; legged: what is worn goes around each leg, too; long: they are no shorts.
    """
    hung = nothing(figure)
    down = (figure.body.trunk[1] - figure.body.trunk[0]) / figure.hips
    fork_at = _fork(figure) if legged else FORK
    own = figure.body.trunk[1] + fork_at * down
    first = _from_waist(figure, hung)
    lines, spots, nearer = legs(figure)
    girth = figure.girth.only(-20, figure.hips + CROTCH)
    trunk, sides = flat[TRUNK], {}
    shares, high = lengths(trunk, 0)
    rise = float(np.mean([path(np.stack([edge[0], fork[0]]))[-1] for edge in (trunk.left, trunk.right)]))
    for side, sign in SIGNS.items():
        from_waist = figure.hips + fork_at - first[side]
        hip = first[side] + high / rise * from_waist
        rows = first[side] + shares * (hip - first[side])
        middle, radius = girth.around(rows)
        sides[side] = np.stack(figure.trunk.at(rows, middle + sign * radius), 1)
        (along, aside), mine = spots[side], nearer * sign
        below = along - figure.hips
        whole = length_of(figure.body.legs[figure.names[side]])
        cloth = figure.grid.worn * (mine > 0) * (below > FORK / 2)
        now = float(np.quantile(below[cloth > 0.5], 0.99)) if (cloth > 0.5).any() else 0.0
        inner = flat[side].right if side == LEFT else flat[side].left
        wanted = fork_at + float(path(inner)[-1]) * from_waist / rise
        if long or path(inner)[-1] > LONG * rise:
            wanted = now if legged and now > CROPPED * whole else whole
        else:
            wanted = min(wanted, WHOLE * whole)
        last = now if legged and (abs(wanted - now) < SAME or wanted < now and not figure.legs_show) else wanted
        count = len(flat[side].left)
        around = Girth.of(along, aside, cloth, THIGH)
        edges = []
        for start, at, s in ((hip, sides[side][-1], sign), (figure.hips + fork_at, own, -sign)):
            rows = np.linspace(start, figure.hips + last, count)
            middle, radius = around.around(rows)
            clad = np.interp((rows - figure.hips) / whole, *CLAD)
            if s == -sign:  # legs that touch meet in the middle
                clad = np.minimum(clad, np.maximum(_half_gap(lines, rows) + LAPPED, NARROW))
            if not legged:
                middle, radius = 0 * rows, clad
            elif last > now:
                radius = np.where(rows < figure.hips + now, radius, clad)
            edges.append(np.stack(lines[side].at(rows, middle + s * radius), 1))
            edges[-1][0] = at
        hung.strips[side] = Strip(*edges) if side == LEFT else Strip(*edges[::-1])
        hung.inside[side] = np.minimum(mine, figure.beyond(own, edges[0][0], np.array([0.0, 1.0])))
        half = mine + figure.cm  # both overlap: no seam is left between them
        if not legged:
            hung.changed = np.maximum(hung.changed, np.minimum(half, below + 4))
        elif last > now:
            hung.changed = np.maximum(hung.changed, np.minimum(half, below - now + 4))
        elif last < now:
            hung.gone = np.maximum(hung.gone, np.minimum(half, below - last))
        if last < max(now, whole if not legged else 0):
            hung.limbs.append(bare_leg(figure, side, spots[side], mine, last - LAP))
    hung.strips = {TRUNK: Strip(sides[LEFT], sides[RIGHT]), **hung.strips}
    hung.own, hung.flat = own[None], fork
    hung.solid = np.concatenate([sides[LEFT], own[None], sides[RIGHT][::-1]])
    return hung


def _half_gap(lines: dict[str, Line], rows: np.ndarray) -> np.ndarray:
    """cm from a leg's line to the middle between both, at rows (n,) cm along them."""
    left, right = (np.stack(lines[side].at(rows, np.zeros(len(rows))), 1) for side in (LEFT, RIGHT))
    return np.hypot(*(right - left).T) / 2


def _fork(figure: Figure) -> float:
    """cm below the hips where the legs of what is worn part, as far as that is seen."""
    at = np.arange(HIGHEST, LOWEST, 0.5)
    covered = figure.grid.worn_at(*figure.trunk.at(figure.hips + at, np.zeros(len(at)))) > 0.5
    return float(at[covered.argmin()]) if covered[0] and not covered.all() else FORK


def _from_waist(figure: Figure, hung: Hung) -> dict[str, float]:
    """Where a lower garment begins, cm along the trunk; where a dress is worn, its upper part stays."""
    first = {side: figure.ends(sign)[0] for side, sign in SIGNS.items()}
    if min(first.values()) < figure.hips + HIGH:
        hung.stays = figure.hips + WAIST - figure.places[0]
        first = dict.fromkeys(SIGNS, figure.hips + WAIST)
    return {side: at if at < figure.hips + LOW else figure.hips + USUAL for side, at in first.items()}
