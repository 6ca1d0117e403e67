"""Drawn swatches: pictures of cloth of which period, direction, colour and light are known."""

from __future__ import annotations

import numpy as np

from fice.cloth.patterns import paint
from fice.srgb import gamma_encoded

RED = np.array([0.5, 0.02, 0.02], np.float32)


def cloth_of(design, size=(300, 400), cm=20.0, turn=0.0, tilt=(0.0, 0.0), at=(50.0, 50.0)):
    """A design, (h, w, 3) linear light, `cm` wide.

    turn: degrees; tilt: how much smaller it gets across the whole width, down and to the right; at: of the middle, cm.
    """
    pixel = cm / size[1]
    v, u = (np.mgrid[: size[0], : size[1]].astype(np.float32) - np.array(size)[:, None, None] / 2) * pixel
    scale = 1 + (tilt[0] * v + tilt[1] * u) / cm
    v, u = v / scale, u / scale
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    places = (x.astype(np.float32) for x in (u * cos - v * sin + at[0], u * sin + v * cos + at[1]))
    return paint(design, *places, RED, None, None, np.random.default_rng(0), pixel=pixel)


def melange(size=(300, 400)):
    """Yarns of mixed greys, (h, w, 3) linear light."""
    rng = np.random.default_rng(1)
    yarns = rng.standard_normal((*size, 1)) + np.repeat(rng.standard_normal((size[0], size[1] // 5, 1)), 5, 1)
    return (0.15 * np.exp(0.3 * yarns) * np.array([1, 0.95, 0.9])).astype(np.float32)


def lit(cloth, strength=0.5):
    """Cloth under light that falls from the left above; of median 1."""
    y, x = np.mgrid[: cloth.shape[0], : cloth.shape[1]] / max(cloth.shape)
    light = 1 - strength * (0.8 * x + 0.4 * y) - strength * (x - 0.4) ** 2
    return cloth * (light / np.median(light))[..., None].astype(np.float32)


def picture_of(linear):
    """As a file holds it: (h, w, 3) uint8 sRGB."""
    return np.rint(gamma_encoded(np.clip(linear, 0, 1)) * 255).astype(np.uint8)


def sheet(swatch, size=(240, 200), pixel=0.2, seed=0, at=(0.0, 0.0)):
    """A piece of the cloth of a swatch; at: u, v of its corner, cm."""
    v, u = np.mgrid[: size[0], : size[1]].astype(np.float32) * np.float32(pixel)
    bolt = swatch.repeat(np.full(1, pixel, np.float32), np.random.default_rng(seed))
    return bolt.at(u + np.float32(at[0]), v + np.float32(at[1]), pixel)
