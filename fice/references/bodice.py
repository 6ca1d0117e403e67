"""What hangs from the shoulders: trunk and sleeves on somebody."""

from __future__ import annotations

import numpy as np

from fice.cloth.limb import Line, length_of
from fice.cloth.sleeve import CUFF, HAND, STOUT, find_sleeve, walls
from fice.references.cut import Paper
from fice.references.figure import ROUND, SAME, SIGNS, WAIST, Figure
from fice.references.hung import NEAR, WHOLE, Hung, edges_of, hem, lengths, nothing, path, width
from fice.references.limbs import bare_arm
from fice.references.reference import Reference
from fice.references.strips import LEFT, RIGHT, SEAM, TRUNK, Strip, outlined, straight

SHORTEST = 3.0  # cm of a sleeve below the armpit
TUCKED = 40.0  # cm of a top that may be hidden in trousers
SLEEVED = ("shirt", "jumper", "jacket")  # they hang with their sleeves before them rather than without any
SHOULDER = 9.0  # cm around its joint that a sleeve covers
FLAT = 42.0, 50.0  # cm from armpit to armpit of what lies flat


def bodice(
    figure: Figure, flat: dict[str, Strip], necks: np.ndarray, reference: Reference, all_over: bool, legged: bool
) -> Hung:
    """Trunk and sleeves.

    necks: (2, 2) of the picture; all_over: in the place of a dress; legged: of trousers, too.
    """
    trunk, kind, cut = flat[TRUNK], reference.kind, reference if isinstance(reference, Paper) else None
    rows = np.array([figure.along(figure.armhole(side)[1]) for side in SIGNS]) + 4
    chest = float(figure.girth.around(rows)[1].mean())
    scale = 2 * chest / width(trunk, SEAM - 1)
    if not reference.worn:
        scale = float(np.clip(2 * chest * ROUND, *FLAT)) / width(trunk, SEAM - 1)
    shares, length = lengths(trunk, SEAM - 1)
    ends = {side: figure.ends(sign)[1] for side, sign in SIGNS.items()}
    tops = {side: figure.armhole(side) for side in SIGNS}
    first = {side: figure.along(tops[side][1]) for side in SIGNS}
    length *= scale
    if cut is not None:  # no word is a hem as it is worn
        last = np.mean([*ends.values()]) if cut.hem is None else figure.hips + cut.hem * figure.leg
        length = float(last - np.mean([*first.values()]))
    longer = float(np.mean([first[side] + length - ends[side] for side in SIGNS]))
    hung, level = nothing(figure), None
    if kind == "dress":
        ends, level = hem(figure, hung, legged, first, length)
    elif all_over and longer < -SAME:
        ends = {side: max(first[side] + length, figure.hips) for side in SIGNS}
        hung.stays = figure.places[0] - float(np.mean([*ends.values()]))
    elif kind in ("t-shirt", "shirt") and SAME < longer < TUCKED and max(ends.values()) < figure.hips + WAIST / 2:
        ends = {side: first[side] + length for side in SIGNS}  # what is longer is in the trousers
    edges = edges_of(figure, trunk, SEAM - 1, shares, first, ends, level)
    seams = {side: straight(*tops[side], SEAM) for side in SIGNS}
    sides = {side: np.concatenate([seams[side][:-1], edges[side]]) for side in SIGNS}
    hung.strips[TRUNK] = Strip(sides[LEFT], sides[RIGHT])
    hung.own, hung.flat = figure.necks(), necks
    for side in SIGNS:
        _sleeve(figure, hung, side, flat.get(side), scale, *tops[side], _stays(kind, cut), cut)
    return hung


def _stays(kind: str, cut: Paper | None) -> bool:
    """Whether sleeves that are not shown stay as they are worn."""
    return kind in SLEEVED if cut is None else cut.sleeve is None


def _sleeve(
    figure: Figure,
    hung: Hung,
    side: str,
    flat: Strip | None,
    scale: float,
    top: np.ndarray,
    armpit: np.ndarray,
    sleeved: bool,
    cut: Paper | None,
) -> None:
    """A sleeve; of a garment that is `sleeved` and shows none it is as long as the one that is worn."""
    name, sign = figure.names[side], SIGNS[side]
    if name not in figure.body.arms:
        return
    joints = figure.body.arms[name]
    line = Line.through(joints)
    length = length_of(joints)
    at = np.arange(0, length + HAND, 1.0)
    covered = walls(figure.grid, line, at)[2] > CUFF
    now = float(at[covered].max()) + 1 if covered.any() else 0.0
    wanted = now if sleeved else 0.0
    if flat is not None:
        outer = flat.left if side == LEFT else flat.right
        wanted = float(path(outer)[-1]) * scale if cut is None else (cut.sleeve or 0.0) * length
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
        near = np.hypot(figure.grid.x - joints[0][0], figure.grid.y - joints[0][1])  # the shoulder itself, where bare
        arm = np.clip(np.maximum(inside, SHOULDER - near) + 0.5, 0, 1)
        hung.over = np.maximum(hung.over, figure.skin * arm * np.clip(end - along + 0.5, 0, 1))
    elif end < now:
        cuff = np.where(along > length - HAND, STOUT - abs(aside), inside)  # however wide it is
        hung.gone = np.maximum(hung.gone, np.minimum(cuff, np.minimum(along - end, length + 3 * HAND - along)))
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
