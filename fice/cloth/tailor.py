"""What each garment of a plan shall be made of: the cloth that its sentence and its swatch ask for."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch

from fice.cloth.drape import has_legs
from fice.cloth.dress import Cloth, Dressing, own_cloth
from fice.cloth.patterns import WOVEN
from fice.cloth.patterns.dyes import NATURAL
from fice.cloth.swatch import Swatch, read_swatch
from fice.cloth.swatch.reading import Picture, read
from fice.errors import InputError
from fice.order import Garment
from fice.plan import Piece
from fice.references.cut import paper
from fice.references.fit import Fitted, fit
from fice.references.flat import laid_flat
from fice.references.recolour import recoloured
from fice.srgb import gamma_encoded, linear_light
from fice.subject.person import largest_person
from fice.subject.regions import Regions
from fice.subject.subject import Subject
from fice.wishes import Pixels, content_of

MEASURED, PICTURES = 16, 4  # swatches that are kept, and pictures of them until they are measured
PERSON = 0.1  # share of a swatch that somebody covers who is no error of the network
SEEN = 0.6  # probability from which a thing is in the picture


def dressing_of(subject: Subject, piece: Piece, regions: Regions, seed: int) -> Dressing | Fitted | None:
    """A garment's new cloth, or another garment from its picture; None where nothing is asked of it.

    Raises InputError where a colour is like nothing in the picture, and for a swatch that cannot be used.
    """
    if piece.references:
        lay, first = fit if piece.warp else laid_flat, piece.references[0]
        colours = _colours(subject, piece, regions)
        fitted = lay(recoloured(first, colours[0]) if colours else first, subject, piece, regions)
        return fitted if piece.garment.mask is None else replace(fitted, after=piece.wide, shape=None)  # as painted
    if not piece.draws and piece.cut is None:
        return None
    skin = own_cloth(subject, regions.select(subject.regions, ("skin", "face")))
    legs = has_legs(piece.cloth, subject.regions, regions) if piece.cut is None else piece.cut.legs
    dressing = Dressing(subject, piece, _cloth(subject, piece, regions), legs, skin, seed, same=not piece.draws)
    return dressing if piece.cut is None else fit(paper(piece.cut), subject, piece, regions, dressing)


def check_swatch(garment: Garment) -> None:
    """InputError for a swatch that cannot be read, or shows too little."""
    if garment.swatch is not None:
        swatch_picture(garment.swatch)


def swatch_picture(swatch: str | Pixels) -> np.ndarray:
    """A swatch as its picture shows it, (h, w, 3) float32 linear light. InputError for one that cannot be used."""
    return _picture(swatch, content_of(swatch, "swatch")).pixels


def check_cloth(garment: Garment, regions: Regions) -> None:
    """InputError as `check_swatch`, and for a swatch that shows somebody."""
    if garment.swatch is not None:
        _refuse_person(garment.swatch, content_of(garment.swatch, "swatch"), regions)


def swatch_of(garment: Garment) -> Swatch | None:
    """A garment's swatch as measured: once, however many photos it is for. InputError for one that cannot be used."""
    if garment.swatch is None:
        return None
    return _measured(garment.swatch, garment.swatch_width, content_of(garment.swatch, "swatch"))


@lru_cache(PICTURES)
def _picture(swatch: str | Pixels, sha256: str) -> Picture:
    return read(swatch.array if isinstance(swatch, Pixels) else swatch)


@lru_cache(MEASURED)
@torch.no_grad()
def _refuse_person(swatch: str | Pixels, sha256: str, regions: Regions) -> None:
    picture = torch.from_numpy(gamma_encoded(_picture(swatch, sha256).pixels)).float().permute(2, 0, 1)[None]
    person = largest_person(regions, picture.to(next(regions.network.parameters(), picture).device))
    if person is not None and person.area > PERSON:
        raise InputError("The swatch shows a person: cut a piece of the cloth out of it, and give that.")


@lru_cache(MEASURED)
def _measured(swatch: str | Pixels, width: float | None, sha256: str) -> Swatch:
    return read_swatch(_picture(swatch, sha256), width)


def _cloth(subject: Subject, piece: Piece, regions: Regions) -> Cloth:
    sentence = piece.sentence
    if (swatch := swatch_of(piece.garment)) is not None:
        return Cloth(None, swatch=swatch, material=sentence.material)
    colours = _colours(subject, piece, regions)
    design = sentence.design or "solid"
    if not colours and design not in NATURAL:
        colours = [own_cloth(subject, piece.wide)]
    base, second, third = (*colours, None, None, None)[:3]
    return Cloth(base, second, third, design, None if design in WOVEN else sentence.material)


def _colours(subject: Subject, piece: Piece, regions: Regions) -> list[np.ndarray]:
    """The colours that a sentence names, at most three, (3,) linear each."""
    colours = []
    for dye in piece.sentence.dyes[:3]:
        there = regions.select(subject.regions, (dye.like,)) if dye.like else piece.wide
        if dye.like and there.max() < SEEN:
            raise InputError(f"No {dye.like} is seen whose colour could be taken: name a colour.")
        rgb = dye.on((gamma_encoded(own_cloth(subject, there)) * 255).tolist())
        colours.append(linear_light(np.asarray(rgb, float) / 255))
    return colours
