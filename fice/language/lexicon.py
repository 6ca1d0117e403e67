"""The words that fice knows, and what kind of word each is."""

from __future__ import annotations

from collections.abc import Iterator

from fice.language.colours import COLOURS, NAMES_OF_COLOURS
from fice.language.designs import DESIGN_NAMES, DESIGNS

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

# garments that are cut anew where one of another kind is worn -> as which kind
CUTS = {"dress": "dress", "gown": "dress", "skirt": "skirt", "trousers": "trousers", "jeans": "trousers"}
CUTS |= {"leggings": "trousers", "shorts": "shorts"}

SLEEVES = ("sleeveless", "short-sleeved", "long-sleeved")
LENGTHS = ("cropped", "mini", "knee-length", "midi", "maxi")

KINDS = {"C": COLOURS, "P": PATTERNS, "G": GARMENTS, "S": SLEEVES, "L": LENGTHS}
# canonical words <- other words for the same thing, separated by commas
OTHER_WORDS = """
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
jeans: denims, jean pants
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
OTHER_KINDS = """
.: a, an, the, this, that, these, those, some, very, too, so, really, it, its, his, her, hers, my, your, their, our, he
.: she, they, i, you, we, me, us, is, are, was, were, be, been, do, does, can, could, would, please, who, whose, which
.: someone, photo, photograph, picture, image, portrait, coloured, colored, style, styled, type, kind, piece, s, m, d
.: ll, re, ve, one, ones, just, only, whole, entire, all, also, as, want, like, colour of, color of, shade of, shade
.: fabric, cloth, material, made of, made from, made, mens, womens, not only, on top, full of, give, tone, both, pair of
.: than, covered in, printed with, /, faux, fake
=: matching, coordinating, coordinated, same, same colour, same pattern
=: match, matches, to match, that matches, which matches
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
THINGS = """
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
background: couch, table, blue sky
"""
# phrases that stand for several words of the language
COMPOUNDS = {
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
    "stone washed": ("light blue", "denim"),
    "acid wash": ("light blue", "denim"),
    "dark denim": ("navy", "denim"),
    "dark wash": ("navy", "denim"),
}

VOCABULARY: tuple[str, ...] = (*COLOURS, *PATTERNS, *GARMENTS, *SLEEVES, *LENGTHS)


def listed(table: str) -> Iterator[tuple[str, str]]:
    """(word, what stands before its colon) of a table with "|" or line ends between its rows."""
    for row in table.strip().replace("\n", "|").split("|"):
        name, _, others = row.partition(":")
        yield from ((other.strip(), name.strip()) for other in others.split(","))


SYNONYMS: dict[str, str] = NAMES_OF_COLOURS | {
    name: DESIGNS[design] for name, design in DESIGN_NAMES.items() if name not in PATTERNS
}
SYNONYMS |= dict(listed(OTHER_WORDS))
ARTICLES = frozenset("a an the this that these those some his her my your their our its".split()) | {"pair of"}
