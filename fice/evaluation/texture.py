"""How true a cloth is to the swatch that it was made of: its period and direction, its fine detail, its colour."""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.ndimage import map_coordinates

from fice.cloth.swatch.lattice import likeness
from fice.cloth.swatch.reading import grey_of, resized
from fice.srgb import LUMINANCE, delta_e, gamma_encoded, to_lab

Array = np.ndarray
HARMONICS = 4  # of a wave, by which its period is found
OFF = 0.2  # share of its period up to which a wave is looked for
FINER = 8  # places looked at in the width of a spectral line


def period_error(cloth: Array, periods: Array, pixel: float) -> tuple[float, float]:
    """How far the periods of a cloth are from those that it should have.

    Args:
        cloth: (h, w, 3) linear light, of several periods.
        periods: (n, 2) cm down and across, as of `Swatch.periods`; n is 1 or 2.
        pixel: cm that a pixel of the cloth covers.

    Returns:
        The largest error of a period as a share of it, and of a direction in degrees.
    """
    measured = (_stripes if len(periods) == 1 else _repeats)(cloth, periods / pixel) * pixel
    lengths = np.hypot(*measured.T) / np.hypot(*periods.T) - 1
    turned = np.arctan2(measured[:, 0], measured[:, 1]) - np.arctan2(periods[:, 0], periods[:, 1])
    turned = (turned + np.pi / 2) % np.pi - np.pi / 2
    return float(np.abs(lengths).max()), float(np.degrees(np.abs(turned).max()))


def gradient_energy_kept(cloth: Array, picture: Array, pixel: float, texel: float) -> float:
    """The mean squared slope of a cloth, as a share of its swatch's at the same scale; 1 keeps all fine detail.

    cloth, picture: (h, w, 3) linear light; pixel, texel: cm that a pixel of each covers.
    """
    scale = texel / pixel
    same = resized(picture, tuple(max(2, round(side * scale)) for side in picture.shape[:2]))
    return _slopes(cloth) / max(_slopes(same), 1e-12)


def colour_distance(cloth: Array, picture: Array) -> float:
    """CIEDE2000 between the mean colours of a cloth and of its swatch, (h, w, 3) or (n, 3) linear light each."""
    means = (np.asarray(each, np.float64).reshape(-1, 3).mean(0) for each in (cloth, picture))
    return float(delta_e(*(to_lab(gamma_encoded(np.clip(mean, 0, 1)) * 255) for mean in means)))


def _stripes(cloth: Array, periods: Array) -> Array:
    """The period (1, 2) of stripes, pixels, by the strongest wave with its harmonics near the one that is told."""
    size = np.array(cloth.shape[:2])
    padded = [fft.next_fast_len(2 * side) for side in cloth.shape[:2]]
    grey = grey_of(cloth) * np.outer(np.hanning(size[0]), np.hanning(size[1]))
    power = fft.fftshift(np.abs(fft.fft2(grey, padded)) ** 2)
    wave = np.linalg.pinv(periods)[:, 0]
    reach = OFF * np.hypot(*wave)
    steps = [np.linspace(-reach, reach, 2 * int(np.ceil(reach * side * FINER)) + 1) for side in size]
    waves = wave[:, None, None] + np.stack(np.meshgrid(*steps, indexing="ij"))
    scale = np.array(padded)[:, None, None]
    total = sum(
        map_coordinates(power, waves * count * scale + scale // 2, order=1) for count in range(1, HARMONICS + 1)
    )
    y, x = np.unravel_index(np.argmax(total), waves.shape[1:])
    return np.linalg.pinv(waves[None, :, y, x]).T


def _repeats(cloth: Array, periods: Array) -> Array:
    """The shifts (n, 2), pixels, near those that are told under which a cloth is most like itself."""
    like = likeness(cloth)
    found = []
    for period in periods:
        reach = int(np.ceil(OFF * np.hypot(*period)))
        steps = np.stack(np.meshgrid(*[np.arange(-reach, reach + 0.25, 0.25)] * 2, indexing="ij"), -1).reshape(-1, 2)
        for count in (1, 2, 4, 8):
            if (np.abs(period * count) < like.middle - reach).all():
                period = period + steps[like.at(period * count + steps).argmax()] / count
        found.append(period)
    return np.array(found)


def _slopes(picture: Array) -> float:
    lightness = np.sqrt(np.clip(picture @ LUMINANCE, 0, None))
    return float(sum((slope**2).mean() for slope in np.gradient(lightness)))
