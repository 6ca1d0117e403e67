"""Patterns: designs of cloth, painted wherever a pixel lies on it.

Units: centimetres on the cloth, u across (to the viewer's right) and v down; colours are linear light in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fice.cloth.patterns import animals, checks, flowers, shapes, stripes, washes, woven
from fice.cloth.patterns.dyes import Dyes, dyes_of, second_of
from fice.cloth.patterns.repeat import Repeat

__all__ = ["DESIGNS", "WOVEN", "draw", "paint", "second_of"]

Array = np.ndarray
DESIGNS: dict[str, Callable[[Dyes, np.random.Generator, float], Repeat]] = {
    "solid": stripes.solid,
    "striped": stripes.striped,
    "vertical-striped": stripes.vertical,
    "diagonal-striped": stripes.diagonal,
    "pinstriped": stripes.pinstriped,
    "breton": stripes.breton,
    "chevron": stripes.chevron,
    "zigzag": stripes.zigzag,
    "herringbone": stripes.herringbone,
    "checked": checks.checked,
    "gingham": checks.gingham,
    "tartan": checks.tartan,
    "windowpane": checks.windowpane,
    "houndstooth": checks.houndstooth,
    "argyle": checks.argyle,
    "harlequin": checks.harlequin,
    "checkerboard": checks.checkerboard,
    "polka-dot": shapes.polka_dot,
    "pin-dot": shapes.pin_dot,
    "floral": flowers.floral,
    "ditsy": flowers.ditsy,
    "tropical": flowers.tropical,
    "leopard": animals.leopard,
    "zebra": animals.zebra,
    "tiger": animals.tiger,
    "snake": animals.snake,
    "giraffe": animals.giraffe,
    "cow": animals.cow,
    "denim": woven.denim,
    "knit": woven.knit,
    "cable-knit": woven.cable_knit,
    "ribbed": woven.ribbed,
    "printed": washes.printed,
    "paisley": flowers.paisley,
    "tie-dye": washes.tie_dye,
    "camouflage": washes.camouflage,
    "geometric": shapes.geometric,
    "stars": shapes.stars,
    "hearts": shapes.hearts,
    "ikat": washes.ikat,
    "ombre": stripes.ombre,
    "colour-block": stripes.colour_block,
}
WOVEN = ("denim", "knit", "cable-knit", "ribbed")  # whose relief is painted: shown as cotton, not once more as knit


def draw(
    name: str, base: Array | None, second: Array | None, third: Array | None, rng: np.random.Generator, finest: float
) -> Repeat:
    """A design, drawn once to be looked up anywhere by `Repeat.at(u, v, pixel)`; parts looked up apart join exactly.

    Args:
        name: one of DESIGNS.
        base: linear light (3,), covers most of the cloth; None where the design has colours by nature.
        second, third: linear light (3,) of stripes, dots, petals ...; chosen to go with the base where None.
        rng: from which sizes (a little) and places come.
        finest: cm, the smallest pixel that will be looked up.

    Raises:
        ValueError: no such design, or no base for one that has no colours by nature.
    """
    if name not in DESIGNS:
        raise ValueError(f'no design "{name}"; there are {", ".join(DESIGNS)}.')
    return DESIGNS[name](dyes_of(name, base, second, third), rng, finest)


def paint(
    name: str,
    u: Array,
    v: Array,
    base: Array | None,
    second: Array | None,
    third: Array | None,
    rng: np.random.Generator,
    *,
    pixel: Array | float,
) -> Array:
    """A design at places on the cloth.

    Args:
        u, v: (h, w) float32 cm, across and down; they may jump between parts of a garment.
        pixel: cm that a pixel of the photo covers there, (h, w) or one for all. What is finer fades to its mean.
        name, base, second, third, rng: as of `draw`.

    Returns:
        (h, w, 3) float32 reflectance, linear light.

    Raises:
        ValueError: as of `draw`.
    """
    finest = float(np.min(pixel, initial=np.inf)) if np.size(pixel) else 1.0
    return draw(name, base, second, third, rng, finest).at(u, v, pixel)
