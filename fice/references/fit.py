"""Onto the body: a garment of a picture where somebody's own is, in the light of the photo."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.cloth.drape import has_legs
from fice.cloth.dress import Dressing, film, median, pure
from fice.cloth.limb import Line, length_of
from fice.cloth.shading import contrast, light_on
from fice.errors import InputError
from fice.mask import without_specks
from fice.plan import Piece
from fice.references.bodice import bodice
from fice.references.figure import SIGNS, Figure, Limb
from fice.references.hung import Hung, seam_points
from fice.references.lower import skirt, trousers
from fice.references.recolour import usual_colour
from fice.references.reference import BODICE, POINTS, Reference
from fice.references.sampling import Picture
from fice.references.strips import SEAM, TRUNK, strips_of
from fice.references.warp import Warp
from fice.srgb import LUMINANCE, to_gamma
from fice.subject.frame import Window
from fice.subject.regions import REGIONS, Regions
from fice.subject.subject import Subject

COUNTS = 0.08  # share of what is worn from which a garment counts
BESIDE = {"skirt": 0.42, "dress": 0.28}  # share of a garment that may lie beside the person: in a wrong pose more does
USUAL = 0.2  # of other garments
ORDER = ("outer", "upper", "dress", "lower")  # of regions, from the front
KEPT = "In this pose another cut cannot be drawn: the garment keeps its outline."
OVER = ("dress", "outer")  # regions of garments below whose upper part another one may be worn
LAYERED = "The legs below the new garment are hidden in this photo: what covers them is still worn."
COARSE = 2  # pixels of the canvas in a cell of the maps
SURE, HEM = 0.9, 2.0  # of the trunk's half width, and cm above its hem, up to which it is all garment
BOOT = 12.0  # cm above an ankle to which a shoe lies before what hangs there
ARM, HAND = 7.0, 18.0  # cm around an arm's line, and beyond the wrist, where skin is an arm's


@dataclass(frozen=True)
class Mapped:
    """One part on the canvas, all (h, w): cm inside, and x, y of the picture."""

    inside: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Shape:
    """Where the outline changes. Maps are (1, 1, h, w) float in [0, 1] on the analysis canvas.

    Attributes:
        body: where the garment was, and what of the body it covers newly: with the photo's own outline.
        keep: where that outline holds; elsewhere it is the picture's.
        gone: what of the old garment goes from there.
        stays: where the old garment stays as it is.
        before: what stays before the garment.
        near: where the picture's outline may be.
        solid: where it has no holes.
        limbs: what may be bare.
        layered: what the old garment shows beside the new one stays.
        cm: that a pixel of the canvas covers.
    """

    body: Tensor
    keep: Tensor
    gone: Tensor
    stays: Tensor
    before: Tensor
    near: Tensor
    solid: Tensor
    limbs: tuple[Limb, ...]
    layered: bool
    cm: float


@dataclass(frozen=True)
class Fitted:
    """A garment of a picture on somebody.

    Attributes:
        subject: who wears it.
        picture: of the garment.
        parts: a later one lies before an earlier one, and the first is everywhere.
        after: where it is seen, (1, 1, h, w) float in [0, 1] on the analysis canvas.
        usual: its median colour, (3,) linear light.
        rank: of several garments the lower one lies before the higher one.
        kinds: of several garments in whose place it is where each is, (1, k, h, w) float in [0, 1]; or None.
        shape: how its outline differs from the old garment's; None where it does not.
        notices: what the user should know.
        cloth: what it is made of, where only its outline is the picture's.
    """

    subject: Subject
    picture: Picture
    parts: tuple[Mapped, ...]
    after: Tensor
    usual: np.ndarray
    rank: int
    kinds: Tensor | None = None
    shape: Shape | None = None
    notices: tuple[str, ...] = ()
    cloth: Dressing | None = None

    def at(self, window: Window) -> tuple[Tensor, Tensor]:
        """The picture's pixels x, y (h, w) that a window of the photo shows."""
        maps: list[Tensor] = []
        for part in self.parts:
            stack = torch.from_numpy(np.stack([part.inside, part.x, part.y]))[None]
            inside, *own = self.subject.frame.to_photo(stack, window=window)[0]
            maps = [torch.where(inside > 0, *pair) for pair in zip(own, maps, strict=True)] if maps else own
        return maps[0], maps[1]

    def draw(self, front: Tensor, matte: Tensor, window: Window) -> Tensor:
        """The garment on the person, (1, 3, h, w) sRGB in [0, 1]; arguments as of `Dressing.draw`."""
        if self.cloth is not None:
            return self.cloth.draw(front, matte, window)
        colours, _ = self.picture.seen(*self.at(window))
        return self.lit(colours, self.light(front, matte, window), front, matte)

    def light(self, front: Tensor, matte: Tensor, window: Window) -> Tensor:
        """`light_on` what is worn, with each of several garments as bright as the others."""
        light = light_on(front, matte, self.subject.frame.box[2] - self.subject.frame.box[0])
        if self.kinds is None:
            return light
        for kind in self.subject.frame.to_photo(self.kinds, window=window, kernel="linear").unbind(1):
            inside = light[(kind[:, None] > 0.5) & (matte > 0.5)]
            if len(inside):
                light = light - kind[:, None] * inside.median()
        return light

    def lit(self, colours: Tensor, light: Tensor, front: Tensor, matte: Tensor) -> Tensor:
        """Colours (1, 3, h, w) of the picture under the light (1, 1, h, w) on the old garment."""
        exposure = self.subject.exposure
        old, new = (float(each @ LUMINANCE) for each in (median(front, pure(matte)), self.usual * exposure))
        return to_gamma(film(colours.to(front) * (light * contrast(old, new)).exp() * exposure))


def rank_of(cloth: object) -> int:
    """The rank of a garment among several; what only changes its cloth lies before all that are fitted."""
    return cloth.rank if isinstance(cloth, Fitted) else 0


def fit(
    reference: Reference, subject: Subject, piece: Piece, regions: Regions, cloth: Dressing | None = None
) -> Fitted:
    """A garment of a picture in the place of a piece; cloth: what it is made of, where it is cut by words."""
    as_map = lambda x: x[0, 0].cpu().numpy()  # noqa: E731
    seen = lambda *names: as_map(regions.select(subject.regions, names))  # noqa: E731
    worn = as_map(piece.cloth)
    person = as_map(regions.body(subject.regions))
    figure = Figure(subject, worn, person, seen("skin", "legwear"), seen("face"), seen("shoes"))
    flat, ends = strips_of(reference)
    legged = has_legs(piece.cloth, subject.regions, regions)
    upper = POINTS[reference.kind] == BODICE
    if upper:
        hung = bodice(figure, flat, ends, reference, piece.region.name in OVER, legged)
    elif reference.kind == "skirt" or not figure.body.legs:
        hung = skirt(figure, flat, reference, legged)
    else:
        hung = trousers(figure, flat, ends, legged, reference.kind == "trousers")
    parts = []
    for name, strip in hung.strips.items():
        points, images = strip.grid(bent=True), flat[name].grid(bent=reference.worn)
        if name == TRUNK:
            more = seam_points(hung, flat, reference.worn)
            points, images = (np.concatenate(pair) for pair in zip((points, images), more, strict=True))
        parts.append(_mapped(hung.inside.get(name, figure.everywhere), Warp.through(points, images), figure))
    picture = Picture.of(reference)
    rank, kinds = ORDER.index(reference.region), _kinds(subject, piece, regions)
    usual = usual_colour(reference)
    crossed = (KEPT,) if cloth is not None and piece.cut and piece.cut.legs and not figure.body.legs else ()
    fitted = Fitted(subject, picture, tuple(parts), piece.wide, usual, rank, kinds, notices=crossed, cloth=cloth)
    if upper:  # a print may look like other clothes
        hung.over += _lost(figure, hung) * seen("upper", "dress", "skirt", "trousers") * (1 - worn)
    if cloth is not None and not legged and hung.changed.max() > 0:  # a longer hem hides what showed below the old one
        below = (figure.places[0] > figure.hips) & figure.within(hung.strips[TRUNK].outline) & ~_arms(figure)
        hung.over = np.maximum(hung.over, below * seen("skin", "legwear", "shoes", "trousers") * (1 - worn))
    if max(hung.changed.max(), hung.stays.max(), hung.gone.max()) < 0 and hung.over.max() < 0.5:
        return fitted
    before = seen("hair", "face", "headwear", "bag", "accessories")
    before = before + seen("shoes") * (figure.places[0] > figure.hips + figure.leg - BOOT)  # a skirt hides boots
    before = before + seen("outer", *(() if upper else ("upper", "dress"))) * (1 - worn)
    before = np.maximum(before, seen("skin") * _arms(figure))
    before = without_specks(torch.from_numpy(before)[None, None])[0, 0].numpy()
    after, found = _reshaped(fitted, figure, hung, worn, before)
    if (after * (1 - person)).sum() > BESIDE.get(reference.kind, USUAL) * after.sum():
        if piece.region.name != reference.region and cloth is None:
            what = f"{reference.kind} cannot be drawn in the place of the {piece.region.name}"
            raise InputError(f"In this pose the {what} that is worn: choose another photo or garment.")
        return replace(fitted, notices=(KEPT,))
    as_tensor = lambda x: torch.from_numpy(x.astype(np.float32))[None, None]  # noqa: E731
    maps = {name: as_tensor(each) for name, each in found.items()}
    bared = (worn > 0.5) & (after < 0.5)
    limbs = [limb for limb in hung.limbs if (bared & (limb.bare > 0) & (abs(limb.aside) < limb.radius)).any()]
    shape = Shape(**maps, limbs=tuple(limbs), layered=hung.layered, cm=figure.cm)
    made = None if cloth is None else replace(cloth, piece=replace(piece, wide=as_tensor(after), whole=None))
    layered = (LAYERED,) if hung.layered else ()
    return replace(fitted, after=as_tensor(after), shape=shape, notices=(*crossed, *layered), cloth=made)


def _kinds(subject: Subject, piece: Piece, regions: Regions) -> Tensor | None:
    """Where each of several garments is that a piece takes the place of, (1, k, h, w) float in [0, 1]; None of one."""
    found = [regions.select(subject.regions, (name,)) * piece.cloth for name in REGIONS["full"]]
    found = [each for each in found if each.sum() > COUNTS * piece.cloth.sum()]
    return torch.cat(found, 1) if len(found) > 1 else None


def _reshaped(
    fitted: Fitted, figure: Figure, hung: Hung, worn: np.ndarray, before: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Where the garment is after the edit, (h, w), and the maps of its `Shape`."""
    x, y = fitted.parts[0].x, fitted.parts[0].y
    for part in fitted.parts[1:]:
        x, y = (np.where(part.inside > 0, new, old) for new, old in ((part.x, x), (part.y, y)))
    matte = fitted.picture.seen(torch.from_numpy(x), torch.from_numpy(y))[1][0, 0].numpy()
    near = np.any([figure.near(strip) for strip in hung.strips.values()], axis=0)
    trunk = figure.near(hung.strips[TRUNK])
    solid = np.zeros_like(near) if hung.solid is None else figure.within(hung.solid)
    silhouette = np.maximum(matte * near, solid) * (1 - before)
    soft = lambda cm: np.clip(cm / figure.cm + 0.5, 0, 1)  # noqa: E731
    body = np.minimum(worn + hung.over, 1)
    keep, gone, stays = 1 - soft(hung.changed), soft(hung.gone), soft(hung.stays)
    after = (body * (1 - gone * ~trunk) * keep + silhouette * (1 - keep)) * (1 - stays)
    return after, {
        "body": body,
        "keep": keep,
        "gone": gone,
        "stays": stays,
        "before": before,
        "near": near,
        "solid": solid,
    }


def _lost(figure: Figure, hung: Hung) -> np.ndarray:
    """Where the garment must be, but was taken for another one, (h, w) bool."""
    strip = hung.strips[TRUNK]
    middle = (strip.left + strip.right) / 2
    left, right = (middle + SURE * (edge - middle) for edge in (strip.left, strip.right))
    rows = slice(SEAM - 1, None)
    shorter = min(figure.ends(sign)[1] for sign in SIGNS.values()) - HEM
    return figure.within(np.concatenate([left[rows], right[rows][::-1]])) & (figure.places[0] < shorter)


def _arms(figure: Figure) -> np.ndarray:
    """Where skin is an arm's or a hand's, (h, w) bool."""
    found = np.zeros(figure.grid.x.shape, bool)
    for joints in figure.body.arms.values():
        along, aside = Line.through(joints).places(figure.grid)
        length = length_of(joints)
        found |= (abs(aside) < ARM) & (along > -ARM) & (along < length + HAND)
    return found


def _mapped(inside: np.ndarray, warp: Warp, figure: Figure) -> Mapped:
    shift = figure.cm * (COARSE - 1) / 2
    coarse = warp(figure.grid.x[::COARSE, ::COARSE] + shift, figure.grid.y[::COARSE, ::COARSE] + shift)
    size = figure.grid.x.shape
    x, y = (
        F.interpolate(torch.from_numpy(axis)[None, None].float(), size=size, mode="bicubic")[0, 0].numpy()
        for axis in coarse
    )
    return Mapped(np.clip(inside, -100, 100).astype(np.float32), x, y)
