"""Cloth whose weave or stitch is its design: denim and knitwear, shaded as under light from above left."""

from __future__ import annotations

import numpy as np

from fice.cloth.patterns.dyes import Dyes, about
from fice.cloth.patterns.repeat import Array, Canvas, Repeat

Random = np.random.Generator


def denim(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """A 3/1 twill of dyed warp over white weft, uneven yarns, washed out in places."""
    side = about(rng, 32.0)
    canvas = Canvas(side, side, finest, dyes.base)
    worn = canvas.noise(rng, 7.0, tall=1.6) + 0.35 * canvas.noise(rng, 1.6)
    canvas.over(np.clip(0.13 + 0.09 * worn, 0, 0.5), dyes.second)
    yarns = canvas.noise(rng, 0.12, tall=14) + 0.5 * canvas.noise(rng, 0.12, tall=1 / 14)
    period = side / round(side / 0.19)
    twill = canvas.band(canvas.u + canvas.v, period, 0.3 * period) - 0.3
    canvas.over(np.clip(0.1 + 0.05 * yarns + 0.3 * twill, 0, 0.6), dyes.second)
    canvas.cloth *= np.exp(0.1 * yarns)[..., None]
    return _as_dyed(canvas, dyes)


def knit(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """Stocking stitch: columns of V, .9 cm wide and .7 high."""
    wide, tall = about(rng, 0.95), about(rng, 0.72)
    canvas = Canvas(8 * tall, 8 * wide, finest, dyes.base)
    return _shaded(canvas, stitches(canvas.u, canvas.v, wide, tall), rng, dyes)


def cable_knit(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """Cables of two strands that cross every 3.4 cm, on purl, with a column of stitches between them."""
    wide, tall = about(rng, 10.0), about(rng, 6.8)
    canvas = Canvas(tall, wide, finest, dyes.base)
    x = canvas.u - 0.36 * wide
    phase = canvas.v * np.float32(2 * np.pi / tall)
    height = np.float32(-0.12) + 0.1 * np.cos(canvas.v * np.float32(2 * np.pi * 9 / tall)) * np.ones_like(x)
    for sign in (1, -1):
        middle, over = sign * 1.1 * np.sin(phase), 0.32 * sign * np.cos(phase)
        away = (x - middle) / 1.12
        strand = np.sqrt(np.clip(1 - away * away, 0, None)) * 1.0 + over
        slant = canvas.v - sign * 0.9 * away * np.cos(phase)
        strand = strand + 0.07 * np.cos((slant + 0.5 * np.abs(away)) * np.float32(2 * np.pi * 10 / tall))
        height = np.maximum(height, np.where(np.abs(away) < 1, strand, -1))
    small = canvas.u - 0.86 * wide
    column = 0.28 * stitches(small + 0.5, canvas.v, 1.0, tall / 9) + 0.16
    height = np.where(np.abs(small) < 1.0, np.maximum(height, column), height)
    return _shaded(canvas, height, rng, dyes, 0.75, 0.35)


def ribbed(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """Ribs .8 cm wide with as much between."""
    wide, tall = about(rng, 1.5), 0.42
    canvas = Canvas(16 * tall, 8 * wide, finest, dyes.base)
    ridge = 0.34 * np.sqrt(np.abs(np.cos(canvas.u * np.float32(np.pi / wide)))) * wide / 1.5
    loops = 0.03 * np.cos(canvas.v * np.float32(2 * np.pi / tall) + np.abs(canvas.u % wide / wide - 0.5) * 6)
    return _shaded(canvas, ridge + loops, rng, dyes)


def relief(height: Array, canvas: Canvas, strength: float = 1.0) -> Array:
    """How much brighter than flat a height field, cm, is under light from above left: log of a factor, about -1..1."""
    down, across = canvas.slope(height)
    return (strength * np.tanh(0.55 * down + 0.42 * across)).astype(np.float32)


def stitches(u: Array, v: Array, wide: float, tall: float) -> Array:
    """Height of stocking stitch, cm: two slanted loops a column."""
    column = u / wide - np.floor(u / wide)
    leg = np.abs(column - 0.5) * 2  # 0 in the middle of a column, 1 between two
    lean = v / tall + 0.62 * leg
    loop = np.abs(np.cos(np.pi * lean))
    across = np.sin(np.pi * np.clip(np.abs(leg - 0.5) * -2 + 1, 0, 1) / 2)
    return (0.2 * wide * across**0.6 * loop**0.5).astype(np.float32)


def _shaded(canvas: Canvas, height: Array, rng: Random, dyes: Dyes, strength: float = 0.6, deep: float = 0.6) -> Repeat:
    """Knitted cloth: relief, darker by a share `deep` in the depths, with the fuzz of yarn."""
    low, high = np.quantile(height, (0.05, 0.95))
    depth = np.clip((height - low) / (high - low), 0, 1)
    factor = np.exp(relief(height, canvas, strength) + 0.05 * canvas.noise(rng, 0.09)) * (1 - deep * (1 - depth))
    canvas.cloth *= factor[..., None]
    canvas.cloth += (0.012 * depth)[..., None]  # dark yarn still catches some light
    return _as_dyed(canvas, dyes)


def _as_dyed(canvas: Canvas, dyes: Dyes) -> Repeat:
    """From afar the cloth is of the colour that was asked for, but no yarn is brighter than white."""
    brightest = float(np.quantile(canvas.cloth.max(2), 0.9))
    canvas.cloth *= np.minimum(dyes.base / np.maximum(canvas.cloth.mean((0, 1)), 1e-4), 1 / brightest)
    return canvas.repeat()
