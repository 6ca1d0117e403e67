"""A garment told from what it lies on by the colours along the picture's border, without a network."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.special import logit

from fice.srgb import to_lab

SIDE = 160  # pixels along the longer side at which it is looked for
BAND = 0.05  # of the shorter side along the border, where the ground is seen
MIXTURE, ROUNDS = 6, 5  # colours of each side; rounds of asking which pixel is of which
SAMPLE, FINEST = 3000, 0.5  # pixels of a side that are fitted; CIELAB that is added to tell them apart
LEAST_SPREAD = 3.0  # CIELAB, of a colour
MIDDLE = 1.5  # log odds that a pixel in the middle is garment, and one at the border is not
SMOOTH = 1.5  # pixels over which neighbours agree
CERTAIN = 6.0  # log odds beyond which nothing is believed
ODD, LEAST = 5, 0.03  # percentage of the border's pixels that are odd there; share of the picture that others cover
COVERS, WHOLE, AT_EDGE = (0.06, 0.8), 0.93, 0.12  # shares of the picture, of it in one piece, of the picture's edge
CLEAR = 0.84  # how certain what is near the outline must be, at a mean
THROUGH = 0.3  # probability of a garment in a hole below which the ground is seen through it
MAIN = 0.1  # of the largest part's area, from which another is one too


def by_border(picture: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
    """The probability of a garment, (h, w) float32, of a small picture (h, w, 3) float sRGB in [0, 1].

    The garment is taken to lie in the middle, on ground that the border shows, or where a network has `seen` it with
    some probability (h, w): two mixtures of colours, in turns fitted to the pixels and asked which they are of
    (GrabCut, Rother et al., SIGGRAPH 2004, without its cut).
    """
    height, width = picture.shape[:2]
    lab = ndimage.gaussian_filter(to_lab(picture * 255), (0.7, 0.7, 0))
    if seen is None:
        y, x = (np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5) / side * 2 for side in (height, width))
        inward = np.minimum(y[:, None], x)
        prior, band = MIDDLE * np.clip(4 * inward - 1, -1, 1), inward < 2 * BAND
        like = _likelihood(lab, lab[band])
        other = (like < np.percentile(like[band], ODD)) & (inward > 0.25)
        ground, garment = lab[band], lab[other if other.mean() > LEAST else inward > 0.5]
    else:
        prior = np.clip(logit(np.clip(seen, 1e-4, 1 - 1e-4)), -CERTAIN, CERTAIN)
        ground, garment = lab[seen < 0.5], lab[seen >= 0.5]
    odds = prior
    for _ in range(ROUNDS if seen is None else 1):
        if min(len(ground), len(garment)) < 2 * MIXTURE:
            break
        apart = _likelihood(lab, garment) - _likelihood(lab, ground)
        odds = ndimage.gaussian_filter(np.clip(apart, -CERTAIN, CERTAIN) + prior, SMOOTH)
        inside = _main(odds > 0, seen)
        ground, garment = lab[~inside], lab[inside]
    inside = _main(odds > 0, seen)
    odds = np.where(inside, np.maximum(odds, 1), np.minimum(odds, -1))
    return (1 / (1 + np.exp(-odds))).astype(np.float32)


def clear(probability: np.ndarray) -> bool:
    """Whether what a small picture (h, w) says of a garment is clear: one piece in the middle, its outline certain."""
    inside = probability > 0.5
    if not COVERS[0] < inside.mean() < COVERS[1]:
        return False
    parts, count = ndimage.label(inside)
    whole = np.bincount(parts.ravel())[1:].max() > WHOLE * inside.sum()
    edge = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]]).mean()
    around = ndimage.binary_dilation(inside, iterations=8) & ~ndimage.binary_dilation(inside, iterations=2)
    around |= inside & ~ndimage.binary_erosion(inside, iterations=2)
    return bool(whole and edge < AT_EDGE and np.abs(2 * probability - 1)[around].mean() > CLEAR)


def _main(inside: np.ndarray, seen: np.ndarray | None) -> np.ndarray:
    """A mask (h, w) bool opened, and without parts that are small beside its largest, nor holes.

    A print may have the ground's colours: only where a network has `seen` the ground, too, it is seen through a hole.
    """
    parts, count = ndimage.label(ndimage.binary_opening(inside))
    areas = np.bincount(parts.ravel(), minlength=count + 1)
    areas[0] = 0
    main = np.isin(parts, np.flatnonzero(areas >= max(MAIN * areas.max(), 1)))
    filled = ndimage.binary_fill_holes(main)
    if seen is None:
        return filled
    holes, count = ndimage.label(filled & ~main)
    through = 1 + np.flatnonzero(np.asarray(ndimage.mean(seen, holes, np.arange(1, count + 1))) < THROUGH)
    return filled & ~np.isin(holes, through)


def _likelihood(lab: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Log likelihood (h, w) of colours (h, w, 3) in a mixture of Gaussians fitted to others (n, 3)."""
    from scipy.cluster.vq import kmeans2  # takes half a second

    sample = of[:: max(1, len(of) // SAMPLE)]
    sample = sample + np.random.default_rng(0).normal(0, FINEST, sample.shape)  # no two centres are the same
    centres, labels = kmeans2(sample, min(MIXTURE, len(sample)), iter=8, minit="++", seed=0)
    found = []
    for number, centre in enumerate(centres):
        own = sample[labels == number]
        if len(own) < 2:
            continue
        covariance = np.cov(own.T) + LEAST_SPREAD**2 * np.eye(3)
        off = (lab - centre).reshape(-1, 3)
        square = (off @ np.linalg.inv(covariance) * off).sum(1).reshape(lab.shape[:2])
        found.append(np.log(len(own) / len(sample)) - 0.5 * (square + np.linalg.slogdet(covariance)[1]))
    return np.logaddexp.reduce(found, 0) if found else np.zeros(lab.shape[:2])
