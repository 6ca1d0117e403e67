"""The colours that a design is drawn in, and those that are chosen where none is named."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fice.cloth.patterns.tones import NAVY, WHITE, between, chroma, deep, lightness, shade, tint, toned

Array = np.ndarray
PALE = 0.72  # Oklab lightness above which white does not show on a colour
DARK = 0.36  # below which its own darker shades do not
SOFT = ("herringbone", "ditsy", "paisley", "ombre", "printed", "camouflage", "geometric", "colour-block", "tropical")
NATURAL = {  # base, second, third of what is not dyed, as it is in nature
    "leopard": ((0.56, 0.33, 0.14), (0.012, 0.009, 0.007), (0.27, 0.115, 0.032)),
    "zebra": ((0.80, 0.77, 0.70), (0.012, 0.011, 0.011), (0.40, 0.36, 0.30)),
    "tiger": ((0.56, 0.215, 0.040), (0.012, 0.009, 0.008), (0.77, 0.62, 0.42)),
    "snake": ((0.42, 0.35, 0.24), (0.035, 0.027, 0.020), (0.70, 0.64, 0.50)),
    "giraffe": ((0.70, 0.56, 0.36), (0.20, 0.070, 0.022), (0.32, 0.125, 0.042)),
    "cow": ((0.82, 0.80, 0.74), (0.014, 0.012, 0.011), (0.014, 0.012, 0.011)),
    "camouflage": ((0.165, 0.170, 0.078), (0.042, 0.062, 0.024), (0.085, 0.050, 0.024)),
    "denim": ((0.042, 0.075, 0.165), (0.34, 0.42, 0.52), (0.42, 0.20, 0.06)),
}


class Dyes(NamedTuple):
    """Linear light (3,) float32 each; base covers most of the cloth."""

    base: Array
    second: Array
    third: Array


def about(rng: np.random.Generator, length: float) -> float:
    """A length as one maker or another has it: within 6 %."""
    return length * float(rng.uniform(0.94, 1.06))


def second_of(base: Array, design: str) -> Array:
    """The second colour of a design where none is named, linear light (3,): white, or a shade or tint of the base.

    base: linear light (3,) in [0, 1].
    """
    base = np.asarray(base, np.float32)
    light = lightness(base)
    if design == "denim":
        return toned(base, 0.35 if light < 0.8 else -0.2, 0.6)
    if design in NATURAL:
        return shade(base, 0.42) if light > DARK else toned(base, 0.3, 0.6)
    if design == "tartan":
        return deep(base) if light > 0.5 else toned(base, -0.18, 0.8) if light > DARK else toned(base, 0.28, 1.2)
    if design in SOFT and DARK < light <= PALE:
        return tint(base)
    if design in SOFT and light > PALE:
        return toned(base, 0.52 - light, 1.2) if chroma(base) > 0.035 else NAVY.copy()
    return deep(base) if light > PALE else WHITE.copy()


def third_of(base: Array, second: Array, design: str) -> Array:
    """The third colour, for hearts, thin lines and small leaves: a tone of the other two."""
    if design in ("tartan", "argyle", "checked"):
        return WHITE.copy() if max(lightness(base), lightness(second)) < PALE else NAVY.copy()
    if design in NATURAL:
        return between(base, second, 0.45)
    return toned(between(base, second, 0.5), 0.0, 1.25)


def dyes_of(design: str, base: Array | None, second: Array | None, third: Array | None) -> Dyes:
    """All three colours of a design; those that are None are chosen.

    Raises:
        ValueError: no base, and the design has no colours by nature.
    """
    if base is None:
        if design not in NATURAL:
            raise ValueError(f"{design} has no colours of its own; name one.")
        natural = (np.array(colour, np.float32) for colour in NATURAL[design])
        return Dyes(*(own if asked is None else np.asarray(asked, np.float32)
                      for own, asked in zip(natural, (base, second, third), strict=True)))  # fmt: skip
    base = np.asarray(base, np.float32)
    second = second_of(base, design) if second is None else np.asarray(second, np.float32)
    third = third_of(base, second, design) if third is None else np.asarray(third, np.float32)
    return Dyes(base, second, third)
