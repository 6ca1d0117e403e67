"""Recolouring by mask: the same garment of the same photograph in a known colour and pattern.

The cloth's shading (its luminance over its median, in linear light) is kept and laid over new cloth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fice.cloth.patterns import paint
from fice.language.colours import COLOURS, nearest_colour
from fice.language.designs import DESIGNS
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
        pattern: a word of fice.language.lexicon.PATTERNS, or of fice.language.designs.DESIGNS.
        rng: where scale, phase and missing colours come from.
        second_colour: sRGB 0..255 of stripes, dots, petals ...; when None random, or a shade of the first for fur,
            camouflage and denim.

    Returns:
        (H, W, 3) uint8; pixels further than one pixel from the mask are the picture's.
    """
    if not mask.any():
        return picture.copy()
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    box = (
        slice(max(rows[0] - 1, 0), min(rows[-1] + 2, height)),
        slice(max(columns[0] - 1, 0), min(columns[-1] + 2, width)),
    )
    result, weight = picture.copy(), np.asarray(mask[box], np.float32)
    cloth = make_cloth(weight.shape, height, colour, pattern, rng, second_colour)
    shade = shading(picture[box], weight > 0.5)
    new = FROM_LINEAR[np.clip(cloth * shade[..., None] * 8191 + 0.5, 0, 8191).astype(np.int16)]
    old = result[box]
    old[:] = old + _feather(weight)[..., None] * (new - old) + 0.5
    return result


def make_cloth(
    size: tuple[int, int],
    height: int,
    colour: Sequence[float],
    pattern: str,
    rng: np.random.Generator,
    second_colour: Sequence[float] | None = None,
) -> np.ndarray:
    """Cloth without light and folds, (*size, 3) float32 linear light, 1 is white.

    height: of the picture, in pixels, which says how large a person is; other arguments as of `recolour`.
    """
    follows = second_colour is None and DESIGNS.get(pattern, pattern) in FOLLOWING
    second, third = (None if follows else _linear(contrasting_colour(colour, rng)) for _ in range(2))
    second = second if second_colour is None else _linear(second_colour)
    design = str(rng.choice(ANIMALS)) if pattern == "animal" else pattern
    pixel = PERSON / (height * rng.uniform(*LARGER))
    down, across = ((np.arange(side, dtype=np.float32) + 0.5) * pixel for side in size)
    u, v = np.meshgrid(across + rng.uniform(0, 60), down + rng.uniform(0, 60))
    return paint(design, u, v, _linear(colour), second, third, rng, pixel=pixel)


def recolour_to(picture: np.ndarray, mask: np.ndarray, sentence: Sentence, seed: int) -> np.ndarray:
    """The picture with the cloth that a sentence names; the picture itself where it names neither colour nor pattern.

    A pattern without a colour takes the colour that is usual for it, else the garment's own. Arguments as of
    `recolour`; the same seed makes the same cloth.
    """
    named = [dye.on(dye.rgb) for dye in sentence.dyes if dye.rgb]
    if not named and sentence.pattern is None or not (mask > 0.5).any():
        return picture
    name = TYPICAL.get(sentence.pattern or "")
    own = COLOURS[name] if name else tuple(np.median(picture[mask > 0.5], axis=0))
    colour, second = (*named, None, None)[:2]
    rng = np.random.default_rng(seed)
    return recolour(picture, mask, colour or own, sentence.pattern or "solid", rng, second)


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
