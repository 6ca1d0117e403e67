"""Dyed and printed cloth with soft or ragged edges: tie-dye, ikat, camouflage, abstract prints."""

from __future__ import annotations

import math

import numpy as np

from fice.cloth.patterns.dyes import Dyes, about
from fice.cloth.patterns.repeat import Canvas, Repeat, places
from fice.cloth.patterns.tones import between, toned


def tie_dye(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Uneven rings about a few knots, with the rays of the folds that were tied."""
    side = about(rng, 64.0)
    canvas = Canvas(side, side, finest, dyes.base)
    bleed = canvas.noise(rng, 1.6) * 0.4 + canvas.noise(rng, 5.0) * 0.8 + canvas.noise(rng, 0.5) * 0.15
    total, rings = np.float32(0), np.float32(0)
    for u, v in places(rng, 2, 2, side, side, 0.1):
        du = (canvas.u - u + side / 2) % side - side / 2
        dv = (canvas.v - v + side / 2) % side - side / 2
        away, turn = np.hypot(du, dv), np.arctan2(dv, du)
        rays = 0.8 * np.sin(9 * turn + rng.uniform(0, 6)) + 0.6 * np.sin(17 * turn + rng.uniform(0, 6))
        near = np.exp(-away / 1.6) + 1e-12
        total, rings = total + near, rings + near * (away + rays * np.minimum(away / 8, 1))
    wave = np.cos((rings / total + bleed) * np.float32(2 * math.pi / 8.0))
    canvas.over(np.clip(wave * 1.2 + 0.4, 0, 1), dyes.second)
    canvas.over(np.clip(1 - np.abs(wave + 0.3) * 2.2, 0, 1) * 0.7, dyes.third)
    return canvas.repeat()


def ikat(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Columns of lozenges whose edges are feathered along the warp, as its yarns slipped when they were dyed."""
    wide = about(rng, 14.0)
    tall = 1.5 * wide
    canvas = Canvas(tall, 2 * wide, finest, dyes.base)
    yarns = canvas.noise(rng, 0.16, tall=60)
    v = canvas.v + 0.5 * yarns + 0.25 * canvas.noise(rng, 0.5, tall=8)
    y, x = np.abs(v % tall / tall - 0.5) * 2, np.abs(canvas.u % wide / wide - 0.5) * 2
    away = y + x  # 0 in the middle of a lozenge, 1 on its side
    step = tall / 2.4
    half = between(dyes.base, dyes.second, 0.55)
    for reach, colour in ((1.02, half), (0.9, dyes.second), (0.62, dyes.base), (0.5, dyes.third), (0.24, dyes.second)):
        canvas.over(canvas.ink((reach - away) * step * 0.8), colour)
    corner = (1 - y) + (1 - x)
    for reach, colour in ((0.52, dyes.third), (0.3, dyes.second)):
        canvas.over(canvas.ink((reach - corner) * step * 0.8), colour)
    canvas.cloth *= np.exp(0.06 * yarns)[..., None]
    return canvas.repeat()


def camouflage(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Four tones in patches that lie across, each with ragged edges, as of woodland."""
    side = about(rng, 48.0)
    canvas = Canvas(side, side, finest, dyes.base)
    light = toned(dyes.base, 0.14, 0.9)
    for colour, cell, share in ((light, 4.6, 0.45), (dyes.third, 4.2, 0.4), (dyes.second, 3.4, 0.75)):
        patch = canvas.noise(rng, cell, tall=0.62) + 0.3 * canvas.noise(rng, 1.3, tall=0.7)
        canvas.over(canvas.above(patch - share), colour)
    return canvas.repeat()


def printed(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """An abstract print: cut-out shapes in the second colour and the third, and brushed lines."""
    side = about(rng, 42.0)
    canvas = Canvas(side, side, finest, dyes.base)
    hill, valley = canvas.noise(rng, 4.8), canvas.noise(rng, 4.4)
    brush = canvas.noise(rng, 0.3, tall=0.12)
    canvas.over(canvas.above(hill - 0.55), dyes.second)
    canvas.over(canvas.above(valley - 0.75), dyes.third)
    line = 0.3 - np.abs(canvas.wavy(rng, 13.0, 0.7, 0.5)) * 2.1
    canvas.over(canvas.ink(line + 0.05 * brush) * 0.95, between(dyes.second, dyes.third, 0.35))
    dots = canvas.ink(0.34 - canvas.cells(rng, 26, 22, 0.2)[0]) * canvas.ink((-0.75 - hill) * 3)
    canvas.over(dots, dyes.second)
    return canvas.repeat()
