"""Re-dressing: the same garment of the same photograph in a known colour and pattern.

The cloth's shading (its luminance over its median, in linear light) is kept and laid over new cloth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fice.training.captions import TWO_COLOURED, Look, Worn, find_worn
from fice.training.data import Framed
from fice.training.patterns import paint
from fice.words import COLOURS, PATTERNS, nearest_colour

_LEVELS = np.arange(256) / 255
TO_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)
_STEPS = np.arange(8192) / 8191
FROM_LINEAR = np.where(_STEPS <= 0.0031308, _STEPS * 12.92, 1.055 * _STEPS ** (1 / 2.4) - 0.055)
FROM_LINEAR = (FROM_LINEAR * 255).astype(np.float32)  # linear light in 8192 steps -> sRGB 0..255
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
NEARLY_BLACK = 0.02  # median linear luminance below which cloth hides its shading in noise
BUSY = 0.25  # texture above which the old print shines through a new colour
DENIM_COLOURS = ("blue", "navy", "steel blue", "light blue", "black", "grey", "white")


def redress(
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
        pattern: a word of fice.words.PATTERNS.
        rng: where scale, phase and missing colours come from.
        second_colour: sRGB 0..255 of stripes, dots, petals ...; random when None.

    Returns:
        (H, W, 3) uint8; pixels further than one pixel from the mask are the picture's.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    result = picture.copy()
    if len(rows) == 0:
        return result
    height, width = mask.shape
    box = (
        slice(max(rows[0] - 1, 0), min(rows[-1] + 2, height)),
        slice(max(columns[0] - 1, 0), min(columns[-1] + 2, width)),
    )
    weight = np.asarray(mask[box], np.float32)
    shade = shading(picture[box], weight > 0.5)
    second = _linear(contrasting_colour(colour, rng) if second_colour is None else second_colour)
    third = _linear(contrasting_colour(colour, rng))
    cloth = paint(pattern, weight.shape, _linear(colour), second, third, height / 256, rng)
    cloth *= shade[..., None]
    weight = _feather(weight)[..., None]
    new = FROM_LINEAR[np.clip(cloth * 8191 + 0.5, 0, 8191).astype(np.int16)]
    old = result[box]
    old[:] = old + weight * (new - old) + 0.5
    return result


def redress_batch(pictures, masks, colours, patterns, rngs) -> np.ndarray:
    """`redress` for (B, H, W, 3) pictures and (B, H, W) masks; each picture draws from its own generator.

    Works inside each garment's box, which is faster than filling whole canvases at once.
    """
    return np.stack([redress(*each) for each in zip(pictures, masks, colours, patterns, rngs, strict=True)])


def shading(picture: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Light and folds of a garment, 1 at its median: (h, w, 3) uint8 and (h, w) bool -> (h, w) float32.

    (luminance / median)^0.8, ^0.45 for nearly black cloth, clipped to 0.25..2.2.
    """
    luminance = TO_LINEAR[picture] @ LUMINANCE
    median = float(np.median(luminance[inside])) if inside.any() else 1.0
    power = 0.45 if median < NEARLY_BLACK else 0.8
    return np.clip(np.power(luminance / max(median, 1e-4), power), 0.25, 2.2)


def texture(picture: np.ndarray, mask: np.ndarray) -> float:
    """How busy a garment's own shading is (a print shines through a new colour): mean step between pixels.

    About 0.05 for plain cloth and 0.2 for bold stripes. picture (H, W, 3) uint8, mask (H, W) bool.
    """
    log = np.log(shading(picture, mask))
    steps = [np.abs(np.diff(log, axis=axis)) for axis in (0, 1)]
    inside = [mask[1:] & mask[:-1], mask[:, 1:] & mask[:, :-1]]
    values = np.concatenate([step[where] for step, where in zip(steps, inside, strict=True)])
    return float(values.mean()) if len(values) else 0.0


def random_colour(rng: np.random.Generator, name: str | None = None) -> tuple[tuple[int, int, int], str]:
    """An sRGB colour and its exact name: a named colour (or the given one) and its neighbourhood.

    Every name is equally likely; the jittered colour is clearly nearer to its name than to any other.
    """
    name = name or str(rng.choice(list(COLOURS)))
    centre = np.array(COLOURS[name], float)
    for spread in (16, 10, 5):
        colour = np.clip(np.round(centre + rng.normal(0, spread, 3)), 0, 255)
        nearest, clarity = nearest_colour(colour)
        if nearest == name and clarity > 0.35:
            return tuple(int(value) for value in colour), name
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


def random_outfit(
    picture: np.ndarray, worn: Sequence[Worn], rng: np.random.Generator, chance: float = 1.0, alike: float = 0.08
) -> tuple[np.ndarray, list[Look]]:
    """Re-dresses a framed person in random colours and patterns.

    Args:
        picture: (H, W, 3) uint8.
        worn: the garments, from `captions.find_worn`.
        rng: numpy Generator.
        chance: of each garment to be re-dressed; at least one is.
        alike: chance that all garments get the same cloth, an "outfit".

    Returns:
        the new picture and the look of each re-dressed garment; `captions.describe(rng, looks)` puts it in words.
    """
    if not worn:
        return picture, []
    if rng.random() < alike:
        union = np.logical_or.reduce([garment.mask for garment in worn])
        names = ("suit", "outfit") if any("suit" in garment.names for garment in worn) else ("outfit",)
        chosen = [Worn(union, names, None, None)]
    else:
        chosen = [garment for garment in worn if rng.random() < chance] or [worn[rng.integers(len(worn))]]
    looks = []
    for garment in chosen:
        picture, look = random_look(picture, garment, rng)
        looks.append(look)
    return picture, looks


def random_look(
    picture: np.ndarray, garment: Worn, rng: np.random.Generator, pattern: str | None = None, plain: float = 0.3
) -> tuple[np.ndarray, Look]:
    """Re-dresses one garment in the given pattern, or a random one; a share `plain` of the time in solid cloth."""
    chosen = "solid" if rng.random() < plain else str(rng.choice(PATTERNS[1:]))
    pattern = pattern or chosen
    jeans = pattern == "denim" and rng.random() < 0.6
    colour, name = random_colour(rng, str(rng.choice(DENIM_COLOURS)) if jeans else None)
    second = contrasting_colour(colour, rng)
    new = redress(picture, garment.mask, colour, pattern, rng, second)
    second_name = nearest_colour(second)[0] if pattern in TWO_COLOURED else None
    return new, Look(name, second_name, pattern, garment.names, garment.sleeve, garment.length)


@dataclass
class Sample:
    """One picture, what is to be seen of it, and how that looks."""

    picture: np.ndarray  # (H, W, 3) uint8
    mask: np.ndarray  # (H, W) bool; all True shows the whole canvas
    looks: list[Look]


class Wardrobe:
    """Endless pictures of people in known clothes.

    Args:
        framed: the photographs.
        chosen: indices of those to draw from.
        own: share of garments left in their own colour; whole: share of whole people.
        busy: garments with more texture than this are left out.
    """

    def __init__(
        self, framed: Framed, chosen: Sequence[int], own: float = 0.1, whole: float = 0.25, busy: float = BUSY
    ):
        self.framed, self.own, self.whole = framed, own, whole
        self.people: list[tuple[int, list[Worn]]] = []
        for index in chosen:
            worn = [w for w in find_worn(framed, index) if texture(framed.pictures[index], w.mask) < busy]
            if worn:
                self.people.append((index, worn))
        # rare garments come up more often than they are, common ones less
        kinds = [worn.names[:1] for _, all_worn in self.people for worn in all_worn]
        often = {kind: kinds.count(kind) for kind in kinds}
        self.garments = [(index, worn) for index, all_worn in self.people for worn in all_worn]
        odds = np.array([often[kind] ** -0.5 for kind in kinds])
        self.odds = odds / odds.sum()

    def draw(self, rng: np.random.Generator) -> Sample:
        kind = rng.random()
        if kind < self.whole:
            index, worn = self.people[rng.integers(len(self.people))]
            picture, looks = random_outfit(self.framed.pictures[index], worn, rng)
            return Sample(picture, np.ones(picture.shape[:2], bool), looks)
        index, garment = self.garments[rng.choice(len(self.garments), p=self.odds)]
        picture = self.framed.pictures[index]
        if kind < self.whole + self.own:
            name, clarity = nearest_colour(np.median(picture[garment.mask], 0))
            if clarity > 0.35:
                return Sample(
                    picture, garment.mask, [Look(name, None, None, garment.names, garment.sleeve, garment.length)]
                )
        picture, look = random_look(picture, garment, rng, plain=0.15)
        return Sample(picture, garment.mask, [look])
