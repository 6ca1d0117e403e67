"""The person as a whole: what a network leaves open of their outline is decided by the colours on its two sides."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from fice.mask import main_parts, steepen, without_specks
from fice.srgb import to_lab

SURE = 0.9  # probability from which a pixel surely is of the person, and below one minus which it surely is not
NEAR = 0.08  # share of the canvas's height around what is open from which colours are taken
STEP = 8.0  # CIELAB; pixels of the canvas that are as far apart as so much
AWAY = 0.012  # of the canvas's height, one unit of distance
NEIGHBOURS = 12
OPEN = 0.3  # of the probability what an edge rises over
AROUND = 0.15  # of the height around a hole where the ground is known
UNLIKE = 2.0  # CIELAB by which it differs from what a hole shows that is none
LEAST = 0.01  # share of the largest part that another must have


def whole_figure(view: Tensor, body: Tensor) -> Tensor:
    """The person on the analysis canvas, (1, 1, h, w) float in [0, 1], crisp but for the outline's own pixel.

    view: what is seen there, (1, 3, h, w) in [0, 1]; body: a network's probability of the person, (1, 1, h, w).
    """
    probability = body[0, 0].cpu().numpy().astype(np.float64)
    height = len(probability)
    sure, never = probability > SURE, probability < 1 - SURE
    open_ones = ~sure & ~never
    near = ndimage.binary_dilation(open_ones, iterations=max(1, round(NEAR * height)))
    sides = [np.nonzero(side & near) for side in (sure, never)]
    lab = to_lab(view[0].permute(1, 2, 0).cpu().numpy() * 255)
    if open_ones.any() and min(len(ys) for ys, _ in sides) >= NEIGHBOURS:
        from scipy.spatial import cKDTree  # takes half a second

        of = lambda at: np.column_stack([lab[at] / STEP, np.column_stack(at) / (AWAY * height)])  # noqa: E731
        here = np.nonzero(open_ones)
        apart = [cKDTree(of(side)).query(of(here), NEIGHBOURS)[0].mean(1) for side in sides]
        likely = np.log(probability[here] / (1 - probability[here]))
        probability[here] = 1 / (1 + np.exp(-likely - 2 * (apart[1] - apart[0])))
    found = steepen(torch.from_numpy(probability)[None, None].to(body), OPEN)
    found = main_parts(without_specks(found), LEAST)
    within = _not_through(found[0, 0].cpu().numpy() > 0.5, lab)
    return torch.where(torch.from_numpy(within).to(body.device), 1.0, found)


def _not_through(person: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """Holes of a person (h, w) through which the ground around does not show: a badge, a patch; (h, w) bool."""
    from scipy.spatial import cKDTree

    parts, count = ndimage.label(~person)
    edge = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    within = np.zeros_like(person)
    outside = np.isin(parts, edge[edge > 0])
    for number in set(range(1, count + 1)) - set(edge):
        hole = parts == number
        around = outside & (ndimage.distance_transform_edt(~hole) < AROUND * len(person))
        core = ndimage.binary_erosion(hole, iterations=2)
        if around.any() and core.any() and cKDTree(lab[around]).query(lab[core])[0].mean() > UNLIKE:
            within |= hole
    return ndimage.binary_dilation(within, iterations=2) if within.any() else within
