"""Dots, stars, hearts and figures of geometry."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from fice.cloth.patterns.dyes import Dyes, about
from fice.cloth.patterns.repeat import Array, Canvas, Repeat, places
from fice.cloth.patterns.tones import between, toned


def polka_dot(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    return _dots(dyes, finest, about(rng, 4.0), 0.27)


def pin_dot(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    return _dots(dyes, finest, about(rng, 1.9), 0.17)


def stars(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    def star(x: Array, y: Array, size: float) -> Array:
        fifth = np.float32(2 * np.pi / 5)
        turn = np.abs((np.arctan2(x, -y) + fifth / 2) % fifth - fifth / 2)
        away = np.hypot(x, y)
        return np.float32(0.309 * size) - away * np.cos(fifth - turn)

    return _motifs(dyes, rng, finest, star, 0.3, 0.95)


def hearts(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    def heart(x: Array, y: Array, size: float) -> Array:
        x, y = np.abs(x) / size, 0.1 - y / size
        lobe = 0.5 - np.hypot(x - 0.38, y - 0.3)
        point = np.minimum((0.98 + y - 1.16 * x) / 1.5, 0.3 - y)
        return size * np.maximum(lobe, np.minimum(point, 0.88 - x))

    return _motifs(dyes, rng, finest, heart, 0.25, 1.1)


def geometric(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Tiles of quarter circles, arcs, half squares and leaves, in the colours and their middle tones."""
    side, number = about(rng, 5.2), 6
    canvas = Canvas(side * number, side * number, finest, dyes.base)
    tones = [dyes.base, dyes.second, dyes.third, between(dyes.base, dyes.second), toned(dyes.base, -0.1)]

    def quarter(x, y):
        return side - np.hypot(x + side / 2, y + side / 2)

    def arc(x, y):
        away = np.hypot(x + side / 2, y + side / 2)
        return 0.16 * side - np.abs((away % (0.66 * side)) - 0.33 * side)

    def half(x, y):
        return (x + y) * np.float32(0.7)

    def leaf(x, y):
        return np.minimum(side - np.hypot(x + side / 2, y + side / 2), side - np.hypot(x - side / 2, y - side / 2))

    shapes = (quarter, arc, half, leaf)
    for row in range(number):
        for column in range(number):
            ground, figure = (tones[i] for i in rng.permutation(len(tones))[:2])
            shape, turn = shapes[rng.integers(4)], np.pi / 2 * rng.integers(4)

            def draw(x, y, ground=ground, figure=figure, shape=shape):
                tile = canvas.ink(side / 2 - np.maximum(np.abs(x), np.abs(y)))
                yield tile, ground
                yield tile * canvas.ink(shape(x, y)), figure

            canvas.stamp((column + 0.5) * side, (row + 0.5) * side, 0.52 * side, turn, draw)
    return canvas.repeat()


def _dots(dyes: Dyes, finest: float, period: float, share: float) -> Repeat:
    """Dots of radius share x period on a staggered lattice, which repeats every period both ways."""
    canvas = Canvas(period, period, finest, dyes.base)
    for middle in (0.25, 0.75):
        away = np.hypot(canvas.u - middle * period, canvas.v - middle * period)
        canvas.over(canvas.ink(share * 0.8 * period - away), dyes.second)
    return canvas.repeat()


def _motifs(dyes: Dyes, rng: np.random.Generator, finest: float, inside: Callable, tilt: float, size: float) -> Repeat:
    """One shape in three sizes, strewn; inside(x, y, size) is the signed distance to its outline, cm."""
    side = about(rng, 21.0)
    canvas = Canvas(side, side, finest, dyes.base)
    for i, (u, v) in enumerate(places(rng, 6, 6, side, side, 0.22)):
        of_this = size * (1.25, 0.95, 0.6)[i % 3]

        def draw(x: Array, y: Array, size: float = of_this) -> Iterator:
            yield canvas.ink(inside(x, y, size)), dyes.second

        canvas.stamp(u, v, 1.5 * of_this, rng.uniform(-tilt, tilt), draw)
    return canvas.repeat()
