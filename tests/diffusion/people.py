"""Drawn people whose clothes are to be painted anew, and the plans of orders for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from bodies import ARM, CANVAS, CROWN, HIPS, SHOULDERS, framed, joints, limb, places, trunk

from fice.course import Spent
from fice.language.answers import understood
from fice.order import Order
from fice.photo.photo import Photo
from fice.plan import make_plan
from fice.settings import Settings
from fice.subject.regions import REGION_CLASSES, Regions
from fice.subject.subject import Subject

REGIONS = Regions(torch.nn.Identity())
SETTINGS = Settings.preset("diffusion")
ANGLE = 30.0
SIDEWAYS, DOWN = np.sin(np.radians(ANGLE)), np.cos(np.radians(ANGLE))


def box(left, top, right, bottom):
    """A rectangle in cm from the middle and from the top."""
    x, y = places()
    return ((x > left) & (x < right) & (y > top) & (y < bottom)).astype(np.float32)


def arms(first, last, half=4.5):
    """Both arms from one share of their length to another."""
    at = lambda sign, share: (sign * (15 + SIDEWAYS * ARM * share), SHOULDERS + DOWN * ARM * share)  # noqa: E731
    return np.maximum(*(limb(at(sign, first), at(sign, last), half) for sign in (1, -1)))


def legs(first, last, half=7.0, out=20.0):
    """Both legs between two heights below the hips, in shares of 75 cm."""
    at = lambda sign, share: (sign * (8 + (out - 8) * share), HIPS + 75 * share)  # noqa: E731
    return np.maximum(*(limb(at(sign, first), at(sign, last), half) for sign in (1, -1)))


def skirt(to=45.0):
    x, y = places()
    down = y - HIPS
    return ((abs(x) < 17 + 0.15 * down) & (down > -14) & (down < to)).astype(np.float32)


BODY = {
    "skin": np.maximum.reduce([arms(0, 1.25), legs(0, 1), trunk(11, SHOULDERS - 8, HIPS + 10)]),
    "face": box(-7, CROWN, 7, SHOULDERS - 8),
    "shoes": np.maximum(box(-26, HIPS + 75, -12, HIPS + 82), box(12, HIPS + 75, 26, HIPS + 82)),
}
T_SHIRT = np.maximum(trunk(), arms(0, 0.4, 5.5))
SHIRT = np.maximum(trunk(), arms(0, 1, 5.5))
TROUSERS = np.maximum(trunk(16, HIPS - 12, HIPS + 12), legs(0, 1))


def somebody(points=None, **wear):
    """Somebody with bare arms and legs, shoes and a face, who wears each class where its mask (h, w) is."""
    found = np.zeros((len(REGION_CLASSES), *CANVAS), np.float32)
    found[0] = 1
    for name, mask in [*BODY.items(), *wear.items()]:
        found *= 1 - mask
        found[REGION_CLASSES.index(name)] += mask
    frame, shade = framed(), 5 * torch.from_numpy(found).argmax(0) % len(REGION_CLASSES)
    view = torch.zeros(1, 3, *CANVAS) + shade / len(REGION_CLASSES)
    photo = Photo(Path("drawn.png"), "PNG", np.zeros((*frame.photo_size, 3), np.uint8), None, 1, "0")
    at = joints(ANGLE, legs=20) if points is None else points
    return Subject(photo, frame, view, view, torch.from_numpy(found)[None], 1.0, [], Spent(), points=at)


def plan_for(subject, text, **wishes):
    """The plan of an order as the preset `diffusion` reads it."""
    from fice.bundle.bundle import load_bundle

    order = Order.of(text, **wishes)
    return make_plan(subject, order, understood(order, load_bundle("street"), SETTINGS), REGIONS, SETTINGS)
