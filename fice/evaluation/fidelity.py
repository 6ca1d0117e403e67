"""How like its swatch the cloth of a garment is: colour, periods, directions, fine detail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from PIL import Image
from scipy import fft, ndimage
from torch import Tensor

from fice.cloth.swatch import Swatch
from fice.cloth.tailor import swatch_of
from fice.evaluation.measures import Unmeasurable
from fice.evaluation.unrolled import FINEST, Flat, unrolled
from fice.plan import Piece
from fice.srgb import LUMINANCE, delta_e, gamma_encoded, to_lab
from fice.subject.regions import Regions
from fice.subject.subject import Subject

NEAR = 0.25  # share of a wave's length, around its place in the spectrum, in which the garment's own is looked for
PADDED = 1024  # samples of a spectrum
HARMONICS, LOOKS = 4, 40  # of a wave by which its length is known; places that are looked at on each side of it
CYCLES = 2.0  # of a wave that a part must show
EVEN = 6.0  # cm over which light that is left is taken out


def figures(
    subject: Subject, regions: Regions, pieces: Sequence[Piece], before: np.ndarray, after: np.ndarray
) -> dict[str, Callable[[], float]]:
    """What can be measured of the garments that have a swatch, the worst of them; name -> what computes it.

    before, after: photo and result, (H, W, 3) float32 sRGB in [0, 1].
    """

    @cache
    def worn() -> list[tuple[list[Flat], Swatch]]:
        pictures = as_tensor(before), as_tensor(after)
        found = [(unrolled(subject, regions, piece, *pictures), swatch_of(piece.garment)) for piece in pieces]
        swatched = [(flats, swatch) for flats, swatch in found if swatch is not None]
        if not swatched:
            raise Unmeasurable("No swatch was asked for.")
        return swatched

    errors = cache(lambda: abs(np.concatenate([wave_errors(*each) for each in worn()])).max(0))
    return {
        "swatch colour": lambda: max(colour_distance(*each) for each in worn()),
        "swatch period": lambda: float(errors()[0]),
        "swatch turn": lambda: float(errors()[1]),
        "swatch detail": lambda: min(energy_kept(*each) for each in worn()),
    }


def as_tensor(picture: np.ndarray) -> Tensor:
    """(H, W, 3) -> (1, 3, H, W)."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None]


def colour_distance(flats: Sequence[Flat], swatch: Swatch) -> float:
    """CIEDE2000 of the mean colours of garment and swatch, light divided out."""
    seen = np.concatenate([flat.cloth[flat.seen] for flat in _some(flats)])
    one, other = (to_lab(gamma_encoded(np.clip(mean, 0, 1)) * 255) for mean in (seen.mean(0), swatch.mean))
    return float(delta_e(one, other))


def wave_errors(flats: Sequence[Flat], swatch: Swatch) -> np.ndarray:
    """Of each wave of the swatch's lattice on each part: (n, 2) the period's error as a share, and degrees of turn.

    Raises Unmeasurable for a swatch that does not repeat, and where no part shows two periods.
    """
    waves = swatch.waves * swatch.picture.shape[1] / swatch.width  # cycles a cm
    found = [_error(flat, wave) for flat in _some(flats) for wave in waves if _shows(flat, wave)]
    if not found:
        raise Unmeasurable("The swatch does not repeat, or no part of the garment shows two periods of it.")
    return np.array(found)


def energy_kept(flats: Sequence[Flat], swatch: Swatch) -> float:
    """The garment's mean squared gradient over that of its swatch, seen as coarsely."""
    ratios, weights = [], []
    for flat in _some(flats):
        own = _seen_from(swatch, flat.step)
        ratios.append(_energy(flat.cloth, flat.seen) / max(_energy(own, np.ones(own.shape[:2], bool)), 1e-9))
        weights.append(flat.seen.sum())
    return float(np.average(ratios, weights=weights))


def _seen_from(swatch: Swatch, step: float) -> np.ndarray:
    """A swatch as flat cloth shows it: averaged over a photo's pixels, and these over cells of `step` cm, (n, m, 3)."""
    height, width = (
        max(2, round(side * swatch.width / swatch.picture.shape[1] * FINEST / step)) // 2 * 2
        for side in swatch.picture.shape[:2]
    )
    planes = (Image.fromarray(np.ascontiguousarray(swatch.picture[..., i])) for i in range(3))
    pixels = np.stack([np.asarray(plane.resize((width, height), Image.Resampling.BOX)) for plane in planes], -1)
    return pixels.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3))


def _some(flats: Sequence[Flat]) -> Sequence[Flat]:
    if not flats:
        raise Unmeasurable("Too little of the garment is seen.")
    return flats


def _energy(cloth: np.ndarray, seen: np.ndarray) -> float:
    light = np.sqrt(np.clip(cloth, 0, None) @ LUMINANCE)
    sums = 0.0
    for axis in (0, 1):
        step = np.diff(light, axis=axis)
        both = np.logical_and(*(np.take(seen, range(first, seen.shape[axis] - 1 + first), axis) for first in (0, 1)))
        sums += float(np.square(step[both]).mean()) if both.any() else 0.0
    return sums


def _shows(flat: Flat, wave: np.ndarray) -> bool:
    """Whether a part is seen over enough of a wave (2,), cycles a cm, and finely enough."""
    sides = np.array([np.ptp(np.flatnonzero(flat.seen.any(1 - axis))) + 1 for axis in (0, 1)]) * flat.step
    return float(np.abs(wave) @ sides) >= CYCLES and float(np.hypot(*wave)) * flat.step < 0.35


def _error(flat: Flat, wave: np.ndarray) -> tuple[float, float]:
    """How far the wave that a part shows, by its harmonics, is from one: as a share of the period, and in degrees."""
    light = np.sqrt(np.clip(flat.cloth @ LUMINANCE, 0, None))
    weight = ndimage.gaussian_filter(flat.seen.astype(float), 1.0)
    blur = lambda field: ndimage.gaussian_filter(field, EVEN / flat.step)  # noqa: E731
    light = (light - blur(light * weight) / np.maximum(blur(weight), 1e-6)) * weight
    power = fft.fftshift(abs(fft.fft2(light, (PADDED, PADDED))) ** 2)
    reach = NEAR * float(np.hypot(*wave))
    steps = np.linspace(-reach, reach, 2 * LOOKS + 1)
    waves = wave[:, None, None] + np.stack(np.meshgrid(steps, steps, indexing="ij"))
    at = (count * waves * flat.step * PADDED + PADDED // 2 for count in range(1, HARMONICS + 1))
    total = np.sum([ndimage.map_coordinates(power, each, order=1) for each in at], 0)
    total[np.hypot(*(waves - wave[:, None, None])) > reach] = 0
    row, column = np.unravel_index(np.argmax(total), total.shape)
    found = waves[:, row, column]
    turn = np.degrees(np.arctan2(wave[0] * found[1] - wave[1] * found[0], found @ wave))
    return float(np.hypot(*wave) / np.hypot(*found) - 1), float(turn)
