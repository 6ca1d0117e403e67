"""Onto the body: a garment of a picture where somebody's own is, in the light of the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fice.cloth.dress import film, median, sample
from fice.cloth.shading import contrast, light_on
from fice.plan import Piece
from fice.references.figure import Figure, Place
from fice.references.picture import Picture
from fice.references.reference import BODICE, POINTS, Reference
from fice.references.strips import COLUMNS, TRUNK, strips_of
from fice.references.warp import Warp
from fice.srgb import LUMINANCE, to_gamma
from fice.subject.frame import Window
from fice.subject.regions import Regions
from fice.subject.subject import Subject

COARSE = 2  # pixels of the canvas in a cell of the maps
PURE = 0.9


@dataclass(frozen=True)
class Mapped:
    """One part on the canvas, all (h, w): cm inside, and x, y of the picture."""

    inside: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Fitted:
    """A garment of a picture on somebody.

    Attributes:
        subject: who wears it.
        picture: of the garment.
        parts: a later one lies before an earlier one, and the first is everywhere.
        after: where it is seen, (1, 1, h, w) float in [0, 1] on the analysis canvas.
        usual: its median colour, (3,) linear light.
    """

    subject: Subject
    picture: Picture
    parts: tuple[Mapped, ...]
    after: Tensor
    usual: np.ndarray

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
        subject = self.subject
        light = light_on(front, matte, subject.frame.box[2] - subject.frame.box[0])
        inside = sample(matte[0, 0] > PURE if (matte > PURE).any() else matte[0, 0] > 0)
        old, new = (float(each @ LUMINANCE) for each in (median(front, inside), self.usual * subject.exposure))
        colours, _ = self.picture.seen(*self.at(window))
        return to_gamma(film(colours.to(front) * (light * contrast(old, new)).exp() * subject.exposure))


def fit(reference: Reference, subject: Subject, piece: Piece, regions: Regions, seed: int = 0) -> Fitted:
    """A garment of a picture in the place of a piece."""
    worn = piece.cloth[0, 0].cpu().numpy()
    person = regions.body(subject.regions)[0, 0].cpu().numpy()
    figure = Figure(subject, worn, person)
    flat, ends = strips_of(reference)
    kind = POINTS[reference.kind]
    if kind == BODICE:
        places, own = figure.bodice(_waist(reference))
    elif reference.kind == "skirt" or not figure.body.legs:
        places, own = figure.skirt(), np.zeros((0, 2))
        ends = ends[:0]
    else:
        places, own = figure.trousers(_hip(reference))
    parts = []
    for name, place in places.items():
        if name in flat:
            points, images = place.strip.grid(bent=True), flat[name].grid(bent=reference.worn)
            if name == TRUNK:
                points, images = np.concatenate([points, own]), np.concatenate([images, ends])
                for limb in places.keys() & flat.keys() - {TRUNK}:
                    points = np.concatenate([points, places[limb].strip.grid(True)[: len(COLUMNS)]])
                    images = np.concatenate([images, flat[limb].grid(reference.worn)[: len(COLUMNS)]])
            parts.append(_mapped(place, Warp.through(points, images), figure))
    usual = np.median(reference.pixels[reference.matte > PURE], 0)
    return Fitted(subject, Picture.of(reference), tuple(parts), piece.wide, usual)


def _mapped(place: Place, warp: Warp, figure: Figure) -> Mapped:
    coarse = warp(
        figure.grid.x[::COARSE, ::COARSE] + figure.cm * (COARSE - 1) / 2,
        figure.grid.y[::COARSE, ::COARSE] + figure.cm * (COARSE - 1) / 2,
    )
    x, y = (
        torch.nn.functional.interpolate(torch.from_numpy(axis)[None, None], size=figure.grid.x.shape, mode="bicubic")[
            0, 0
        ].numpy()
        for axis in coarse
    )
    return Mapped(np.clip(place.inside, -100, 100).astype(np.float32), x, y)


def _waist(reference: Reference) -> float:
    """Where the waist is between the armpits and the hem, as a share."""
    y = {name: point[1] for name, point in reference.points.items()}
    lengths = [
        (y[f"{s} waist"] - y[f"{s} armpit"]) / max(y[f"{s} hem"] - y[f"{s} armpit"], 1) for s in ("left", "right")
    ]
    return float(np.clip(np.mean(lengths), 0.1, 0.9))


def _hip(reference: Reference) -> float:
    y = {name: point[1] for name, point in reference.points.items()}
    lengths = [(y[f"{s} hip"] - y[f"{s} waist"]) / max(y["crotch"] - y[f"{s} waist"], 1) for s in ("left", "right")]
    return float(np.clip(np.mean(lengths), 0.1, 0.9))
