"""Where the parts of a garment lie on somebody: the strips of `fice.references.strips`, on a body in a photograph.

Points are (x, y) in centimetres on the analysis canvas, sides are the viewer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fice.cloth.body import centimetres, find_body
from fice.cloth.limb import Girth, Grid, Line
from fice.cloth.parts import CHEST, CROTCH, HALF, THIGH
from fice.cloth.sleeve import CUFF, HAND, find_sleeve, walls
from fice.references.strips import LEFT, LIMB, LOWER, RIGHT, SEAM, TRUNK, UPPER, Strip, straight
from fice.subject.subject import Subject

SIGNS = {LEFT: -1, RIGHT: 1}
ARMPIT = 13.0  # cm below the shoulder's joint
TOP, HIGHEST = 3.5, 7.0  # cm of cloth above a shoulder's joint: usually, at most
NECK = 6.5  # cm from the middle to where a collar meets the shoulder
FORK = 8.0  # cm below the hips' joints


@dataclass(frozen=True)
class Place:
    """A strip on somebody, and how far inside it places of the canvas are, (h, w) cm."""

    strip: Strip
    inside: np.ndarray


class Figure:
    """Somebody in a photo, as far as clothes hang on them.

    Args:
        subject: the photo.
        worn: (h, w) float in [0, 1] on the canvas, the garment in whose place another goes.
        person: (h, w), all of the person.
    """

    def __init__(self, subject: Subject, worn: np.ndarray, person: np.ndarray):
        self.cm = centimetres(subject.frame, subject.points)
        y, x = (((axis + 0.5) * self.cm).astype(np.float32) for axis in np.indices(worn.shape))
        self.grid, self.person = Grid(worn.astype(np.float32), x, y), Grid(person.astype(np.float32), x, y)
        self.body = find_body(worn, subject.frame, subject.points, self.cm)
        shoulders = self.body.shoulders
        turned = shoulders["left"][0] < shoulders["right"][0]
        self.names = {LEFT: "left", RIGHT: "right"} if turned else {LEFT: "right", RIGHT: "left"}

    @cached_property
    def trunk(self) -> Line:
        return Line.through(self.body.trunk)

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) cm along and aside of the trunk's line."""
        return self.trunk.places(self.grid)

    @cached_property
    def hips(self) -> float:
        """cm from the shoulders to the hips."""
        return float(np.hypot(*(self.body.trunk[1] - self.body.trunk[0])))

    @cached_property
    def rest(self) -> np.ndarray:
        """The garment without its sleeves, (h, w)."""
        sleeves = [find_sleeve(self.grid, self.body, side, self.places[1])[0] for side in self.body.arms]
        high = self.places[0] < self.hips
        return self.grid.worn * np.all([(inside <= 0) | ~high for inside in sleeves], axis=0)

    @cached_property
    def girth(self) -> Girth:
        return Girth.of(*self.places, self.rest, HALF)

    def bodice(self, share: float) -> tuple[dict[str, Place], np.ndarray]:
        """Trunk and sleeves, and both sides of the neck (2, 2)."""
        sides, places, necks = {}, {}, []
        for side, sign in SIGNS.items():
            top, armpit = self._armhole(sign, self.body.shoulders[self.names[side]])
            first, last = self.along(armpit), self.end(sign)
            waist = first + share * (last - first)
            rows = np.concatenate([np.linspace(first, waist, UPPER)[1:], np.linspace(waist, last, LOWER)[1:]])
            sides[side] = np.concatenate([straight(top, armpit, SEAM), self.edge(rows, sign)])
            if place := self._sleeve(side, top, armpit):
                places[side] = place
            necks.append(self._neck(sign))
        everywhere = np.full_like(self.grid.x, np.inf)
        return {TRUNK: Place(Strip(sides[LEFT], sides[RIGHT]), everywhere), **places}, np.stack(necks)

    def along(self, point: np.ndarray) -> float:
        """cm along the trunk's line of a point (2,)."""
        nearest = np.argmin(((self.trunk.points - point) ** 2).sum(1))
        return float(self.trunk.along[nearest] + (point - self.trunk.points[nearest]) @ self.trunk.directions[nearest])

    def edge(self, rows: np.ndarray, sign: int) -> np.ndarray:
        """Points of the trunk's edge on one side at places (n,) cm along its line, (n, 2)."""
        middle, radius = self.girth.around(rows)
        return np.stack(self.trunk.at(rows, middle + sign * radius), 1)

    def end(self, sign: int) -> float:
        """cm along the trunk to which the garment reaches on one side."""
        along, aside = self.places
        middle, radius = self.girth.around(along)
        across = sign * (aside - middle) / radius
        column = (across > 0.1) & (across < 0.8) & (self.rest > 0.5)
        return float(np.quantile(along[column], 0.995)) if column.any() else self.hips

    def _armhole(self, sign: int, joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The top of the shoulder and the armpit."""
        at = self.along(joint) + ARMPIT
        middle, radius = self.girth.around(np.array(max(at, CHEST)))
        wide = abs(float((joint - self.body.trunk[0])[0]))
        half = float(np.clip(0.95 * radius + sign * middle, wide - 4, wide + 3))
        armpit = np.stack(self.trunk.at(np.array(at), np.array(sign * half)))
        up = (joint - armpit) / np.hypot(*(joint - armpit))
        steps = np.arange(0, HIGHEST + 0.25, 0.25)
        seen = self.person.worn_at(*(joint + steps[:, None] * up).T) > 0.5
        high = float(steps[seen.argmin()]) if seen[0] and not seen.all() else TOP
        return joint + max(high, TOP / 2) * up, armpit

    def _neck(self, sign: int) -> np.ndarray:
        rows = np.arange(4, -10, -0.25)
        covered = self.grid.worn_at(*self.trunk.at(rows, np.full(len(rows), sign * NECK))) > 0.5
        high = float(rows[covered.argmin()]) if covered[0] and not covered.all() else -TOP
        return np.stack(self.trunk.at(np.array(high), np.array(sign * NECK)))

    def _sleeve(self, side: str, top: np.ndarray, armpit: np.ndarray) -> Place | None:
        name = self.names[side]
        if name not in self.body.arms:
            return None
        joints, sign = self.body.arms[name], SIGNS[side]
        line = Line.through(joints)
        at = np.arange(0, float(np.hypot(*np.diff(joints, axis=0).T).sum()) + HAND, 1.0)
        low, high, covered = walls(self.grid, line, at)
        if not (covered > CUFF).any():
            return None
        end = float(at[covered > CUFF].max()) + 1
        down = (joints[1] - joints[0]) / max(float(np.hypot(*(joints[1] - joints[0]))), 1e-3)
        first = float(np.clip((armpit - joints[0]) @ down, 3, 14))
        if end < first + 3:
            return None
        edges = []
        for start, outer in ((0.0, True), (first, False)):
            rows = np.linspace(start, end, LIMB)
            aside = np.interp(rows, at, high) if (sign > 0) == outer else -np.interp(rows, at, low)
            edges.append(np.stack(line.at(rows, aside), 1))
        edges[0][0], edges[1][0] = top, armpit
        seam = self._beyond(armpit, top, joints[0] - self.body.trunk[0])
        inside, _ = find_sleeve(self.grid, self.body, name, self.places[1], seam)
        return Place(Strip(*edges) if side == LEFT else Strip(*edges[::-1]), inside)

    def _beyond(self, first: np.ndarray, last: np.ndarray, towards: np.ndarray) -> np.ndarray:
        """(h, w) cm beyond the line through two points, in the direction given."""
        normal = np.array([last[1] - first[1], first[0] - last[0]])
        normal = normal / np.hypot(*normal) * np.sign(normal @ towards)
        return ((self.grid.x - first[0]) * normal[0] + (self.grid.y - first[1]) * normal[1]).astype(np.float32)

    def skirt(self) -> dict[str, Place]:
        sides = {}
        for side, sign in SIGNS.items():
            first, last = self.start(sign), self.end(sign)
            rows = np.concatenate(
                [
                    np.linspace(first, first + 0.35 * (last - first), UPPER),
                    np.linspace(first + 0.35 * (last - first), last, LOWER)[1:],
                ]
            )
            sides[side] = self.edge(rows, sign)
        return {TRUNK: Place(Strip(sides[LEFT], sides[RIGHT]), np.full_like(self.grid.x, np.inf))}

    def start(self, sign: int) -> float:
        """cm along the trunk from which on the garment reaches down on one side."""
        along, aside = self.places
        middle, radius = self.girth.around(along)
        across = sign * (aside - middle) / radius
        column = (across > 0.1) & (across < 0.8) & (self.rest > 0.5)
        return float(np.quantile(along[column], 0.005)) if column.any() else self.hips - 12

    def trousers(self, share: float) -> tuple[dict[str, Place], np.ndarray]:
        """Trunk and legs, and the fork (1, 2); share: where the hips' row is between the waist and the fork."""
        down = (self.body.trunk[1] - self.body.trunk[0]) / self.hips
        fork = self.body.trunk[1] + FORK * down
        below = self.places[0] - self.hips
        sides, places = {}, {}
        lines = {
            s: Line.through(
                np.concatenate([self.body.legs[self.names[s]][:1], self.body.legs[self.names[s]][1:]]), self.hips
            )
            for s in SIGNS
        }
        spots = {s: lines[s].places(self.grid) for s in SIGNS}
        nearer = (abs(spots[LEFT][1]) - abs(spots[RIGHT][1])) / 2
        girth = self.girth.only(-20, self.hips + CROTCH)
        for side, sign in SIGNS.items():
            first = self.start(sign)
            hip = first + share * (self.hips + FORK - first)
            rows = np.linspace(first, hip, UPPER)
            middle, radius = girth.around(rows)
            sides[side] = np.stack(self.trunk.at(rows, middle + sign * radius), 1)
            mine = nearer * sign
            around = Girth.of(*spots[side], self.grid.worn * (mine > 0) * (below > FORK / 2), THIGH)
            along, aside = spots[side]
            cloth = (mine > 0) & (self.grid.worn > 0.5) & (below > 0)
            last = float(np.quantile(along[cloth], 0.99)) if cloth.any() else self.hips + 80
            edges = []
            for start, at, s in ((hip, sides[side][-1], sign), (self.hips + FORK, fork, -sign)):
                rows = np.linspace(start, last, LIMB)
                middle, radius = around.around(rows)
                edges.append(np.stack(lines[side].at(rows, middle + s * radius), 1))
                edges[-1][0] = at
            seam = self._beyond(fork, edges[0][0], np.array([0.0, 1.0]))
            inside = np.minimum(mine, seam)
            places[side] = Place(Strip(*edges) if side == LEFT else Strip(*edges[::-1]), inside)
        return {TRUNK: Place(Strip(sides[LEFT], sides[RIGHT]), np.full_like(self.grid.x, np.inf)), **places}, fork[None]
