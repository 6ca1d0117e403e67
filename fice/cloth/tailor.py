"""What each garment of a plan shall be made of: the cloth that its sentence and its swatch ask for."""

from __future__ import annotations

import numpy as np

from fice.cloth.drape import has_legs
from fice.cloth.dress import Cloth, Dressing, own_cloth
from fice.cloth.patterns import WOVEN
from fice.cloth.patterns.dyes import NATURAL
from fice.cloth.swatch import read_swatch
from fice.errors import InputError
from fice.plan import Piece
from fice.srgb import gamma_encoded, linear_light
from fice.subject.regions import Regions
from fice.subject.subject import Subject

SEEN = 0.6  # probability from which a thing is in the picture


def dressing_of(subject: Subject, piece: Piece, regions: Regions, seed: int) -> Dressing | None:
    """A garment's new cloth; None where nothing is asked of it.

    Raises InputError where a colour is like nothing in the picture, and for a swatch that cannot be used.
    """
    if not piece.sentence.draws and piece.garment.swatch is None:
        return None
    skin = own_cloth(subject, regions.select(subject.regions, ("skin", "face")))
    legs = has_legs(piece.wide, subject.regions, regions)
    return Dressing(subject, piece, _cloth(subject, piece, regions), legs, skin, seed)


def _cloth(subject: Subject, piece: Piece, regions: Regions) -> Cloth:
    sentence, garment = piece.sentence, piece.garment
    if garment.swatch is not None:
        return Cloth(None, swatch=read_swatch(garment.swatch, garment.swatch_width), material=sentence.material)
    own = own_cloth(subject, piece.wide)
    colours = []
    for dye in sentence.dyes[:3]:
        worn = own
        if dye.like:
            there = regions.select(subject.regions, (dye.like,))
            if there.max() < SEEN:
                raise InputError(f"No {dye.like} is seen whose colour could be taken: name a colour.")
            worn = own_cloth(subject, there)
        rgb = dye.on((gamma_encoded(worn) * 255).tolist())
        colours.append(linear_light(np.asarray(rgb, float) / 255))
    design = sentence.design or "solid"
    if not colours and design not in NATURAL:
        colours = [own]
    base, second, third = (*colours, None, None, None)[:3]
    return Cloth(base, second, third, design, None if design in WOVEN else sentence.material)
