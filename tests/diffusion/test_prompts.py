"""What a diffusion model is told, and what is answered to a sentence that one draws."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest import ROOT

from fice.bundle.bundle import load_bundle
from fice.diffusion.families import FAMILIES
from fice.diffusion.prompts import cut_off, negative_of, prompt_of
from fice.errors import InputError
from fice.garment import Garment
from fice.language.answers import remarks, understood
from fice.language.told import denied, named, told
from fice.language.words import NOTHING, parse
from fice.order import Order
from fice.settings import Settings

SETTINGS = Settings.preset("diffusion", negative="text")
SD, KONTEXT = (next(each for each in FAMILIES if each.name.startswith(name)) for name in ("Stable", "FLUX.1 Kontext"))
STREET = load_bundle(ROOT / "weights" / "street")


def piece(sentence, region="dress", **more):
    """A piece of a plan, as far as it is told."""
    known = {"garment": Garment(), "place": False, "references": ()}
    return SimpleNamespace(**known | {"sentence": sentence, "region": SimpleNamespace(name=region)} | more)


def answered(text, **wishes):
    """The sentences of a text as the preset `diffusion` reads them, and what is remarked."""
    wanted = understood(Order.of(text, **wishes), STREET, SETTINGS)
    return [sentence for _, sentence in wanted], remarks(wanted, STREET, SETTINGS, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a kimono with cranes", "a kimono with cranes"),
        ("red dress with a white collar", "red dress with a white collar"),
        ("make the red dress blue", "dress blue"),
        ("turn the jeans into a pleated skirt", "pleated skirt"),
        ("shirt, no sleeves", "shirt, no sleeves"),
        ("dress without buttons", "dress"),
        ("not red but blue dress", "blue dress"),
        ("a #007AFF linen blazer", "a blue linen blazer"),
        ("change the dress to rgb(200, 30, 40)", "dress red"),
        ("ein rotes Kleid", "ein rotes Kleid"),
        ("red <Style_2> dress", "red <Style_2> dress"),
        ("make the dress <Style_2>", "dress <Style_2>"),
    ],
)
def test_the_model_is_told_what_is_wanted_in_the_users_own_words(text, said):
    assert told(parse(text)[0]) == said


def test_of_several_garments_each_is_told_its_own():
    assert [told(one) for one in parse("white shirt and #ff8800 jeans")] == ["white shirt", "orange jeans"]


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("dress without buttons", ("buttons",)),
        ("not red but blue dress", ("red",)),
        ("shirt with no buttons or pockets", ("buttons", "pockets")),
        ("shorts instead of trousers", ("trousers",)),
        ("red dress", ()),
    ],
)
def test_what_shall_not_be_is_told_apart(text, unwanted):
    sentence = parse(text)[0]
    assert denied(sentence) == unwanted
    assert negative_of([piece(sentence)], SETTINGS) == ", ".join([*unwanted, "text"])


def test_a_model_that_hears_no_negative_words_reads_them_in_the_text():
    sentence = parse("dress without buttons")[0]
    assert prompt_of([piece(sentence)], "", SD) == "a photograph of a person wearing dress"
    assert prompt_of([piece(sentence)], "", KONTEXT) == "dress the person in dress without buttons"


def test_a_colour_without_a_garment_is_told_with_what_is_worn():
    red = parse("red")[0]
    assert prompt_of([piece(red, "outer")], "at dusk", SD) == "a photograph of a person wearing red jacket, at dusk"
    sleeves = piece(red, "sleeves", garment=Garment(region="sleeves"), place=True)
    assert prompt_of([sleeves], "", SD).endswith("wearing red sleeves")
    shown = piece(NOTHING, "upper", references=(SimpleNamespace(kind="jumper"),))
    assert prompt_of([shown, piece(red)], "", SD).endswith("wearing the jumper and red dress")


def test_numbers_become_names_that_people_use():
    assert [named(number) for number in ("#ffffff", "#0a0a0a", "rgb(0, 0, 128)", "navy")] == [
        "white",
        "black",
        "deep blue",
        "navy",
    ]


def test_what_is_beyond_the_longest_encoder_is_cut_off():
    class Letters(SimpleNamespace):
        def __call__(self, text):
            return SimpleNamespace(input_ids=[*text])

    short, long = Letters(model_max_length=8), Letters(model_max_length=20)
    assert cut_off("a red dress of silk", SimpleNamespace(tokenizer=short)) == "dress of silk"
    assert cut_off("a red dress of silk", SimpleNamespace(tokenizer=short, tokenizer_2=long)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "turn the trousers into a skirt",
        "turn the dress into trousers",
        "cropped hoodie",
        "long-sleeved shirt",
        "sequin gown",
        "kimono",
        "dress",
        "red dress with a white collar and gold buttons",
        "shirt not tucked in",
    ],
)
def test_what_only_a_model_can_draw_is_neither_refused_nor_left_out(text):
    sentences, said = answered(text)
    assert len(sentences) == 1 and said == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("remove the jacket", "takes nothing off"),
        ("naked", "takes nothing off"),
        ("naked in red", "takes nothing off"),
        ("pink hair", 'not "hair"'),
        ("not red", "instead of"),
        ("trousers or skirt", "not clear"),
        ("#12345 dress", "no colour"),
    ],
)
def test_what_no_model_shall_be_told_is_refused(text, why):
    with pytest.raises(InputError, match=why):
        answered(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("red dress with green shoes", 'Left as photographed: "shoes"; only the garment is painted.'),
        ("white shirt with gold buttons and blue jeans", 'Left out: "buttons"'),
        ("a kimono, without jacket", 'Left as photographed: "jacket"; fice takes nothing off.'),
    ],
)
def test_what_is_left_of_a_sentence_is_said(text, left):
    (said,) = answered(text)[1]
    assert said.startswith(left)


def test_things_are_dressed_where_a_text_or_a_region_names_nothing_else():
    ((garment, sentence),) = understood(Order.of("red shoes"), STREET, SETTINGS)
    assert (garment.region, told(sentence)) == ("shoes", "red")
    assert answered("red leather boots", region="shoes")[1] == []
    assert len(answered("white shirt and green shoes")[0]) == 1


def test_words_of_a_change_are_told_of_a_garment_alone():
    sentence = replace(parse("make it blue")[0])
    assert told(sentence) == "blue"
