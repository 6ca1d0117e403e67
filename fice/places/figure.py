"""A person measured as a tailor does: heights along the trunk, its middle, arms and legs, in centimetres."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from scipy import ndimage

from fice.cloth.body import SIDES, SURE, TALL, Points, centimetres, find_body
from fice.cloth.limb import Grid, Line
from fice.cloth.sleeve import find_sleeve
from fice.language.places import LEVELS
from fice.mask import decide, disc
from fice.subject.colours import TORSO
from fice.subject.regions import REGIONS, Regions
from fice.subject.subject import Subject

NECK = -3.0  # cm below the shoulders' joints
CHEST, WAIST = 0.35, 0.68  # of the way from the shoulders to the hips
KNEES, ANKLES = 0.22, 0.42  # of a person's height, below the hips
NEAR = 9.0  # cm from the waist within which a garment's upper edge is it
SOFT = 1.5  # pixels of the canvas over which a part ends
REAL_SLEEVE = 25.0  # cm² of cloth around an arm from which it is a sleeve
LIKELY = 0.25  # chance to be seen from which a joint above the legs counts, and one below the hips for its side
SEAM, SLIVER = 2.0, 6.0  # cm of cloth that joins more than a seam; cm beside a sleeve that may be of it
TRUNK = 10.0  # cm from the middle that are trunk
FEET = ("knee", "ankle", "toe")


class Figure:
    """The person of a subject. Maps are (h, w) on the analysis canvas; left is the wearer's own.

    Attributes:
        cm: that a pixel of the canvas covers.
        along, aside: maps of cm below the shoulders along the trunk's line, and to the viewer's right of it.
        hips: cm from the shoulders to the hips.
        facing: 1 for somebody who faces the camera, -1 for somebody seen from behind.
    """

    def __init__(self, subject: Subject, regions: Regions):
        self._subject, self._regions = subject, regions
        frame, points = subject.frame, _trusted(subject.points)
        self.cm = centimetres(frame, points)
        clothes = self.share(REGIONS["full"])
        rows, columns = clothes.shape
        y, x = (np.indices((rows, columns), np.float32) + 0.5) * np.float32(self.cm)
        self.body = find_body(clothes, frame, points, self.cm)
        self.grid = Grid(decided(self.share(TORSO)), x, y)
        self.along, self.aside = Line.through(self.body.trunk).places(self.grid)
        self.hips = float(np.hypot(*(self.body.trunk[1] - self.body.trunk[0])))
        self.facing = _facing(points)

    def share(self, names: tuple[str, ...]) -> np.ndarray:
        """The probability of classes."""
        return self._regions.select(self._subject.regions, names)[0, 0].cpu().numpy()

    def soft(self, inside: np.ndarray) -> np.ndarray:
        """What is inside, of a map in cm that is positive there, in [0, 1]."""
        return np.clip(0.5 + inside / (SOFT * self.cm), 0, 1)

    @cached_property
    def sleeves(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of each side that has one where a sleeve is, in [0, 1], and cm along the arm from the shoulder."""
        found = {}
        for side in self.body.arms:
            inside, (reach, _) = find_sleeve(self.grid, self.body, side, self.aside)
            if (self.grid.worn[inside > 0] > 0.5).sum() * self.cm**2 > REAL_SLEEVE:
                found[side] = inside, reach
        return {side: (self.soft(inside), reach) for side, (inside, reach) in self._widened(found).items()}

    def _widened(self, found: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Sleeves with the cloth beside them that hangs together with the trunk's by nothing but them."""
        cloth = self.grid.worn > 0.5
        sleeve = np.any([inside > 0 for inside, _ in found.values()] or [np.zeros_like(cloth)], 0)
        joined = ndimage.binary_opening(cloth & ~sleeve, disc(max(1, round(SEAM / self.cm))))
        parts, _ = ndimage.label(joined)
        own = np.unique(parts[(abs(self.aside) < TRUNK) & joined])
        trunk = joined & np.isin(parts, own)
        far = ndimage.distance_transform_edt(~trunk) if trunk.any() else np.full(cloth.shape, np.inf)
        rest = cloth & ~sleeve & ~trunk
        nearest = {side: ndimage.distance_transform_edt(inside <= 0) for side, (inside, _) in found.items()}
        widened = {}
        for side, (inside, reach) in found.items():
            others = [far, *(each for name, each in nearest.items() if name != side)]
            beside = rest & (nearest[side] < np.min([*others, np.full(cloth.shape, SLIVER / self.cm)], 0))
            edge = ndimage.binary_dilation(beside, iterations=2) & ~trunk
            widened[side] = np.where(edge, np.maximum(inside, self.cm), inside), reach
        return widened

    @cached_property
    def arms(self) -> np.ndarray:
        """Where sleeves are, in [0, 1]."""
        return np.max([inside for inside, _ in self.sleeves.values()] or [np.zeros_like(self.along)], 0)

    @cached_property
    def levels(self) -> dict[str, float]:
        """cm below the shoulders of each of `LEVELS`; the waist where trousers or a skirt begin near it."""
        knees = self.hips + KNEES * TALL
        if self.body.legs:
            joints = np.array([leg[1] for leg in self.body.legs.values()])
            direction = (self.body.trunk[1] - self.body.trunk[0]) / self.hips
            knees = float(((joints - self.body.trunk[0]) @ direction).mean())
        waist = WAIST * self.hips
        lower = (self.share(REGIONS["lower"]) > 0.5) & (abs(self.aside) < NEAR)
        if lower.any():
            top = float(np.quantile(self.along[lower], 0.03))
            waist = top if abs(top - waist) < NEAR else waist
        heights = (NECK, CHEST * self.hips, waist, self.hips, knees, self.hips + ANKLES * TALL)
        return dict(zip(LEVELS, heights, strict=True))

    def below(self, level: str) -> np.ndarray:
        """cm below a level; at the waist, a top that ends near it is above, and what begins near it is below."""
        down = self.along - self.levels[level]
        if level == "waist":
            upper, lower = self.share(("upper", "outer")) > 0.5, self.share((*REGIONS["lower"], "legwear")) > 0.5
            ends = not (upper & (down > NEAR) & (self.arms < 0.5)).sum() * self.cm**2 > NEAR**2
            down = np.where(lower & (abs(down) < NEAR), NEAR, down)
            down = np.where(upper & ends & (abs(down) < NEAR), -NEAR, down)
        return down

    def left(self, limb: bool) -> np.ndarray:
        """cm towards the wearer's left of the middle; limb: of the legs, which may cross."""
        joints = {side: self._leg(side) for side in SIDES}
        if limb and all(len(each) for each in joints.values()):
            far = {
                side: np.min([np.hypot(self.grid.x - px, self.grid.y - py) for px, py in each], 0)
                for side, each in joints.items()
            }
            return (far["right"] - far["left"]) / 2
        return self.aside * self.facing

    def _leg(self, side: str) -> np.ndarray:
        """Points of a leg below the hip in cm, (N, 2), none where it is not seen."""
        points = self._subject.points or {}
        seen = [points[f"{side} {joint}"] for joint in FEET if points.get(f"{side} {joint}", (0, 0, 0))[2] >= LIKELY]
        if len(seen) < 2:
            return np.zeros((0, 2))
        at = np.array([point[:2] for point in seen]) * self.cm
        return np.concatenate([np.linspace(one, other, 12) for one, other in zip(at, at[1:], strict=False)])


def decided(share: np.ndarray) -> np.ndarray:
    """As `fice.mask.decide`, of (h, w)."""
    return decide(torch.from_numpy(share)).numpy()


def _trusted(points: Points | None) -> Points | None:
    """Keypoints of which those above the legs count from a smaller chance on: a guess from clothes alone is worse."""
    likely = lambda name, sure: sure >= LIKELY and name.endswith(("shoulder", "elbow", "wrist", "hip"))  # noqa: E731
    return points and {name: (x, y, max(sure, SURE * likely(name, sure))) for name, (x, y, sure) in points.items()}


def _facing(points: Points | None) -> int:
    left, right = ((points or {}).get(f"{side} shoulder", (0, 0, 0)) for side in SIDES)
    return -1 if min(left[2], right[2]) >= SURE and left[0] < right[0] else 1
