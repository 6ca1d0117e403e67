"""Random outfits: endless pictures of people in known clothes, for CLIP and for the generator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fice.language.colours import nearest_colour
from fice.language.designs import DESIGNS
from fice.language.lexicon import PATTERNS
from fice.training.data.captions import TWO_COLOURED, Appearance, Worn, find_worn
from fice.training.data.dataset import Framed
from fice.training.data.redress import contrasting_colour, random_colour, recolour, shading

BUSY = 0.25  # texture above which the old print shines through a new colour
DENIM_COLOURS = ("blue", "navy", "steel blue", "light blue", "black", "grey", "white")


def texture(picture: np.ndarray, mask: np.ndarray) -> float:
    """How busy a garment's own shading is (a print shines through a new colour): mean step between pixels.

    About 0.05 for plain cloth and 0.2 for bold stripes. picture (H, W, 3) uint8, mask (H, W) bool.
    """
    log = np.log(shading(picture, mask))
    steps = [np.abs(np.diff(log, axis=axis)) for axis in (0, 1)]
    inside = [mask[1:] & mask[:-1], mask[:, 1:] & mask[:, :-1]]
    values = np.concatenate([step[where] for step, where in zip(steps, inside, strict=True)])
    return float(values.mean()) if len(values) else 0.0


def random_outfit(
    picture: np.ndarray,
    worn: Sequence[Worn],
    rng: np.random.Generator,
    chance: float = 1.0,
    alike: float = 0.08,
    fine: float = 0.0,
) -> tuple[np.ndarray, list[Appearance]]:
    """Re-dresses a framed person in random colours and patterns.

    Args:
        picture: (H, W, 3) uint8.
        worn: the garments, from `captions.find_worn`.
        rng: numpy Generator.
        chance: of each garment to be re-dressed; at least one is.
        alike: chance that all garments get the same cloth, an "outfit".
        fine: as of `random_look`.

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
        chosen = [garment for garment in worn if rng.random() < chance] or [worn[int(rng.integers(len(worn)))]]
    looks = []
    for garment in chosen:
        picture, look = random_look(picture, garment, rng, fine=fine)
        looks.append(look)
    return picture, looks


def random_look(
    picture: np.ndarray,
    garment: Worn,
    rng: np.random.Generator,
    pattern: str | None = None,
    plain: float = 0.3,
    between: float = 0.0,
    fine: float = 0.0,
) -> tuple[np.ndarray, Appearance]:
    """Re-dresses one garment in the given pattern, or a random one.

    plain: share of solid cloth. between: share of any colour at all, which gets a name only where that is clear.
    fine: share of patterns that are drawn as one of their designs, and have its name.
    """
    chosen = "solid" if rng.random() < plain else str(rng.choice(PATTERNS[1:]))
    pattern = pattern or chosen
    design = pattern if pattern in DESIGNS else None
    if fine and pattern != "solid" and rng.random() < fine:
        design = str(rng.choice([name for name, word in DESIGNS.items() if word == pattern]))
    jeans = pattern == "denim" and rng.random() < 0.6
    name: str | None
    colour, name = random_colour(rng, str(rng.choice(DENIM_COLOURS)) if jeans else None)
    if rng.random() < between:
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        colour = red, green, blue
        nearest, clarity = nearest_colour(colour)
        name = nearest if clarity > 0.35 else None
    second = contrasting_colour(colour, rng) if pattern in TWO_COLOURED else None
    new = recolour(picture, garment.mask, colour, design or pattern, rng, second)
    second_name = nearest_colour(second)[0] if second else None
    return new, Appearance(name, second_name, pattern, garment.names, garment.sleeve, garment.length, colour, design)


@dataclass
class Sample:
    """One picture, what is to be seen of it, and how that looks."""

    picture: np.ndarray  # (H, W, 3) uint8
    mask: np.ndarray  # (H, W) bool; all True shows the whole canvas
    looks: list[Appearance]


class Wardrobe:
    """Endless pictures of people in known clothes.

    Args:
        framed: the photographs.
        chosen: indices of those to draw from.
        own: share of garments left in their own colour; whole: share of whole people; between: share of single
            garments of any colour, named or not.
        busy: garments with more texture than this are left out.
        fine: share of patterns that are drawn as one of their designs; plain: share of single garments without any.
    """

    def __init__(
        self,
        framed: Framed,
        chosen: Iterable[int],
        own: float = 0.1,
        whole: float = 0.25,
        between: float = 0.25,
        busy: float = BUSY,
        fine: float = 0.0,
        plain: float = 0.15,
    ):
        self.framed, self.own, self.whole, self.between = framed, own, whole, between
        self.fine, self.plain = fine, plain
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
            picture, looks = random_outfit(self.framed.pictures[index], worn, rng, fine=self.fine)
            return Sample(picture, np.ones(picture.shape[:2], bool), looks)
        index, garment = self.garments[rng.choice(len(self.garments), p=self.odds)]
        picture = self.framed.pictures[index]
        if kind < self.whole + self.own:
            shade = tuple(int(value) for value in np.median(picture[garment.mask], 0))
            name, clarity = nearest_colour(shade)
            if clarity > 0.35:
                look = Appearance(name, None, None, garment.names, garment.sleeve, garment.length, shade)
                return Sample(picture, garment.mask, [look])
        picture, look = random_look(picture, garment, rng, plain=self.plain, between=self.between, fine=self.fine)
        return Sample(picture, garment.mask, [look])
