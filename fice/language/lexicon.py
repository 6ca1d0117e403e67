"""The words that fice knows, what kind of word each is, and a text cut into them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from fice.srgb import to_lab

# sRGB values 0..255 of a typical cloth of that colour, at the middle of its shading
COLOURS: dict[str, tuple[int, int, int]] = {
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

PATTERNS = tuple("solid striped vertical-striped checked polka-dot floral animal denim knit printed camouflage".split())

# garment -> the region of the person that it covers
_OF_REGION = {
    "upper": "t-shirt shirt blouse top sweater jumper sweatshirt hoodie vest bodysuit",
    "outer": "cardigan jacket blazer coat cape",
    "dress": "dress gown jumpsuit",
    "lower": "skirt jeans trousers leggings shorts",
    "full": "suit outfit",
}
GARMENTS = {garment: region for region, garments in _OF_REGION.items() for garment in garments.split()}

SLEEVES = ("sleeveless", "short-sleeved", "long-sleeved")
LENGTHS = ("cropped", "mini", "knee-length", "midi", "maxi")

KINDS = {"C": COLOURS, "P": PATTERNS, "G": GARMENTS, "S": SLEEVES, "L": LENGTHS}
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
# words of other kinds, each with its letter: "." says nothing, "," parts a sentence, A and, O or, N not, U without,
# Z -free, Y undressed, K keep, V change, R replace, D add, F from, T to, W with, B before something, Q on, E in, J of,
# H persons, = like the other garment, P pattern as such, M materials, X what is no garment
_OTHER_KINDS = """
.: a, an, the, this, that, these, those, some, very, too, so, really, it, its, his, her, hers, my, your, their, our, he
.: she, they, i, you, we, me, us, is, are, was, were, be, been, do, does, can, could, would, please, who, whose, which
.: someone, photo, photograph, picture, image, portrait, coloured, colored, style, styled, type, kind, piece, s, m, d
.: ll, re, ve, one, ones, just, only, whole, entire, all, also, as, want, like, colour of, color of, shade of, shade
.: fabric, cloth, material, made of, made from, made, mens, womens, not only, on top, full of, give, tone, both, pair of
=: matching, coordinating, coordinated, same, same colour, same pattern
,: but, however, then, while, where | A: and, plus, + | O: or, nor
N: not, never, isn t, isnt, aren t, arent, wasn t, doesn t, doesnt, don t, dont, shouldn t, mustn t, non, less
N: no longer, instead of, rather than, anything but, other than, except, excluding, avoid, formerly, used to be, neither
U: no, without, w o, remove, removing, take off, takes off, taking off, get rid of, erase, delete, lose, lacking
Z: free | Y: naked, topless, shirtless, bottomless, undressed, unclothed, undress, nudity, strip off
K: keep, keeping, leave, leaving | V: change, changing, turn, make, paint, dye, recolour, recolor, colour, color
R: replace, swap, exchange, substitute | D: add, put | F: from | W: with, by, for, w
W: paired with, teamed with, combined with, worn with, together with, along with, tucked into
T: to, into, becomes, become, becoming, should be, will be, must be, shall be, now, →, >, =>, ➡
B: against, in front of, behind, outside | Q: on, at, near, beside, next to, under, beneath, below, over, above
Q: underneath, on top of, worn over, worn under
E: in, wearing, wears, wear, worn, dressed, has, having, have | J: of
H: person, people, woman, women, man, men, girl, boy, lady, gentleman, model, guy, child
P: pattern, design, motif
M: leather, suede, silk, silken, silky, satin, velvet, velvety, lace, lacy, linen, cotton, wool, woollen, woolen
M: cashmere, fur, furry, faux fur, faux leather, fake fur, fake leather, sequin, sequined, sequinned, glitter
M: glittery, metallic, shiny, glossy, matte, mesh, sheer, transparent, see through, tulle, chiffon, corduroy, tweed
M: fleece, nylon, jersey knit, polyester, latex, vinyl, organza, taffeta, quilted, embroidered, pleated, ruffled
X: shoe, boot, sneaker, trainer, heel, high heels, sandal, loafer, slipper, footwear, hat, cap, beanie, beret, helmet
X: headscarf, bag, handbag, purse, backpack, rucksack, clutch, suitcase, belt, scarf, scarves, glove, sock, stocking
X: glasses, sunglasses, watch, watches, jewellery, jewelry, necklace, earring, ring, bracelet, tie, necktie, bow tie
X: bowtie, bow, umbrella, hair, wig, beard, moustache, makeup, lipstick, face, eye, eyes, skin, nail, tattoo, phone, cup
X: hand, leg, arm, collar, neckline, button, pocket, zip, zipper, cuff, hood, sleeve, strap, hem, lapel, lining, logo
X: background, backdrop, wall, street, road, floor, ground, grass, lawn, sea, ocean, beach, water, tree, field
X: forest, park, garden, house, building, door, window, room, curtain, car, bicycle, bike, bench, chair, sofa
X: couch, table, blue sky, in the snow, in snow, on the sand, on sand, in the sky, under the sky, dog, cat
"""
# phrases that stand for several words of the language
_COMPOUNDS = {
    "minidress": ("mini", "dress"),
    "miniskirt": ("mini", "skirt"),
    "jeggings": ("denim", "leggings"),
    "jorts": ("denim", "shorts"),
    "jean shorts": ("denim", "shorts"),
    "jean jacket": ("denim", "jacket"),
}

VOCABULARY: tuple[str, ...] = (*COLOURS, *PATTERNS, *GARMENTS, *SLEEVES, *LENGTHS)


def _listed(table: str) -> Iterator[tuple[str, str]]:
    """(word, what stands before its colon) of a table with "|" or line ends between its rows."""
    for row in table.strip().replace("\n", "|").split("|"):
        name, _, others = row.partition(":")
        yield from ((other.strip(), name.strip()) for other in others.split(","))


SYNONYMS: dict[str, str] = dict(_listed(_OTHER_WORDS))
ARTICLES = frozenset("a an the this that these those some his her my your their our its".split()) | {"pair of"}
HEX = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})")
BREAKS = frozenset(",;:.!?()\n\u2013\u2014")


class Unit(NamedTuple):
    """A word or phrase of a text.

    kind: C colour, P pattern, G garment, S sleeves, L length, M material, X thing that is no garment, # a colour as
    #rrggbb, ? unknown, or one of `_OTHER_KINDS`. words: its canonical words, or (). said: as in the text, in small
    letters. own: an article stands before it.
    """

    kind: str
    words: tuple[str, ...]
    said: str
    own: bool = False


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


def cut_up(text: str) -> Iterator[Unit]:
    """The units of a text, longest phrases first; breaks between its parts have the kind ","."""
    parts, at = list(_split(text)), 0
    while at < len(parts):
        for length in range(min(_longest(), len(parts) - at), 0, -1):
            found = _look_up(tuple(parts[at : at + length]))
            if found:
                said = " ".join(parts[at : at + length])
                yield from (unit._replace(said=unit.said or said) for unit in found)
                break
        else:
            length = 1
            kind = "," if parts[at] == "," else "#" if parts[at][0] == "#" else "?"
            yield Unit(kind, (), parts[at])
        at += length


def _split(text: str) -> Iterator[str]:
    """Runs of letters and digits in lower case, and other symbols (emoji) as runs of their own.

    A colour as #rrggbb stays whole; punctuation parts words, and is "," where it parts a sentence.
    """
    run, symbols = "", False
    plain = unicodedata.normalize("NFKC", text).casefold().replace("gray", "grey").replace("&", " and ")
    for piece in re.split(rf"({HEX.pattern}(?![0-9a-z]))", plain):
        if HEX.fullmatch(piece):
            yield piece
            continue
        for character in piece + " ":
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
            elif character in BREAKS:
                yield ","


@cache
def _phrases() -> dict[tuple[str, ...], tuple[Unit, ...]]:
    """Split phrase -> its units, for everything in the language; where they are the phrase itself, said is ""."""
    known = {word: (word,) for word in VOCABULARY} | {other: (word,) for other, word in SYNONYMS.items()} | _COMPOUNDS
    table: dict[tuple[str, ...], tuple[Unit, ...]] = {
        tuple(word.split()): (Unit(kind, (), ""),) for word, kind in _listed(_OTHER_KINDS)
    }
    for phrase, words in known.items():
        kinds = [next(kind for kind, names in KINDS.items() if word in names) for word in words]
        table[tuple(_split(phrase))] = tuple(
            Unit(kind, (word,), word if len(words) > 1 else "") for kind, word in zip(kinds, words, strict=True)
        )
    return table


@cache
def _longest() -> int:
    return max(map(len, _phrases()))


def _look_up(parts: tuple[str, ...]) -> tuple[Unit, ...] | None:
    """The units of a phrase, or of its singular."""
    *before, last = parts
    for plural in ("", "s", "es"):
        if last.endswith(plural):
            found = _phrases().get((*before, last.removesuffix(plural)))
            if found is not None:
                return found
    return None
