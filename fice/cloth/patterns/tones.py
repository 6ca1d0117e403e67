"""Shades of a colour and colours that go with it; all are linear light (3,) float32 in [0, 1].

Lightness and chroma are Oklab's (Ottosson, A perceptual color space for image processing, 2020): 0 is black, 1 white.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip
FROM_LMS, FROM_LAB = np.linalg.inv(TO_LMS), np.linalg.inv(TO_LAB)
WHITE = np.array([0.88, 0.87, 0.83], np.float32)  # the white of cloth
NAVY = np.array([0.008, 0.014, 0.065], np.float32)


def lightness(colour: Array) -> float:
    return float(_lab(colour)[0])


def chroma(colour: Array) -> float:
    return float(np.hypot(*_lab(colour)[1:]))


def toned(colour: Array, lighter: float = 0.0, purer: float = 1.0) -> Array:
    """A colour with another lightness (by steps of 0 to 1) and chroma (times), duller where none is so pure."""
    lab = _lab(colour)
    light = np.clip(lab[0] + lighter, 0.08, 0.97)
    for share in purer * 0.85 ** np.arange(16):
        linear = FROM_LMS @ (FROM_LAB @ (light, *(lab[1:] * share))) ** 3
        if -0.005 < linear.min() and linear.max() < 1.005:
            break
    return np.clip(linear, 0, 1).astype(np.float32)


def shade(colour: Array, step: float) -> Array:
    """Clearly darker by a step of lightness, or lighter where there is no darker."""
    return toned(colour, -step if lightness(colour) > 0.22 + step / 2 else step)


def between(one: Array, other: Array, share: float = 0.5) -> Array:
    """The tone at `share` of the way from one colour to the other."""
    a, b = (np.cbrt(np.asarray(x, np.float32)) for x in (one, other))
    return (a + np.float32(share) * (b - a)) ** 3


def deep(colour: Array) -> Array:
    """The deep shade that goes with a pale colour: its own hue, navy where it has none."""
    if chroma(colour) < 0.035:
        return NAVY.copy()
    return toned(colour, 0.33 - lightness(colour), max(1.0, 0.11 / chroma(colour)))


def tint(colour: Array) -> Array:
    """The light tint of a colour, nearly white."""
    return toned(colour, 0.93 - lightness(colour), min(1.0, 0.045 / max(chroma(colour), 1e-3)))


def _lab(colour: Array) -> Array:
    return TO_LAB @ np.cbrt(TO_LMS @ np.asarray(colour, np.float64))
