"""Recolouring by mask: the same garment of the same photograph in a known colour and pattern.

The cloth's shading (its luminance over its median, in linear light) is kept and laid over new cloth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fice.cloth.patterns import paint
from fice.language.colours import COLOURS, nearest_colour
from fice.language.words import Sentence
from fice.srgb import LUMINANCE, gamma_encoded, linear_light

TO_LINEAR = linear_light(np.arange(256) / 255).astype(np.float32)
FROM_LINEAR = (gamma_encoded(np.arange(8192) / 8191) * 255).astype(np.float32)  # of light in 8192 steps, 0..255
PERSON = 170.0  # cm that the canvas is high
LARGER = 1.2, 2.2  # times life-size, so that a coarse canvas shows what a pattern is
ANIMALS = (*["leopard"] * 4, *["zebra"] * 2, "tiger", "snake", "giraffe", "cow")
FOLLOWING = ("animal", "camouflage", "denim")  # patterns whose other colours follow from the first
NEARLY_BLACK = 0.02  # median linear luminance below which cloth hides its shading in noise
TYPICAL = {"denim": "steel blue", "animal": "tan", "camouflage": "olive"}  # of a pattern when no colour is named


@dataclass(frozen=True)
class Cloth:
    """New cloth for one garment, without light and folds.

    Attributes:
        box: (rows, columns) of the picture that it covers.
        light: (h * finer, w * finer, 3) float32 linear light, 1 is white; h, w are the box's.
        finer: how many of its pixels lie along a pixel of the picture.
    """

    box: tuple[slice, slice]
    light: np.ndarray
    finer: int

    def coarse(self) -> np.ndarray:
        """(h, w, 3): as the picture's own pixels show it."""
        height, width, _ = self.light.shape
        if self.finer == 1:
            return self.light
        return self.light.reshape(height // self.finer, self.finer, width // self.finer, self.finer, 3).mean((1, 3))


def recolour(
    picture: np.ndarray,
    mask: np.ndarray,
    colour: Sequence[float],
    pattern: str,
    rng: np.random.Generator,
    second_colour: Sequence[float] | None = None,
) -> np.ndarray:
    """Gives one garment a new colour and pattern.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        mask: (H, W) bool or float in [0, 1], the garment; its edge is feathered by one pixel.
        colour: sRGB 0..255 of the cloth where its shading is the median.
        pattern: a word of fice.language.lexicon.PATTERNS.
        rng: where scale, phase and missing colours come from.
        second_colour: sRGB 0..255 of stripes, dots, petals ...; when None random, or a shade of the first for fur,
            camouflage and denim.

    Returns:
        (H, W, 3) uint8; pixels further than one pixel from the mask are the picture's.
    """
    if not mask.any():
        return picture.copy()
    return apply_cloth(picture, mask, make_cloth(mask, colour, pattern, rng, second_colour))


def make_cloth(
    mask: np.ndarray,
    colour: Sequence[float],
    pattern: str,
    rng: np.random.Generator,
    second_colour: Sequence[float] | None = None,
    finer: int = 1,
) -> Cloth:
    """Cloth for the garment `mask` (H, W), which is somewhere above 0; other arguments as of `recolour`."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    box = (
        slice(max(rows[0] - 1, 0), min(rows[-1] + 2, height)),
        slice(max(columns[0] - 1, 0), min(columns[-1] + 2, width)),
    )
    follows = second_colour is None and pattern in FOLLOWING
    second, third = (None if follows else _linear(contrasting_colour(colour, rng)) for _ in range(2))
    second = second if second_colour is None else _linear(second_colour)
    design = str(rng.choice(ANIMALS)) if pattern == "animal" else pattern
    pixel = PERSON / (finer * height * rng.uniform(*LARGER))
    down, across = ((np.arange((side.stop - side.start) * finer, dtype=np.float32) + 0.5) * pixel for side in box)
    u, v = np.meshgrid(across + rng.uniform(0, 60), down + rng.uniform(0, 60))
    return Cloth(box, paint(design, u, v, _linear(colour), second, third, rng, pixel=pixel), finer)


def apply_cloth(picture: np.ndarray, mask: np.ndarray, cloth: Cloth, shade: np.ndarray | None = None) -> np.ndarray:
    """The picture (H, W, 3) uint8 with cloth on the garment `mask` (H, W), under the garment's light and folds.

    shade: (H, W) factor on linear light; `shading` when None, which is quick and lets a print through.
    """
    result = picture.copy()
    weight = np.asarray(mask[cloth.box], np.float32)
    shade = shading(picture[cloth.box], weight > 0.5) if shade is None else shade[cloth.box]
    new = FROM_LINEAR[np.clip(cloth.coarse() * shade[..., None] * 8191 + 0.5, 0, 8191).astype(np.int16)]
    old = result[cloth.box]
    old[:] = old + _feather(weight)[..., None] * (new - old) + 0.5
    return result


def cloth_of(picture: np.ndarray, mask: np.ndarray, sentence: Sentence, seed: int, finer: int = 1) -> Cloth | None:
    """The cloth that a sentence names; None where it names neither colour nor pattern, or the mask is empty.

    A pattern without a colour takes the colour that is usual for it, else the garment's own. Arguments as of
    `recolour`; the same seed weaves the same cloth.
    """
    named = [dye.on(dye.rgb) for dye in sentence.dyes if dye.rgb]
    if not named and sentence.pattern is None or not (mask > 0.5).any():
        return None
    name = TYPICAL.get(sentence.pattern or "")
    own = COLOURS[name] if name else tuple(np.median(picture[mask > 0.5], axis=0))
    colour, second = (*named, None, None)[:2]
    return make_cloth(mask, colour or own, sentence.pattern or "solid", np.random.default_rng(seed), second, finer)


def recolour_to(picture: np.ndarray, mask: np.ndarray, sentence: Sentence, seed: int) -> np.ndarray:
    """The picture with the cloth that a sentence names; the picture itself where it names none."""
    cloth = cloth_of(picture, mask, sentence, seed)
    return picture if cloth is None else apply_cloth(picture, mask, cloth)


def shading(picture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Light and folds of a garment, 1 at its median: (h, w, 3) uint8 and (h, w) bool -> (h, w) float32.

    (luminance / median)^0.8, ^0.45 for nearly black cloth, clipped to 0.25..2.2.
    """
    luminance = TO_LINEAR[picture] @ LUMINANCE
    median = float(np.median(luminance[inside])) if inside.any() else 1.0
    power = 0.45 if median < NEARLY_BLACK else 0.8
    return np.clip(np.power(luminance / max(median, 1e-4), power), 0.25, 2.2)


def random_colour(rng: np.random.Generator, name: str | None = None) -> tuple[tuple[int, int, int], str]:
    """An sRGB colour and its exact name: a named colour (or the given one) and its neighbourhood.

    Every name is equally likely; the jittered colour is clearly nearer to its name than to any other.
    """
    name = name or str(rng.choice(list(COLOURS)))
    centre = np.array(COLOURS[name], float)
    for spread in (16, 10, 5):
        red, green, blue = np.clip(np.round(centre + rng.normal(0, spread, 3)), 0, 255).astype(int).tolist()
        nearest, clarity = nearest_colour((red, green, blue))
        if nearest == name and clarity > 0.35:
            return (red, green, blue), name
    return COLOURS[name], name


def contrasting_colour(colour: Sequence[float], rng: np.random.Generator) -> tuple[int, int, int]:
    """A colour that shows on the given one: often white or black, else any name that differs enough."""
    others = ("white", "white", "black", *COLOURS)
    for _ in range(8):
        other, _ = random_colour(rng, others[rng.integers(len(others))])
        if np.abs(np.subtract(other, colour)).sum() > 150:
            return other
    return COLOURS["black"] if sum(colour) > 380 else COLOURS["white"]


def _linear(colour: Sequence[float]) -> np.ndarray:
    return TO_LINEAR[np.clip(np.round(colour), 0, 255).astype(int)]


def _feather(mask: np.ndarray) -> np.ndarray:
    """A [1 2 1] blur in both directions: an edge one pixel soft."""
    padded = np.pad(mask, 1)
    down = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 4
