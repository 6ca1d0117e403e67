"""fice's small language: colours, patterns, garments, sleeves and lengths, and sentences made of them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from fice.errors import InputError

# sRGB values 0..255 of a typical cloth of that colour, at the middle of its shading
COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (20, 20, 22), "dark grey": (64, 64, 66), "grey": (128, 128, 128), "light grey": (196, 196, 198),
    "white": (250, 250, 250), "cream": (252, 245, 218), "beige": (222, 202, 168), "tan": (196, 154, 108),
    "brown": (115, 70, 38), "dark brown": (60, 38, 26), "red": (208, 20, 30), "dark red": (112, 14, 34),
    "coral": (248, 120, 104), "pink": (243, 140, 182), "light pink": (250, 206, 216), "hot pink": (228, 30, 130),
    "orange": (245, 125, 20), "rust": (176, 76, 30), "peach": (255, 200, 160), "yellow": (250, 218, 30),
    "light yellow": (253, 242, 158), "mustard": (205, 155, 30), "olive": (108, 110, 40), "khaki": (168, 156, 106),
    "light green": (155, 220, 140), "mint": (178, 236, 208), "green": (30, 150, 60), "dark green": (10, 72, 42),
    "lime": (165, 225, 25), "teal": (10, 122, 124), "turquoise": (60, 205, 200), "light blue": (165, 205, 240),
    "blue": (35, 90, 205), "steel blue": (92, 130, 168), "navy": (18, 28, 78), "purple": (118, 40, 152),
    "light purple": (196, 170, 230), "dark purple": (72, 24, 76), "mauve": (172, 120, 150),
}  # fmt: skip

PATTERNS = (
    "solid", "striped", "vertical-striped", "checked", "polka-dot", "floral",
    "animal", "denim", "knit", "printed", "camouflage",
)  # fmt: skip

# garment -> the region of the person that it covers
GARMENTS: dict[str, str] = {
    "t-shirt": "upper", "shirt": "upper", "blouse": "upper", "top": "upper", "sweater": "upper", "jumper": "upper",
    "sweatshirt": "upper", "hoodie": "upper", "vest": "upper", "bodysuit": "upper", "cardigan": "outer",
    "jacket": "outer", "blazer": "outer", "coat": "outer", "cape": "outer", "dress": "dress", "gown": "dress",
    "jumpsuit": "dress", "skirt": "lower", "jeans": "lower", "trousers": "lower", "leggings": "lower",
    "shorts": "lower", "suit": "full", "outfit": "full",
}  # fmt: skip

SLEEVES = ("sleeveless", "short-sleeved", "long-sleeved")
LENGTHS = ("cropped", "mini", "knee-length", "midi", "maxi")

FILLERS = frozenset(
    """a an the this that some with and in of on at to for from by or is are was be it its as very wearing wears wear
    worn dressed made his her my their she he they i person people woman women man men girl boy lady gentleman model
    someone who has have having photo photograph picture image portrait change turn into make put please colour color
    coloured colored pattern style piece s""".split()
)

# canonical words <- other words for the same thing, separated by commas
_OTHER_WORDS = """
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
solid: plain, unpatterned, monochrome, single coloured, single colored
striped: stripe, stripes, stripy, stripey, breton, horizontal striped, horizontal stripes, horizontally striped
vertical-striped: pinstriped, pinstripe, pinstripes, pin striped, vertical stripes, vertically striped
checked: checks, check, checkered, chequered, checkerboard, plaid, tartan, gingham, houndstooth, lumberjack, checker
polka-dot: polka dot print, polka dots, dotted, dots, dot, spotted, polka, polkadot, dotty
floral: floral print, flower print, flowers, flower, flowery, flowered, botanical, blossom, roses, daisy, hibiscus
animal: leopard, cheetah, zebra, leopard print, animal print, zebra print, tiger print, snake print
animal: tiger, jaguar, snake, snakeskin
denim: jean | knit: knitted, woolly, crochet, cable knit, ribbed, chunky knit, wool knit
printed: print, patterned, graphic, abstract, paisley, tie dye, tie dyed, geometric, multicoloured, multicolored
camouflage: camo, camo print, camouflage print | t-shirt: tee, tshirt, tees, polo, polo shirt, undershirt
shirt: button down, button up, dress shirt, oxford shirt | blouse: tunic
top: tank top, tank, camisole, crop top, singlet, halter top, tube top
jumper: pullover, jersey | sweater: turtleneck, roll neck, polo neck | sweatshirt: sweat shirt, crewneck
hoodie: hooded sweatshirt, hoody | vest: waistcoat, gilet
jacket: bomber, bomber jacket, anorak, windbreaker, puffer, puffer jacket, biker jacket
blazer: suit jacket, sport coat
coat: overcoat, trench, trench coat, parka, raincoat, duster, pea coat, peacoat | cape: poncho, cloak, shawl
dress: sundress, frock, shift dress, tea dress | gown: evening dress, ball gown, evening gown
jumpsuit: romper, playsuit, overalls, dungarees, boiler suit, catsuit | skirt: kilt, tutu
jeans: denims, denim trousers, denim pants, jean pants
trousers: pants, pant, slacks, chinos, joggers, culottes, sweatpants, dress pants, suit trousers, cargos
leggings: tights, treggings | shorts: bermudas, bermuda shorts, hot pants
suit: pantsuit, pant suit, tuxedo, two piece, trouser suit, skirt suit
outfit: clothes, clothing, look, uniform, attire
sleeveless: strapless, no sleeves, without sleeves, spaghetti strap
short-sleeved: short sleeves, short sleeve, half sleeved | long-sleeved: long sleeves, long sleeve, full sleeved
cropped: crop | mini: short, thigh length | knee-length: knee | midi: calf length, mid length, tea length
maxi: long, floor length, ankle length, full length
"""
# phrases that stand for several words of the language
_COMPOUNDS = {
    "minidress": ("mini", "dress"), "miniskirt": ("mini", "skirt"), "jeggings": ("denim", "leggings"),
    "jorts": ("denim", "shorts"), "jean shorts": ("denim", "shorts"), "jean jacket": ("denim", "jacket"),
}  # fmt: skip

VOCABULARY: tuple[str, ...] = (*COLOURS, *PATTERNS, *GARMENTS, *SLEEVES, *LENGTHS)
SYNONYMS: dict[str, str] = {
    other.strip(): name.strip()
    for line in _OTHER_WORDS.strip().replace("\n", "|").split("|")
    for name, others in [line.split(":")]
    for other in others.split(",")
}


@dataclass(frozen=True)
class Sentence:
    """What fice understood of a text.

    text: as given. words: the known words in canonical form, fillers left out. colour, pattern, garment, sleeve,
    length: the first of each kind (of adjoining garments the last, as in "shirt dress"), or None. region: "upper",
    "lower", "dress", "outer", "full", or None when the words do not say. unknown: words fice does not know, in the
    order of the text, each once.
    """

    text: str
    words: tuple[str, ...]
    colour: str | None
    pattern: str | None
    garment: str | None
    sleeve: str | None
    length: str | None
    region: str | None
    unknown: tuple[str, ...]


def parse(text: str, strict: bool = True) -> Sentence:
    """Reads a sentence such as "a long red floral dress".

    Raises:
        InputError: the text is empty, or, where `strict`, no word of it is known.
    """
    units = list(_read(text))
    if not units:
        raise InputError('the text is empty; say what to wear, for example "red floral dress".')
    words = tuple(word for word, known in units if known and word)
    unknown = tuple(dict.fromkeys(word for word, known in units if not known))
    if strict and not words:
        raise InputError(_nothing_known(text, unknown))
    garments = list(_heads(words))
    region = _region(garments, words)
    colour, pattern, sleeve, length = (
        next((word for word in words if word in kind), None) for kind in (COLOURS, PATTERNS, SLEEVES, LENGTHS)
    )
    garment = garments[0] if garments else None
    return Sentence(text, words, colour, pattern, garment, sleeve, length, region, unknown)


class Tokenizer:
    """Words to numbers: 0 pads, word i of the vocabulary is i + 1, then come the start and the end of a text.

    The end token has the highest number, by which the text tower finds it. Synonyms share a number and fillers
    have none, so "a red dress" and "scarlet dress" read alike.

    Args:
        vocabulary: canonical words, in the order in which a network learnt them.
        context_length: tokens a text may have, start and end included; what is longer is cut.
    """

    def __init__(self, vocabulary: Sequence[str] = VOCABULARY, context_length: int = 12):
        self.vocabulary, self.context_length = tuple(vocabulary), context_length
        self._ids = {word: index + 1 for index, word in enumerate(self.vocabulary)}
        self.start, self.end = len(self.vocabulary) + 1, len(self.vocabulary) + 2
        self.vocab_size = len(self.vocabulary) + 3

    def encode(self, texts: str | Iterable[str]) -> Tensor:
        """One text or several to (B, context_length) int64."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        ids = torch.zeros(len(texts), self.context_length, dtype=torch.int64)
        for row, text in zip(ids, texts, strict=True):
            words = self._words(text)[: self.context_length - 2]
            line = [self.start, *(self._ids[word] for word in words), self.end]
            row[: len(line)] = torch.tensor(line)
        return ids

    def unknown(self, text: str) -> list[str]:
        """The words of a text that have no number, each once, in order."""
        units = _read(text)
        return list(dict.fromkeys(word for word, known in units if word and not (known and word in self._ids)))

    def cut(self, text: str) -> list[str]:
        """The known words of a text that do not fit into the context."""
        return self._words(text)[self.context_length - 2 :]

    def _words(self, text: str) -> list[str]:
        return [word for word, known in _read(text) if known and word in self._ids]


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB (..., 3) in 0..255 to CIELAB (..., 3) under D65."""
    unit = np.asarray(rgb, np.float64) / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = linear @ np.array(matrix).T / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


@cache
def _colour_table() -> np.ndarray:
    return to_lab(np.array(list(COLOURS.values())))


def nearest_colour(rgb: Sequence[float]) -> tuple[str, float]:
    """The named colour nearest to an sRGB value 0..255 in CIELAB, and how clear the choice is.

    Clarity is 1 - (distance to the nearest / distance to the second nearest): 0 when undecided, 1 when exact.
    """
    distances = np.linalg.norm(_colour_table() - to_lab(np.asarray(rgb)), axis=1)
    first, second = np.argsort(distances)[:2]
    return list(COLOURS)[first], float(1 - distances[first] / distances[second])


def _split(text: str) -> Iterator[str]:
    """Runs of letters and digits in lower case; other symbols (emoji) as runs of their own; punctuation parts."""
    run, symbols = "", False
    for character in unicodedata.normalize("NFKC", text).casefold().replace("gray", "grey") + " ":
        kind = unicodedata.category(character)[0]
        if kind == "M":  # a mark belongs to what it follows
            run += character if run else ""
            continue
        part_of_word, symbol = kind in "LN", kind == "S"
        if run and (not (part_of_word or symbol) or symbol != symbols):
            yield run
            run = ""
        if part_of_word or symbol:
            run, symbols = run + character, symbol


@cache
def _phrases() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Split phrase -> canonical words, for everything in the language; a filler stands for no word."""
    table: dict[tuple[str, ...], tuple[str, ...]] = {(word,): () for word in FILLERS}
    table |= {tuple(_split(word)): (word,) for word in VOCABULARY}
    table |= {tuple(_split(word)): (name,) for word, name in SYNONYMS.items()}
    return table | {tuple(_split(word)): words for word, words in _COMPOUNDS.items()}


def _look_up(parts: tuple[str, ...]) -> tuple[str, ...] | None:
    """The canonical words of a phrase, or of its singular."""
    *before, last = parts
    for plural in ("", "s", "es"):
        if last.endswith(plural):
            found = _phrases().get((*before, last.removesuffix(plural)))
            if found is not None:
                return found
    return None


def _read(text: str) -> Iterator[tuple[str, bool]]:
    """(word, known) for a text, longest phrases first; a filler is ("", True)."""
    parts, at = list(_split(text)), 0
    longest = max(len(phrase) for phrase in _phrases())
    while at < len(parts):
        for length in range(min(longest, len(parts) - at), 0, -1):
            found = _look_up(tuple(parts[at : at + length]))
            if found is not None:
                yield from ((word, True) for word in found or ("",))
                break
        else:
            length = 1
            yield parts[at], False
        at += length


def _heads(words: Sequence[str]) -> Iterator[str]:
    """The garments of a text; of adjoining ones the last, as a "shirt dress" is a dress."""
    for word, following in zip(words, (*words, "")[1:], strict=True):
        if word in GARMENTS and following not in GARMENTS:
            yield word


def _region(garments: Sequence[str], words: Sequence[str]) -> str | None:
    """Where the garments lie; garments of several regions make a whole outfit."""
    regions = {GARMENTS[garment] for garment in garments}
    if not regions and any(word in SLEEVES for word in words):
        return "upper"
    return regions.pop() if len(regions) == 1 else "full" if regions else None


def _nothing_known(text: str, unknown: Sequence[str]) -> str:
    shown = text.strip() if len(text.strip()) <= 60 else text.strip()[:57] + "..."
    close = difflib.get_close_matches(unknown[0][:40], [*VOCABULARY, *SYNONYMS], 1, 0.75) if unknown else []
    hint = (
        f'did you mean "{close[0]}"?' if close else 'name a colour, a pattern or a garment, as in "red floral dress".'
    )
    return f'no word of "{shown}" is known to fice; {hint}'
