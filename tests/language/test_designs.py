"""Patterns and materials by the words that people use for them."""

from __future__ import annotations

import pytest

from fice.language.designs import DESIGN_NAMES, DESIGNS, MATERIAL_NAMES, MATERIALS
from fice.language.lexicon import PATTERNS
from fice.language.words import parse

# what painters draw
DRAWN = """
solid striped vertical-striped diagonal-striped pinstriped breton chevron zigzag herringbone checked gingham tartan
windowpane houndstooth argyle harlequin checkerboard polka-dot pin-dot floral ditsy tropical leopard zebra tiger snake
giraffe cow denim knit cable-knit ribbed printed paisley tie-dye camouflage geometric stars hearts ikat ombre
colour-block
"""
SHOWN = """
leather patent suede silk satin velvet wool tweed linen cotton denim lace sheer sequins fur knit corduroy fleece
metallic nylon
"""
DESIGN_TEXTS = {
    "a plain white shirt": "solid",
    "shirt with stripes": "striped",
    "vertically striped trousers": "vertical-striped",
    "a dress with diagonal stripes": "diagonal-striped",
    "pin-striped suit": "pinstriped",
    "a breton top": "breton",
    "a mariniere": "breton",
    "skirt with a chevron print": "chevron",
    "zig-zag cardigan": "zigzag",
    "a herringbone coat": "herringbone",
    "checked trousers": "checked",
    "blue and white gingham dress": "gingham",
    "a plaid shirt": "tartan",
    "lumberjack shirt": "tartan",
    "window pane blazer": "windowpane",
    "a hound's-tooth jacket": "houndstooth",
    "dogtooth coat": "houndstooth",
    "Argyll jumper": "argyle",
    "harlequin leggings": "harlequin",
    "skirt like a chessboard": "checkerboard",
    "dress with polka dots": "polka-dot",
    "a dress with tiny polka dots": "pin-dot",
    "skirt with a flower print": "floral",
    "a ditsy floral dress": "ditsy",
    "blouse with a palm leaf print": "tropical",
    "hawaiian shirt": "tropical",
    "leopard-print coat": "leopard",
    "animal print coat": "leopard",
    "coat in zebra": "zebra",
    "a tiger print shirt": "tiger",
    "snakeskin trousers": "snake",
    "skirt with a giraffe print": "giraffe",
    "cowhide jacket": "cow",
    "a denim skirt": "denim",
    "a knitted dress": "knit",
    "cable knit sweater": "cable-knit",
    "rib knit dress": "ribbed",
    "a graphic tee": "printed",
    "paisley shirt": "paisley",
    "tie-dyed t-shirt": "tie-dye",
    "camo trousers": "camouflage",
    "a dress with a geometric pattern": "geometric",
    "a dress covered in stars": "stars",
    "star print skirt": "stars",
    "pyjama-like shirt printed with hearts": "hearts",
    "an ikat skirt": "ikat",
    "ombré dress": "ombre",
    "dip-dyed shirt": "ombre",
    "a color-blocked sweater": "colour-block",
}
MATERIAL_TEXTS = {
    "a vegan leather skirt": "leather",
    "faux leather trousers": "leather",
    "a vinyl coat": "patent",
    "latex leggings": "patent",
    "patent-leather skirt": "patent",
    "a suede jacket": "suede",
    "a silken blouse": "silk",
    "satin gown": "satin",
    "taffeta ball gown": "satin",
    "a velvet suit": "velvet",
    "cashmere jumper": "wool",
    "a merino wool cardigan": "wool",
    "tweed blazer": "tweed",
    "bouclé jacket": "tweed",
    "linen shirt": "linen",
    "a poplin shirt": "cotton",
    "jeans in denim": "denim",
    "a lacy top": "lace",
    "chiffon dress": "sheer",
    "tulle skirt": "sheer",
    "organza blouse": "sheer",
    "a see-through top": "sheer",
    "a sequinned dress": "sequins",
    "dress in glitter": "sequins",
    "a furry coat": "fur",
    "faux-fur vest": "fur",
    "crochet top": "knit",
    "corduroy trousers": "corduroy",
    "sherpa jacket": "fleece",
    "gold lamé skirt": "metallic",
    "metallic trousers": "metallic",
    "nylon bomber": "nylon",
}


def test_the_names_are_those_that_are_drawn():
    assert set(DESIGNS) == set(DRAWN.split()) and set(DESIGNS.values()) <= set(PATTERNS)
    assert set(MATERIALS) == set(SHOWN.split())
    assert set(DESIGN_TEXTS.values()) == set(DESIGNS) and set(MATERIAL_TEXTS.values()) == set(MATERIALS)


@pytest.mark.parametrize(("text", "design"), DESIGN_TEXTS.items())
def test_a_design_by_its_words(text, design):
    (sentence,) = parse(text)
    assert (sentence.design, sentence.pattern) == (design, DESIGNS[design] if "animal" not in text else "animal")
    assert sentence.draws and not sentence.unclear


@pytest.mark.parametrize(("text", "material"), MATERIAL_TEXTS.items())
def test_a_material_by_its_words(text, material):
    (sentence,) = parse(text)
    assert (sentence.material, sentence.materials, sentence.draws) == (material, (), True)


@pytest.mark.parametrize("form", ["a {} skirt", "skirt in {}", "make the skirt {}", "a skirt with {}", "{}"])
def test_every_word_for_a_design_or_material_is_read(form):
    for word, design in DESIGN_NAMES.items():
        assert [(one.design, one.dyes) for one in parse(form.format(word))] == [(design, ())], word
    for word, material in MATERIAL_NAMES.items():
        (sentence,) = parse(form.format(word))
        assert (sentence.material, bool(sentence.materials)) == (material, material is None), word
        assert not sentence.dyes and not sentence.unknown


def test_a_print_of_something_is_what_is_printed():
    for design in ("leopard", "floral", "paisley", "stars", "gingham", "art deco"):
        for form in ("{} print shirt", "shirt with a {} print", "{} patterned shirt", "shirt in a {} pattern"):
            (sentence,) = parse(form.format(design))
            assert sentence.design == DESIGN_NAMES[design] and len(sentence.words) == 2


def test_knit_and_denim_are_materials_that_bear_patterns():
    for text in ("striped knit jumper", "knit jumper with stripes", "striped cable-knit jumper"):
        assert [(one.design, one.material) for one in parse(text)] == [("striped", "knit")]
    assert [(one.design, one.material) for one in parse("ribbed wool jumper")] == [("ribbed", "wool")]
