"""Coats of animals: spots, rosettes, stripes, scales and patches."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fice.cloth.patterns.dyes import Dyes, about
from fice.cloth.patterns.repeat import Array, Canvas, Repeat, places
from fice.cloth.patterns.tones import between, toned


def leopard(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Rosettes of 3 to 4.5 cm: a darker middle in a ring of two to four blots, with small spots between them."""
    side = about(rng, 30.0)
    canvas = Canvas(side, side, finest, dyes.base)
    canvas.over(np.clip(0.12 + 0.16 * canvas.noise(rng, 6.0), 0, 0.4), toned(dyes.base, 0.1))
    rough = canvas.noise(rng, 0.7)
    wobble = canvas.noise(rng, 1.3)
    for u, v in places(rng, 9, 8, side, side, 0.17):
        _rosette(canvas, u, v, rng, dyes)
    # spots where no rosette is
    near, _, _ = canvas.cells(rng, 18, 15, 0.3)
    free = np.abs(canvas.cloth - dyes.second).sum(2) > 0.3 * np.abs(dyes.base - dyes.second).sum()
    free &= np.abs(canvas.cloth - dyes.third).sum(2) > 0.3 * np.abs(dyes.base - dyes.third).sum()
    canvas.over(canvas.ink(0.27 + 0.12 * rough + 0.1 * wobble - near) * free * 0.9, dyes.second)
    return canvas.repeat()


def _rosette(canvas: Canvas, u: float, v: float, rng: np.random.Generator, dyes: Dyes) -> None:
    size, tall = rng.uniform(1.15, 1.6), rng.uniform(0.8, 1.0)
    wave = rng.normal(0, [0.1, 0.07, 0.05, 0.035], (2, 4))
    gaps = rng.uniform(0, 2 * math.pi) + np.cumsum(rng.uniform(1.4, 2.7, rng.integers(2, 4)))

    def draw(x: Array, y: Array) -> Iterator:
        turn = np.arctan2(y, x)
        far = np.hypot(x, y * tall)
        for i in range(4):
            far = far * (1 + wave[0, i] * np.cos((i + 2) * turn) + wave[1, i] * np.sin((i + 2) * turn))
        yield canvas.ink(0.72 * size - far), dyes.third
        thick = 0.27 * size * (1 + 0.35 * np.cos(3 * turn + 9 * wave[0, 0]))
        for gap in gaps:
            away = np.abs(np.angle(np.exp(1j * (turn - gap)))).astype(np.float32)
            thick = np.minimum(thick, (away - 0.22) * 0.9 * size)
        yield canvas.ink(thick - np.abs(far - 0.78 * size)), dyes.second

    canvas.stamp(u, v, 2.1 * size, rng.uniform(0, 2 * math.pi), draw)


def zebra(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Stripes about 2.5 cm wide that bend, fork and end."""
    side = about(rng, 44.0)
    canvas = Canvas(side, side, finest, dyes.base)
    field = canvas.wavy(rng, 5.2, 0.25, 0.33)
    canvas.over(canvas.above(field), dyes.second)
    return canvas.repeat()


def tiger(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Tapering dark stripes, shaded at their sides, on a ground that pales in places."""
    side = about(rng, 46.0)
    canvas = Canvas(side, side, finest, dyes.base)
    canvas.over(np.clip(0.12 + 0.3 * canvas.noise(rng, 10.0), 0, 0.7), dyes.third)
    field = canvas.wavy(rng, 5.4, 0.1, 0.2) + 0.12 * canvas.noise(rng, 1.2)
    canvas.over(np.clip((field - 0.1) * 2, 0, 1) * 0.3, between(dyes.base, dyes.second, 0.4))
    canvas.over(canvas.above(field - 0.55), dyes.second)
    return canvas.repeat()


def snake(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """A python's scales, .9 cm long, that carry light, dark-edged blotches."""
    tall, wide, down, across = about(rng, 27.0), about(rng, 22.0), 60, 40
    canvas = Canvas(tall, wide, finest, dyes.base)
    # a brick lattice of diamonds: the nearer middle of two interleaved ones
    v, u = canvas.v * np.float32(down / 2 / tall), canvas.u * np.float32(across / wide)
    one = np.abs(u - np.round(u)) + np.abs(v - np.round(v))
    other = np.abs(u - np.floor(u) - 0.5) + np.abs(v - np.floor(v) - 0.5)
    first = one < other
    row = np.where(first, np.round(v) * 2, np.floor(v) * 2 + 1).astype(int) % down
    column = np.where(first, np.round(u) * 2, np.floor(u) * 2 + 1).astype(int) % (2 * across)
    coarse = Canvas(tall, wide, tall / 128, dyes.base)
    saddles, spots = coarse.noise(rng, 3.6, tall=0.8), coarse.noise(rng, 1.1)
    here = np.ix_(np.arange(down) * coarse.v.size // down, np.arange(2 * across) * coarse.u.size // (2 * across))
    blotch, spot = saddles[here][row, column], spots[here][row, column]
    canvas.over(blotch > 0.25, dyes.third)
    canvas.over(np.abs(blotch - 0.12) < 0.2, dyes.second)
    canvas.over((spot > 1.3) * 0.8, dyes.second)
    canvas.over((spot < -1.3) * (blotch < 0) * 0.6, dyes.third)
    edge = 0.5 - np.minimum(one, other)  # 0 on the outline of a scale, .5 in its middle
    size = wide / across
    canvas.over(0.75 * (1 - canvas.ink((edge - 0.07) * size)), toned(dyes.second, -0.03))
    canvas.over(0.22 * np.clip(edge * 4 - 0.9, 0, 1), toned(dyes.third, 0.06))
    return canvas.repeat()


def giraffe(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Patches of about 5 cm, darker in their middles, between light lines."""
    side = about(rng, 34.0)
    canvas = Canvas(side, side, finest, dyes.base)
    near, second, number = canvas.cells(rng, 8, 6, 0.34)
    rough = canvas.noise(rng, 0.9)
    inside = (second - near) * 0.5 - 0.3 + 0.07 * rough
    patch = canvas.ink(np.minimum(inside, inside * 0.8 + 0.05))
    canvas.over(patch, dyes.second)
    canvas.over(patch * np.clip(1 - inside / 0.9 + 0.15 * rough, 0, 1) * 0.8, dyes.third)
    canvas.over(patch * 0.14 * rng.standard_normal(number.max() + 1)[number].clip(0, 1.5), dyes.third)
    return canvas.repeat()


def cow(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Large patches with smooth, winding outlines."""
    side = about(rng, 60.0)
    canvas = Canvas(side, side, finest, dyes.base)
    field = canvas.noise(rng, 8.0) + 0.13 * canvas.noise(rng, 1.6)
    canvas.over(canvas.above(field - 0.32), dyes.second)
    return canvas.repeat()
