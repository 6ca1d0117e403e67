"""Stripes: what changes along one line of the cloth, and what zigzags along it."""

from __future__ import annotations

import numpy as np

from fice.cloth.patterns.dyes import Dyes, about
from fice.cloth.patterns.repeat import Canvas, Repeat
from fice.cloth.patterns.tones import between, lightness


def solid(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    return Canvas(0, 0, finest, dyes.base).repeat()


def striped(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    return _across(dyes, finest, about(rng, 4.4), 0.5)


def breton(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """1.2 cm on a ground of 1.8; the ground is the lighter colour, as on the sailors' shirts of Brittany."""
    light, dark = sorted(dyes[:2], key=lightness, reverse=True)
    return _across(Dyes(light, dark, dyes.third), finest, about(rng, 3.0), 0.4)


def vertical(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    period = about(rng, 3.4)
    canvas = Canvas(0, period, finest, dyes.base)
    canvas.over(canvas.band(canvas.u, period, 0.5 * period), dyes.second)
    return canvas.repeat()


def pinstriped(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Lines of single yarns, .2 cm wide, every 1.9 cm."""
    period = about(rng, 1.9)
    canvas = Canvas(0, period, finest, dyes.base)
    canvas.over(canvas.band(canvas.u - period / 2, period, 0.2), dyes.second)
    return canvas.repeat()


def diagonal(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    period = about(rng, 4.2) * 2**0.5
    canvas = Canvas(period, period, finest, dyes.base)
    canvas.over(canvas.band(canvas.u + canvas.v, period, 0.46 * period), dyes.second)
    return canvas.repeat()


def chevron(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    return _zigzag(dyes, finest, about(rng, 6.0), 8.0, 0.5)


def zigzag(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Thin lines, one in the second colour and one in the third, in turn."""
    period = about(rng, 9.0)
    canvas = Canvas(period, 5.0, finest, dyes.base)
    at = canvas.v + 1.5 * np.abs(canvas.u - 2.5)
    canvas.over(canvas.band(at, period, 1.9), dyes.second)
    canvas.over(canvas.band(at - period / 2, period, 1.9), dyes.third)
    return canvas.repeat()


def herringbone(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Columns of slanted yarns, broken where they meet; the two colours lie close together, as in a jacket."""
    column, period = about(rng, 2.2), 0.72
    canvas = Canvas(period * 16, 2 * column, finest, dyes.base)
    up = canvas.u < column
    across = np.where(up, canvas.u, canvas.u - column)
    at = np.where(up, canvas.v + across, canvas.v - across + period / 2)
    canvas.over(canvas.band(at, period, 0.5 * period), dyes.second)
    slub = canvas.noise(rng, 0.25, tall=2.5)
    canvas.cloth *= np.exp(0.1 * slub)[..., None]
    return canvas.repeat()


def ombre(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """From the base colour at v = 0 to the second 75 cm below, and back."""
    canvas = Canvas(150.0, 0, max(finest, 0.3), dyes.base)
    share = (1 - np.cos(canvas.v * np.float32(2 * np.pi / 150)))[..., None] / 2
    canvas.cloth = between(dyes.base, dyes.second, share)
    return canvas.repeat()


def colour_block(dyes: Dyes, rng: np.random.Generator, finest: float) -> Repeat:
    """Base from v = 0 to 24 cm, then the second colour to 46, the third to 64, and again."""
    canvas = Canvas(64.0, 0, finest, dyes.base)
    canvas.over(canvas.band(canvas.v - 35, 64, 22), dyes.second)
    canvas.over(canvas.band(canvas.v - 55, 64, 18), dyes.third)
    return canvas.repeat()


def _across(dyes: Dyes, finest: float, period: float, share: float) -> Repeat:
    canvas = Canvas(period, 0, finest, dyes.base)
    canvas.over(canvas.band(canvas.v, period, share * period), dyes.second)
    return canvas.repeat()


def _zigzag(dyes: Dyes, finest: float, period: float, wide: float, share: float) -> Repeat:
    canvas = Canvas(period, wide, finest, dyes.base)
    at = canvas.v + 0.9 * np.abs(canvas.u - wide / 2)
    canvas.over(canvas.band(at, period, share * period), dyes.second)
    return canvas.repeat()
