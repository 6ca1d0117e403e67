"""Quilting: a large cloth cut from many places of a small picture of it, sewn where the pieces are most alike.

A. Efros, W. Freeman, Image Quilting for Texture Synthesis and Transfer, SIGGRAPH 2001; a penalty keeps a place from
being seen again nearby (Kaspar et al., Self Tuning Texture Optimization, Eurographics 2015). Pieces are chosen at a
reduced size, then laid to the pixel. Of a lattice only pieces that are whole periods away are taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image
from scipy import fft
from scipy.ndimage import gaussian_filter

from fice.cloth.swatch.lattice import likeness
from fice.cloth.swatch.reading import grey_of

Array = np.ndarray
COARSE = 112  # pixels along the longer side of the picture at which pieces are chosen
PIECE = (0.45, 0.42)  # of the picture's shorter side that a piece covers, of a lattice and of none
LAP = (0.3, 0.42)  # of a piece that laps over the next
AROUND = 1.0  # how much what is around a place counts, against what is there
AGAIN, NEARBY = 0.3, 1.5  # squared difference, in variances, of a place seen again; how many pieces away it is
TOLERANCE = 0.012  # cycles by which a piece may be off the lattice, and at most half a pixel
CHOICE = 12  # pieces, the least different, among which chance decides
POINTS = 300  # of a lap, by which a piece is laid to the pixel
CUT = 48  # cells along a piece at which its cut is found


def quilt(picture: Array, size: tuple[int, int], rng: np.random.Generator, waves: Array | None = None) -> Array:
    """A cloth (*size, 3) that wraps around, of pieces of a picture (h, w, 3); linear light, float32.

    waves: (n, 2) of its lattice, cycles a pixel, whole along each side of `size`; None where there is none.
    """
    scraps = _Scraps(picture, size, rng, np.zeros((0, 2)) if waves is None else waves)
    window, counts = scraps.window, scraps.counts
    cloth, filled = np.zeros((*size, scraps.shown.shape[2]), np.float32), np.zeros(size, bool)
    used = np.zeros((0, 4))
    for i in range(counts[0]):
        for j in range(counts[1]):
            corner = np.array([i * size[0] // counts[0], j * size[1] // counts[1]])
            there = np.ix_(*((np.arange(window) + first) % side for first, side in zip(corner, size, strict=True)))
            before, known = cloth[there], filled[there]
            away = np.abs(used[:, :2] - corner)
            away = np.minimum(away, np.array(size) - away)
            near = np.exp(-(away**2).sum(1) / 2 / (NEARBY * window) ** 2)
            y, x = scraps.choose(before, known, corner, used[:, 2:], near)
            used = np.vstack([used, [*corner, y, x]])
            piece = scraps.shown[y : y + window, x : x + window]
            cloth[there] = before + _cut(before, piece, known, scraps.laps)[..., None] * (piece - before)
            filled[there] = True
    return np.square(cloth[..., :3])


class _Scraps:
    """The pieces of a picture.

    Args:
        picture, size, rng, waves: as of `quilt`; waves (0, 2) where there is no lattice.
    """

    def __init__(self, picture: Array, size: tuple[int, int], rng: np.random.Generator, waves: Array):
        self.rng, self.waves = rng, waves
        self.tolerance = np.minimum(TOLERANCE, np.hypot(*waves.T) / 2)  # cycles
        self.step = max(1, round(max(picture.shape[:2]) / COARSE))
        self.window = max(8, round(PIECE[not len(waves)] * min(picture.shape[:2]) / self.step)) * self.step
        self.counts = [-(-side // round(self.window * (1 - LAP[not len(waves)]))) for side in size]
        self.laps = [self.window - -(-side // count) for side, count in zip(size, self.counts, strict=True)]
        self.shown = _shown(picture, self.step)
        self.free = np.array(picture.shape[:2]) - self.window  # the last corner of a piece
        coarse = _means(self.shown, self.step)
        self.middle = coarse.mean((0, 1))
        self.coarse = coarse - self.middle
        squares = (self.coarse**2).sum(2, keepdims=True)
        self.variance = float(squares.mean()) + 1e-8
        self.padded = [fft.next_fast_len(side, real=True) for side in self.coarse.shape[:2]]
        self.spectra = fft.rfft2(np.concatenate([-2 * self.coarse, squares], 2), self.padded, axes=(0, 1))
        self.corners = [np.arange(0, free // self.step + 1) * self.step for free in self.free]

    def choose(self, before: Array, known: Array, corner: Array, used: Array, near: Array) -> tuple[int, int]:
        """The corner of a piece that goes with what is there.

        Args:
            before, known: (window, window, 4) and bool (window, window), the cloth so far.
            corner: of the window, on the cloth.
            used, near: (n, 2) corners of pieces, and (n,) in [0, 1] how near to here they were taken.
        """
        there = _means(before, self.step) - self.middle
        seen = known[self.step // 2 :: self.step, self.step // 2 :: self.step]
        cost = self._difference(there, seen)
        down, across = (
            np.maximum(0, 1 - np.abs(places[:, None] - used[:, axis]) / self.window)
            for axis, places in enumerate(self.corners)
        )
        cost += AGAIN * (down * near) @ across.T
        grid = np.stack(np.meshgrid(*self.corners, indexing="ij"), -1)
        if len(self.waves):
            reach = np.abs(self.waves).sum(1) * self.step / 2 + self.tolerance
            off = (self._off(grid, corner) - reach).max(-1)
            cost = np.where(off <= max(0.0, off.min()), cost, np.inf)
        flat = cost.ravel()
        best = np.argpartition(flat, min(CHOICE, flat.size - 1))[:CHOICE]
        best = best[np.isfinite(flat[best])]
        places = grid.reshape(-1, 2)[best]
        if known.any():
            place = places[int((self._cuts(places, there, known) + flat[best]).argmin())]
        else:
            place = places[self.rng.integers(len(places))]
        return self._laid(place, before, known, corner)

    def _cuts(self, places: Array, there: Array, known: Array) -> Array:
        """(n,) mean squared difference along the best cuts between what is known and pieces at places (n, 2)."""
        wide = self.window // self.step
        pieces = np.stack([self.coarse[y : y + wide, x : x + wide] for y, x in places // self.step])
        steps = pieces - there
        errors = np.einsum("nijk,nijk->nij", steps, steps) / self.variance
        cost = np.zeros(len(places))
        for axis, side, lap in _laps(known, self.laps):
            turned = errors if axis else errors.transpose(0, 2, 1)
            turned = turned[..., ::-1] if side else turned
            cost += _paths(turned[..., : max(2, lap // self.step)])[-1].min(1) / wide
        return cost

    def _difference(self, there: Array, seen: Array) -> Array:
        """Mean squared difference of each coarse piece to what is there where it is seen, in variances."""
        if not seen.any():
            return np.zeros([len(places) for places in self.corners])
        weight = seen[..., None].astype(np.float32)
        there = there * weight
        parts = fft.rfft2(np.concatenate([there, weight], 2), self.padded, axes=(0, 1))
        whole = fft.irfft2((np.conj(parts) * self.spectra).sum(2), self.padded)
        cost = whole[: len(self.corners[0]), : len(self.corners[1])] + (there**2).sum()
        return cost / (max(float(weight.sum()), 1) * self.variance)

    def _laid(self, place: Array, before: Array, known: Array, corner: Array) -> tuple[int, int]:
        """The place near by that fits to the pixel."""
        shifts = np.arange(-(self.step // 2) - 1, self.step // 2 + 2)
        places = np.stack(np.meshgrid(*(place[:, None] + shifts), indexing="ij"), -1).reshape(-1, 2)
        places = places[((places >= 0) & (places <= self.free)).all(1)]
        if len(self.waves):
            off = (self._off(places, corner) - self.tolerance).max(1)
            places = places[off <= max(0.0, off.min())]
        points = np.argwhere(known)
        if len(points):
            points = points[self.rng.integers(0, len(points), POINTS)]
            there = places[:, None] + points
            wanted = before[tuple(points.T)]
            place = places[((self.shown[there[..., 0], there[..., 1]] - wanted) ** 2).sum((1, 2)).argmin()]
        else:
            place = places[self.rng.integers(len(places))]
        return int(place[0]), int(place[1])

    def _off(self, places: Array, corner: Array) -> Array:
        """Cycles by which pieces at places (..., 2) are off each wave of the lattice at a corner of the cloth."""
        cycles = (places - corner) @ self.waves.T
        return np.abs(cycles - np.rint(cycles))


def _shown(picture: Array, step: int) -> Array:
    """(h, w, 4) float32: roots of linear light, and what is around, so that a motif is not sewn to another's middle."""
    grey = grey_of(picture)
    around = gaussian_filter(grey, likeness(_means(picture, step)).reach * step)
    around *= AROUND * grey.std() / max(float(around.std()), 1e-6)
    return np.dstack([np.sqrt(np.clip(picture, 0, None)), around]).astype(np.float32)


def _means(picture: Array, step: int) -> Array:
    """(h, w, channels) float32 -> means of step x step pixels; what does not fill a cell is left out."""
    rows, columns = (side // step * step for side in picture.shape[:2])
    channels = picture[:rows, :columns].transpose(2, 0, 1)
    return np.stack([np.asarray(Image.fromarray(np.ascontiguousarray(c)).reduce(step)) for c in channels], 2)


def _cut(before: Array, piece: Array, known: Array, laps: list[int]) -> Array:
    """How much of a piece is laid over what was there: (window, window) float32, cut where both are most alike."""
    weight = np.ones(known.shape, np.float32)
    if not known.any():
        return weight
    step = before - piece
    error = np.einsum("ijk,ijk->ij", step, step)
    for axis, side, lap in _laps(known, laps):
        turned = [field if axis else field.T for field in (error, weight)]
        turned = [field[:, ::-1] if side else field for field in turned]
        turned[1][:, :lap] *= _seam(turned[0][:, :lap])
    return np.where(known, weight, 1)


def _laps(known: Array, laps: list[int]) -> Iterator[tuple[int, int, int]]:
    """Axis, side (0 or -1) and pixels of each lap (one an axis) under which something is known already."""
    for axis, lap in ((1, laps[1]), (0, laps[0])):
        for side in (0, -1):
            if known.take(side, axis)[len(known) // 2]:
                yield axis, side, lap


def _seam(error: Array) -> Array:
    """Of a lap (h, w): 0 left of the path down along which the error is least, 1 right of it; float32."""
    cells = min(CUT, error.shape[0]), max(3, min(CUT, error.shape[0]) * error.shape[1] // error.shape[0])
    small = np.array(Image.fromarray(error).resize(cells[::-1], Image.Resampling.BOX))
    cost = _paths(small[None])[:, 0]
    path = [int(cost[-1].argmin())]
    for row in cost[-2::-1]:
        low = max(path[-1] - 1, 0)
        path.append(low + int(row[low : path[-1] + 2].argmin()))
    hard = (np.arange(cells[1]) >= np.array(path[::-1])[:, None] + 0.5).astype(np.float32)
    soft = np.asarray(Image.fromarray(hard).resize(error.shape[::-1], Image.Resampling.BILINEAR))
    return np.clip(2 * soft - 0.5, 0, 1)


def _paths(errors: Array) -> Array:
    """(h, n, w): the least sums of errors (n, h, w) on paths from the top to each place."""
    total = errors.transpose(1, 0, 2).copy()
    for above, row in zip(total, total[1:], strict=False):
        best = above.copy()
        np.minimum(best[:, 1:], above[:, :-1], out=best[:, 1:])
        np.minimum(best[:, :-1], above[:, 1:], out=best[:, :-1])
        row += best
    return total
