"""Checks: two sets of bands that cross, woven or printed, and what stands on its corner."""

from __future__ import annotations

import numpy as np

from fice.cloth.patterns.dyes import Dyes, about
from fice.cloth.patterns.repeat import Canvas, Repeat
from fice.cloth.patterns.tones import between, shade

THREADS = 0.11  # cm that a yarn of a tartan is wide


def checked(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """A shirting check: broad half-tone bands, full where they cross, and a thin line of the third colour."""
    period = about(rng, 6.4)
    canvas = Canvas(period, period, finest, dyes.base)
    down, across = (canvas.band(at - period / 2, period, 0.44 * period) for at in (canvas.v, canvas.u))
    canvas.over(0.5 * (down + across), dyes.second)
    thin = [canvas.band(at, period, 0.3) for at in (canvas.v, canvas.u)]
    canvas.over(0.6 * np.maximum(*thin), dyes.third)
    return canvas.repeat()


def gingham(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Even bands of base and second in both directions: the base's squares, half tones, the second's squares."""
    period = about(rng, 2.6)
    canvas = Canvas(period, period, finest, dyes.base)
    down, across = canvas.band(canvas.v, period, period / 2), canvas.band(canvas.u, period, period / 2)
    half = between(dyes.base, dyes.second, 0.5)
    canvas.over(down + across - 2 * down * across, half)
    canvas.over(down * across, dyes.second)
    return canvas.repeat()


def tartan(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """A symmetric sett, the same in warp and weft, woven in 2/2 twill: colours mix where unlike yarns cross."""
    base, second, third = dyes
    darker = shade(second, 0.14)
    half = [(base, 15.0), (second, 3.0), (base, 3.0), (second, 13.0), (darker, 4.0)]
    sett = [*half, (third, 1.6), *half[::-1], (third, 1.6)]
    period = about(rng, 15.0)
    canvas = Canvas(period, period, finest, base)
    warp, weft = (_sett(canvas, at, sett, period) for at in (canvas.u, canvas.v))
    twill = canvas.band(canvas.u - canvas.v, period / round(period / (4 * THREADS)), 2 * THREADS)[..., None]
    canvas.cloth[:] = warp * twill + weft * (1 - twill)
    return canvas.repeat()


def windowpane(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    tall, wide = about(rng, 7.5), about(rng, 6.2)
    canvas = Canvas(tall, wide, finest, dyes.base)
    lines = np.maximum(canvas.band(canvas.v, tall, 0.32), canvas.band(canvas.u, wide, 0.32))
    canvas.over(0.85 * lines, dyes.second)
    return canvas.repeat()


def houndstooth(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Four dark and four light yarns in warp and weft, in 2/2 twill, whose steps make the teeth."""
    period = about(rng, 2.9)
    canvas = Canvas(period, period, finest, dyes.base)
    warp = canvas.band(canvas.u - period / 4, period, period / 2)
    weft = canvas.band(canvas.v - period / 4, period, period / 2)
    twill = canvas.band(canvas.u + canvas.v - period / 8, period / 2, period / 4)
    canvas.over(1 - (twill * warp + (1 - twill) * weft), dyes.second)
    return canvas.repeat()


def argyle(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Tall diamonds in two colours with a dashed net of the third over them."""
    wide = about(rng, 9.0)
    tall = 1.4 * wide
    canvas = Canvas(tall, wide, finest, dyes.base)
    rise, fall = canvas.u / wide + canvas.v / tall, canvas.u / wide - canvas.v / tall
    steep = wide / np.hypot(1, wide / tall)  # cm across a diamond's side, for a unit of rise
    inside = 0.5 - np.abs(canvas.u / wide - 0.5) - np.abs(canvas.v / tall - 0.5)
    canvas.over(canvas.ink(inside * steep), dyes.second)
    for at in (rise, fall):
        line = canvas.band(at * steep, steep, 0.24)
        canvas.over(line * canvas.band(canvas.v, tall / 18, tall / 30), dyes.third)
    return canvas.repeat()


def harlequin(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    wide = about(rng, 6.0)
    tall = 1.7 * wide
    canvas = Canvas(tall, wide, finest, dyes.base)
    inside = 0.5 - np.abs(canvas.u / wide - 0.5) - np.abs(canvas.v / tall - 0.5)
    canvas.over(canvas.ink(inside * wide / np.hypot(1, wide / tall)), dyes.second)
    return canvas.repeat()


def checkerboard(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    period = about(rng, 6.4)
    canvas = Canvas(period, period, finest, dyes.base)
    down, across = (canvas.band(at - period / 4, period, period / 2) for at in (canvas.v, canvas.u))
    canvas.over(down + across - 2 * down * across, dyes.second)
    return canvas.repeat()


def _sett(canvas: Canvas, at: np.ndarray, sett: list[tuple[np.ndarray, float]], period: float) -> np.ndarray:
    """Colours (h, 1, 3) or (1, w, 3) of yarns wound in (colour, number) one after the other, over one period."""
    whole = sum(number for _, number in sett)
    colours = np.zeros((*at.shape, 3), np.float32)
    start = 0.0
    for colour, number in sett:
        width = period * number / whole
        colours += canvas.band(at - start - width / 2, period, width)[..., None] * colour
        start += width
    return colours
