"""Intrinsic images: what of a garment's luminance is light and folds, and what is print.

A print has few colours. Each pixel is given to one of them (k-means), those that only light tells apart are one again,
and how bright each is follows from the steps over their borders, as Retinex has it (Land, McCann, JOSA 1971; Horn,
CGIP 1974): what is left of the logarithm of luminance is light.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch
from scipy import ndimage

from fice.fill import push_pull
from fice.mask import box_of, disc, steps
from fice.srgb import LUMINANCE, linear_light, to_lab

DETAIL = 512  # pixels of the person's height at which print is looked for
FLOOR = 0.01  # linear light: nearly black cloth glistens and is noisy, so that less of it is believed
INKS, SAMPLES, ROUNDS = 7, 2000, 3  # of k-means: colours, pixels, tries
LIGHTNESS = 0.6  # weight of CIELAB's L beside a and b: of light there is more than of ink
ALIKE, DIMMED = 16.0, 2.6  # distance of two shades, and ratio of their luminances, that light makes on one ink
CRISP = 0.6  # share of two shades' distance that lies over their border, from which it is drawn and not lit
SLOW = 0.4  # share of two shades' distance over an edge's width, at most, where one goes over into the other
HUE, DEEP = 0.35, 4.6  # share of hue in a distance, and ratio of luminances, up to which it is a fold of the same ink
FIGURE, ALONE = 0.3, 0.8  # shares of a shade's area in figures, and of its borders with one ink, that make it ink
REPEATED, LIKE = 8, 0.25  # figures of a print at least; share of the largest one's area from which one counts
DARK, SOLID = 7.7, 0.75  # ratio of luminances, and share of the darker one in figures, that are no shadow
MIXED = -1
MINOR = 0.1  # share of the garment in other inks up to which they lie upon it, and mix with it nowhere
TINTED = 22.0  # distance in a and b that light never makes between neighbouring shades
PLAIN = 0.93  # share of the garment in one ink from which what is left is no print, but lies upon it
BESIDE = 0.15  # share of a shade's borders that make it another's neighbour
THICK, EDGE = 0.008, 0.005  # shares of the person's height: of a figure, and of an edge
ACROSS = (0.006, 0.01, 0.014)  # by such shares one looks over an edge, as it may be blurred
RARE, FEWEST = 0.01, 20  # share of the garment below which a colour is a button or a stain; steps that tell anything
FORM = 0.02  # share of the person's height that a body's form is wider than
WILD = 0.5  # log light too far from that around it to be believed
SPARSE, DENSE = 0.6, 0.9  # shares of pure pixels up to which only the body's form is told, and from which all is
RIM = 0.006  # share of the person's height by which an outline may be wrong


def without_print(picture: np.ndarray, garment: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
    """The light on a garment.

    Args:
        picture: (H, W, 3) float sRGB in [0, 1].
        garment: (H, W) bool, somewhere true.
        height: the person's, in pixels.

    Returns:
        The log of the factor that light and folds put on linear light, smooth beyond the garment, and where it was
        found between the figures of a print, in [0, 1], 0 on cloth of one colour; both (H, W) float32.
    """
    log = np.log(linear_light(picture) @ LUMINANCE + FLOOR)
    inner = ndimage.binary_erosion(garment, iterations=max(1, round(RIM * height)))
    inner = inner if inner.any() else garment
    near, inks = box_of(inner, 2), np.full(inner.shape, MIXED)
    inks[near] = _inks(to_lab(picture[near] * 255) * (LIGHTNESS, 1, 1), inner[near], height)
    levels = _levels(log[near], inks[near], inner[near], height)
    plain = np.bincount(inks[inner] + 1).max() > PLAIN * inner.sum()
    inks = np.where(plain, np.bincount(inks[inner] + 1).argmax() - 1, inks)
    log, pure = log - levels[np.maximum(inks, 0)], inner
    if not plain:
        pure = inner & (inks != MIXED)
        lone = pure & (ndimage.maximum_filter(inks, 3) == ndimage.minimum_filter(inks, 3))
        pure = lone if lone.sum() > FEWEST else pure
        pure &= np.abs(log - _within(log, pure, FORM * height)) < WILD
    known = (torch.from_numpy(x.astype(np.float32))[None, None] for x in (log * pure, pure))
    light = push_pull(*known)[0, 0].numpy()
    if plain:
        return light, np.zeros_like(light)
    dense = np.clip((_within(pure.astype(float), inner, FORM * height / 2) - SPARSE) / (DENSE - SPARSE), 0, 1)
    light += (1 - dense) * (_within(log, pure, FORM * height) - light)
    return light.astype(np.float32), (1 - dense * ndimage.uniform_filter(pure.astype(float), 3)).astype(np.float32)


def _inks(looks: np.ndarray, inner: np.ndarray, height: float) -> np.ndarray:
    """The colour of cloth that each pixel shows, numbered from 0, (H, W) int."""
    smooth = np.stack([ndimage.median_filter(channel, 3) for channel in np.moveaxis(looks, 2, 0)], 2)
    points = smooth[inner]
    sample = points[:: max(1, len(points) // SAMPLES)]
    if len(sample) < 4 * INKS:
        return np.zeros(inner.shape, int)
    from scipy.cluster import vq  # takes half a second, and plain cloth has no inks

    centres, _ = vq.kmeans(sample, INKS, iter=ROUNDS, rng=np.random.default_rng(0))
    shades = vq.vq(smooth.reshape(-1, 3), centres)[0].reshape(inner.shape)
    return _joined(shades, smooth, centres, inner, height)


def _joined(shades: np.ndarray, looks: np.ndarray, centres: np.ndarray, inner: np.ndarray, height: float) -> np.ndarray:
    """Shades with those joined that only light tells apart, numbered from 0; MIXED where inks mix, (H, W) int."""
    opened = disc(max(1, round(THICK * height / 2)))
    masks = [inner & (shades == i) for i in range(len(centres))]
    areas = np.array([mask.sum() for mask in masks])
    figures = [_figures(mask, opened) for mask in masks]
    thick = [i for i, area in enumerate(areas) if area > RARE * inner.sum() and figures[i][0] > FIGURE]
    thick = thick or [int(areas.argmax())]
    parent = {i: i for i in thick}

    def root(i: int) -> int:
        return i if parent[i] == i else root(parent[i])

    def dimmed(i: int, j: int) -> float:
        dim, bright = sorted(((centres[k, 0] / LIGHTNESS + 16) / 116) ** 3 for k in (i, j))
        return bright / dim

    def alike(i: int, j: int) -> bool:
        return bool(np.linalg.norm(centres[i] - centres[j]) < ALIKE and dimmed(i, j) < DIMMED)

    def lit(i: int, j: int, most: float) -> bool:
        """Whether light may tell shades apart: the hue is one, and the luminances differ by a factor below `most`."""
        between = centres[i] - centres[j]
        return bool(np.linalg.norm(between[1:]) < HUE * np.linalg.norm(between) and dimmed(i, j) < most)

    def relation(i: int, j: int) -> tuple[int, float]:
        """Borders of two shades, and how crisp these are."""
        across = steps(looks, masks[i], masks[j], max(2, round(EDGE * height)))
        apart = float(np.linalg.norm(centres[i] - centres[j]))
        crisp = float(np.linalg.norm(np.median(across, 0))) / apart if len(across) > FEWEST else 1.0
        return len(across), crisp

    rise = np.linalg.norm(np.stack(np.gradient(looks, axis=(0, 1))), axis=(0, 3))  # per pixel
    far = {i: ndimage.distance_transform_edt(~masks[i]) for i in thick}

    def gradual(i: int, j: int) -> bool:
        """Whether one shade goes over into another, slowly, through thinner ones, as light on round cloth does."""
        between = inner & (np.maximum(far[i], far[j]) < max(3, ACROSS[-1] * height))
        if between.sum() <= FEWEST:
            return False
        edge = max(2, round(EDGE * height)) * np.percentile(rise[between], 90)
        return bool(edge < SLOW * np.linalg.norm(centres[i] - centres[j]))

    pairs = {(i, j): relation(i, j) for i, j in combinations(thick, 2)}
    borders = {k: sum(found[0] for pair, found in pairs.items() if k in pair) for k in thick}
    for (i, j), (count, crisp) in pairs.items():
        beside = count > BESIDE * min(borders[i], borders[j])
        beside &= bool(np.linalg.norm((centres[i] - centres[j])[1:]) < TINTED)
        darker = min(i, j, key=lambda k: centres[k, 0])
        shadow = lit(i, j, DARK) and max(figures[i][1], figures[j][1]) < REPEATED and figures[darker][0] < SOLID
        if beside and (crisp < CRISP or alike(i, j) or shadow) or lit(i, j, DEEP) and gradual(i, j):
            parent[root(i)] = root(j)
    roots = sorted({root(i) for i in thick})
    numbers = np.full(len(centres), MIXED)
    inked = {k: sum(areas[i] for i in thick if root(i) == k) for k in roots}
    largest = max(inked, key=lambda k: inked[k])
    single = sum(inked.values()) - inked[largest] < MINOR * inner.sum()
    for i in range(len(centres)):
        if i in parent:
            numbers[i] = roots.index(root(i))
            continue
        known = {j: relation(i, j) for j in thick if areas[i]}
        meets = {k: sum(known[j][0] for j in known if root(j) == k) for k in roots}
        most = max(roots, key=lambda k: meets[k])
        most = largest if single else most
        alone = single or meets[most] >= ALONE * sum(meets.values())  # what lies between two inks is their mixture
        nearest = min(thick, key=lambda j: np.linalg.norm(centres[i] - centres[j]))
        if alike(i, nearest):
            numbers[i] = roots.index(root(nearest))
        elif alone and any(lit(i, j, DEEP) for j in thick if root(j) == most):
            numbers[i] = roots.index(most)
    return numbers[shades]


def _figures(mask: np.ndarray, opened: np.ndarray) -> tuple[float, int]:
    """The share of a shade that is thick, and in how many figures of about one size that is."""
    thick = ndimage.binary_opening(mask, opened)
    sizes = np.bincount(ndimage.label(thick)[0].ravel())[1:]
    return float(thick.sum() / max(mask.sum(), 1)), int((sizes >= LIKE * sizes.max(initial=0)).sum())


def _levels(log: np.ndarray, inks: np.ndarray, inner: np.ndarray, height: float) -> np.ndarray:
    """How bright each ink is, as a log: least squares over the steps at their borders."""
    number = max(int(inks.max()), 0) + 1
    rows, right = [np.full(number, 1e-3)], [0.0]
    for i, j in combinations(range(number), 2):
        one, other = (inner & (inks == k) for k in (i, j))
        across = [steps(log, one, other, max(3, round(share * height))) for share in ACROSS]
        step, count = max(((float(np.median(x)), len(x)) for x in across if len(x) > FEWEST), key=_size, default=(0, 0))
        row = np.zeros(number)
        row[j], row[i] = 1, -1
        rows.append(row * np.sqrt(count))
        right.append(step * np.sqrt(count))
    return np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]


def _size(step: tuple[float, int]) -> float:
    return abs(step[0])


def _within(values: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian mean that looks only at the garment, so that nothing beside it leaks in."""
    weight = where + 1e-6
    return ndimage.gaussian_filter(values * weight, sigma) / ndimage.gaussian_filter(weight, sigma)
