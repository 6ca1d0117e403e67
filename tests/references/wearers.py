"""Drawn people with arms and legs, whose clothes are known pixel by pixel."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from bodies import CANVAS, CROWN, HIPS, SHOULDERS, framed, joints, limb, trousers, trunk
from drawn import BLACK, REGIONS, SKIN, photo_of, seen

from fice.cloth.engine import Redressing
from fice.course import Spent
from fice.language.words import parse
from fice.order import Garment, Order
from fice.plan import make_plan
from fice.settings import Settings
from fice.srgb import gamma_encoded, linear_light
from fice.stitch.parts import Stitch, Worn
from fice.stitch.stitch import stitch
from fice.subject.regions import HEAD, REGION_CLASSES
from fice.subject.subject import Subject

GREY, GREEN, WALL = (0.6, 0.6, 0.6), (0.2, 0.4, 0.3), (0.8, 0.8, 0.8)
ARM = 56.0


def arms(angle, first, last, half):
    """Both arms from one share of their length to another."""
    sideways, down = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    at = lambda sign, share: (sign * (15 + sideways * ARM * share), SHOULDERS + down * ARM * share)  # noqa: E731
    return np.maximum.reduce([limb(at(sign, first), at(sign, last), half) for sign in (1, -1)])


def wearer(sleeve=0.4, angle=15.0, height=800, lower=True, skirt=False):
    """Somebody in a grey top with sleeves down to a share of the arms, and green trousers: a subject, and the masks.

    skirt: a green skirt and bare legs below it, instead of trousers.
    """
    ankle, legs = CROWN + 156, trousers(9.0)
    head = limb((0, CROWN), (0, CROWN + 24), 9)
    masks = {
        "face": head,
        "skin": np.maximum.reduce([arms(angle, 0, 1.12, 4), limb((0, CROWN + 20), (0, SHOULDERS), 5), skirt * legs]),
        "trousers": 0 * legs if skirt or not lower else legs,
        "skirt": skirt * trunk(20, HIPS - 4, HIPS + 52),
        "upper": np.maximum(trunk(16, SHOULDERS - 4, HIPS + 4), arms(angle, 0, sleeve, 6)),
        "shoes": np.maximum(limb((9, ankle - 2), (9, ankle + 8), 6), limb((-9, ankle - 2), (-9, ankle + 8), 6)),
    }
    found = np.zeros((len(REGION_CLASSES), *CANVAS), np.float32)
    found[0] = 1
    for name, mask in masks.items():
        found *= 1 - mask
        found[REGION_CLASSES.index(name)] += mask
    regions = torch.from_numpy(found)[None]
    frame = framed(height)
    colours = {
        "face": SKIN,
        "skin": SKIN,
        "trousers": GREEN,
        "skirt": GREEN,
        "upper": GREY,
        "shoes": BLACK,
        "background": WALL,
    }
    shares = frame.to_photo(regions, kernel="linear")[0].numpy()
    light = sum(
        shares[REGION_CLASSES.index(name)][..., None] * linear_light(np.array(rgb)) for name, rgb in colours.items()
    )
    photo = photo_of(gamma_encoded(np.clip(light / shares.sum(0)[..., None].clip(1e-3), 0, 1)))
    view = seen(photo, frame)
    subject = Subject(photo, frame, view, view, regions, 1.0, [], Spent(), points=joints(angle, 9.0))
    return SimpleNamespace(subject=subject, masks={name: found[REGION_CLASSES.index(name)] for name in masks})


def told(subject, text):
    """An edit of a subject by words, as `worn_by`."""
    order = Order((Garment(text),))
    return _made(subject, order, [(order.garments[0], sentence) for sentence in parse(text)], ())


def worn_by(subject, *references):
    """An edit of a subject by pictures: plan, fitted garments, the result's pixels (H, W, 3) uint8."""
    order = Order(tuple(Garment(each.kind) for each in references))
    pairs = zip(order.garments, references, strict=True)
    wanted = [(replace(garment, region=each.region), parse(each.kind)[0]) for garment, each in pairs]
    return _made(subject, order, wanted, [(each,) for each in references])


def _made(subject, order, wanted, shown):
    settings = Settings()
    plan = make_plan(subject, order, wanted, REGIONS, settings, None, shown)
    engine = Redressing(SimpleNamespace(name="drawn", whole=False), settings, REGIONS)
    plan = engine.ready(plan, None)
    made = engine.finish(engine.step(engine.begin([plan], [0]))[0])
    garments = tuple(
        Worn(piece.cloth, after, piece.mask, cloth)
        for piece, after, cloth in zip(plan.pieces, made.garments, made.cloths, strict=True)
    )
    head, body = REGIONS.select(subject.regions, HEAD), REGIONS.body(subject.regions)
    parts = Stitch(subject.photo, subject.frame, made.picture, garments, head, body, made.body, generated=False)
    result = stitch(parts)
    return SimpleNamespace(plan=plan, fitted=made.cloths, after=made.garments, pixels=result.pixels, mask=result.mask)
