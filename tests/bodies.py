"""Drawn bodies in centimetres: joints, and the shapes of clothes on a canvas."""

from __future__ import annotations

import numpy as np

from fice.cloth.body import TALL
from fice.subject.frame import Frame

CANVAS = 256, 128
CM = TALL / (0.94 * 256)  # of a pixel of the canvas
CROWN = 0.03 * 256 * CM
MIDDLE = 64 * CM
SHOULDERS, HIPS = CROWN + 34, CROWN + 82
ARM = 56.0  # cm of a whole arm


def framed(height=800):
    """A photo of a person, who fills it."""
    return Frame((0, 0, height, height / 2), (height, height // 2), CANVAS)


def places():
    """x and y of the canvas's pixels in cm, from the middle and from the top."""
    y, x = (np.indices(CANVAS) + 0.5) * CM
    return x - MIDDLE, y


def joints(angle=10.0, legs=9.0, sure=1.0):
    """Keypoints of a person who faces the camera, arms held at `angle` degrees from the trunk, feet `legs` cm out."""
    at = {}
    for side, sign in (("left", 1), ("right", -1)):
        sideways, down = sign * np.sin(np.radians(angle)), np.cos(np.radians(angle))
        at[f"{side} shoulder"] = sign * 15, SHOULDERS
        for name, share in (("elbow", 0.5), ("wrist", 1.0)):
            at[f"{side} {name}"] = sign * 15 + sideways * ARM * share, SHOULDERS + down * ARM * share
        for name, out, y in (("hip", 8, HIPS), ("knee", (8 + legs) / 2, CROWN + 119), ("ankle", legs, CROWN + 156)):
            at[f"{side} {name}"] = sign * out, y
    return {name: ((x + MIDDLE) / CM, y / CM, sure) for name, (x, y) in at.items()}


def trunk(half=17.0, first=SHOULDERS - 4, last=HIPS + 5):
    x, y = places()
    return ((abs(x) < half) & (y > first) & (y < last)).astype(np.float32)


def limb(start, end, half=5.5):
    """A limb between two points in cm."""
    x, y = places()
    (x0, y0), (dx, dy) = start, np.subtract(end, start)
    length = np.hypot(dx, dy)
    along = ((x - x0) * dx + (y - y0) * dy) / length
    across = ((x - x0) * dy - (y - y0) * dx) / length
    return ((abs(across) < half) & (along > 0) & (along < length)).astype(np.float32)


def shirt(angle=45.0):
    """A long-sleeved shirt with both arms held out."""
    sideways, down = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    arms = [limb((sign * 15, SHOULDERS), (sign * (15 + sideways * ARM), SHOULDERS + down * ARM)) for sign in (1, -1)]
    return np.maximum.reduce([trunk(), *arms])


def trousers(out=20.0):
    """Trousers of somebody with the feet apart."""
    legs = [limb((sign * 8, HIPS), (sign * out, CROWN + 156), 7) for sign in (1, -1)]
    return np.maximum.reduce([trunk(15, HIPS - 14, HIPS + 12), *legs])
