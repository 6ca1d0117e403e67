"""Grains: the surface of a material from near, drawn once and looked up anywhere as a pattern's repeat is.

A grain has four channels: relief (how far it is tilted to light from above left, about -1 to 1, with which highlights
move), tone (the factor that relief and yarns, pile or hair put on its colour, 1 on average), warmth (log of red over
blue) and cover (0 a hole, 1 cloth). Lengths are centimetres.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fice.cloth.patterns.repeat import Array, Canvas, Repeat, places
from fice.cloth.patterns.woven import relief, stitches

Random = np.random.Generator
PLAIN = np.array([0, 1, 0, 1], np.float32)
RELIEF, TONE, WARMTH, COVER = range(4)


def smooth(rng: Random, finest: float) -> Repeat:
    return Repeat(PLAIN[None, None], 0, 0)


def leather(rng: Random, finest: float) -> Repeat:
    """Pebbles of about .3 cm between fine lines, and creases."""
    canvas = Canvas(16.0, 16.0, finest, PLAIN)
    near, second, _ = canvas.cells(rng, 54, 46, 0.42)
    pebble = 0.05 * np.minimum((second - near) * 9, 1) ** 0.5
    crease = -(np.abs(canvas.noise(rng, 2.6, tall=0.5)) ** 0.6) * 0.16
    return _made(canvas, relief(pebble, canvas, 0.5) + relief(crease, canvas, 0.55))


def wet(rng: Random, finest: float) -> Repeat:
    """The tight, smooth puckers of coated cloth."""
    canvas = Canvas(30.0, 30.0, finest, PLAIN)
    pucker = 0.16 * canvas.noise(rng, 2.2, tall=0.45) + 0.05 * canvas.noise(rng, 0.9, tall=0.6)
    return _made(canvas, relief(pucker, canvas, 0.5))


def foil(rng: Random, finest: float) -> Repeat:
    canvas = Canvas(24.0, 24.0, finest, PLAIN)
    crush = 0.22 * np.abs(canvas.noise(rng, 1.6, tall=0.7)) + 0.1 * np.abs(canvas.noise(rng, 0.7))
    return _made(canvas, relief(crush, canvas, 0.8))


def drape(rng: Random, finest: float) -> Repeat:
    """Long soft ripples, as thin cloth hangs."""
    canvas = Canvas(48.0, 32.0, finest, PLAIN)
    ripple = 0.3 * canvas.noise(rng, 2.4, tall=4.5)
    return _made(canvas, relief(ripple, canvas, 0.45), 0.025 * canvas.noise(rng, 0.12, tall=0.05))


def nap(rng: Random, finest: float) -> Repeat:
    """Suede: strokes of brushed nap over fine fibre."""
    canvas = Canvas(24.0, 24.0, finest, PLAIN)
    strokes = 0.12 * np.tanh(1.5 * canvas.noise(rng, 2.6, tall=0.6))
    return _made(canvas, 0, strokes + 0.07 * canvas.noise(rng, 0.1) + 0.04 * canvas.noise(rng, 0.4))


def pile(rng: Random, finest: float) -> Repeat:
    """Velvet: short pile, pressed a little here and there."""
    canvas = Canvas(20.0, 20.0, finest, PLAIN)
    return _made(canvas, 0.1 * canvas.noise(rng, 2.4), 0.07 * canvas.noise(rng, 0.08) + 0.03 * canvas.noise(rng, 0.3))


def felt(rng: Random, finest: float) -> Repeat:
    """Wool: fibres lying every way over a faint twill."""
    canvas = Canvas(14.0, 14.0, finest, PLAIN)
    fibres = canvas.noise(rng, 0.1) + 0.7 * canvas.noise(rng, 0.1, tall=5) + 0.7 * canvas.noise(rng, 0.1, tall=0.2)
    return _made(canvas, 0, 0.08 * fibres + 0.06 * canvas.noise(rng, 0.45), 0.02 * canvas.noise(rng, 0.25))


def tufts(rng: Random, finest: float) -> Repeat:
    """Fleece: curls of .8 cm, felted into one another."""
    canvas = Canvas(16.0, 16.0, finest, PLAIN)
    near, _, _ = canvas.cells(rng, 20, 17, 0.45)
    tuft = 0.34 * np.sqrt(np.clip(1 - (near / 0.8) ** 2, 0.02, 1)) + 0.05 * canvas.noise(rng, 0.25)
    return _made(canvas, relief(tuft, canvas, 0.5), 1.1 * (tuft - tuft.mean()) + 0.06 * canvas.noise(rng, 0.1))


def tweed(rng: Random, finest: float) -> Repeat:
    """A herringbone of uneven yarns with light, dark, warm and cool flecks."""
    wide, period = 2.0, 0.5
    canvas = Canvas(32 * period, 8 * wide, finest, PLAIN)
    side = canvas.u % (2 * wide)
    at = np.where(side < wide, canvas.v + side, canvas.v - side + period / 2)
    bone = canvas.band(at, period, 0.5 * period) - 0.5
    slub = canvas.noise(rng, 0.2, tall=2.5)
    light, dark = (np.clip(canvas.noise(rng, 0.2, tall=t) - 1.35, 0, 1.2) for t in (1.8, 0.6))
    warm = np.clip(canvas.noise(rng, 0.22) - 1.2, 0, 1) - np.clip(canvas.noise(rng, 0.22) - 1.2, 0, 1)
    return _made(canvas, 0, 0.42 * bone + 0.14 * slub + 1.1 * light - 0.9 * dark, 0.8 * warm)


def linen(rng: Random, finest: float) -> Repeat:
    """Thick and thin places along the threads of both directions, and crumples."""
    canvas = Canvas(24.0, 24.0, finest, PLAIN)
    across, down = canvas.noise(rng, 0.13, tall=1 / 22), canvas.noise(rng, 0.13, tall=22)
    slubs = sum(np.clip(canvas.noise(rng, 0.16, tall=tall) - 1.6, 0, 1) for tall in (1 / 14, 14))
    crumple = -0.13 * np.abs(canvas.noise(rng, 3.0)) - 0.06 * np.abs(canvas.noise(rng, 1.4))
    return _made(canvas, relief(crumple, canvas, 0.5), 0.075 * (across + down) - 0.25 * slubs)


def twill(rng: Random, finest: float) -> Repeat:
    """Denim: slanted lines of a steep twill, uneven yarns, washed places."""
    side = 26.0
    canvas = Canvas(side, side, finest, PLAIN)
    yarns = canvas.noise(rng, 0.12, tall=14) + 0.5 * canvas.noise(rng, 0.12, tall=1 / 14)
    period = side / round(side / 0.19)
    lines = canvas.band(canvas.u + canvas.v, period, 0.35 * period) - 0.35
    worn = 0.1 * canvas.noise(rng, 5.0, tall=1.6) + 0.06 * canvas.noise(rng, 1.3)
    return _made(canvas, 0, 0.13 * yarns + 0.5 * lines + worn)


def lace(rng: Random, finest: float) -> Repeat:
    """A net of .5 cm with flowers and leaves of close thread, in scalloped rows."""
    tall, wide = 11.0, 16.0
    canvas = Canvas(tall, wide, finest, np.array([0, 1, 0, 0], np.float32))
    net = canvas.band(canvas.v, tall / 22, 0.07)
    for slope in (0.5 * wide / tall, -0.5 * wide / tall):
        net = np.maximum(net, canvas.band(canvas.u + canvas.v * np.float32(slope), wide / 32, 0.09))
    canvas.cloth[..., COVER] = net
    close, open_ = np.array([0, 1.05, 0, 0.95], np.float32), np.array([0, 0.95, 0, 0.15], np.float32)
    scallop = canvas.v - (0.9 * tall - 0.9 * np.abs(np.sin(canvas.u * np.float32(4 * np.pi / wide))))
    for below, width in ((0.0, 0.42), (0.62, 0.12)):
        canvas.over(canvas.ink(0.5 * width - np.abs(scallop + below)), close)

    def flower(x: Array, y: Array) -> Iterator:
        away, turn = np.hypot(x, y), np.arctan2(y, x)
        wave = np.cos(6 * turn)
        yield canvas.ink(2.3 * (0.78 + 0.22 * wave) - away), close
        yield canvas.ink(0.36 - np.abs(away - 1.5)) * (wave > 0.55), open_  # an eyelet in each petal
        yield canvas.ink(0.07 - np.abs(away - 0.75)), open_
        yield canvas.ink(0.2 - away), open_

    def leaf(x: Array, y: Array) -> Iterator:
        yield canvas.ink(0.62 * (1 - (x / 1.5) ** 2) - np.abs(y)), close
        yield canvas.ink(0.06 - np.abs(y)) * (np.abs(x) < 1.2), open_

    for u, v in ((0.25, 0.3), (0.75, 0.62)):
        first = rng.uniform(0, 6.3)
        for turn in first + np.arange(6) * (np.pi / 3):
            canvas.stamp(u * wide + 3.6 * np.cos(turn), v * tall + 3.6 * np.sin(turn), 1.6, turn + 0.5, leaf)
        canvas.stamp(u * wide, v * tall, 2.4, first + np.pi / 6, flower)
    for u, v in places(rng, 4, 5, tall, wide, 0.2):
        canvas.stamp(u, v, 0.5, 0.0, lambda x, y: iter([(canvas.ink(0.33 - np.hypot(x, y)), close)]))
    canvas.cloth[..., RELIEF] = relief(0.05 * canvas.cloth[..., COVER], canvas, 0.3)
    return Repeat(canvas.cloth, tall, wide)


def sequins(rng: Random, finest: float) -> Repeat:
    """Discs of .6 cm that overlap downwards, each tilted its own way: the relief is what it mirrors."""
    tall, wide, down, across = 14.4, 15.0, 32, 25
    canvas = Canvas(tall, wide, finest, PLAIN)
    tilt = 0.7 * rng.standard_normal((down, across)).astype(np.float32)
    found = np.full(canvas.cloth.shape[:2], np.inf, np.float32)
    facing, rim = np.zeros_like(found), np.zeros_like(found)
    row = np.floor(canvas.v * down / tall).astype(int)
    for back in (1, 0, -1):  # the lower rows first: those above lie on them
        r = row + back
        shift = 0.5 * (r % 2)
        column = np.floor(canvas.u * across / wide - shift).astype(int)
        dv = canvas.v - (r + 0.5) * np.float32(tall / down)
        du = canvas.u - (column + 0.5 + shift) * np.float32(wide / across)
        away = np.hypot(du, dv)
        inside = away < 0.36
        bow = (dv - du) * np.float32(0.7)
        facing = np.where(inside, tilt[r % down, column % across] + bow, facing)
        rim = np.where(inside, np.clip((away - 0.29) / 0.07, 0, 1), rim)
        found = np.where(inside, away, found)
    dark = np.where(np.isinf(found), -0.7, -0.5 * rim - 0.25 * (found < 0.05))
    return _made(canvas, facing, dark)


def fur(rng: Random, finest: float) -> Repeat:
    """Hair combed down in locks that lean either way, dark between them and light at the tips."""
    canvas = Canvas(26.0, 22.0, finest, PLAIN)
    locks = canvas.noise(rng, 1.3, tall=2.6)
    lean = canvas.noise(rng, 2.2, tall=2)
    hair = np.zeros_like(locks)
    for turn, middle in ((-0.3, -1.1), (0.0, 0.0), (0.3, 1.1)):
        here = np.exp(-np.square(lean - middle) / 0.5)
        long, short = (_combed(canvas, rng, turn, *size) for size in ((0.17, 3.2), (0.3, 1.8)))
        strands = np.exp(-np.square(long / 0.4)) + 0.8 * np.exp(-np.square((short - 0.5) / 0.45))
        hair += here * strands
    hair = np.tanh(0.9 * hair) - 0.62
    return _made(canvas, 0.5 * np.maximum(hair, 0), 0.95 * hair + 0.3 * np.tanh(locks))


def _combed(canvas: Canvas, rng: Random, turn: float, thick: float, long: float) -> Array:
    """Noise with features `thick` wide and `long` high, cm, leaning by a turn, radians."""
    cos, sin = np.cos(turn), np.sin(turn)

    def envelope(y: Array, x: Array) -> Array:
        return np.exp(-2.2 * (((y * cos + x * sin) * long) ** 2 + ((x * cos - y * sin) * thick) ** 2))

    return canvas.spectral(rng, 1.5 * (cos / long + abs(sin) / thick), 1.5 / thick, envelope)


def knit(rng: Random, finest: float) -> Repeat:
    """Stocking stitch, as the pattern of that name."""
    wide, tall = 0.95, 0.72
    canvas = Canvas(16 * tall, 16 * wide, finest, PLAIN)
    height = stitches(canvas.u, canvas.v, wide, tall)
    depth = np.clip(height / np.quantile(height, 0.95), 0, 1)
    return _made(canvas, relief(height, canvas, 0.5), 0.75 * (depth - 0.72) + 0.05 * canvas.noise(rng, 0.09))


def corduroy(rng: Random, finest: float) -> Repeat:
    """Wales .62 cm wide, round and soft, with dark lines between them."""
    wale = 0.62
    canvas = Canvas(16.0, 24 * wale, finest, PLAIN)
    round_ = np.sqrt(np.clip(1 - (2 * (canvas.u / wale % 1 - 0.5)) ** 2, 0, 1))
    height = 0.16 * round_ + 0.012 * canvas.noise(rng, 0.14)
    return _made(canvas, relief(height, canvas, 0.45), 0.75 * (round_ - 0.785) + 0.06 * canvas.noise(rng, 0.1, tall=2))


def _made(canvas: Canvas, shaded: Array | float, fleck: Array | float = 0.0, warmth: Array | float = 0.0) -> Repeat:
    """A grain by its relief and by what else makes it lighter or darker, log of a factor."""
    tone = np.exp(shaded + fleck)
    for channel, value in ((RELIEF, shaded), (TONE, tone / np.mean(tone)), (WARMTH, warmth)):
        canvas.cloth[..., channel] = value
    return Repeat(canvas.cloth, canvas.height, canvas.width)
