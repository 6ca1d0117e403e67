"""Where a model may paint: a garment's place, and what a garment of another cut needs beside it.

A mask that ends where the old sleeve does gives the new garment such a sleeve: where the cut is another, the area takes
in the whole limb to the next joint (`fice.diffusion.rooms`).
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from fice.cloth.body import TALL
from fice.diffusion.cut import cut_of
from fice.diffusion.rooms import Rooms
from fice.errors import InputError
from fice.mask import decide, grow, without_specks
from fice.places.figure import Figure
from fice.plan import Piece, Plan
from fice.subject.limbs import drawn_body
from fice.subject.regions import HEAD, REGIONS, Fixed, Regions
from fice.subject.subject import Subject

RANK = {"lower": 0, "dress": 1, "full": 1, "upper": 2, "outer": 3}  # what lies before what
BEFORE = ("shoes", "bag", "headwear", "accessories")  # things that stay, as the head does
PART = 3  # pixels of the canvas by which a part or a thing may grow
INSIDE = 0.95  # of what is around a thing that is garment, from which it is its print
SPECK = 0.0012  # share of the canvas below which a thing before a garment is an error
COVERED, MOSTLY = 0.3, 0.6  # share of an arm, and of another room, that other garments cover, from which it is theirs
LEAST = 100.0  # cm² of another garment that are more than an error


def areas_of(plan: Plan, regions: Regions, reach: float) -> tuple[list[Tensor], Tensor]:
    """What of the analysis canvas is painted anew for each piece of a plan, and what stays before all of them.

    Maps are (1, 1, h, w) float in [0, 1].

    reach: share of the canvas's height by which a garment may outgrow the old one. The head stays, and so do hands,
    things before the garment, garments that the order does not name, and what masks keep. Raises InputError where that
    leaves nothing of a garment.
    """
    scene = _Scene(plan.subject, regions, max(1, round(reach * plan.subject.view.shape[2])))
    moved = None if plan.joints is None else scene.moved(plan.joints)
    areas = [scene.area(piece) if moved is None else scene.limited(piece, moved) for piece in plan.pieces]
    if any(area.max() <= 0.5 for area in areas):
        raise InputError("Nothing is left to be painted, as the head stays: mark more of the person white.")
    return areas, scene.head if moved is not None else torch.maximum(scene.head, scene.before)


def worn_after(piece: Piece, seen: Tensor, painted: Tensor, regions: Regions) -> Tensor:
    """Where the garment of a piece is after the edit, (1, 1, h, w) float in [0, 1] on the analysis canvas.

    seen: probabilities of the result, (1, K, h, w); painted: as of `areas_of`. Its own kind is preferred; what was
    drawn may be seen as another, and then is any garment inside the area.
    """
    if piece.place:
        return piece.region.find(seen) * painted
    garments = regions.select(seen, REGIONS["full"]) * painted
    own = regions.select(seen, REGIONS.get(cut_of(piece).region, REGIONS["full"])) * painted
    return own if 2 * own.sum() > garments.sum() else garments


class _Scene:
    """A subject, measured once for all pieces. Maps are (1, 1, h, w), those in numpy (h, w) bool.

    reach: pixels of the canvas by which a garment may outgrow the old one.
    """

    def __init__(self, subject: Subject, regions: Regions, reach: int):
        self.subject, self.regions, self.reach = subject, regions, reach
        self.figure = Figure(subject, regions)
        self.rooms = Rooms(subject, self.figure)
        self.head = decide(regions.select(subject.regions, HEAD))
        hands = self._map(self.rooms.arms)
        self.before = torch.maximum(without_specks(decide(self._share(BEFORE)), SPECK), hands)
        self.body = self.figure.share(("background",)) < 0.5

    def area(self, piece: Piece) -> Tensor:
        """What is painted for a piece where everybody stands as they stood."""
        if isinstance(piece.region, Fixed):
            return self.limited(piece, grow((piece.wide > 0.5).float(), PART if piece.place else 0))
        garment = piece.wide[0, 0].cpu().numpy() > 0.5
        things = (self.figure.share(BEFORE) > 0.5) & ~garment
        print_ = _enclosed(things, garment)
        garment |= print_
        stays = self.rooms.arms | self.rooms.lap if cut_of(piece).region == "lower" else self.rooms.arms
        grown = ndimage.binary_dilation(garment, iterations=self.reach) & ~self._others(garment, -1) & ~stays
        room = self._room(piece, garment, stays)
        kept = without_specks(decide(self._share(BEFORE)) * (1 - self._map(print_)), SPECK)
        return self.limited(piece, self._map(garment | grown | room) * (1 - kept))

    def moved(self, joints: dict[str, tuple[float, float, float]]) -> Tensor:
        """The body where it stood, and where it shall stand."""
        height, width = self.body.shape
        body = drawn_body((height, width), joints, TALL / self.figure.cm) > 0
        head = self.head[0, 0].cpu().numpy() > 0.5
        return grow(self._map((body | self.body) & ~head), self.reach)

    def limited(self, piece: Piece, area: Tensor) -> Tensor:
        """An area without the head, and inside the user's mask."""
        area = area * (1 - self.head)
        if piece.mask is None:
            return area
        mask = torch.from_numpy(piece.mask)[None, None].float().to(area)
        return area * self.subject.frame.to_canvas(mask, fill=0.0)

    def _room(self, piece: Piece, garment: np.ndarray, stays: np.ndarray) -> np.ndarray:
        """What a garment of another cut needs beside the old one, without what lies before it."""
        cut = cut_of(piece)
        over = self._others(garment, RANK.get(cut.region, RANK["full"]))
        found = np.zeros_like(garment)
        for sleeve in self.rooms.sleeves(garment, cut):
            found |= sleeve & (_share(over, sleeve) < COVERED)
        head = self.head[0, 0].cpu().numpy() > 0.5
        covered = over.sum() * self.figure.cm**2 > LEAST
        below = self.figure.along > np.quantile(self.figure.along[over], 0.95) if covered else True  # not beside a coat
        for room in self.rooms.hangs(garment, cut):
            found |= room & (self.body | below) & ~stays & (_share(over, room & self.body & ~head) < MOSTLY)
        return ndimage.binary_opening(found & ~over, iterations=2)  # no slivers along what stays

    def _others(self, garment: np.ndarray, rank: int) -> np.ndarray:
        """Other garments that lie before all of a rank, but for their borders, where this one may lap over."""
        names = tuple(name for name in REGIONS["full"] if _rank(name) > rank)
        lap = ndimage.binary_dilation(garment, iterations=max(1, self.reach // 2))
        return ndimage.binary_opening(self.figure.share(names) > 0.5, iterations=2) & ~lap

    def _share(self, names: tuple[str, ...]) -> Tensor:
        return self.regions.select(self.subject.regions, names)

    def _map(self, inside: np.ndarray) -> Tensor:
        return torch.from_numpy(inside.astype(np.float32))[None, None].to(self.subject.regions)


def _share(what: np.ndarray, where: np.ndarray) -> float:
    return float(what[where].mean()) if where.any() else 0.0


def _rank(name: str) -> int:
    """What lies before what, of a class of garments."""
    return RANK["lower" if name in REGIONS["lower"] else name]


def _enclosed(things: np.ndarray, garment: np.ndarray) -> np.ndarray:
    """Things that lie in the middle of a garment: its print, taken for a bag. All (h, w) bool."""
    labels, count = ndimage.label(things)
    found = np.zeros_like(things)
    for number in range(1, count + 1):
        thing = labels == number
        around = ndimage.binary_dilation(thing, iterations=2) & ~thing
        if garment[around].mean() > INSIDE:
            found |= thing
    return found
