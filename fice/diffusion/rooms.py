"""The room that a garment of another cut needs: limbs to the next joint, the legs and what lies between them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from fice.cloth.body import SIDES, TALL
from fice.cloth.limb import Line, length_of
from fice.diffusion.cut import KNEE, Cut
from fice.places.figure import ANKLES, LIKELY, Figure
from fice.subject.subject import Subject

NEW, TUCKED = 0.15, 0.3  # of an arm or a leg by which a cut must differ, and a top's hem, which may be tucked in
HALF = 0.46  # of a limb: what ends above leaves what is beyond the next joint as it is
ARM, ARM_ENDS = 9.0, (6.0, 2.0)  # cm aside of an arm's line, and beyond its ends
LEG = (0.0, 0.5, 1.0), (14.0, 11.0, 10.0)  # cm around a leg's line in trousers
FLARE = (0.0, 0.5, 1.0), (12.0, 15.0, 18.0)  # cm around a leg's line in skirts
LEGS_APART = 9.0  # cm of a leg from the middle, where none is seen
WAIST, TRUNK = 20.0, 20.0  # cm above the hips where lower garments begin; half the width of a trunk in clothes
CHEST = 14.0  # cm below the shoulders at which anything but lower garments has begun
HAND, PALM = 18.0, 9.0  # cm of a hand beyond the wrist, and around it
LARGEST, BELOW = 170.0, 8.0  # cm² of a bare hand at most; cm below the hips to which hands hang before the legs
BELLY, ASIDE = 24.0, 13.0  # cm below the shoulders, and from the middle, where skin is of arms
LEGLINE = ("hip", "knee", "ankle")


class Rooms:
    """A person's body, measured. Maps are (h, w) bool on the analysis canvas; garments are such maps."""

    def __init__(self, subject: Subject, figure: Figure):
        self.subject, self.figure = subject, figure
        self.lines = {side: Line.through(arm).places(figure.grid) for side, arm in figure.body.arms.items()}
        self.long = {side: length_of(arm) for side, arm in figure.body.arms.items()}

    def sleeves(self, garment: np.ndarray, cut: Cut) -> Iterator[np.ndarray]:
        """Arms, where sleeves of a cut are others than those of a garment."""
        if cut.region == "lower":
            return
        for side, (along, aside) in self.lines.items():
            worn = self._sleeve(garment, side)
            wanted = 1.0 if cut.unsure else cut.sleeve
            if wanted is not None and abs(wanted - worn) > NEW:
                last = 0.5 if max(worn, wanted) <= HALF else 1.0
                first, over = ARM_ENDS
                yield (abs(aside) < ARM) & (along > -first) & (along < last * self.long[side] + over) & ~self.hands

    def hangs(self, garment: np.ndarray, cut: Cut) -> Iterator[np.ndarray]:
        """Trunk and legs, where a cut begins or ends elsewhere than a garment does, or goes around other limbs."""
        begins, worn = self._ends(garment)
        if cut.region != "lower" and begins > CHEST:
            yield self._trunk(-2.0, begins + 2)
        legged = self._is_trousers(garment)
        instead = cut.region in ("lower", "dress") and cut.legged is not None and cut.legged != legged
        wanted = KNEE if cut.hem is None and instead else cut.hem
        if cut.unsure:
            wanted = 1.0 if cut.region in ("lower", "dress") else max(worn, 0.2)
        least = TUCKED if cut.region == "upper" else NEW
        if wanted is None or not instead and abs(wanted - worn) <= least:
            return
        last = max(worn, wanted)
        if cut.region in ("lower", "dress"):
            last = 0.5 if last <= HALF else 1.0
        if worn < 0:
            yield self._trunk(self.figure.hips * (1 + worn), self.figure.hips)
        if last > 0:
            around = cut.legged if cut.legged is not None else legged and cut.region in ("lower", "full")
            yield self._legs(last) if around else self._skirt(last)

    @cached_property
    def hands(self) -> np.ndarray:
        """Bare hands."""
        found = [self._around("hand")]
        for side, (along, aside) in self.lines.items():
            beyond = along - self.long[side]
            found.append((beyond > -1) & (beyond < HAND) & (abs(aside) < PALM))
        return np.any([*found, self._loose], 0) & self._skin

    @cached_property
    def arms(self) -> np.ndarray:
        """Bare arms, with their hands."""
        inside = [
            (abs(aside) < ARM) & (along > 0) & (along < self.long[side]) for side, (along, aside) in self.lines.items()
        ]
        figure = self.figure
        beside = (figure.along > BELLY) & (figure.along < figure.hips) & (abs(figure.aside) > ASIDE)
        return np.any([self.hands, beside, *inside], 0) & self._skin

    @property
    def lap(self) -> np.ndarray:
        """Bare skin that can only be of arms before a lower garment."""
        return self._skin & (self.figure.along < self.figure.hips + 5)

    @cached_property
    def _skin(self) -> np.ndarray:
        return self.figure.share(("skin",)) > 0.5

    @cached_property
    def _loose(self) -> np.ndarray:
        """Skin no larger than hands that hangs together with no face and lies above the legs."""
        figure = self.figure
        face = ndimage.binary_dilation(figure.share(("face",)) > 0.5, iterations=3)
        labels, count = ndimage.label(self._skin)
        found = np.zeros_like(self._skin)
        for number in range(1, count + 1):
            part = labels == number
            low = float(np.median(figure.along[part]))
            if part.sum() * figure.cm**2 < LARGEST and low < figure.hips + BELOW and not (part & face).any():
                found |= part
        return found

    def _around(self, joint: str) -> np.ndarray:
        """What lies about a joint of both sides."""
        grid, points = self.figure.grid, self.subject.points or {}
        seen = [point for side in SIDES if (point := points.get(f"{side} {joint}", (0, 0, 0)))[2] >= LIKELY]
        near = [np.hypot(grid.x - x * self.figure.cm, grid.y - y * self.figure.cm) < PALM for x, y, _ in seen]
        return np.any([np.zeros(grid.x.shape, bool), *near], 0)

    def _sleeve(self, garment: np.ndarray, side: str) -> float:
        """How far a sleeve reaches, as a share of the arm."""
        if side not in self.figure.sleeves:
            return 0.0
        inside, along = self.figure.sleeves[side]
        here = along[(inside > 0.5) & garment]
        return float(np.quantile(here, 0.98)) / self.long[side] if here.size else 0.0

    def _ends(self, garment: np.ndarray) -> tuple[float, float]:
        """Where a garment begins, cm below the shoulders, and where it ends, as of `Cut.hem`."""
        figure = self.figure
        here = figure.along[garment & (figure.arms < 0.5)]
        if not here.size:  # of what is not seen all is to be painted
            return figure.hips, 0.0
        first, last = np.quantile(here, (0.02, 0.98))
        below = last - figure.hips
        return float(first), float(below / (ANKLES * TALL) if below > 0 else below / figure.hips)

    def _is_trousers(self, garment: np.ndarray) -> bool:
        below = garment & (self.figure.along > self.figure.hips + 5)
        return bool(below.any() and self.figure.share(("trousers",))[below].mean() > 0.5)

    def _trunk(self, first: float, last: float) -> np.ndarray:
        """Between two heights, cm below the shoulders."""
        figure = self.figure
        return (abs(figure.aside) < TRUNK) & (figure.along > first) & (figure.along < last)

    @cached_property
    def _joints(self) -> list[np.ndarray]:
        """Hip, knee and ankle of both legs in cm, (3, 2) each; as of somebody who stands where they are not seen."""
        figure, points = self.figure, self.subject.points or {}
        hips, found = figure.body.trunk[1], []
        down = (hips - figure.body.trunk[0]) / figure.hips * ANKLES * TALL
        for side, sign in SIDES.items():
            seen = [points.get(f"{side} {name}", (0, 0, 0)) for name in LEGLINE]
            if min(sure for *_, sure in seen) >= LIKELY:
                found.append(np.array([point[:2] for point in seen]) * figure.cm)
            elif side in figure.body.legs:
                found.append(figure.body.legs[side])
            else:
                found.append(hips + [sign * LEGS_APART, 0] + np.array([[0.0], [0.5], [1.0]]) * down)
        return found

    def _legs(self, last: float) -> np.ndarray:
        """The hips and each leg."""
        found = self._trunk(self.figure.hips - WAIST, self.figure.hips)
        for joints in self._joints:
            along, aside = Line.through(joints).places(self.figure.grid)
            share = along / length_of(joints)
            found |= (abs(aside) < np.interp(share, *LEG)) & (share > -0.1) & (share < last + 0.02)
        return found

    def _skirt(self, last: float) -> np.ndarray:
        """What lies around both legs, wider towards the hem."""
        from scipy.spatial import ConvexHull  # takes half a second

        figure = self.figure
        hips = figure.body.trunk[1]
        up = (figure.body.trunk[0] - hips) / figure.hips * WAIST
        outline = [hips + up + [sign * TRUNK, 0] for sign in (-1, 1)]
        for joints in self._joints:
            for share in np.linspace(0, last, 5):
                middle = np.array([np.interp(2 * share, (0, 1, 2), column) for column in joints.T])
                outline += [middle + [sign * np.interp(share, *FLARE), 0] for sign in (-1, 1)]
        points = np.array(outline) / figure.cm
        hull = points[ConvexHull(points).vertices]
        canvas = Image.new("1", figure.along.shape[::-1])
        ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in hull], fill=1)
        return np.array(canvas)
