"""How a garment hangs on somebody: where its strips go, how long they are there, and what they bare.

Where sleeves, legs and hem of the picture end about where the photographed ones do, these keep their outline.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fice.cloth.limb import Girth, Line
from fice.cloth.parts import CROTCH, THIGH
from fice.cloth.sleeve import CUFF, HAND, find_sleeve, walls
from fice.references.figure import ROUND, SAME, SIGNS, WAIST, Figure, Limb
from fice.references.limbs import FORK, bare_arm, bare_leg, legs
from fice.references.strips import COLUMNS, LEFT, RIGHT, SEAM, TRUNK, Strip, outlined, straight

WHOLE = 0.85  # of a limb, a sleeve or leg that reaches so far reaches its end
SHORTEST = 3.0  # cm of a sleeve below the armpit
LAP = 4.0  # cm of a bare limb below what covers it
LOW, USUAL = -6.0, -10.0  # cm below the hips: a waist below that is hidden, and then is about there
LEAST = 20.0  # cm below the hips to which a dress or a skirt reaches
NEAR = 3.0  # cm beside where an edge is thought to be in which its outline is looked for
HEM = 4.0  # cm of a hem that has an outline of its own
FLAT = 44.0, 54.0  # cm from armpit to armpit of what lies flat
TUCKED = 30.0  # cm of a top that may be hidden in trousers
LONG = 1.2  # of the rise, an inner leg that is longer reaches the ankle
HIGH = -22.0  # cm above the hips from which what is worn is more than a lower garment
CLAD = (0.0, 0.5, 1.0), (10.0, 8.0, 7.0)  # cm of radius along a leg in trousers


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


def bodice(
    figure: Figure, flat: dict[str, Strip], necks: np.ndarray, kind: str, worn: bool, all_over: bool, legged: bool
) -> Hung:
    """Trunk and sleeves.

    necks: (2, 2) of the picture; worn: by somebody there; all_over: in the place of a dress; legged: of trousers, too.
    """
    trunk = flat[TRUNK]
    rows = np.array([figure.along(figure.armhole(side)[1]) for side in SIGNS]) + 4
    chest = float(figure.girth.around(rows)[1].mean())
    scale = 2 * chest / _width(trunk, SEAM - 1)
    if not worn:
        scale = float(np.clip(2 * chest * ROUND, *FLAT)) / _width(trunk, SEAM - 1)
    shares, length = _lengths(trunk, SEAM - 1)
    ends = {side: figure.ends(sign)[1] for side, sign in SIGNS.items()}
    tops = {side: figure.armhole(side) for side in SIGNS}
    first = {side: figure.along(tops[side][1]) for side in SIGNS}
    length = max(length * scale, figure.hips + LEAST - min(first.values())) if kind == "dress" else length * scale
    longer = float(np.mean([first[side] + length - ends[side] for side in SIGNS]))
    hung, level = _nothing(figure), None
    if kind == "dress" and abs(longer) > SAME and (figure.body.legs or longer > 0):
        level = _level(figure, legged, *(min(ends[side], first[side] + length) for side in SIGNS))
        ends = {side: first[side] + length for side in SIGNS}
        hung.changed = figure.places[0] - level
        _uncover(figure, hung, float(np.mean([*ends.values()])) - figure.hips)
    elif all_over and kind != "dress" and longer < -SAME:
        ends = {side: max(first[side] + length, figure.hips) for side in SIGNS}
        hung.stays = figure.places[0] - float(np.mean([*ends.values()]))
    elif kind != "jacket" and SAME < longer < TUCKED:
        ends = {side: first[side] + length for side in SIGNS}  # what is longer is in the trousers
    edges = _edges(figure, trunk, SEAM - 1, shares, first, ends, level)
    seams = {side: straight(*tops[side], SEAM) for side in SIGNS}
    sides = {side: np.concatenate([seams[side][:-1], edges[side]]) for side in SIGNS}
    hung.strips[TRUNK] = Strip(sides[LEFT], sides[RIGHT])
    hung.own, hung.flat = np.stack([figure.neck(sign) for sign in SIGNS.values()]), necks
    for side in SIGNS:
        _sleeve(figure, hung, side, flat.get(side), scale, *tops[side])
    return hung


def skirt(figure: Figure, flat: dict[str, Strip], worn: bool, legged: bool) -> Hung:
    """One strip from the waist to the hem."""
    trunk, hung, level = flat[TRUNK], _nothing(figure), None
    first = _from_waist(figure, hung)
    ends = {side: figure.ends(sign)[1] for side, sign in SIGNS.items()}
    waist = float(figure.girth.around(np.array(np.mean([*first.values()]) + 4))[1])
    shares, length = _lengths(trunk, 0)
    scale = 2 * waist * (1 if worn else ROUND) / _width(trunk, 0)
    length = max(length * scale, figure.hips + LEAST - min(first.values()))
    longer = float(np.mean([first[side] + length - ends[side] for side in SIGNS]))
    if abs(longer) > SAME and (figure.body.legs or longer > 0):
        level = _level(figure, legged, *(min(ends[side], first[side] + length) for side in SIGNS))
        ends = {side: first[side] + length for side in SIGNS}
        hung.changed = figure.places[0] - level
        _uncover(figure, hung, float(np.mean([*ends.values()])) - figure.hips)
    edges = _edges(figure, trunk, 0, shares, first, ends, level)
    hung.strips[TRUNK] = Strip(edges[LEFT], edges[RIGHT])
    return hung


def trousers(figure: Figure, flat: dict[str, Strip], fork: np.ndarray, legged: bool) -> Hung:
    """Trunk and legs; fork: (1, 2) of the picture; legged: what is worn goes around each leg, too."""
    hung = _nothing(figure)
    down = (figure.body.trunk[1] - figure.body.trunk[0]) / figure.hips
    own = figure.body.trunk[1] + FORK * down
    first = _from_waist(figure, hung)
    lines, spots, nearer = legs(figure)
    girth = figure.girth.only(-20, figure.hips + CROTCH)
    trunk, sides = flat[TRUNK], {}
    shares, high = _lengths(trunk, 0)
    rise = float(np.mean([_path(np.stack([edge[0], fork[0]]))[-1] for edge in (trunk.left, trunk.right)]))
    for side, sign in SIGNS.items():
        from_waist = figure.hips + FORK - first[side]
        hip = first[side] + high / rise * from_waist
        rows = first[side] + shares * (hip - first[side])
        middle, radius = girth.around(rows)
        sides[side] = np.stack(figure.trunk.at(rows, middle + sign * radius), 1)
        (along, aside), mine = spots[side], nearer * sign
        below = along - figure.hips
        whole = float(np.hypot(*np.diff(figure.body.legs[figure.names[side]], axis=0).T).sum())
        cloth = figure.grid.worn * (mine > 0) * (below > FORK / 2)
        now = float(np.quantile(below[cloth > 0.5], 0.99)) if (cloth > 0.5).any() else 0.0
        inner = flat[side].right if side == LEFT else flat[side].left
        wanted = FORK + float(_path(inner)[-1]) * from_waist / rise
        wanted = whole if _path(inner)[-1] > LONG * rise else min(wanted, WHOLE * whole)
        last = now if legged and (abs(wanted - now) < SAME or wanted < now and not figure.legs_show) else wanted
        count = len(flat[side].left)
        around = Girth.of(along, aside, cloth, THIGH)
        edges = []
        for start, at, s in ((hip, sides[side][-1], sign), (figure.hips + FORK, own, -sign)):
            rows = np.linspace(start, figure.hips + last, count)
            middle, radius = around.around(rows)
            clad = np.interp((rows - figure.hips) / whole, *CLAD)
            if not legged:
                middle, radius = 0 * rows, clad
            elif last > now:
                radius = np.where(rows < figure.hips + now, radius, clad)
            edges.append(np.stack(lines[side].at(rows, middle + s * radius), 1))
            edges[-1][0] = at
        hung.strips[side] = Strip(*edges) if side == LEFT else Strip(*edges[::-1])
        hung.inside[side] = np.minimum(mine, figure.beyond(own, edges[0][0], np.array([0.0, 1.0])))
        if not legged:
            hung.changed = np.maximum(hung.changed, np.minimum(mine, below + 4))
        elif last > now:
            hung.changed = np.maximum(hung.changed, np.minimum(mine, below - now + 4))
        elif last < now:
            hung.gone = np.maximum(hung.gone, np.minimum(mine, below - last))
        if last < max(now, whole if not legged else 0):
            hung.limbs.append(bare_leg(figure, side, spots[side], mine, last - LAP))
    hung.strips = {TRUNK: Strip(sides[LEFT], sides[RIGHT]), **hung.strips}
    hung.own, hung.flat = own[None], fork
    hung.solid = np.concatenate([sides[LEFT], own[None], sides[RIGHT][::-1]])
    return hung


def _from_waist(figure: Figure, hung: Hung) -> dict[str, float]:
    """Where a lower garment begins, cm along the trunk; where a dress is worn, its upper part stays."""
    first = {side: figure.ends(sign)[0] for side, sign in SIGNS.items()}
    if min(first.values()) < figure.hips + HIGH:
        hung.stays = figure.hips + WAIST - figure.places[0]
        first = dict.fromkeys(SIGNS, figure.hips + WAIST)
    return {side: at if at < figure.hips + LOW else figure.hips + USUAL for side, at in first.items()}


def _level(figure: Figure, legged: bool, *ends: float) -> float:
    """cm along the trunk to which the photographed outline is good; ends: of the shorter one of the two garments."""
    return figure.hips if legged else min(ends) - HEM


def _uncover(figure: Figure, hung: Hung, end: float) -> None:
    """Bare legs from `end`, cm below the hips, on, where the old garment is longer.

    Where they cannot be drawn, it stays below the new one.
    """
    hung.layered = not figure.legs_show
    if not hung.layered:
        spots, nearer = legs(figure)[1:]
        hung.limbs += [bare_leg(figure, side, spots[side], nearer * sign, end - LAP) for side, sign in SIGNS.items()]


def _nothing(figure: Figure) -> Hung:
    none = np.zeros_like(figure.grid.x)
    return Hung({}, {}, np.zeros((0, 2)), np.zeros((0, 2)), none, none - 100, none - 100, none - 100)


def _width(strip: Strip, row: int) -> float:
    return float(np.hypot(*(strip.right[row] - strip.left[row])))


def _path(points: np.ndarray) -> np.ndarray:
    """How far along a path (n, 2) its points are, (n,)."""
    return np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])


def _lengths(strip: Strip, start: int) -> tuple[np.ndarray, float]:
    """Of a strip from a row on how far each row is along it, as shares (n,), and how long it is."""
    middle = _path((strip.left[start:] + strip.right[start:]) / 2)
    return middle / max(middle[-1], 1e-6), float(middle[-1])


def _edges(
    figure: Figure,
    flat: Strip,
    start: int,
    shares: np.ndarray,
    first: dict[str, float],
    last: dict[str, float],
    level: float | None,
) -> dict[str, np.ndarray]:
    """The trunk's edges from its row `start` on, (n, 2) each; below `level` as wide as in the picture."""
    widths = np.array([_width(flat, row) for row in range(start, len(flat.left))])
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


def _sleeve(
    figure: Figure, hung: Hung, side: str, flat: Strip | None, scale: float, top: np.ndarray, armpit: np.ndarray
) -> None:
    name, sign = figure.names[side], SIGNS[side]
    if name not in figure.body.arms:
        return
    joints = figure.body.arms[name]
    line = Line.through(joints)
    length = float(np.hypot(*np.diff(joints, axis=0).T).sum())
    at = np.arange(0, length + HAND, 1.0)
    covered = walls(figure.grid, line, at)[2] > CUFF
    now = float(at[covered].max()) + 1 if covered.any() else 0.0
    wanted = 0.0
    if flat is not None:
        outer = flat.left if side == LEFT else flat.right
        wanted = float(_path(outer)[-1]) * scale
        wanted = length + 1 if wanted > WHOLE * length else wanted
    end = now if abs(wanted - now) < SAME else wanted
    grid = figure.grid if end <= now else figure.clad
    low, high, _ = walls(grid, line, at)
    down = (joints[1] - joints[0]) / max(float(np.hypot(*(joints[1] - joints[0]))), 1e-3)
    first = float(np.clip((armpit - joints[0]) @ down, 3, 14))
    seam = figure.beyond(armpit, top, joints[0] - figure.body.trunk[0])
    inside, (along, aside) = find_sleeve(grid, figure.body, name, figure.places[1], seam)
    if end > now and len(figure.body.arms) < len(SIGNS):
        return  # one sleeve is worse than none
    if end > now:
        hung.over = np.maximum(hung.over, figure.skin * np.clip(inside + 0.5, 0, 1) * np.clip(end - along + 0.5, 0, 1))
    elif end < now:
        hung.gone = np.maximum(hung.gone, np.minimum(inside, along - end))
        bare = np.minimum(np.minimum(along - end, length + HAND - along), seam + 2)
        room = tuple(np.interp(along, at, x) for x in ((high - low) / 2, (high + low) / 2))
        hung.limbs.append(bare_arm(figure, along, aside, length, room, bare))
    if flat is None or end < first + 1:
        return
    edges = []
    for start, out in ((0.0, True), (first, False)):
        rows = np.linspace(start, max(end, start + SHORTEST), len(flat.left))
        wall = np.interp(rows, at, high) if (sign > 0) == out else -np.interp(rows, at, low)
        edge = np.stack(line.at(rows, wall), 1)
        edge[0] = top if out else armpit
        edges.append(outlined(edge, grid.worn_at, NEAR, 0.25))
    hung.strips[side] = Strip(*edges) if side == LEFT else Strip(*edges[::-1])
    hung.inside[side] = np.minimum(inside, end - along) if end < now else inside


def seam_points(hung: Hung, flat: dict[str, Strip], worn: bool) -> tuple[np.ndarray, np.ndarray]:
    """All points of the trunk that match beside its strip's: where limbs begin, and the neck or the fork."""
    own, there = [hung.own], [hung.flat]
    for side in hung.strips.keys() - {TRUNK}:
        own.append(hung.strips[side].grid(True)[: len(COLUMNS)])
        there.append(flat[side].grid(worn)[: len(COLUMNS)])
    return np.concatenate(own), np.concatenate(there)
