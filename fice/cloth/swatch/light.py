"""The light on a picture of cloth, which is no property of the cloth: estimated smoothly, to be divided out.

Light is a smooth factor on pixels that are of the same cloth: those at the same place of a lattice, or else of like
colour. The logarithm of the luminance is fitted by a polynomial and by a level for each such group at once, so that
the dark corner of a print is not taken for shade.
"""

from __future__ import annotations

import numpy as np

from fice.cloth.swatch.reading import resized
from fice.srgb import LUMINANCE

Array = np.ndarray
CELLS = 96  # along the longer side, at which the light is fitted
DARKEST = 0.006  # linear light that is added: of dark cloth the noise is no light
FLEXIBLE, STIFF = 6, 3  # degree of the polynomial where a lattice says what is the same cloth, and where colours do
PAIRS = 30_000
HUE = 0.05  # share of a channel by which colours are no longer alike
RELUCTANT = 0.02  # share by which light is rather believed to be even
WIDTHS = (*np.geomspace(0.35, 0.12, 8), 0.12)  # log of luminance by which they are not, from round to round
FEWEST = 1.5  # repeats, below which a lattice tells nothing of the light; the degree is at most their number
PHASES = 10  # places that are told apart along each period of a lattice


def light_on(picture: Array, waves: Array | None = None) -> Array:
    """The light on a picture (h, w, 3) of linear light: (h, w) float32, a factor whose median is 1.

    waves: (n, 2) of its lattice, cycles a pixel down and across; None where there is none.
    """
    size = picture.shape[:2]
    scale = min(1.0, CELLS / max(size))
    cells = tuple(max(8, round(side * scale)) for side in size)
    small = np.clip(resized(picture, cells), 0, None) + np.float32(DARKEST)
    level = np.log(small @ LUMINANCE).ravel().astype(np.float64)
    repeats = 0.0 if waves is None else float((np.abs(waves) @ size).min())
    if waves is None or repeats < FEWEST or np.abs(waves).max() > scale / 4:  # too fine to be told apart at this size
        fit = _by_colour(small, level)
    else:
        places = np.indices(cells).reshape(2, -1) * (np.array(size) / cells)[:, None]
        bins = np.floor(waves @ places % 1 * PHASES).astype(int)
        _, groups = np.unique(bins, axis=1, return_inverse=True)
        fit = _fit(level, groups.ravel(), _terms(cells, min(FLEXIBLE, int(repeats))))
    light = _polynomial(size, fit)
    return np.exp(light - np.median(light))


def _by_colour(small: Array, level: Array) -> Array:
    """By pairs of places, each trusted as far as its two colours are alike but for the light found so far."""
    hue = (small / small.sum(2, keepdims=True)).reshape(-1, 3)
    one, other = np.random.default_rng(0).integers(0, level.size, (2, PAIRS))
    terms = _terms(small.shape[:2], STIFF)
    terms = terms[one] - terms[other]
    step, alike = level[one] - level[other], np.exp(-(((hue[one] - hue[other]) / HUE) ** 2).sum(1) / 2)
    fit = np.zeros(terms.shape[1])
    for width in WIDTHS:
        weighted = terms * (alike * np.exp(-(((step - terms @ fit) / width) ** 2) / 2))[:, None]
        prior = RELUCTANT * np.trace(weighted.T @ terms) / len(fit) * np.eye(len(fit))
        fit = np.linalg.solve(weighted.T @ terms + prior, weighted.T @ step)
    return fit


def _fit(level: Array, groups: Array, terms: Array) -> Array:
    """Least squares of a level by terms and by one constant a group: the terms' factors."""
    count = np.bincount(groups)
    centred = [x - (np.bincount(groups, x) / np.maximum(count, 1))[groups] for x in (level, *terms.T)]
    return np.linalg.lstsq(np.stack(centred[1:], 1), centred[0], rcond=1e-6)[0]


def _terms(size: tuple[int, int], degree: int) -> Array:
    """Products of Legendre polynomials of the place, by degree, without the constant: (h x w, terms)."""
    down, across = _axes(size, degree)
    return np.stack([np.outer(down[:, i], across[:, j]).ravel() for i, j in _degrees(degree)], 1)


def _polynomial(size: tuple[int, int], fit: Array) -> Array:
    """The sum of terms by their factors: (h, w) float32."""
    factors = np.zeros((FLEXIBLE + 1, FLEXIBLE + 1))
    for degrees, factor in zip(_degrees(FLEXIBLE), fit, strict=False):
        factors[degrees] = factor
    down, across = _axes(size, FLEXIBLE)
    return (down @ factors @ across.T).astype(np.float32)


def _axes(size: tuple[int, int], degree: int) -> list[Array]:
    places = ((np.arange(side) + 0.5) / side * 2 - 1 for side in size)
    return [np.polynomial.legendre.legvander(place, degree) for place in places]


def _degrees(degree: int) -> list[tuple[int, int]]:
    return [(i, total - i) for total in range(1, degree + 1) for i in range(total + 1)]
