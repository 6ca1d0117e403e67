"""Intrinsic images: light and print of a cloth told apart; folds stay in a new colour, the old print does not.

A Retinex (Land, McCann, JOSA 1971; Horn, CGIP 1974): where the cloth is printed, its strong and sharp steps in CIELAB
are taken out of the gradients of log light, and what is left is put together again by a screened Poisson equation.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from fice.srgb import LUMINANCE, linear_light, to_lab

DETAIL = 512  # pixels of the person's height at which print is looked for
FLOOR = 0.01  # linear light: nearly black cloth glistens and is noisy, so that less of it is believed
CHROMA = 2.0  # weight of a change of chromaticity, which light does not make, against one of lightness
STEP = 8.0  # difference in CIELAB between neighbours from which it speaks of a print: folds are smoother
PLAIN, PRINTED = 0.18, 0.4  # such steps around a pixel: folds and seams have fewer, prints more
LEAST, SHARE = 8.0, 0.35  # a step is the print's beyond so much, and beyond this share of the print's contrast
NEAR, AROUND, FORM = 0.02, 0.05, 0.02  # shares of the person's height: of a print, of its evidence, of a body's form
RIM = 0.012  # share of the person's height by which an outline may be wrong
GRAIN = 0.003  # share of the person's height: what is finer in a printed cloth is more often the print's than a fold
SCREEN = 0.03  # share of the person's height beyond which light is the form's


def without_print(picture: np.ndarray, garment: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
    """The light on a garment.

    Args:
        picture: (H, W, 3) float sRGB in [0, 1].
        garment: (H, W) bool, somewhere true.
        height: the person's, in pixels.

    Returns:
        The log of the factor that light and folds put on linear light, smooth beyond the garment, and how far the
        cloth is printed, in [0, 1]; both (H, W).
    """
    log = np.log(linear_light(picture) @ LUMINANCE + FLOOR)
    inner = ndimage.binary_erosion(garment, iterations=max(1, round(RIM * height)))
    looks = to_lab(picture * 255) * (1, CHROMA, CHROMA)
    steps = [np.linalg.norm(np.diff(looks, axis=axis), axis=2) for axis in (0, 1)]
    both = np.hypot(np.pad(steps[0], ((0, 1), (0, 0))), np.pad(steps[1], ((0, 0), (0, 1))))
    printed = _within(np.clip(both / STEP - 1, 0, 6), inner, AROUND * height)
    printed = np.clip((printed - PLAIN) / (PRINTED - PLAIN), 0, 1)
    spread = sum((one - _within(one, garment, NEAR * height)) ** 2 for one in np.moveaxis(looks, 2, 0))
    least = np.maximum(LEAST, SHARE * np.sqrt(_within(spread, garment, 2 * NEAR * height)))

    slopes = []
    for axis, step in enumerate(steps):
        pair = lambda of, axis=axis: np.minimum(*(np.delete(of, end, axis) for end in (0, -1)))  # noqa: E731
        wide = ndimage.maximum_filter1d(step, 3, axis)  # a step is a few pixels wide
        fold = 1 - pair(printed) + pair(printed) / (1 + (wide / pair(least)) ** 8)
        slopes.append(np.diff(log, axis=axis) * fold * pair(inner))
    light = _integrated(slopes, _within(log, garment, FORM * height), 1 / (SCREEN * height))
    return light + (ndimage.gaussian_filter(light, GRAIN * height) - light) * printed, printed


def _within(values: np.ndarray, where: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian mean that looks only at the garment, so that nothing beside it leaks in."""
    weight = where + 1e-6
    return ndimage.gaussian_filter(values * weight, sigma) / ndimage.gaussian_filter(weight, sigma)


def _integrated(slopes: list[np.ndarray], form: np.ndarray, screen: float) -> np.ndarray:
    """The (H, W) whose slopes along both axes are nearest to the given, and which is like `form` where it is wide.

    Minimises |grad x - slopes|^2 + screen^2 |x - form|^2 without flow over the border: diagonal for the cosines.
    """
    right = screen**2 * form
    frequency = np.full(form.shape, screen**2)
    for axis, slope in enumerate(slopes):
        right -= np.diff(slope, axis=axis, prepend=0, append=0)
        size = form.shape[axis]
        waves = 2 - 2 * np.cos(np.pi * np.arange(size) / size)
        frequency += waves[:, None] if axis == 0 else waves
    return fft.idctn(fft.dctn(right, norm="ortho") / frequency, norm="ortho")
