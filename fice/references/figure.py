"""Where the parts of a garment go on somebody: the strips of `fice.references.strips`, on a body in a photograph.

Points are (x, y) in centimetres on the analysis canvas, maps are (h, w), sides are the viewer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy import ndimage

from fice.cloth.body import centimetres, find_body
from fice.cloth.dress import own_cloth
from fice.cloth.limb import Girth, Grid, Line, length_of
from fice.cloth.parts import CHEST, HALF
from fice.cloth.sleeve import NARROWEST, find_sleeve
from fice.references.strips import LEFT, RIGHT, Strip
from fice.srgb import gamma_encoded, to_lab
from fice.subject.subject import Subject

SIGNS = {LEFT: -1, RIGHT: 1}
ARMPIT, OUTWARD = 9.0, 3.0  # cm of the armpit below a shoulder's joint, and of its top outwards
TOP, HIGHEST, SLOPE = 3.5, 7.0, 1.5  # cm of cloth above a shoulder's joint: usually, at most, and less farther out
NECK, HIDDEN = 6.5, 3.0  # cm from the middle to where a collar meets the shoulder; and of height on one side only
SAME = 8.0  # cm by which sleeves, legs and hems may differ from the photographed ones and end where these do
ROUND = 1.3  # width of cloth that lies flat, over the width that it has around a body
WAIST = -12.0  # cm below the hips' joints
LEG = 80.0  # cm of a leg that is not seen
WIDE = 150.0  # cm² of cloth around an ankle that hide the foot
SURER = 0.1  # chance to be seen that is added to a keypoint's: a doubtful arm is better than none
BROADEST = 1.2, 2.0  # times half the shoulders, and cm more, to which a trunk is wide at most
SURE, UNLIKE = 0.8, 9.0  # probability of skin; distance of hues in CIELAB from which it is not that of the face
FEWEST = 30.0  # cm² of skin that tell its colour, or how stout a leg is
BESIDE = 4.0  # cm beside a strip where its map is still good


@dataclass(frozen=True)
class Limb:
    """An arm or a leg under cloth that goes: how far along and aside of its middle places are, and its radius, in cm.

    bare: cm inside the part of it that nothing covers any more.
    skin: linear light of it, (3,).
    """

    along: np.ndarray
    aside: np.ndarray
    radius: np.ndarray
    bare: np.ndarray
    skin: np.ndarray


class Figure:
    """Somebody in a photo, as far as clothes hang on them.

    Args:
        subject: the photo.
        worn: (h, w) float in [0, 1] on the canvas, the garment in whose place another goes.
        person, skin, face, shoes: (h, w), all of the person, the skin and stockings of their limbs ...
    """

    def __init__(
        self,
        subject: Subject,
        worn: np.ndarray,
        person: np.ndarray,
        skin: np.ndarray,
        face: np.ndarray,
        shoes: np.ndarray,
    ):
        self.cm = centimetres(subject.frame, subject.points)
        y, x = (((axis + 0.5) * self.cm).astype(np.float32) for axis in np.indices(worn.shape))
        self.grid, self.person, self.clad = (
            Grid(each.astype(np.float32), x, y) for each in (worn, person, np.maximum(worn, skin))
        )
        self.subject, self.skin, self.face, self.shoes = subject, skin, face, shoes
        sure = {name: (x, y, seen + SURER) for name, (x, y, seen) in (subject.points or {}).items()}
        self.body = find_body(worn, subject.frame, sure or None, self.cm)
        shoulders = self.body.shoulders
        turned = shoulders["left"][0] < shoulders["right"][0]
        self.names = {LEFT: "left", RIGHT: "right"} if turned else {LEFT: "right", RIGHT: "left"}
        upper, hips, hem = self.body.trunk
        self.trunk = Line.through(np.stack([upper, hips, 2 * hem - hips]))  # to the floor
        self.hips = float(np.hypot(*(self.body.trunk[1] - self.body.trunk[0])))

    @cached_property
    def leg(self) -> float:
        """cm from the hips to the ankles."""
        return float(np.mean([length_of(joints) for joints in self.body.legs.values()])) if self.body.legs else LEG

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """cm along and aside of the trunk's line."""
        return self.trunk.places(self.grid)

    @cached_property
    def rest(self) -> np.ndarray:
        """The garment without its sleeves; below the hips without cuffs that hang there on their own."""
        sleeves = [find_sleeve(self.grid, self.body, side, self.places[1])[0] > 0 for side in self.body.arms]
        sleeve = np.any(sleeves, axis=0) & np.ones(self.grid.x.shape, bool)
        rest = self.grid.worn * ~(sleeve & (self.places[0] < self.hips))
        parts, count = ndimage.label(rest > 0.5)
        cuffs = 1 + np.flatnonzero(np.asarray(ndimage.mean(sleeve, parts, np.arange(1, count + 1))) > 0.5)
        return rest * ~np.isin(parts, cuffs)

    @cached_property
    def girth(self) -> Girth:
        """Of the trunk; above the hips never wider than shoulders let it be, as sleeves may hang before it."""
        girth = Girth.of(*self.places, self.rest, HALF)
        half = np.mean([np.hypot(*(joint - self.body.trunk[0])) for joint in self.body.shoulders.values()])
        most = np.where(girth.at < self.hips, BROADEST[0] * max(half, NARROWEST) + BROADEST[1], np.inf)
        return Girth(girth.at, girth.middle, np.minimum(girth.radius, most))

    @cached_property
    def legs_show(self) -> bool:
        """Both legs are known, and what covers them, if anything, is narrow and ends above the shoes."""
        if not self.body.legs:
            return False
        for joints in self.body.legs.values():
            along, aside = Line.through(joints).places(self.grid)
            near = (abs(aside) < 12) & (abs(along - length_of(joints)) < 5)
            foot = np.hypot(self.grid.x - joints[2][0], self.grid.y - joints[2][1]) < 20
            if (self.grid.worn * near).sum() * self.cm**2 > WIDE or (self.shoes * foot).sum() * self.cm**2 < FEWEST:
                return False
        return True

    @cached_property
    def everywhere(self) -> np.ndarray:
        return np.full_like(self.grid.x, 100.0)

    def colour(self, where: np.ndarray, stockings: bool = False) -> np.ndarray:
        """Linear light of the skin seen `where` (h, w) is high, (3,); of the face where hardly any is.

        stockings: it may be of any colour; else what is unlike the face is no skin.
        """
        own, face = (
            own_cloth(self.subject, torch.from_numpy(each.astype(np.float32))[None, None])
            for each in (where, self.face)
        )
        if (where > SURE).sum() * self.cm**2 < FEWEST:
            return face
        lab = to_lab(gamma_encoded(np.stack([own, face]).clip(0, 1)) * 255)
        return own if stockings or np.hypot(*(lab[0] - lab[1])[1:]) < UNLIKE else face

    def along(self, point: np.ndarray) -> float:
        """cm along the trunk's line of a point (2,)."""
        nearest = np.argmin(((self.trunk.points - point) ** 2).sum(1))
        return float(self.trunk.along[nearest] + (point - self.trunk.points[nearest]) @ self.trunk.directions[nearest])

    def edge(self, rows: np.ndarray, sign: int, radius: np.ndarray | None = None) -> np.ndarray:
        """Points of the trunk's edge on one side at places (n,) cm along its line, (n, 2).

        radius: (n,) cm; by default the garment's own.
        """
        middle, own = self.girth.around(rows)
        return np.stack(self.trunk.at(rows, middle + sign * (own if radius is None else radius)), 1)

    def ends(self, sign: int) -> tuple[float, float]:
        """cm along the trunk from where to where the garment reaches on one side."""
        along, aside = self.places
        middle, radius = self.girth.around(along)
        across = sign * (aside - middle) / radius
        column = along[(across > 0.1) & (across < 0.8) & (self.rest > 0.5)]
        first, last = np.quantile(column, (0.005, 0.995)) if column.size else (self.hips + WAIST, self.hips)
        return float(first), float(last)

    def beyond(self, first: np.ndarray, last: np.ndarray, towards: np.ndarray) -> np.ndarray:
        """(h, w) cm beyond the line through two points, in the direction given."""
        normal = np.array([last[1] - first[1], first[0] - last[0]])
        normal = normal / max(float(np.hypot(*normal)), 1e-6) * (1 if normal @ towards > 0 else -1)
        return ((self.grid.x - first[0]) * normal[0] + (self.grid.y - first[1]) * normal[1]).astype(np.float32)

    def near(self, strip: Strip) -> np.ndarray:
        """Where a strip is, or no farther than BESIDE from it, (h, w) bool."""
        return self.within(strip.outline, BESIDE)

    def within(self, outline: np.ndarray, beside: float = 0.0) -> np.ndarray:
        """What lies within an outline (n, 2) in cm, or no farther than `beside` from it, (h, w) bool."""
        image = Image.new("1", self.grid.x.shape[::-1])
        ring = [(x, y) for x, y in (np.concatenate([outline, outline[:1]]) / self.cm).tolist()]
        ImageDraw.Draw(image).polygon(ring, fill=1)
        if beside:
            ImageDraw.Draw(image).line(ring, fill=1, width=round(2 * beside / self.cm), joint="curve")
        return np.asarray(image)

    def armhole(self, side: str) -> tuple[np.ndarray, np.ndarray]:
        """The top of the shoulder and the armpit."""
        joint, sign = self.body.shoulders[self.names[side]], SIGNS[side]
        at = self.along(joint) + ARMPIT
        middle, radius = self.girth.around(np.array(max(at, CHEST)))
        wide = abs(float((joint - self.body.trunk[0])[0]))
        half = float(np.clip(radius + sign * middle, wide - 4, wide + 5))
        armpit = np.stack(self.trunk.at(np.array(at), np.array(sign * half)))
        up = (joint - armpit) / np.hypot(*(joint - armpit))
        steps = np.arange(0, HIGHEST + 0.25, 0.25)
        seen = self.person.worn_at(*(joint + steps[:, None] * up).T) > 0.5
        high = float(steps[seen.argmin()]) if seen[0] and not seen.all() else TOP
        outward = (joint - self.body.trunk[0]) / max(float(np.hypot(*(joint - self.body.trunk[0]))), 1e-3)
        return joint + max(high - SLOPE, TOP / 2) * up + OUTWARD * outward, armpit

    def necks(self) -> np.ndarray:
        """Where a collar meets the shoulders, (2, 2): on the viewer's left, and on the right."""
        rows = np.arange(4, -10, -0.25)
        high = []
        for sign in SIGNS.values():
            covered = self.grid.worn_at(*self.trunk.at(rows, np.full(len(rows), sign * NECK))) > 0.5
            high.append(float(rows[covered.argmin()]) if covered[0] and not covered.all() else -TOP)
        if abs(high[0] - high[1]) > HIDDEN:
            high = [min(high)] * 2
        return np.stack(self.trunk.at(np.array(high), NECK * np.array([*SIGNS.values()])), 1)
