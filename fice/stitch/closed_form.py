"""Closed-form matting: how much of each mixed pixel is garment, from the colours around it.

A. Levin, D. Lischinski, Y. Weiss, A Closed-Form Solution to Natural Image Matting, TPAMI 2008: in every small window
the matte is a linear function of the colour (equation 12), and of all such mattes the one nearest to what is known is
the solution of one sparse system. What a network thinks of a mixed pixel has a small say in it, too.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import linalg
from torch import Tensor
from torch.nn import functional as F

SMOOTH = 1e-4  # variance of a window's colours below which it has one colour, as that of a JPEG file's noise
PRECISE, ITERATIONS = 1e-3, 300  # of the conjugate gradients
LEVELS = 24  # pixels up to which the foreground is estimated in one piece
NEIGHBOURS, UNLIKE = 1e-2, 0.05  # weight of a neighbour's colours, and what a step of the matte adds to it
COARSE, SWEEPS = 10, 3  # rounds at the coarsest level, and at each other


def closed_form(picture: np.ndarray, prior: np.ndarray, unknown: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A matte, (h, w) float32 in [0, 1].

    Args:
        picture: (h, w, 3) float sRGB in [0, 1].
        prior: (h, w) float in [0, 1], taken as it is outside `unknown`.
        unknown: (h, w) bool, where pixels may be mixed.
        weight: of the prior there, beside the colours, (h, w).
    """
    alpha = np.clip(prior, 0, 1).astype(np.float32)
    height, width = unknown.shape
    near = np.zeros_like(unknown)  # centres of windows that hold a mixed pixel
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            near[1:-1, 1:-1] |= unknown[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
    ys, xs = np.nonzero(near)
    if len(ys) == 0 or not unknown.any():
        return alpha
    offsets = np.array([dy * width + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
    windows = (ys * width + xs)[:, None] + offsets  # (n, 9)
    colours = picture.reshape(-1, 3)[windows].astype(np.float64)
    apart = colours - colours.mean(1, keepdims=True)
    covariance = apart.transpose(0, 2, 1) @ apart / 9 + SMOOTH / 9 * np.eye(3)
    affinity = (1 + apart @ np.linalg.solve(covariance, apart.transpose(0, 2, 1))) / 9
    laplacian = np.eye(9) - affinity

    index = np.full(height * width, -1)
    flat = unknown.ravel()
    index[flat] = np.arange(flat.sum())
    rows = np.broadcast_to(windows[:, :, None], laplacian.shape)
    columns = np.broadcast_to(windows[:, None, :], laplacian.shape)
    mine = flat[rows]
    both = mine & flat[columns]
    count = int(flat.sum())
    system = sparse.csr_matrix((laplacian[both], (index[rows[both]], index[columns[both]])), shape=(count, count))
    own = weight.ravel()[flat]
    system += sparse.diags(own)
    border = mine & ~flat[columns]
    known = -laplacian[border] * alpha.ravel()[columns[border]]
    right = np.bincount(index[rows[border]], known, minlength=count) + own * alpha.ravel()[flat]
    diagonal = sparse.diags(1 / system.diagonal())
    found, _ = linalg.cg(system, right, x0=alpha.ravel()[flat], rtol=PRECISE, maxiter=ITERATIONS, M=diagonal)
    alpha.ravel()[flat] = np.clip(found, 0, 1)
    return alpha


def foreground(picture: Tensor, alpha: Tensor) -> Tensor:
    """The garment's own colours where it is mixed with others, (1, 3, h, w).

    Multi-level estimation (T. Germer et al., Fast Multi-Level Foreground Estimation, ICPR 2020, in its Jacobi form):
    from coarse to fine, colours of both sides that make the picture and are like their neighbours'.

    picture: (1, 3, h, w) float in [0, 1]; alpha: (1, 1, h, w) in [0, 1].
    """
    height, width = alpha.shape[2:]
    levels = max(1, int(np.ceil(np.log2(max(height, width) / LEVELS))) + 1)
    sides = _mean_of(picture, alpha), _mean_of(picture, 1 - alpha)
    for level in range(levels - 1, -1, -1):
        size = max(1, round(height / 2**level)), max(1, round(width / 2**level))
        seen, share = (F.interpolate(x, size=size, mode="area") for x in (picture, alpha))
        front, back = (F.interpolate(x, size=size, mode="bilinear") for x in sides)
        weights = [NEIGHBOURS + UNLIKE * (near - share).abs() for near in _neighbours(share)]
        total = torch.stack(weights).sum(0)
        for _ in range(COARSE if level == levels - 1 else SWEEPS):
            around = [
                torch.stack([w * near for w, near in zip(weights, _neighbours(layer), strict=True)]).sum(0) / total
                for layer in (front, back)
            ]
            off = seen - share * around[0] - (1 - share) * around[1]
            off = off / (share**2 + (1 - share) ** 2 + total)
            front, back = (around[0] + share * off).clamp(0, 1), (around[1] + (1 - share) * off).clamp(0, 1)
        sides = front, back
    return sides[0]


def _neighbours(layer: Tensor) -> list[Tensor]:
    """What lies above, below, left and right of each pixel."""
    height, width = layer.shape[2:]
    wide = F.pad(layer, (1, 1, 1, 1), mode="replicate")
    places = ((0, 1), (2, 1), (1, 0), (1, 2))
    return [wide[..., y : y + height, x : x + width] for y, x in places]


def _mean_of(picture: Tensor, where: Tensor) -> Tensor:
    """The mean colour there, (1, 3, 1, 1)."""
    return (picture * where).sum((2, 3), keepdim=True) / where.sum((2, 3), keepdim=True).clamp(min=1e-4)
