"""A repeat: the piece of cloth that a design prints over and over, drawn once and looked up anywhere.

Lengths are centimetres on the cloth, v down and u across. A repeat is drawn on a `Canvas` that wraps around, and read
through its pyramid of halved copies (mip maps: Williams, Pyramidal Parametrics, SIGGRAPH 1983): what is finer than a
pixel of the photo fades to its mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

Array = np.ndarray
SMALLEST, LARGEST = 128, 1024  # texels along a side of a repeat: what is drawn coarser than its details is not its mean
BLOCK = 1 << 16  # pixels looked up at once: they stay in the cache
SHARPER = 0.35  # halvings by which less is averaged than a pixel covers: photographs are drawn no softer


class Repeat:
    """A drawn repeat.

    Args:
        texels: (h, w, channels) float32, sides are powers of two.
        height, width: what they cover, cm; 0 along a direction in which nothing changes (one texel).
    """

    def __init__(self, texels: Array, height: float, width: float):
        self.height, self.width = height, width
        self.texel = max(height / texels.shape[0], width / texels.shape[1]) or 1.0
        levels = [np.ascontiguousarray(texels, np.float32)]
        while levels[-1].shape[0] * levels[-1].shape[1] > 1:
            coarser = levels[-1]
            coarser = coarser if coarser.shape[0] == 1 else (coarser[0::2] + coarser[1::2]) * np.float32(0.5)
            coarser = coarser if coarser.shape[1] == 1 else (coarser[:, 0::2] + coarser[:, 1::2]) * np.float32(0.5)
            levels.append(coarser)
        self.rows, self.columns = (np.array([level.shape[axis] for level in levels], np.int32) for axis in (0, 1))
        self.first = np.cumsum([0, *(self.rows * self.columns)[:-1]]).astype(np.int32)
        self.flat = np.concatenate([level.reshape(-1, texels.shape[2]) for level in levels])

    @property
    def mean(self) -> Array:
        """(channels,): of the whole repeat."""
        return self.flat[-1]

    def at(self, u: Array, v: Array, pixel: Array | float) -> Array:
        """The cloth at u, v (h, w): (h, w, channels) float32; pixel: cm that one pixel covers, (h, w) or for all."""
        shape = np.shape(u)
        u, v = (np.ascontiguousarray(x, np.float32).ravel() for x in (u, v))
        level = np.log2(np.maximum(np.asarray(pixel, np.float32), 1e-6) / np.float32(self.texel)) - np.float32(SHARPER)
        level = np.broadcast_to(np.clip(level, 0, len(self.rows) - 1), shape).ravel()
        found = np.empty((u.size, self.flat.shape[1]), np.float32)
        for start in range(0, u.size, BLOCK):
            part = slice(start, start + BLOCK)
            coarser = level[part].astype(np.int32)
            rest = (level[part] - coarser)[:, None]
            found[part] = self._lookup(u[part], v[part], coarser)
            if rest.any():
                next_one = self._lookup(u[part], v[part], np.minimum(coarser + 1, len(self.rows) - 1))
                found[part] += rest * (next_one - found[part])
        return found.reshape(*shape, self.flat.shape[1])

    def _lookup(self, u: Array, v: Array, level: Array) -> Array:
        """Bilinear, of one level a pixel."""
        first = self.first[level]
        across, left, right = _between(u, self.width, self.columns[level])
        down, top, bottom = _between(v, self.height, self.rows[level])
        top, bottom = (first + row * self.columns[level] for row in (top, bottom))
        upper, lower = self.flat.take(top + left, 0), self.flat.take(bottom + left, 0)
        upper += across * (self.flat.take(top + right, 0) - upper)
        lower += across * (self.flat.take(bottom + right, 0) - lower)
        return upper + down * (lower - upper)


def _between(at: Array, length: float, number: Array) -> tuple[Array, Array, Array]:
    """Weights (n, 1) of the second of two texels of `number` along a side, and the texels."""
    at = at * (number / np.float32(length or 1)).astype(np.float32) - np.float32(0.5)
    low = np.floor(at)
    index = low.astype(np.int32)
    return (at - low)[:, None], index & (number - 1), (index + 1) & (number - 1)


class Canvas:
    """What a repeat is drawn on; everything wraps around. Nothing depends on how fine it is.

    Args:
        height, width: cm; 0 where nothing changes along that direction.
        finest: cm, the smallest pixel that will be looked up.
        colour: linear light (3,) of the ground.
    """

    def __init__(self, height: float, width: float, finest: float, colour: Array):
        rows, columns = _side(height, finest), _side(width, finest)
        self.height, self.width = height, width
        self.texel = max(height / rows, width / columns) or finest
        self.v = ((np.arange(rows, dtype=np.float32) + 0.5) * np.float32(height / rows))[:, None]
        self.u = ((np.arange(columns, dtype=np.float32) + 0.5) * np.float32(width / columns))[None]
        self.cloth = np.empty((rows, columns, len(colour)), np.float32)
        self.cloth[:] = colour

    def repeat(self) -> Repeat:
        return Repeat(np.maximum(self.cloth, 0), self.height, self.width)

    def ink(self, inside: Array) -> Array:
        """Coverage in [0, 1] of a shape by the signed distance to its outline, cm, positive inside."""
        return np.minimum(np.maximum(inside * np.float32(1 / self.texel) + 0.5, 0), 1)  # quicker than clip where small

    def above(self, field: Array) -> Array:
        """Coverage of where a smooth field (h, w) is above 0, by its distance to first order."""
        down, across = self.slope(field)
        return self.ink(field / np.maximum(np.hypot(down, across), 1e-3))

    def slope(self, field: Array) -> tuple[Array, Array]:
        """How much a field (h, w) grows a cm down and across."""
        steps = (self.height / self.v.size, self.width / self.u.size)
        down, across = ((np.roll(field, -1, axis) - np.roll(field, 1, axis)) / (2 * steps[axis]) for axis in (0, 1))
        return down, across

    def band(self, at: Array, period: float, width: float) -> Array:
        """Coverage of bands `width` wide, centred at the multiples of `period`: exact over a texel."""
        box = np.float32(min(self.texel, period) / period)
        share, at = np.float32(width / period), np.asarray(at, np.float32) / np.float32(period)
        return (_filled(at + share / 2 + box / 2, share) - _filled(at + share / 2 - box / 2, share)) / box

    def over(self, weight: Array, colour: Array) -> None:
        """Blends a colour, (3,) or (h, w, 3), in by a weight that spreads over (h, w)."""
        self.cloth += np.asarray(weight, np.float32)[..., None] * (colour - self.cloth)

    def stamp(self, u: float, v: float, reach: float, turn: float, draw: Callable[[Array, Array], Iterator]) -> None:
        """Draws a motif.

        Args:
            u, v: its middle, cm; reach: the distance from it beyond which nothing is drawn, below half the repeat.
            turn: radians by which it is turned.
            draw: of coordinates (x, y) of the motif, cm from its middle, yields (weight, colour) to blend in turn.
        """
        rows, down = self._window(v, reach, self.height, self.v.size)
        columns, across = self._window(u, reach, self.width, self.u.size)
        cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
        window = rows[:, None], columns
        cloth = self.cloth[window]
        down = down[:, None]
        for weight, colour in draw(across * cos + down * sin, down * cos - across * sin):
            cloth += weight[..., None] * (colour - cloth)
        self.cloth[window] = cloth

    @staticmethod
    def _window(middle: float, reach: float, length: float, number: int) -> tuple[Array, Array]:
        """Indices of texels near a place, and how far they are from it, cm."""
        step = length / number
        first, last = math.floor((middle - reach) / step), math.ceil((middle + reach) / step)
        index = np.arange(first, min(last, first + number), dtype=np.int32)
        return index % number, ((index + 0.5) * step - middle).astype(np.float32)

    def noise(self, rng: np.random.Generator, cell: float, tall: float = 1.0) -> Array:
        """Smooth noise with features of about `cell` cm, `tall` times as high as wide; mean 0, deviation 1."""
        down, across = cell * max(tall, 1), cell * max(1 / tall, 1)

        def envelope(y: Array, x: Array) -> Array:
            return np.exp(-2.2 * ((y * down) ** 2 + (x * across) ** 2))

        return self.spectral(rng, 1.5 / down, 1.5 / across, envelope)

    def wavy(self, rng: np.random.Generator, period: float, turn: float, spread: float) -> Array:
        """Waves `period` cm long that fork and end, running within about `spread` radians of `turn` (0 is down)."""

        def envelope(y: Array, x: Array) -> Array:
            away = np.angle(np.exp(2j * (np.arctan2(x, y) - turn))) / 2
            return np.exp(-(((np.hypot(y, x) * period - 1) / 0.22) ** 2) / 2 - (away / spread) ** 2 / 2)

        return self.spectral(rng, 1.8 / period, 1.8 / period, envelope)

    def spectral(self, rng: np.random.Generator, down: float, across: float, envelope: Callable) -> Array:
        """Gaussian noise of a spectrum: envelope(cycles a cm down, across), 0 beyond the given frequencies."""
        rows, columns = self.v.size, self.u.size
        far, wide = math.ceil(down * self.height), math.ceil(across * self.width)
        y, x = np.arange(-far, far + 1)[:, None], np.arange(wide + 1)[None]
        waves = rng.standard_normal((2, 2 * far + 1, wide + 1))
        waves = (waves[0] + 1j * waves[1]) * envelope(y / (self.height or 1), x / (self.width or 1))
        waves[far, 0] = 0
        waves /= math.sqrt(2 * float((np.abs(waves[:, 1:]) ** 2).sum() + (np.abs(waves[:far, 0]) ** 2).sum()) or 1)
        field = np.zeros((rows, columns // 2 + 1), complex)
        low, keep = min(far, (rows - 1) // 2), min(wide, (columns - 1) // 2) + 1
        kept = waves[far - low : far + low + 1, :keep]
        kept[low + 1 :, 0] = kept[:low, 0][::-1].conj()
        field[np.arange(-low, low + 1)[:, None] % rows, np.arange(keep)[None]] = kept
        return (np.fft.irfft2(field, (rows, columns)) * (rows * columns)).astype(np.float32)

    def cells(self, rng: np.random.Generator, down: int, across: int, jitter: float) -> tuple[Array, Array, Array]:
        """Voronoi cells of a jittered lattice of down x across points, every second row shifted by half.

        Returns:
            distances (h, w) to the nearest and to the second nearest point, cm, and the nearest one's number.
        """
        points = rng.uniform(-jitter, jitter, (2, down, across)).astype(np.float32)
        tall, wide = self.height / down, self.width / across
        row, column = np.floor(self.v / tall).astype(int), np.floor(self.u / wide).astype(int)
        best = np.full((3, self.v.size, self.u.size), np.inf, np.float32)
        for i in (-1, 0, 1):
            for j in (-2, -1, 0, 1):
                r, c = (row + i) % down, (column + j) % across
                dv = self.v - (row + i + 0.5 + points[0, r, c]) * np.float32(tall)
                du = self.u - (column + j + 0.5 + 0.5 * ((row + i) % 2) + points[1, r, c]) * np.float32(wide)
                away = np.hypot(dv, du)
                nearer = away < best[0]
                best[1] = np.where(nearer, best[0], np.minimum(best[1], away))
                best[0] = np.where(nearer, away, best[0])
                best[2] = np.where(nearer, r * across + c, best[2])
        return best[0], best[1], best[2].astype(int)


def places(rng: np.random.Generator, down: int, across: int, height: float, width: float, jitter: float) -> Array:
    """(down x across, 2): u, v of a jittered lattice that wraps around, every second row shifted, in random order."""
    row, column = (axis.ravel() for axis in np.mgrid[:down, :across])
    u = (column + 0.25 + 0.5 * (row % 2) + rng.uniform(-jitter, jitter, row.size)) * (width / across)
    v = (row + 0.5 + rng.uniform(-jitter, jitter, row.size)) * (height / down)
    return rng.permutation(np.stack([u, v], 1))


def _filled(at: Array, share: np.float32) -> Array:
    """How much is filled from 0 to `at`, where the first `share` of each unit is."""
    whole = np.floor(at)
    return whole * share + np.minimum(at - whole, share)


def _side(length: float, finest: float) -> int:
    if not length:
        return 1
    return min(max(2 ** math.ceil(math.log2(length / finest)), SMALLEST), LARGEST)
