"""Closed-form matting: how much of each mixed pixel is garment, from the colours around it.

A. Levin, D. Lischinski, Y. Weiss, A Closed-Form Solution to Natural Image Matting, TPAMI 2008: in every small window the
matte is a linear function of the colour (equation 12), and of all such mattes the one nearest to what is known is the
solution of one sparse system. What a network thinks of a mixed pixel has a small say in it, too.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from scipy.sparse import linalg
from torch import Tensor
from torch.nn import functional as F

SMOOTH = 1e-5  # variance of a window's colours below which it has one colour
PRECISE, ITERATIONS = 1e-3, 300  # of the conjugate gradients
LEVELS = 24  # pixels up to which the foreground is estimated in one piece
NEIGHBOURS, SURE = 1e-2, 0.05  # weights of like neighbours, where the matte is flat, and per step of it


def closed_form(picture: np.ndarray, prior: np.ndarray, unknown: np.ndarray, weight: float) -> np.ndarray:
    """A matte, (h, w) float32 in [0, 1].

    Args:
        picture: (h, w, 3) float sRGB in [0, 1].
        prior: (h, w) float in [0, 1], taken as it is outside `unknown`.
        unknown: (h, w) bool, where pixels may be mixed.
        weight: of the prior there, beside the colours.
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
    system += weight * sparse.identity(count)
    border = mine & ~flat[columns]
    known = -laplacian[border] * alpha.ravel()[columns[border]]
    right = np.bincount(index[rows[border]], known, minlength=count) + weight * alpha.ravel()[flat]
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
    steps = max(1, int(np.ceil(np.log2(max(height, width) / LEVELS))) + 1)
    front = back = None
    for level in range(steps - 1, -1, -1):
        size = max(1, round(height / 2**level)), max(1, round(width / 2**level))
        seen, share = (F.interpolate(x, size=size, mode="area") for x in (picture, alpha))
        if front is None or back is None:
            front = _mean_of(seen, share)
            back = _mean_of(seen, 1 - share)
        else:
            front, back = (F.interpolate(x, size=size, mode="bilinear") for x in (front, back))
        padded_share = F.pad(share, (1, 1, 1, 1), mode="replicate")
        weights = [
            NEIGHBOURS + SURE * (padded_share[..., 1 + dy : 1 + dy + size[0], 1 + dx : 1 + dx + size[1]] - share).abs()
            for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1))
        ]
        total = sum(weights)
        for _ in range(10 if level == steps - 1 else 3):
            near = []
            for layer in (front, back):
                wide = F.pad(layer, (1, 1, 1, 1), mode="replicate")
                near.append(
                    sum(
                        weight * wide[..., 1 + dy : 1 + dy + size[0], 1 + dx : 1 + dx + size[1]]
                        for weight, (dy, dx) in zip(weights, ((-1, 0), (1, 0), (0, -1), (0, 1)), strict=True)
                    )
                    / total
                )
            off = (seen - share * near[0] - (1 - share) * near[1]) / (share**2 + (1 - share) ** 2 + total)
            front, back = (near[0] + share * off).clamp(0, 1), (near[1] + (1 - share) * off).clamp(0, 1)
    return front


def _mean_of(picture: Tensor, where: Tensor) -> Tensor:
    total = where.sum((2, 3), keepdim=True).clamp(min=1e-4)
    return ((picture * where).sum((2, 3), keepdim=True) / total).expand_as(picture).clone()
