"""Drawn people: photographs of which all is known, and edits of them without any network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from fice.cloth.engine import Redressing
from fice.course import Spent
from fice.language.matching import matched
from fice.language.words import parse
from fice.order import Order
from fice.photo.photo import Photo
from fice.plan import make_plan
from fice.settings import Settings
from fice.srgb import gamma_encoded, linear_light
from fice.stitch.parts import Stitch, Worn
from fice.stitch.stitch import stitch
from fice.subject.frame import Frame
from fice.subject.regions import HEAD, REGION_CLASSES, Regions
from fice.subject.subject import Subject

CANVAS = (256, 128)
REGIONS = Regions(torch.nn.Identity())
SKIN, BROWN, BLACK = (0.8, 0.62, 0.52), (0.25, 0.16, 0.1), (0.08, 0.08, 0.08)
# of the height: top, bottom, half the width, and how far from the middle
PARTS = {
    "hair": (0.03, 0.15, 0.045, 0.0),
    "face": (0.06, 0.17, 0.035, 0.0),
    "trousers": (0.47, 0.9, 0.08, 0.0),
    "upper": (0.17, 0.501, 0.1, 0.0),
    "shoes": (0.9, 0.96, 0.08, 0.0),
    "skin": (0.36, 0.5, 0.02, 0.125),
}


def box(size, top, bottom, half, aside=0.0, soft=1.0):
    """A box with round corners in shares of the height, antialiased over `soft` pixels: (H, W) float in [0, 1]."""
    height, width = size
    y, x = np.mgrid[:height, :width] + 0.5
    x = (x - width / 2 - aside * height) / height
    corner = 0.3 * min(half, (bottom - top) / 2)
    across = np.abs(x) - half + corner
    down = np.abs(y / height - (top + bottom) / 2) - (bottom - top) / 2 + corner
    away = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) + np.minimum(np.maximum(across, down), 0) - corner
    return np.clip(0.5 - away * height / soft, 0, 1)


def folds(size, depth=0.2):
    """Soft folds: log of a factor on linear light, (H, W)."""
    y, x = np.mgrid[: size[0], : size[1]] / size[0]
    return depth * np.sin(40 * x + 9 * y) + depth / 2 * np.sin(14 * y)


def lit(cloth, light):
    """sRGB cloth (3,) or (H, W, 3) under light (H, W)."""
    return gamma_encoded(np.clip(linear_light(np.asarray(cloth, float)) * np.exp(light)[..., None], 0, 1))


def person(upper=(0.65, 0.15, 0.15), trousers=(0.15, 0.25, 0.5), wall=0.75, height=400, exposure=1.0):
    """Somebody before a wall: a subject, with `parts`, where each class is seen, (H, W) float in [0, 1]."""
    size = (height, height // 2)
    rng = np.random.default_rng(0)
    picture = np.clip(wall + rng.normal(0, 0.01, (*size, 1)), 0, 1) * np.ones(3)
    found = np.zeros((len(REGION_CLASSES), *size))
    found[0] = 1
    colours = {"hair": BROWN, "face": SKIN, "upper": upper, "trousers": trousers, "shoes": BLACK, "skin": SKIN}
    parts = dict.fromkeys(PARTS, 0.0)
    for name, (top, bottom, half, aside) in PARTS.items():
        for side in (aside, -aside) if aside else (0.0,):
            alpha = box(size, top, bottom, half, side)
            picture += alpha[..., None] * (lit(colours[name], folds(size)) - picture)
            found *= 1 - alpha
            found[REGION_CLASSES.index(name)] += alpha
            parts[name] = np.maximum(parts[name] * (1 - alpha), alpha)
    photo = photo_of(picture)
    frame = Frame((0, 0, *size), size, CANVAS)
    regions = frame.to_canvas(torch.from_numpy(found).float()[None], fill=0.0)
    regions[:, 0] += 1 - regions.sum(1)
    view = seen(photo, frame)
    subject = Subject(photo, frame, view, view, regions, exposure, [], Spent())
    return SimpleNamespace(subject=subject, parts=parts, light=folds(size))


def photo_of(picture):
    """A photo from (H, W, 3) float in [0, 1]."""
    return Photo(Path("drawn.png"), "PNG", np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8), None, 1, "0")


def seen(photo, frame):
    """What a frame shows of a photo, (1, 3, h, w)."""
    return frame.to_canvas(torch.from_numpy(photo.seen()).permute(2, 0, 1)[None])


def dressed(subject, text, seed=0, **wishes):
    """An edit of a subject by default, as far as no network is asked.

    plan, cloths, garments: as of an engine; pixels: the result, (H, W, 3) uint8; after: what its frame shows of it.
    """
    order, settings = Order.of(text, seed=seed, **wishes), Settings()
    wanted = matched(order, lambda garment, _: parse(garment.text))
    plan = make_plan(subject, order, wanted, REGIONS, settings)
    engine = Redressing(SimpleNamespace(name="drawn", whole=False), settings, REGIONS)
    made = engine.finish(engine.step(engine.begin([plan], [seed]))[0])
    worn = zip(plan.pieces, made.garments, made.cloths, strict=True)
    head, body = REGIONS.select(subject.regions, HEAD), REGIONS.body(subject.regions)
    garments = tuple(Worn(piece.wide, after, piece.mask, cloth) for piece, after, cloth in worn)
    pixels = stitch(
        Stitch(subject.photo, subject.frame, made.picture, garments, head, body, made.body, generated=False)
    ).pixels
    after = seen(replace(subject.photo, pixels=pixels), subject.frame)
    return SimpleNamespace(plan=plan, cloths=made.cloths, garments=made.garments, pixels=pixels, after=after)
