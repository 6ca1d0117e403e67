"""Blending: as much as is wanted of a cloth that is grain all over, without seams and without repeats.

E. Heitz, F. Neyret, High-Performance By-Example Noise using a Histogram-Preserving Blending Operator, HPG 2018: pieces
from random places are averaged where they meet, after a transform by which an average keeps the contrast. The weights
are steepened (B. Burley, On Histogram-Preserving Blending for Randomized Texture Tiling, JCGT 2019).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

Array = np.ndarray
CELL = 0.22  # of the picture's shorter side: how far the middles of pieces are apart
STEEP = 4.0  # exponent on the weights: less of the cloth is a mixture of pieces
LEVELS = 2048  # of the table that leads back
LEAST = 1e-3  # linear light that is kept from zero
STRIP = 1 << 18  # texels made at a time


def blend(picture: Array, size: tuple[int, int], rng: np.random.Generator) -> Array:
    """A cloth (*size, 3) that wraps around, of the grain of a picture (h, w, 3); linear light, float32."""
    gauss, tables, turn, middle = _gaussian(picture)
    cell = CELL * min(picture.shape[:2])
    rows = max(2, 2 * round(size[0] / cell * 2 / 3**0.5 / 2))  # of a grid of triangles; even, to wrap around
    columns = max(2, round(size[1] / cell))
    reach = np.ceil([size[0] / rows, size[1] / columns]).astype(int) + 1
    room = np.array(picture.shape[:2]) - 2 * reach - 1
    places = reach + (rng.random((rows, columns, 2)) * room).astype(int)
    cloth = np.empty((*size, 3), np.float32)
    strip = max(1, STRIP // size[1])
    for top in range(0, size[0], strip):
        y, x = np.ogrid[top : min(top + strip, size[0]), : size[1]]
        down = (y + 0.5) * (rows / size[0])
        along = (x + 0.5) * (columns / size[1]) - down / 2  # the grid, sheared so that its triangles halve squares
        row, column = np.floor(down).astype(int) + 0 * x, np.floor(along).astype(int)
        v, u = down - row, along - column
        upper = u + v < 1
        total, power = np.float32(0), np.float32(0)
        for i, j, weight in (
            (np.where(upper, 0, 1), np.where(upper, 0, 1), np.where(upper, 1 - u - v, u + v - 1)),
            (0, 1, np.where(upper, u, 1 - v)),
            (1, 0, np.where(upper, v, 1 - u)),
        ):
            weight = (weight.astype(np.float32) ** STEEP)[..., None]
            r, c = row + i, column + j
            middles = (r * (size[0] / rows)).astype(int), ((c + r / 2) * (size[1] / columns)).astype(int)
            place = places[r % rows, (c + r // rows * (rows // 2)) % columns]
            total = total + weight * gauss[place[..., 0] + y - middles[0], place[..., 1] + x - middles[1]]
            power = power + weight**2
        total /= np.sqrt(power)
        level = np.clip((total * (LEVELS / 8) + LEVELS / 2).astype(np.int32), 0, LEVELS - 1)
        own = np.stack([table[level[..., k]] for k, table in enumerate(tables)], -1)
        cloth[top : top + len(own)] = np.square(own @ turn.T + middle)
    return cloth


def _gaussian(picture: Array) -> tuple[Array, list[Array], Array, Array]:
    """The picture as three independent channels of normal distribution, and the way back.

    Returns:
        (h, w, 3) float32; a table (LEVELS,) a channel of its values at -4..4; the rotation (3, 3) and the mean (3,) of
        the square roots of linear light.
    """
    shown = np.sqrt(np.clip(picture, LEAST, None)).reshape(-1, 3)
    middle = shown.mean(0)
    _, turn = np.linalg.eigh(np.cov((shown - middle).T))
    turn = turn.astype(np.float32)
    own = (shown - middle) @ turn
    gauss, tables = np.empty_like(own), []
    normal = ndtri((np.arange(len(own)) + 0.5) / len(own)).astype(np.float32)
    at = (np.arange(LEVELS) + 0.5) * (8 / LEVELS) - 4
    for k in range(3):
        order = np.argsort(own[:, k], kind="stable")
        gauss[order, k] = normal
        tables.append(np.interp(at, normal, own[order, k]).astype(np.float32))
    return gauss.reshape(picture.shape), tables, turn, middle
