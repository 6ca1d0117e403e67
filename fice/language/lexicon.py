"""The words that fice knows, what kind of word each is, and a text cut into them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from fice.language.colours import COLOURS, NAMES_OF_COLOURS, Dye, Name, look_up, names
from fice.language.designs import DESIGN_NAMES, DESIGNS, MATERIAL_NAMES
from fice.language.tints import NUMBER, colour_at

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
t-shirt: tee, tshirt, tees, polo, polo shirt, undershirt
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
# H persons, = like another one, P pattern as such
_OTHER_KINDS = """
.: a, an, the, this, that, these, those, some, very, too, so, really, it, its, his, her, hers, my, your, their, our, he
.: she, they, i, you, we, me, us, is, are, was, were, be, been, do, does, can, could, would, please, who, whose, which
.: someone, photo, photograph, picture, image, portrait, coloured, colored, style, styled, type, kind, piece, s, m, d
.: ll, re, ve, one, ones, just, only, whole, entire, all, also, as, want, like, colour of, color of, shade of, shade
.: fabric, cloth, material, made of, made from, made, mens, womens, not only, on top, full of, give, tone, both, pair of
.: than, covered in, printed with, /, faux, fake
=: matching, coordinating, coordinated, same, same colour, same pattern, to match, that matches, which matches, matches
,: but, however, then, while, where | A: and, plus, + | O: or, nor
N: not, never, isn t, isnt, aren t, arent, wasn t, doesn t, doesnt, don t, dont, shouldn t, mustn t, non, less
N: no longer, instead of, rather than, anything but, other than, except, excluding, avoid, formerly, used to be, neither
U: no, without, w / o, remove, removing, take off, takes off, taking off, get rid of, erase, delete, lose, lacking
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
"""
# where it lies, as of `fice.subject.regions.REGION_CLASSES`, "-" if nowhere of its own: what is no garment
_THINGS = """
shoes: shoe, boot, sneaker, trainer, heel, high heels, sandal, loafer, slipper, footwear
headwear: hat, cap, beanie, beret, helmet, headscarf
bag: bag, handbag, purse, backpack, rucksack, clutch, suitcase
accessories: belt, scarf, scarves, glove, glasses, sunglasses, watch, watches, jewellery, jewelry, necklace, earring
accessories: ring, bracelet, tie, necktie, bow tie, bowtie, bow, umbrella | legwear: sock, stocking | hair: hair, wig
face: beard, moustache, makeup, lipstick, face, eye, eyes | skin: skin, nail, tattoo, hand, leg, arm
-: collar, neckline, button, pocket, zip, zipper, cuff, hood, sleeve, strap, hem, lapel, lining, logo
-: phone, cup, dog, cat
background: background, backdrop, wall, street, road, floor, ground, grass, lawn, sea, ocean, beach, water, tree, field
background: forest, park, garden, house, building, door, window, room, curtain, car, bicycle, bike, bench, chair, sofa
background: couch, table, blue sky, in the snow, in snow, on the sand, on sand, in the sky, under the sky
"""
# phrases that stand for several words of the language
_COMPOUNDS = {
    "minidress": ("mini", "dress"),
    "miniskirt": ("mini", "skirt"),
    "jeggings": ("denim", "leggings"),
    "jorts": ("denim", "shorts"),
    "jean shorts": ("denim", "shorts"),
    "jean jacket": ("denim", "jacket"),
    "light denim": ("light blue", "denim"),
    "pale denim": ("light blue", "denim"),
    "light wash": ("light blue", "denim"),
    "stonewashed": ("light blue", "denim"),
    "acid wash": ("light blue", "denim"),
    "dark denim": ("navy", "denim"),
    "dark wash": ("navy", "denim"),
}

VOCABULARY: tuple[str, ...] = (*COLOURS, *PATTERNS, *GARMENTS, *SLEEVES, *LENGTHS)


def _listed(table: str) -> Iterator[tuple[str, str]]:
    """(word, what stands before its colon) of a table with "|" or line ends between its rows."""
    for row in table.strip().replace("\n", "|").split("|"):
        name, _, others = row.partition(":")
        yield from ((other.strip(), name.strip()) for other in others.split(","))


SYNONYMS: dict[str, str] = NAMES_OF_COLOURS | {
    name: DESIGNS[design] for name, design in DESIGN_NAMES.items() if name not in PATTERNS
}
SYNONYMS |= dict(_listed(_OTHER_WORDS))
ARTICLES = frozenset("a an the this that these those some his her my your their our its".split()) | {"pair of"}
SCENES = frozenset("sea ocean grass forest lipstick".split())  # things that are colours before a garment alone
BREAKS = frozenset(",;:.!?()\n\u2013\u2014")


class Unit(NamedTuple):
    """A word or phrase of a text.

    kind: C colour, P pattern, G garment, S sleeves, L length, M material, X thing that is no garment, # what looks like
    the number of a colour, ? unknown, or one of `_OTHER_KINDS`. words: its canonical words, or (). said: as in the
    text, in small letters. own: an article stands before it. drawn: the design, the material, or where a thing lies.
    dye: of a colour. noun: the colour is a thing's name as well.
    """

    kind: str
    words: tuple[str, ...]
    said: str
    own: bool = False
    drawn: str | None = None
    dye: Dye | None = None
    noun: bool = False

    @property
    def heard(self) -> str:
        """What CLIP is told of it: a colour that is none of its words by the nearest of them."""
        if self.dye and (self.dye.like or self.words and look_up(self.said.split(), _heard()) is None):
            return " ".join(self.words)
        return self.said


def cut_up(text: str) -> list[Unit]:
    """The units of a text, longest phrases first; breaks between its parts have the kind ","."""
    parts, at = list(_split(text)), 0
    units: list[Unit] = []
    while at < len(parts):
        found, length = _known(parts, at)
        colour = colour_at(parts, at)
        if colour and colour[1] > length:
            found, length = _coloured(parts, at, *colour), colour[1]
        units += found
        at += length or 1
    return _of_garments(units)


def _of_garments(units: list[Unit]) -> list[Unit]:
    """Names that things share with colours are colours where a garment is meant: "wine" of a dress, not of a glass."""
    letters = "".join("a" if unit.said in ARTICLES else unit.kind for unit in units)
    kinds = letters.replace("a", ".")
    dressed = bool(re.search("[GPM]", kinds))
    for at, unit in enumerate(units):
        behind = kinds[at + 1 :].replace(".", "")
        if (
            unit.kind == "X"
            and unit.said in SCENES
            and re.match("[PM]?G", behind)
            and not re.search("[BQ][.]*$", kinds[:at])
        ):
            dye = names()[(unit.said,)].dye
            units[at] = unit._replace(kind="C", words=names()[(unit.said,)].words, dye=dye)
        if not unit.noun:
            continue
        after = next((other for other in units[at + 1 :] if other.kind != "."), None)
        if after and after.kind == "P" and re.match("(?:print|pattern|motif)", after.said):  # "cherry print"
            units[at] = Unit("?", (), unit.said)
            continue
        beside = re.match("(?:[?CMSL=]|A(?=C))*[PMG]", behind) or after and after.said in ("colour", "color")
        placed = re.search("[WQBU][.a]*$|[EJ?][.]*a[.]*$", letters[:at])
        lonely = not dressed and unit.said not in NAMES_OF_COLOURS
        if not beside and not (after and after.kind == "X") and (placed or lonely):
            units[at] = Unit("X" if unit.words and dressed else "?", (), unit.said)
    return units


def _known(parts: Sequence[str], at: int) -> tuple[tuple[Unit, ...], int]:
    """The units of the longest phrase at a part, and how many parts it has: of an unknown word 0."""
    for length in range(min(_longest(), len(parts) - at), 0, -1):
        phrase = tuple(parts[at : at + length])
        if found := look_up(phrase, _phrases()):
            said = " ".join(phrase)
            return tuple(unit._replace(said=unit.said or said) for unit in found), length
    kind = "," if parts[at] == "," else "#" if NUMBER.fullmatch(parts[at]) else "?"
    return (Unit(kind, (), parts[at]),), 0


def _coloured(parts: Sequence[str], at: int, name: Name, length: int) -> tuple[Unit, ...]:
    """A colour as units; one such as "metallic blue" is a material or a pattern as well."""
    said = " ".join(parts[at : at + length])
    first, _ = _known(parts, at)
    if length > 1 and said not in SYNONYMS and first[0].kind in "PM":
        words = tuple(word for word in parts[at + 1 : at + length] if word in COLOURS)[-1:]
        return (*first, Unit("C", words, parts[at + length - 1], dye=name.dye))
    return (Unit("C", name.words, said, dye=name.dye, noun=name.noun),)


def _split(text: str) -> Iterator[str]:
    """Runs of letters and digits in lower case, and other symbols (emoji) as runs of their own.

    The number of a colour stays whole, and so does "/"; punctuation parts words, and is "," where it parts a sentence.
    """
    run, symbols = "", False
    plain = unicodedata.normalize("NFKC", text).casefold().replace("gray", "grey").replace("&", " and ")
    for piece in re.split(f"({NUMBER.pattern}|/)", plain):
        if piece == "/" or NUMBER.fullmatch(piece):
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
    """Split phrase -> its units, for everything but colours; where they are the phrase itself, said is ""."""
    table = {tuple(word.split()): (Unit(kind, (), ""),) for word, kind in _listed(_OTHER_KINDS)}
    table |= {tuple(_split(word)): (Unit("X", (), "", drawn=place),) for word, place in _listed(_THINGS)}
    table |= {tuple(_split(word)): (Unit("M", (), "", drawn=name),) for word, name in MATERIAL_NAMES.items()}
    for word, design in DESIGN_NAMES.items():
        pattern = word if word in PATTERNS else DESIGNS[design]
        table[tuple(_split(word))] = (Unit("P", (pattern,), "", drawn=design),)
    for word in (*GARMENTS, *SLEEVES, *LENGTHS, *dict(_listed(_OTHER_WORDS))):
        name = SYNONYMS.get(word, word)
        kind = next(kind for kind, words in KINDS.items() if name in words)
        table[tuple(_split(word))] = (Unit(kind, (name,), ""),)

    def unit(word: str) -> Unit:
        split = tuple(_split(word))
        found = table[split][0] if split in table else Unit("C", (word,), "", dye=names()[split].dye)
        return found._replace(said=word)

    return table | {tuple(_split(phrase)): tuple(map(unit, words)) for phrase, words in _COMPOUNDS.items()}


@cache
def _longest() -> int:
    return max(map(len, _phrases()))


@cache
def _heard() -> dict[tuple[str, ...], str]:
    """The colours that CLIP is told as they are said."""
    return {tuple(name.split()): name for name in (*COLOURS, *NAMES_OF_COLOURS)}
