"""Flowers, leaves and paisley: motifs of petals in two or three tones, stamped over one another."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fice.cloth.patterns.dyes import Dyes, about
from fice.cloth.patterns.repeat import Array, Canvas, Repeat, places
from fice.cloth.patterns.tones import between, lightness, shade, toned

Random = np.random.Generator


def floral(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """Roses of 7 to 9 cm with leaves, blossoms of 4 between them, and buds."""
    side = about(rng, 36.0)
    canvas = Canvas(side, side, finest, dyes.base)
    leaf, dark = _greens(dyes)
    large = _tones(dyes.second, dyes.base)
    small = _tones(dyes.third, dyes.base)
    roses = places(rng, 4, 3, side, side, 0.12)
    for u, v in roses:
        first = rng.uniform(0, 2 * math.pi)
        for turn in first + np.array([0.0, 0.55, 2.2, 2.8, 4.3]) + rng.uniform(-0.25, 0.25, 5):
            _leaf(canvas, u, v, turn, rng.uniform(2.4, 3.4), rng.uniform(2.4, 3.2), leaf, dark)
    for u, v in places(rng, 6, 5, side, side, 0.3):
        _sprig(canvas, u, v, rng.uniform(0, 2 * math.pi), dark)
    for u, v in places(rng, 4, 4, side, side, 0.3):
        _blossom(canvas, u, v, rng, rng.uniform(1.3, 1.9), small, dyes.second)
    for u, v in roses:
        _rose(canvas, u, v, rng, rng.uniform(3.1, 4.1), large)
    return canvas.repeat()


def ditsy(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """Blossoms of 2 cm and smaller, strewn close, with leaflets."""
    side = about(rng, 17.0)
    canvas = Canvas(side, side, finest, dyes.base)
    leaf, dark = _greens(dyes)
    for u, v in (blossoms := places(rng, 6, 6, side, side, 0.36)):
        turn = rng.uniform(0, 2 * math.pi)
        for side_turn in (turn, turn + rng.uniform(1.8, 2.6)):
            _leaf(canvas, u, v, side_turn, 0.75, 1.0, leaf, dark)
    tones = (_tones(dyes.second, dyes.base), _tones(between(dyes.second, dyes.third, 0.6), dyes.base))
    for i, (u, v) in enumerate(blossoms):
        hearts = dyes.third if i % 3 else dark
        _blossom(canvas, u, v, rng, rng.uniform(0.7, 1.05), tones[i % 3 == 0], hearts)
    return canvas.repeat()


def tropical(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """Palm fronds and split leaves of 15 cm, with hibiscus between."""
    side = about(rng, 44.0)
    canvas = Canvas(side, side, finest, dyes.base)
    leaf, dark = _greens(dyes)
    light = between(leaf, dyes.second, 0.4)
    for i, (u, v) in enumerate(places(rng, 6, 5, side, side, 0.3)):
        turn = rng.uniform(0, 2 * math.pi)
        if i % 2:
            _frond(canvas, u, v, turn, rng.uniform(7.0, 8.5), (dark, leaf, light)[i % 3])
        else:
            _monstera(canvas, u, v, turn, rng.uniform(5.2, 6.4), (leaf, dark, light)[i % 3], dyes.base)
    tones = _tones(dyes.second, dyes.base)
    for u, v in places(rng, 4, 2, side, side, 0.2):
        _blossom(canvas, u, v, rng, rng.uniform(3.2, 4.0), tones, dyes.third, overlap=1.25)
        turn = rng.uniform(0, 2 * math.pi)
        _leaf(canvas, u, v, turn, 0.1, 2.6, dyes.third, shade(dyes.third, 0.15), slim=0.09)
    return canvas.repeat()


def paisley(dyes: Dyes, rng: Random, finest: float) -> Repeat:
    """Drops of 9 cm with bent tips, bordered and filled, and small ones between."""
    tall, wide = about(rng, 26.0), about(rng, 22.0)
    canvas = Canvas(tall, wide, finest, dyes.base)
    half = between(dyes.base, dyes.second, 0.5)
    for u, v in places(rng, 12, 10, tall, wide, 0.25):
        _blossom(canvas, u, v, rng, 0.42, (half, half, half), dyes.third)
    for i, (u, v) in enumerate(sorted(places(rng, 4, 2, tall, wide, 0.06).tolist())):
        turn = (0.3, 0.3 + math.pi)[i % 2] + rng.uniform(-0.3, 0.3)
        _drop(canvas, u, v, turn, 4.6, (1, -1)[(i // 2) % 2], dyes, half)
    for i, (u, v) in enumerate(places(rng, 4, 2, tall, wide, 0.06)):
        _drop(canvas, u + wide / 4, v, rng.uniform(0, 2 * math.pi), 1.7, (1, -1)[i % 2], dyes, half)
    return canvas.repeat()


def _tones(colour: Array, ground: Array) -> tuple[Array, Array, Array]:
    """Deep, plain and light tones of a petal, on whichever side of the colour the ground is not."""
    if lightness(colour) > lightness(ground):
        return between(colour, ground, 0.5), between(colour, ground, 0.2), toned(colour, 0.05)
    return toned(colour, -0.12), colour, between(colour, ground, 0.4)


def _greens(dyes: Dyes) -> tuple[Array, ...]:
    """Leaves: two middle tones of ground and flower, a little duller; no hue that nobody chose."""
    return tuple(toned(between(dyes.base, dyes.second, share), 0.0, 0.85) for share in (0.55, 0.34))


def _petal(canvas: Canvas, u: float, v: float, turn: float, out: float, long: float, wide: float, tones: tuple) -> None:
    """A petal, broader at its rim, whose middle is `out` cm from (u, v): a ground tone, the rim's and its edge's."""
    ground, rim, edge = tones

    def draw(x: Array, y: Array) -> Iterator:
        at = x * np.float32(1 / long)
        away = np.hypot(at, y * np.float32(1 / wide) * (1 - 0.25 * at))
        cover = canvas.ink((1 - away * (1 + 0.04 * np.sin(7 * y / wide + turn))) * min(long, wide))
        yield cover, ground
        yield cover * np.minimum(np.maximum(1.25 * at, 0), 1), rim
        yield cover * np.minimum(np.maximum((away - 0.86) * 12, 0), 1) * np.maximum(at, 0), edge

    canvas.stamp(u + out * math.cos(turn), v + out * math.sin(turn), 1.15 * max(long, wide), turn, draw)


def _rose(canvas: Canvas, u: float, v: float, rng: Random, size: float, tones: tuple) -> None:
    """Rings of petals from the rim to the heart, each light at its rim and deep where the next ring covers it."""
    deep, plain, light = tones
    rings = ((6, 0.62, 0.40, 0.46), (5, 0.42, 0.34, 0.40), (4, 0.22, 0.27, 0.3))
    for depth, (number, out, long, wide) in enumerate(rings):
        of_ring = deep, between(plain, light, 0.15 * depth), light
        for turn in rng.uniform(0, 6.3) + np.arange(number) * (2 * math.pi / number) + rng.uniform(-0.2, 0.2, number):
            grown = size * rng.uniform(0.93, 1.07)
            _petal(canvas, u, v, turn, out * size, long * grown, wide * grown, of_ring)

    def heart(x: Array, y: Array) -> Iterator:
        away = np.hypot(x, y) / size
        bud = canvas.ink((0.16 - away) * size)
        yield bud, plain
        winding = np.abs((away * 14 - np.arctan2(y, x) / 6.283) % 1 - 0.5)
        yield bud * canvas.ink(0.3 * size * (0.12 - 0.5 * winding)), deep

    canvas.stamp(u, v, 0.2 * size, 0.0, heart)


def _blossom(
    canvas: Canvas, u: float, v: float, rng: Random, size: float, tones: tuple, heart: Array, overlap: float = 1.0
) -> None:
    """Five round petals, deep at the heart and light at their rims."""
    for turn in rng.uniform(0, 6.3) + np.arange(5) * (2 * math.pi / 5) + rng.uniform(-0.12, 0.12, 5):
        _petal(canvas, u, v, turn, 0.56 * size, 0.45 * size, 0.4 * size * overlap, (tones[1], tones[2], tones[2]))

    def middle(x: Array, y: Array) -> Iterator:
        away = np.hypot(x, y)
        yield canvas.ink(0.2 * size - away), heart
        yield canvas.ink(0.09 * size - away), shade(heart, 0.15)

    canvas.stamp(u, v, 0.3 * size, 0.0, middle)


def _leaf(
    canvas: Canvas, u: float, v: float, turn: float, out: float, long: float, light: Array, dark: Array,
    slim: float = 0.27,
) -> None:  # fmt: skip
    """A pointed leaf that starts `out` cm from (u, v): one half darker than the other, a light midrib, veins."""

    def draw(x: Array, y: Array) -> Iterator:
        at = x / long
        y = y - 0.1 * long * at * at  # a little bent
        inner = np.clip(at, 0, 1)
        half = 2.1 * slim * long * np.sqrt(inner) * (1 - inner)
        blade = canvas.ink(half - np.abs(y)) * (inner == at)
        yield blade, light
        yield blade * canvas.ink(y), dark
        veins = canvas.band(x - np.abs(y), long / 6, 0.05 * long) * canvas.ink(0.7 * half - np.abs(y))
        yield 0.35 * blade * np.maximum(veins, canvas.ink(0.018 * long - np.abs(y))), between(light, dark, -0.5)

    canvas.stamp(u + out * math.cos(turn), v + out * math.sin(turn), 1.1 * long, turn, draw)


def _sprig(canvas: Canvas, u: float, v: float, turn: float, colour: Array) -> None:
    """A bent stalk with buds on both sides."""

    def draw(x: Array, y: Array) -> Iterator:
        y = y - 0.12 * x * x
        yield canvas.ink(0.055 - np.abs(y)) * (np.abs(x) < 1.1), colour
        along = np.where(y > 0, x, x + 0.5)
        yield canvas.ink(0.21 - np.hypot((along % 1.0 - 0.5) * 0.8, np.abs(y) - 0.3)) * (np.abs(x) < 1.4), colour

    canvas.stamp(u, v, 1.7, turn, draw)


def _frond(canvas: Canvas, u: float, v: float, turn: float, long: float, colour: Array) -> None:
    """A palm frond: narrow leaflets on both sides of a bent rib."""

    def draw(x: Array, y: Array) -> Iterator:
        y = y - 0.018 * x * x
        at = np.clip(x / long * 0.5 + 0.5, 0, 1)
        reach = long * 0.42 * np.sin(np.pi * np.clip(at * 0.86 + 0.12, 0, 1)) ** 0.7
        slant = x - 0.75 * np.abs(y)
        step = long / 8
        fill = 0.34 * step * np.clip(1.05 - np.abs(y) / np.maximum(reach, 1e-3), 0, 1) ** 0.5
        leaflet = canvas.ink(fill - np.abs((slant + step / 2) % step - step / 2) * 0.8) * (np.abs(y) < reach)
        within = (slant > -long) * (slant < 0.93 * long)
        yield leaflet * within, colour
        yield canvas.ink(0.014 * long - np.abs(y)) * (np.abs(x) < 0.98 * long), colour

    canvas.stamp(u, v, 1.15 * long, turn, draw)


def _monstera(canvas: Canvas, u: float, v: float, turn: float, size: float, colour: Array, ground: Array) -> None:
    """A heart-shaped leaf, cut between its ribs."""

    def draw(x: Array, y: Array) -> Iterator:
        at = np.clip((x + 0.75 * size) / (1.75 * size), 0, 1)
        half = 0.86 * size * np.sin(3.1415 * at**0.62) ** 0.8
        beside = np.abs(y)
        blade = canvas.ink(half - beside) * (at > 0) * (at < 1)
        slant = x - 0.55 * beside
        period = 0.36 * size
        cut = canvas.ink(0.075 * size * np.clip(beside / np.maximum(half, 1e-3) * 2 - 0.75, 0, 1)
                         - np.abs((slant % period) - period / 2) * 0.88)  # fmt: skip
        blade = blade * (1 - cut)
        yield blade, colour
        ribs = canvas.band(slant, period, 0.035 * size) * canvas.ink(0.8 * half - beside)
        yield 0.55 * blade * np.maximum(ribs, canvas.ink(0.022 * size - beside)), ground

    canvas.stamp(u, v, 1.2 * size, turn, draw)


def _drop(canvas: Canvas, u: float, v: float, turn: float, size: float, hand: int, dyes: Dyes, half: Array) -> None:
    """A paisley drop: borders one in the other, beads along the rim, a flower in the belly."""

    def draw(x: Array, y: Array) -> Iterator:
        y = y * hand
        up = np.clip((x / size + 0.6) / 1.75, 0, 1)  # 0 at the belly's bottom, 1 at the tip
        bent = y - 0.85 * size * np.clip(up - 0.3, 0, 1) ** 2 * (1 + up)
        wide = 1.72 * size * (1 - up) * np.sqrt(up)
        inside = np.minimum(wide - np.abs(bent), size * np.minimum(0.96 - up, 5 * up - 0.05)) * 0.8
        ring = np.hypot(x + 0.02 * size, bent) / size
        yield canvas.ink(inside), dyes.second
        yield canvas.ink(inside - 0.05 * size), dyes.base
        yield canvas.ink(inside - 0.1 * size), half
        around = np.arctan2(bent, x + 0.02 * size)
        beads = np.cos(around * 16) > 0.0
        yield canvas.ink(0.03 * size - np.abs(inside - 0.175 * size)) * beads, dyes.second
        yield canvas.ink(inside - 0.235 * size), dyes.third
        yield canvas.ink(inside - 0.265 * size), dyes.base
        petals = 0.26 * (0.72 + 0.28 * np.cos(6 * around))
        yield canvas.ink((petals - ring) * size) * canvas.ink(inside - 0.25 * size), dyes.second
        yield canvas.ink((0.13 - ring) * size), dyes.third
        yield canvas.ink((0.055 - ring) * size), dyes.second

    canvas.stamp(u, v, 1.5 * size, turn, draw)
