"""Procedural cloth: stripes, checks, dots, flowers, fur, denim, knit, print, camouflage.

Every painter fills an area (h, w) with linear-light colour (h, w, 3), float32. `unit` is the size of one pixel of
a 256-high canvas, so that a pattern has the same scale on a person at any resolution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

Array = np.ndarray
WHITE = np.array([0.9, 0.9, 0.88], np.float32)
THREAD = np.array([0.42, 0.2, 0.06], np.float32)  # the orange-brown seams of jeans


def paint(name: str, size: tuple[int, int], base: Array, second: Array, third: Array, unit: float, rng) -> Array:
    """A piece of cloth.

    Args:
        name: a word of fice.language.lexicon.PATTERNS.
        size: (h, w) in pixels.
        base, second, third: linear-light colours (3,) in [0, 1]; base covers most of the cloth.
        unit: pixels of this picture per pixel of a 256-high canvas.
        rng: numpy Generator; scale, phase and angle come from it.

    Raises:
        ValueError: no such pattern.
    """
    if name not in PAINTERS:
        raise ValueError(f'no pattern "{name}"; there are {", ".join(PAINTERS)}.')
    base, second, third = (np.asarray(colour, np.float32) for colour in (base, second, third))
    return PAINTERS[name](size, base, second, third, unit, rng)


def _plain(size: tuple[int, int], colour: Array) -> Array:
    return np.broadcast_to(colour, (*size, 3)).copy()


def _over(cloth: Array, weight: Array, colour: Array) -> None:
    """Blends `colour` into the cloth, in place."""
    cloth += weight[..., None] * (colour - cloth)


def _grid(size: tuple[int, int], rng, tilt: float = 0.15) -> tuple[Array, Array]:
    """Pixel coordinates, turned by a small random angle and shifted by a random phase."""
    y, x = np.ogrid[: size[0], : size[1]]
    angle = rng.uniform(-tilt, tilt)
    cos, sin, (dy, dx) = np.cos(angle), np.sin(angle), rng.uniform(0, 100, 2)
    return (y * cos - x * sin + dy).astype(np.float32), (y * sin + x * cos + dx).astype(np.float32)


def _band(at: Array, period: float, duty: float) -> Array:
    """1 in bands of `duty` x period, with edges one pixel soft."""
    u = at * (1 / period)
    u -= np.floor(u)
    return np.clip((duty / 2 - np.abs(u - 0.5)) * period + 0.5, 0, 1)


@cache
def _blend_matrix(length: int, cell: float) -> Array:
    """(length, knots) weights of smooth interpolation between knots `cell` pixels apart."""
    at = np.arange(length) / cell
    knot = at.astype(int)
    part = at - knot
    part = part * part * (3 - 2 * part)
    matrix = np.zeros((length, knot[-1] + 2), np.float32)
    matrix[np.arange(length), knot], matrix[np.arange(length), knot + 1] = 1 - part, part
    return matrix


def _noise(size: tuple[int, int], cell: float, rng) -> Array:
    """Smooth noise with features of about `cell` pixels, mean 0, deviation about 0.6."""
    cell = max(round(cell), 1)
    down, across = _blend_matrix(size[0], cell), _blend_matrix(size[1], cell)
    return down @ rng.standard_normal((down.shape[1], across.shape[1]), np.float32) @ across.T


def _scatter(y: Array, x: Array, period: float, rng, jitter: float) -> tuple[Array, Array, Array]:
    """Offsets (dy, dx) of each pixel to the centre of its lattice cell, and that cell's random number in [0, 1).

    Every second row is shifted by half a period; centres are jittered by up to `jitter` x period.
    """
    table = rng.random((3, 64), np.float32)
    u = y * (1 / period)
    row = np.floor(u)
    v = x * (1 / period) + 0.5 * (row % 2)
    column = np.floor(v)
    pick = (row.astype(np.int32) * 7 + column.astype(np.int32) * 19) % 64
    dy = u - row - 0.5 + (table[0, pick] - 0.5) * 2 * jitter
    dx = v - column - 0.5 + (table[1, pick] - 0.5) * 2 * jitter
    return dy * period, dx * period, table[2, pick]


def _away(base: Array, share: float) -> Array:
    """A darker shade of a colour, or a lighter one where it is dark already."""
    return base * share if base.mean() > 0.03 else base + 0.16 * (1 - share)


def _solid(size, base, second, third, unit, rng):
    return _plain(size, base)


def _striped(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    y, _ = _grid(size, rng)
    y = y + _noise(size, 24 * unit, rng) * (1.5 * unit)  # stripes follow the folds a little
    _over(cloth, _band(y, rng.uniform(7, 22) * unit, rng.uniform(0.3, 0.48)), second)
    return cloth


def _vertical(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    _, x = _grid(size, rng)
    x = x + _noise(size, 24 * unit, rng) * (1.2 * unit)
    _over(cloth, _band(x, rng.uniform(6, 17) * unit, rng.uniform(0.25, 0.48)), second)
    return cloth


def _checked(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    y, x = _grid(size, rng)
    period, duty = rng.uniform(9, 24) * unit, rng.uniform(0.35, 0.5)
    _over(cloth, 0.45 * (_band(y, period, duty) + _band(x, period, duty)), second)
    if rng.random() < 0.4:  # a tartan's thin line
        line = np.maximum(_band(y + period / 2, period, 0.12), _band(x + period / 2, period, 0.12))
        _over(cloth, 0.7 * line, third)
    return cloth


def _dots(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    y, x = _grid(size, rng, 0.3)
    period = rng.uniform(8, 19) * unit
    dy, dx, _ = _scatter(y, x, period, rng, 0)
    radius = np.hypot(dy, dx)
    _over(cloth, np.clip(period * rng.uniform(0.23, 0.33) - radius + 0.5, 0, 1), second)
    return cloth


def _floral(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    if rng.random() < 0.6:  # leaves behind the flowers
        y, x = _grid(size, rng, 0.8)
        dy, dx, _ = _scatter(y, x, rng.uniform(9, 16) * unit, rng, 0.2)
        leaf = np.array([0.02, 0.15, 0.03], np.float32) * rng.uniform(0.6, 2)
        _over(cloth, np.clip(2.2 * unit - np.hypot(dy * 0.6, dx * 1.6) + 0.5, 0, 1), leaf)
    for petals, heart in ((second, third), (third, second))[: rng.integers(1, 3)]:
        y, x = _grid(size, rng, 0.8)
        period = rng.uniform(15, 30) * unit
        dy, dx, number = _scatter(y, x, period, rng, 0.12)
        radius, turn = np.hypot(dy, dx), np.arctan2(dy, dx)
        reach = period * (0.27 + 0.12 * number) * (0.72 + 0.28 * np.cos(5 * turn + 40 * number))
        _over(cloth, np.clip(reach - radius + 0.5, 0, 1), petals)
        _over(cloth, np.clip(period * 0.09 - radius + 0.5, 0, 1), heart)
    return cloth


def _animal(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    y, x = _grid(size, rng, 0.5)
    dark = _away(base, 0.1)
    if rng.random() < 0.25:  # zebra
        bend = _noise(size, 16 * unit, rng) * (6 * unit)
        _over(cloth, _band(y + 0.3 * x + bend, rng.uniform(9, 16) * unit, 0.42), dark)
        return cloth
    period = rng.uniform(9, 16) * unit
    dy, dx, number = _scatter(y, x, period, rng, 0.15)
    ragged = _noise(size, 3 * unit, rng)
    radius = np.hypot(dy, dx * rng.uniform(0.8, 1.3)) + ragged * (0.8 * unit)
    reach = (0.21 + 0.15 * number) * period
    _over(cloth, np.clip(reach - radius + 0.5, 0, 1), _away(base, 0.45))
    ring = np.clip(0.11 * period - np.abs(radius - reach) + 0.5, 0, 1)
    _over(cloth, ring * np.clip(1.3 + 2 * _noise(size, 5 * unit, rng), 0, 1), dark)  # rosettes have gaps
    return cloth


def _denim(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    y, x = _grid(size, rng, 0.05)
    fade = np.clip(0.16 + 0.26 * _noise(size, rng.uniform(10, 22) * unit, rng), 0, 0.55)
    _over(cloth, fade, np.minimum(WHITE, base * 3 + 0.25))
    twill = np.sin((y + x) * (2 * np.pi / (3 * unit)))
    cloth *= (1 + 0.12 * twill + 0.16 * _noise(size, 1.5 * unit, rng))[..., None]
    seam = _band(x, rng.uniform(22, 40) * unit, 0.045)
    _over(cloth, 0.75 * seam, THREAD)
    return cloth


def _knit(size, base, second, third, unit, rng):
    y, x = _grid(size, rng, 0.05)
    period = rng.uniform(5.5, 12) * unit
    chevron = np.abs((x / period) % 1 - 0.5) * rng.choice([1.0, 1.8])
    stitch = np.sin((y / (period * rng.uniform(0.6, 0.9)) + chevron) * (2 * np.pi))
    rib = np.cos(x * (2 * np.pi / period))
    light = 0.5 + 0.25 * stitch + 0.25 * rib  # 0 in the gaps, 1 on the yarn
    gaps = _plain(size, base) * (1 - rng.uniform(0.4, 0.65) * (1 - light))[..., None]
    return gaps * 1.25 + 0.02 * light[..., None]  # dark yarn still catches some light


def _printed(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    if rng.random() < 0.3:  # one large motif in the middle
        dy, dx = np.ogrid[: size[0], : size[1]]
        dy, dx = dy - size[0] * rng.uniform(0.3, 0.5), dx - size[1] * rng.uniform(0.4, 0.6)
        reach = min(size) * rng.uniform(0.26, 0.38)
        radius = np.hypot(dy, dx) + _noise(size, 8 * unit, rng) * (4 * unit)
        _over(cloth, np.clip(reach - radius + 0.5, 0, 1), second)
        _over(cloth, _band(radius, reach * 0.55, 0.4) * (radius < reach * 0.8), third)
        return cloth
    field = _noise(size, rng.uniform(16, 28) * unit, rng)  # swirls: contour bands of a smooth hill
    _over(cloth, _band(field * 10, rng.uniform(5, 8), 0.34), second)
    hill = _noise(size, rng.uniform(10, 18) * unit, rng)
    _over(cloth, np.clip((hill - 0.55) * 6 * unit, 0, 1), third)
    return cloth


def _camouflage(size, base, second, third, unit, rng):
    cloth = _plain(size, base)
    brown = np.array([0.06, 0.04, 0.015], np.float32)
    earth = (_away(base, 0.3), _away(base, 0.5) + brown, _away(base, 0.06))
    for colour, share in zip(earth, (0.15, 0.35, 0.55), strict=True):
        patch = _noise(size, rng.uniform(9, 18) * unit, rng) + 0.4 * _noise(size, 4 * unit, rng)
        _over(cloth, np.clip((patch - share) * 5 * unit, 0, 1), colour)
    return cloth


PAINTERS: dict[str, Callable[..., Array]] = {
    "solid": _solid,
    "striped": _striped,
    "vertical-striped": _vertical,
    "checked": _checked,
    "polka-dot": _dots,
    "floral": _floral,
    "animal": _animal,
    "denim": _denim,
    "knit": _knit,
    "printed": _printed,
    "camouflage": _camouflage,
}
