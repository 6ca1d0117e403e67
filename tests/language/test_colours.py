"""Colours: their names and numbers, words before them, and dyes."""

from __future__ import annotations

import numpy as np
import pytest

from fice.language.colours import COLOURS, NAMES_OF_COLOURS, Dye, names, shifted
from fice.language.colours import SURVEY as FILE
from fice.language.lexicon import GARMENTS, THINGS
from fice.language.words import parse
from fice.srgb import to_lab
from fice.subject.regions import REGION_CLASSES

LINES = FILE.read_text(encoding="utf-8").splitlines()[1:]
SURVEY = {name: tuple(bytes.fromhex(number)) for number, _, name in (line.partition(" ") for line in LINES)}
CLOTH = ("camo", "denim", "leather", "velvet")  # names that are patterns and materials first


def dyes(text):
    (sentence,) = parse(text)
    return sentence.dyes


def test_the_survey_is_there_as_a_whole():
    plt = pytest.importorskip("matplotlib._color_data", reason="matplotlib is not installed")
    for name, number in plt.XKCD_COLORS.items():
        assert SURVEY[name.removeprefix("xkcd:")] == tuple(bytes.fromhex(number[1:]))


@pytest.mark.parametrize("form", ["{} skirt", "a skirt in {}", "make the skirt {}"])
def test_every_name_of_the_survey_is_drawn_as_it_was_named(form):
    for name, rgb in SURVEY.items():
        if name not in COLOURS and name not in CLOTH and (form.endswith("skirt") or name not in ("sea", "ocean")):
            if form.endswith("skirt") or name not in ("grass", "forest", "lipstick", "dark", "pale"):
                (sentence,) = parse(form.format(name))
                assert [dye.rgb for dye in sentence.dyes] == [rgb], name
                assert sentence.colour in COLOURS and sentence.garment == "skirt" and not sentence.unclear


def test_own_names_keep_their_cloth_and_synonyms_their_word():
    for name, rgb in COLOURS.items():
        assert [dye.rgb for dye in dyes(f"{name} dress")] == [rgb]
    for name, word in NAMES_OF_COLOURS.items():
        (sentence,) = parse(f"{name} dress")
        assert sentence.colour == word and [dye.rgb for dye in sentence.dyes] == [SURVEY.get(name, COLOURS[word])]


def test_clip_reads_names_as_they_are_said_and_of_a_colour_without_one_the_nearest_word():
    assert parse("a lovely burgundy dress!")[0].wanted == "a lovely burgundy dress!"
    assert parse("a cerulean dress")[0].wanted == "a cerulean dress"
    assert parse("#007aff dress")[0].wanted == "blue dress" and parse("#007aff dress")[0].colour == "blue"
    assert parse("dress in the same red as the bag")[0].wanted == "dress in red"


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("#007aff", (0, 122, 255)),
        ("#07F", (0, 119, 255)),
        ("rgb(0, 122, 255)", (0, 122, 255)),
        ("RGB(0 122 255)", (0, 122, 255)),
        ("rgb(0%, 48%, 100%)", (0, 122, 255)),
        ("rgba(0, 122, 255, 0.5)", (0, 122, 255)),
        ("hsl(211, 100%, 50%)", (0, 123, 255)),
        ("hsl(211deg 100% 50%)", (0, 123, 255)),
        ("hsl(0, 0%, 100%)", (255, 255, 255)),
    ],
)
def test_colours_by_number(text, rgb):
    assert [dye.rgb for dye in dyes(f"{text} dress")] == [rgb]
    assert [dye.rgb for dye in dyes(f"change the red dress to {text}.")] == [rgb]


@pytest.mark.parametrize(
    "text", ["#12345", "#1234567", "rgb(0, 122)", "rgb(256, 0, 0)", "rgb(a, b, c)", "rgb()", "hsl(400, 0%, 0%)"]
)
def test_what_looks_like_a_number_of_a_colour_and_is_none_is_told(text):
    assert parse(f"{text} dress")[0].numbers == (text,) and not dyes(f"{text} dress")


@pytest.mark.parametrize(
    ("text", "than", "lightness", "chroma"),
    [
        ("pale cerulean", "cerulean", 1, -1),
        ("pastel cobalt", "cobalt", 1, -1),
        ("light cerise", "cerise", 1, 0),
        ("dark cerise", "cerise", -1, 0),
        ("deep cerise", "cerise", -1, 0),
        ("bright sienna", "sienna", 1, 1),
        ("vivid mauve", "mauve", 0, 1),
        ("neon sage", "sage", 1, 1),
        ("dusty cobalt", "cobalt", 1, -1),
        ("muted cobalt", "cobalt", 0, -1),
        ("faded cobalt", "cobalt", 1, -1),
        ("very dark red", "dark red", -1, 0),
        ("tealish", "teal", 1, 0),
        ("navyish", "navy", 1, -1),
    ],
)
def test_words_before_a_colour_move_it(text, than, lightness, chroma):
    (moved,), (base,) = dyes(f"{text} dress"), dyes(f"{than} dress")
    one, other = (to_lab(np.array(dye.rgb, float)) for dye in (moved, base))
    assert moved.said == text and moved.steps == (0, 0, 0)
    assert (one[0] - other[0]) * lightness >= 3 * abs(lightness)
    assert (np.hypot(*one[1:]) - np.hypot(*other[1:])) * chroma >= 3 * abs(chroma)


def test_warm_and_cool_and_tinged():
    warm, plain, cool, red = (
        to_lab(np.array(dyes(f"{word}taupe dress")[0].rgb)) for word in ("warm ", "", "cool ", "reddish ")
    )
    assert warm[2] > plain[2] + 5 and cool[2] < plain[2] - 5 and red[1] > plain[1] + 5


@pytest.mark.parametrize(
    ("text", "rgb", "lighter", "purer"),
    [
        ("a darker blue shirt", COLOURS["blue"], -1, None),
        ("make the shirt a darker blue", COLOURS["blue"], -1, None),
        ("make the blue shirt a darker blue", None, -1, None),
        ("change the blue shirt to a darker blue", None, -1, None),
        ("make the red shirt darker", None, -1, None),
        ("make it a bit lighter", None, 1, None),
        ("more vivid shirt", None, 0, 1),
        ("a less bright shirt", None, -1, -1),
        ("lighten the shirt", None, 1, None),
        ("make the shirt dark", None, -1, None),
        ("slightly darker #007aff shirt", (0, 122, 255), -1, None),
    ],
)
def test_what_compares_stays_a_step(text, rgb, lighter, purer):
    (dye,) = dyes(text)
    assert dye.rgb == rgb and np.sign(dye.lighter) == lighter and purer in (None, np.sign(dye.purer))


def test_amounts_of_steps():
    slight, plain, much, more = (
        dyes(f"make the shirt {text}")[0].lighter
        for text in ("slightly darker", "darker", "much darker", "very much darker")
    )
    assert 0 > slight > plain > much > more >= 2 * plain
    assert dyes("very " * 50 + "much darker shirt")[0].said.endswith("darker")


def test_a_dye_on_a_garment():
    worn = (200, 60, 50)
    assert Dye("blue", (35, 90, 205)).on(worn) == (35, 90, 205)
    assert Dye("as it is").on(worn) == worn and Dye("red as the bag", (208, 20, 30), like="bag").on(worn) == worn
    darker, lighter, duller = (to_lab(np.array(Dye("", None, *steps).on(worn))) for steps in ((-18,), (15,), (0, -20)))
    before = to_lab(np.array(worn))
    assert darker[0] == pytest.approx(before[0] - 18, abs=1) and lighter[0] == pytest.approx(before[0] + 15, abs=1)
    assert np.hypot(*duller[1:]) == pytest.approx(np.hypot(*before[1:]) - 20, abs=1)


def test_steps_never_leave_the_colours_of_a_screen():
    rng = np.random.default_rng(0)
    for rgb in [(0, 0, 0), (255, 255, 255), (128, 128, 128), *rng.integers(0, 256, (60, 3)).tolist()]:
        for steps in ((60, 0, 0), (-60, 0, 0), (0, 90, 0), (0, -90, 0), (0, 0, 40), (0, 0, -40)):
            assert all(0 <= channel <= 255 for channel in shifted(rgb, steps))
        assert max(np.abs(np.subtract(shifted(rgb, (0, 0, 0)), rgb))) <= 1
    assert shifted((128, 128, 128), (0, 50, 0)) == (128, 128, 128)  # grey has no hue


@pytest.mark.parametrize(
    ("text", "like", "rgb"),
    [
        ("skirt in the same red as the bag", "bag", COLOURS["red"]),
        ("skirt matching the shoes", "shoes", None),
        ("skirt matching her red shoes", "shoes", COLOURS["red"]),
        ("shirt in the colour of her hair", "hair", None),
        ("shirt in the color of her eyes", "face", None),
        ("shirt in the same colour as his hat", "headwear", None),
        ("shirt to match the scarf", "accessories", None),
        ("shirt to match the jeans", "trousers", None),
        ("shirt that matches the skirt", "skirt", None),
        ("shirt in the colour of the coat", "outer", None),
        ("change the shirt to the colour of the wall", "background", None),
        ("shirt as blue as the sea", "background", COLOURS["blue"]),
        ("shirt red like the handbag", "bag", COLOURS["red"]),
        ("shirt in the same blue as her socks", "legwear", COLOURS["blue"]),
    ],
)
def test_the_colour_of_another_thing(text, like, rgb):
    (dye,) = dyes(text)
    assert (dye.like, dye.rgb) == (like, rgb)
    assert not parse(text)[0].things and not parse(text)[0].kept


def test_things_lie_where_regions_are_known():
    for row in THINGS.strip().replace("\n", "|").split("|"):
        place = row.partition(":")[0].strip()
        assert place in (*REGION_CLASSES, "-")
    for garment in GARMENTS:
        assert dyes(f"hat and shoes matching the {garment}")[0].like in REGION_CLASSES
    assert not dyes("shirt matching the collar")  # of no region


def test_names_are_read_once():
    assert names() is names() and len(names()) > 949
