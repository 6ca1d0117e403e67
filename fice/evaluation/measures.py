"""What can be measured of one edit: pure functions of arrays, and the columns of the table.

Each raises `Unmeasurable` where there is nothing to measure. Regions are bool arrays (H, W).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from fice.extras import need
from fice.srgb import to_lab

MOST_DB = 100.0  # the PSNR of identical pictures, which has no end
WINDOW = 11  # pixels: the side of the SSIM's Gaussian, cut off at 3.5 standard deviations of 1.5
STRIP = 512  # rows of a photograph that are compared together, so that memory has an end
SEEN = 0.001  # share of the picture from which a part of the body counts as seen


class Unmeasurable(Exception):
    """There is nothing to measure; the message is a sentence that says why."""


def colour_error(picture: np.ndarray, garment: np.ndarray, wanted: Sequence[float]) -> float:
    """How far a garment's colour is from the wanted one: the CIE 1976 difference of its median in CIELAB, D65.

    The difference is the Euclidean distance (ISO/CIE 11664-4); the median of each of L*, a* and b* passes over folds,
    buttons and the rim. picture: (H, W, 3) float sRGB in [0, 1]; garment: (H, W) float in [0, 1], of which more than
    one half counts; wanted: sRGB 0..255.
    """
    inside = garment > 0.5
    if not inside.any():
        raise Unmeasurable("No garment is there whose colour could be measured.")
    median = np.median(to_lab(picture[inside] * 255.0), axis=0)
    return _finite(np.linalg.norm(median - to_lab(np.asarray(wanted, np.float64))))


def identical(first: np.ndarray, second: np.ndarray, where: np.ndarray) -> float:
    """The share of pixels of which every channel is bit for bit the same; pixels (H, W, C) of an integer dtype."""
    _check(first, second, where)
    if first.dtype != second.dtype:
        depths = [array.dtype.itemsize * 8 for array in (first, second)]
        raise Unmeasurable(f"The source has {depths[0]} bits a channel and the edit {depths[1]}.")
    return float((first == second).all(axis=2)[where].mean())


def psnr(first: np.ndarray, second: np.ndarray, where: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, 10 log10(1 / mean squared difference); at most 100, as where identical.

    Pictures (H, W, 3) float in [0, 1].
    """
    _check(first, second, where)
    error = 0.0
    for top in range(0, len(where), STRIP):
        rows = slice(top, top + STRIP)
        inside = where[rows]
        error += float(np.square(first[rows][inside] - second[rows][inside], dtype=np.float64).sum())
    error = _finite(error / (where.sum() * first.shape[2]))
    return MOST_DB if error == 0 else min(-10 * math.log10(error), MOST_DB)


def psnr_on_person(drawn: Tensor, wanted: Tensor, body: Tensor) -> Tensor:
    """Peak signal to noise ratio in dB over the pixels of the body (B, 1, H, W): (B,)."""
    error = ((drawn.clamp(0, 1) - wanted).square() * body).sum((1, 2, 3)) / (3 * body.sum((1, 2, 3)))
    return -10 * error.log10()


def ssim(first: np.ndarray, second: np.ndarray, where: np.ndarray) -> float:
    """Mean of the structural similarity's map over `where`, 1 where identical there.

    Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004, with its Gaussian of 1.5 pixels and constants, computed for
    each channel by scikit-image. Beyond `where` the second picture counts as the first: a window at the border does not
    see what it should not. Pictures (H, W, 3) float in [0, 1]. UsageError when scikit-image is missing.
    """
    _check(first, second, where)
    need("evaluate", "skimage")
    from skimage.metrics import structural_similarity

    if min(where.shape) < WINDOW:
        raise Unmeasurable(f"The picture has fewer than {WINDOW} pixels a side, the window of structural similarity.")
    height, total = len(where), 0.0
    for top in range(0, height, STRIP):
        low, high = max(min(top, height - WINDOW) - WINDOW, 0), min(top + STRIP + WINDOW, height)
        own, inside = slice(top - low, min(top + STRIP, height) - low), where[low:high]
        a = first[low:high].astype(np.float64)
        b = np.where(inside[..., None], second[low:high], a)
        if np.array_equal(a, b):
            total += inside[own].sum() * a.shape[2]  # 1 everywhere, and most edits leave most alone
        else:
            _, found = structural_similarity(
                a,
                b,
                data_range=1.0,
                channel_axis=2,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                full=True,
            )
            total += found[own][inside[own]].sum()
    return _finite(total / (where.sum() * first.shape[2]))


def part_iou(first: Tensor, second: Tensor) -> float:
    """Mean over the parts seen in the first of intersection over union with the second's; 0 for a part that is gone.

    Maps (P, h, w) of probabilities without the background, which is what they leave of 1; each pixel is of its
    likeliest class (Everingham et al., IJCV 88, 2010). A part counts as seen from 0.1 % of the picture.
    """
    ours, theirs = _parts(first, second)
    scores = []
    for part in range(1, len(first) + 1):
        a, b = ours == part, theirs == part
        if a.mean() >= SEEN:
            scores.append((a & b).sum() / (a | b).sum())
    if not scores:
        raise Unmeasurable("No part of a body is seen in the source.")
    return _finite(np.mean(scores))


def silhouette_iou(first: np.ndarray, second: np.ndarray, where: np.ndarray) -> float:
    """Intersection over union of two bodies within `where`; all (H, W) bool."""
    ours, theirs = first & where, second & where
    if not (ours | theirs).any():
        raise Unmeasurable("No body is seen outside the region.")
    return float((ours & theirs).sum() / (ours | theirs).sum())


def part_distance(first: Tensor, second: Tensor, height: float) -> float:
    """Mean distance of the parts' centres, in per cent of the person's height, over the parts seen in both.

    A centre is the mean position weighted by probability (soft-argmax, arXiv 1711.08229). Maps as of `part_iou`, with
    square pixels; height: of the person, in their pixels.
    """
    seen = [
        {part for part in range(1, len(first) + 1) if (labels == part).mean() >= SEEN}
        for labels in _parts(first, second)
    ]
    parts = [part - 1 for part in sorted(seen[0] & seen[1])]
    if not parts:
        raise Unmeasurable("No part of a body is seen in both the source and the edit.")
    apart = np.linalg.norm(_centres(first)[parts] - _centres(second)[parts], axis=1)
    return _finite(apart.mean() / height * 100) if height > 0 else _finite(math.nan)


def _parts(first: Tensor, second: Tensor) -> list[np.ndarray]:
    """The likeliest class of each pixel, (h, w), 0 for the background."""
    if first.shape != second.shape:
        raise Unmeasurable(f"The maps of the body's parts are {tuple(first.shape)} and {tuple(second.shape)}.")
    labels = []
    for maps in (first, second):
        found = maps.detach().cpu().double().numpy()
        if not np.isfinite(found).all():
            raise Unmeasurable("The network of the body's parts gave no numbers for this picture.")
        labels.append(np.concatenate([1 - found.sum(0, keepdims=True), found]).argmax(0))
    return labels


def _centres(maps: Tensor) -> np.ndarray:
    """(P, 2): y and x of each map's centre of mass."""
    weights = maps.detach().cpu().double().numpy()
    total = weights.sum((1, 2)).clip(1e-12)
    y, x = (np.arange(size) for size in weights.shape[1:])
    return np.stack([weights.sum(2) @ y / total, weights.sum(1) @ x / total], 1)


def _check(first: np.ndarray, second: np.ndarray, where: np.ndarray) -> None:
    if first.shape != second.shape or first.shape[:2] != where.shape:
        raise Unmeasurable(f"The pictures are {first.shape} and {second.shape}, the region {where.shape}.")
    if not where.any():
        raise Unmeasurable("Of the picture nothing is left to compare.")


def _finite(value: float | np.floating) -> float:
    if not math.isfinite(value):
        raise Unmeasurable("The result is not a number.")
    return float(value)
