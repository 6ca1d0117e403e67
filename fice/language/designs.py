"""Patterns and materials as they are drawn: finer than the words that CLIP knows, each with what people call it."""

from __future__ import annotations

from collections.abc import Iterator

# design > the word of PATTERNS that is nearest: other words for it
_DESIGNS = """
solid > solid: plain, unpatterned, monochrome, single coloured, single colored
striped > striped: stripe, stripes, stripy, stripey, horizontal striped, horizontal stripes, horizontally striped
striped > striped: candy stripes, candy striped, rugby stripes
breton > striped: breton stripes, breton striped, sailor stripes, nautical stripes, nautical, mariniere, marinière
diagonal-striped > striped: diagonal stripes, diagonally striped, slanted stripes, bias stripes
chevron > striped: chevrons, chevron stripes, chevron print, chevron striped
zigzag > striped: zig zag, zigzags, zig zags, zigzag print, zigzag stripes
herringbone > striped: herring bone, herringbone weave, fishbone
vertical-striped > vertical-striped: vertical stripes, vertically striped
pinstriped > vertical-striped: pinstripe, pinstripes, pin striped, pin stripe, chalk stripe, chalk striped
checked > checked: checks, check, checkered, chequered, checker, squared
gingham > checked: gingham check, gingham checks, vichy, vichy check, buffalo check
tartan > checked: plaid, lumberjack, madras, tartan check, tartan plaid, plaid check, buffalo plaid
windowpane > checked: window pane, windowpane check, windowpane checks, window check, grid, grid check, graph check
houndstooth > checked: hound's tooth, houndstooth check, houndstooth print, dogtooth, dog tooth, dogtooth check
houndstooth > checked: dogstooth, puppytooth, pied de poule
argyle > checked: argyll, argyle check, argyle pattern, diamond pattern, diamond check
harlequin > checked: harlequin print, harlequin diamonds, harlequin check, lozenge, lozenges
checkerboard > checked: checker board, chequerboard, chessboard, chess board, checkerboard check, damier
polka-dot > polka-dot: polka dot print, polka dots, dotted, dots, dot, spotted, polka, polkadot, dotty, spots
pin-dot > polka-dot: pin dots, pin dotted, pindot, tiny dots, small dots, micro dots, swiss dot, tiny polka dots
floral > floral: floral print, flower print, flowers, flower, flowery, flowered, botanical, blossom, roses, daisy
floral > floral: hibiscus, rose print, floral pattern, flower pattern, big flowers, large flowers
ditsy > floral: ditsy floral, ditsy print, ditsy flowers, small flowers, tiny flowers, little flowers, small floral
ditsy > floral: micro floral, liberty print, liberty floral, calico, millefleurs
tropical > floral: tropical print, palm print, palm leaf, palm leaves, palm leaf print, leaf print, hawaiian, aloha
tropical > floral: hawaiian print, jungle print, tropical leaves, tropical flowers, tropical floral, monstera
leopard > animal: cheetah, leopard print, animal print, jaguar, leopard spots, leopard skin, leopardskin
leopard > animal: cheetah print, jaguar print
zebra > animal: zebra print, zebra stripes, zebra striped
tiger > animal: tiger print, tiger stripes, tiger striped
snake > animal: snake print, snakeskin, snake skin, python, python print, reptile print
giraffe > animal: giraffe print, giraffe spots
cow > animal: cow print, cow spots, cowhide, dalmatian, dalmatian print
denim > denim: jean | knit > knit: knitted, woolly, crochet, chunky knit, wool knit, knitwear
cable-knit > knit: cable knit, cable knitted, cabled, aran, aran knit
ribbed > knit: rib, rib knit, ribbed knit, rib knitted
printed > printed: print, patterned, graphic, abstract, multicoloured, multicolored, graphic print, abstract print
paisley > printed: paisley print, paisleys, paisley pattern, bandana print
tie-dye > printed: tie dye, tie dyed, tiedye, tie dye print, batik, shibori
camouflage > camouflage: camo, camo print, camouflage print
geometric > printed: geometric print, geometric pattern, geo print, geometrical, art deco, triangles, mosaic
stars > printed: star print, star printed, star pattern, starry
hearts > printed: heart print, heart printed, heart pattern
ikat > printed: ikat print, ikat pattern
ombre > solid: ombré, dip dye, dip dyed, gradient, dégradé, degrade
colour-block > printed: colour blocked, color block, color blocked, colour blocking, color blocking, colourblock
colour-block > printed: colorblock, colourblocked, colorblocked
"""
# material: words for it; "-" are those that fice cannot show
_MATERIALS = """
leather: leather, faux leather, fake leather, vegan leather, leatherette, pleather, nappa, leathery
patent: patent, patent leather, vinyl, latex, pvc, wet look, lacquered, rubber
suede: suede, faux suede, nubuck, suedette, velour leather | silk: silk, silken, silky, mulberry silk, crepe de chine
satin: satin, satiny, sateen, charmeuse, taffeta, duchesse, silk satin, satin silk, shiny, glossy
velvet: velvet, velvety, velour, velveteen, crushed velvet
wool: wool, woollen, woolen, cashmere, merino, alpaca, mohair, angora, flannel, felt, boiled wool, wool blend, loden
tweed: tweed, tweedy, boucle, bouclé, harris tweed | linen: linen, flax, hemp, ramie
cotton: cotton, poplin, muslin, jersey knit, cotton jersey, matte, chambray, twill, canvas
denim: denim fabric
lace: lace, lacy, crochet lace, broderie, broderie anglaise, guipure, eyelet, openwork
sheer: sheer, transparent, see through, chiffon, tulle, organza, mesh, gauze, voile, georgette, fishnet, translucent
sequins: sequin, sequins, sequined, sequinned, glitter, glittery, glittering, paillettes, beaded, sparkly, sparkling
fur: fur, furry, faux fur, fake fur, shearling, sheepskin, mink, fluffy fur
knit: knit fabric, knitted fabric | corduroy: corduroy, cord, cords, needlecord, corded
fleece: fleece, fleecy, teddy, sherpa, polar fleece, borg, plush
metallic: metallic, lame, lamé, lurex, foil, foiled, chrome, liquid metal, mirrored, iridescent, holographic
nylon: nylon, ripstop, parachute silk, gore tex, goretex, waterproof
-: polyester, quilted, embroidered, pleated, ruffled, spandex, lycra, viscose, rayon, brocade, jacquard
"""
OF_DESIGN = {"denim": "denim", "knit": "knit", "cable-knit": "knit", "ribbed": "knit"}  # what these are made of


def _rows(table: str) -> Iterator[tuple[str, list[str]]]:
    """(what stands before the colon, the words behind it) of a table with "|" or line ends between its rows."""
    for row in table.strip().replace("\n", "|").split("|"):
        name, _, words = row.partition(":")
        yield name.strip(), [word.strip() for word in words.split(",")]


DESIGNS: dict[str, str] = {}  # design -> its word of PATTERNS
DESIGN_NAMES: dict[str, str] = {"animal": "leopard"}  # words for them -> design
for _name, _words in _rows(_DESIGNS):
    _design, _pattern = _name.split(" > ")
    DESIGNS[_design] = _pattern
    DESIGN_NAMES |= dict.fromkeys((_design, *_words), _design)
MATERIAL_NAMES: dict[str, str | None] = {
    word: None if name == "-" else name for name, words in _rows(_MATERIALS) for word in words
}
MATERIALS = tuple(dict.fromkeys(name for name in MATERIAL_NAMES.values() if name))
