"""Colours: their names, and the dye that a text asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from fice.language.designs import DESIGN_NAMES, MATERIAL_NAMES
from fice.srgb import from_lab, to_lab

RGB = tuple[int, int, int]
T = TypeVar("T")

# sRGB values 0..255 of a typical cloth of that colour, at the middle of its shading
COLOURS: dict[str, RGB] = {
    "black": (20, 20, 22),
    "dark grey": (64, 64, 66),
    "grey": (128, 128, 128),
    "light grey": (196, 196, 198),
    "white": (250, 250, 250),
    "cream": (252, 245, 218),
    "beige": (222, 202, 168),
    "tan": (196, 154, 108),
    "brown": (115, 70, 38),
    "dark brown": (60, 38, 26),
    "red": (208, 20, 30),
    "dark red": (112, 14, 34),
    "coral": (248, 120, 104),
    "pink": (243, 140, 182),
    "light pink": (250, 206, 216),
    "hot pink": (228, 30, 130),
    "orange": (245, 125, 20),
    "rust": (176, 76, 30),
    "peach": (255, 200, 160),
    "yellow": (250, 218, 30),
    "light yellow": (253, 242, 158),
    "mustard": (205, 155, 30),
    "olive": (108, 110, 40),
    "khaki": (168, 156, 106),
    "light green": (155, 220, 140),
    "mint": (178, 236, 208),
    "green": (30, 150, 60),
    "dark green": (10, 72, 42),
    "lime": (165, 225, 25),
    "teal": (10, 122, 124),
    "turquoise": (60, 205, 200),
    "light blue": (165, 205, 240),
    "blue": (35, 90, 205),
    "steel blue": (92, 130, 168),
    "navy": (18, 28, 78),
    "purple": (118, 40, 152),
    "light purple": (196, 170, 230),
    "dark purple": (72, 24, 76),
    "mauve": (172, 120, 150),
}
# canonical words <- other names; what is drawn of these is the survey's own colour, where it has the name
_OTHER_NAMES = """
black: jet, ebony, onyx, noir | dark grey: charcoal, anthracite, graphite | grey: slate, ash
light grey: silver, pale grey, silvery | white: snow, off white, snowy | cream: ivory, ecru, eggshell, vanilla
beige: sand, sandy, nude, oatmeal, champagne, stone | tan: camel, light brown, caramel, cognac, fawn
brown: chestnut, cinnamon, coffee, tawny | dark brown: chocolate, espresso, mahogany, mocha
red: crimson, scarlet, ruby, cherry, vermilion, reddish, bright red, tomato
dark red: maroon, burgundy, wine, oxblood, bordeaux, claret, garnet
coral: salmon, light red, pale red | pink: rose, rosy, bubblegum, pinkish
light pink: blush, pale pink, baby pink, pastel pink, powder pink
hot pink: fuchsia, fuschia, magenta, bright pink, dark pink, neon pink, raspberry, deep pink
orange: tangerine, pumpkin, bright orange, neon orange | rust: terracotta, dark orange, copper, burnt orange, brick
peach: apricot, light orange, pale orange | yellow: bright yellow, lemon, canary, sunny, yellowish
light yellow: pale yellow, pastel yellow, butter, soft yellow | mustard: gold, golden, ochre, dark yellow, amber
olive: army green, moss, olive green, military green | khaki: dusty green
light green: pale green, pastel green, pistachio, sage | mint: mint green, aqua green, seafoam
green: kelly green, bright green, greenish, grass green, jade
dark green: forest green, bottle green, hunter green, emerald, pine, deep green
lime: neon green, chartreuse, lime green, neon yellow | teal: petrol, dark turquoise, peacock, dark cyan
turquoise: aqua, cyan, aquamarine, light teal
light blue: sky blue, baby blue, pale blue, powder blue, pastel blue, sky
blue: royal blue, cobalt, azure, sapphire, bluish, bright blue, electric blue, royal, ultramarine
steel blue: dusty blue, denim blue, grey blue, blue grey, slate blue
navy: navy blue, dark blue, midnight blue, midnight, deep blue, indigo
purple: violet, amethyst, bright purple | light purple: lavender, lilac, pale purple, pastel purple, light violet
dark purple: plum, aubergine, eggplant, deep purple, dark violet | mauve: dusty pink, dusty rose, orchid, old rose
"""
SURVEY = Path(__file__).parent / "colours.txt"
NEAR = 40  # of white, black and grey, in CIELAB: steps there are shorter
NEUTRAL = 5  # chroma below which a colour has no hue that could be made purer
WARMTH = np.array([0, 0.35, 0.94])  # of a step towards warm light, in CIELAB: orange is warm, blue is cool

# names of things that are colours only of a garment: "a mango dress", but not "a mango"
_NOUNS = """
adobe, algae, apple, apricot, ash, asparagus, avocado, azul, baby poo, baby poop, banana, barney, berry, bile, bland,
blood, blueberry, booger, brick, bronze, butter, butterscotch, camel, carnation, celery, cement, cherry, chestnut,
chocolate, cinnamon, clay, cocoa, coffee, cornflower, cranberry, creme, custard, dandelion, dark, desert, diarrhea,
dirt, drab, dried blood, dusk, dust, earth, egg shell, evergreen, fern, forest, grape, grapefruit, grass, green apple,
gunmetal, hazel, honeydew, ice, kiwi, leaf, lemon, lichen, lipstick, macaroni and cheese, maize, mango, marigold,
marine, melon, merlot, moss, mud, mushroom, ocean, pale, parchment, pea, pea soup, pear, peru, pine, pistachio, poo,
poop, puke, pumpkin, putty, raspberry, red wine, robin's egg, rosa, rouge, sand, sandstone, sea, seashell, seaweed,
shamrock, shit, sky, snot, snow, spearmint, spruce, squash, steel, stone, straw, strawberry, sunflower, swamp,
tangerine, tea, thistle, tomato, topaz, twilight, vomit, watermelon, wheat, wine, wintergreen
"""

NAMES_OF_COLOURS: dict[str, str] = {
    other.strip(): row.partition(":")[0].strip()
    for row in _OTHER_NAMES.strip().replace("\n", "|").split("|")
    for other in row.partition(":")[2].split(",")
}


@dataclass(frozen=True)
class Dye:
    """A colour that a text asks for.

    Attributes:
        said: as in the text, in small letters.
        rgb: sRGB 0..255 of the cloth; None where the text names none, and the garment's own is meant.
        lighter, purer, warmer: steps from there of CIELAB lightness, of chroma, and towards warm light: "darker blue".
        like: the class of `fice.subject.regions.REGION_CLASSES` whose colour in the picture is meant, or None.
    """

    said: str
    rgb: RGB | None = None
    lighter: float = 0.0
    purer: float = 0.0
    warmer: float = 0.0
    like: str | None = None

    @property
    def steps(self) -> tuple[float, float, float]:
        return self.lighter, self.purer, self.warmer

    def on(self, worn: Sequence[float]) -> RGB:
        """The colour that is asked for, sRGB 0..255; worn: that of the garment, or of what the dye is like."""
        start = worn if self.like or self.rgb is None else self.rgb
        return shifted(start, self.steps) if any(self.steps) else _whole(start)

    def moved(self, steps: Sequence[float], said: str) -> Dye:
        """The same with further steps."""
        lighter, purer, warmer = (float(old + new) for old, new in zip(self.steps, steps, strict=True))
        return replace(self, said=said, lighter=lighter, purer=purer, warmer=warmer)


class Name(NamedTuple):
    """A colour's name: its words of `COLOURS` or none, what is drawn, and whether it is a thing's name as well."""

    words: tuple[str, ...]
    dye: Dye
    noun: bool = False


@cache
def names() -> dict[tuple[str, ...], Name]:
    """Every colour's name, split into words: fice's own, the xkcd survey's and those of CSS; leather is a material."""
    lines = SURVEY.read_text(encoding="utf-8").splitlines()[1:]
    listed = {name: of_hex(number) for number, _, name in (line.partition(" ") for line in lines)}
    listed = {name: rgb for name, rgb in listed.items() if name not in DESIGN_NAMES and name not in MATERIAL_NAMES}
    near = _nearest(np.array([*listed.values()]))[0]
    words = dict(zip(listed, (list(COLOURS)[index] for index in near[:, 0]), strict=True))
    words |= NAMES_OF_COLOURS | {name: name for name in COLOURS}
    drawn = {name: COLOURS.get(name) or listed.get(name) or COLOURS[word] for name, word in words.items()}
    nouns = {noun.strip() for noun in _NOUNS.split(",")}
    found: dict[tuple[str, ...], Name] = {}
    for name, word in words.items():
        split = tuple(name.replace("'", " ").replace("/", " / ").split())
        found[split] = Name((word,), Dye(name, drawn[name]), name in nouns)
    return {("".join(split),): name for split, name in found.items()} | found  # "cornflowerblue"


def look_up(phrase: Sequence[str], table: Mapping[tuple[str, ...], T]) -> T | None:
    """What a table has for a split phrase, or for its singular."""
    *before, last = phrase
    for plural in ("", "s", "es"):
        if last.endswith(plural) and (found := table.get((*before, last.removesuffix(plural)))) is not None:
            return found
    return None


def nearest_colour(rgb: Sequence[float]) -> tuple[str, float]:
    """The named colour nearest to an sRGB value 0..255 in CIELAB, and how clear the choice is.

    Clarity is 1 - (distance to the nearest / distance to the second nearest): 0 when undecided, 1 when exact.
    """
    ((first, _),), ((near, next_near),) = _nearest(np.array([rgb], np.float64))
    return list(COLOURS)[first], float(1 - near / next_near)


def shifted(rgb: Sequence[float], steps: Sequence[float]) -> RGB:
    """An sRGB colour 0..255 some steps of CIELAB lightness, chroma and warmth further.

    Steps towards white, black and grey shorten where they are near; what is too pure for sRGB is held back.
    """
    lighter, purer, warmer = steps
    lab = to_lab(np.asarray(rgb, np.float64))
    chroma = float(np.hypot(*lab[1:]))
    if chroma >= NEUTRAL:
        lab[1:] *= 1 + purer / (chroma if purer > 0 else max(chroma, NEAR, -purer))
    lab += WARMTH * warmer
    lab[0] += lighter * min(1, (100 - lab[0] if lighter > 0 else lab[0]) / max(NEAR, abs(lighter)))
    return _shown(lab)


def mixed(rgb: Sequence[float], other: Sequence[float], share: float) -> RGB:
    """A colour with a share of another one, in CIELAB."""
    one, two = (to_lab(np.asarray(each, np.float64)) for each in (rgb, other))
    return _shown(one + share * (two - one))


def of_hex(digits: str) -> RGB:
    """The colour of three or six hexadecimal digits."""
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


@cache
def _table() -> np.ndarray:
    return to_lab(np.array([*COLOURS.values()]))


def _nearest(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of sRGB (N, 3) the numbers of the two nearest of `COLOURS` and their distances in CIELAB, both (N, 2)."""
    distances = np.linalg.norm(to_lab(rgb)[:, None] - _table(), axis=2)
    order = np.argsort(distances, axis=1)[:, :2]
    return order, np.take_along_axis(distances, order, 1)


def _shown(lab: np.ndarray) -> RGB:
    """The colour of a CIELAB (3,), with as much of its chroma as sRGB holds."""
    low, high = 0.0, 1.0
    share = high
    for _ in range(8):
        rgb = from_lab(lab * (1, share, share))
        low, high = (share, high) if rgb.min() > -0.5 and rgb.max() < 255.5 else (low, share)
        share = (low + high) / 2
    return _whole(from_lab(lab * (1, low, low)).tolist())


def _whole(rgb: Sequence[float]) -> RGB:
    red, green, blue = (int(value) for value in np.clip(np.round(rgb), 0, 255))
    return red, green, blue
