"""What fice answers to a sentence that it cannot obey, or only in part."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fice.errors import InputError
from fice.language.answers import remarks, understand, understood
from fice.language.lexicon import COLOURS, CUTS, GARMENTS, VOCABULARY
from fice.language.tokenizer import Tokenizer
from fice.order import Garment, Order
from fice.settings import Settings

OWN, OTHER = SimpleNamespace(name="street", reads_own_words=True), SimpleNamespace(name="fice", reads_own_words=False)
DEFAULT = Settings.preset("default")
PAPER = Settings.preset("paper")
TOWERS = replace(DEFAULT, start="encoder")


def said(text, bundle=OWN, settings=DEFAULT):
    wanted = [(Garment(text), sentence) for sentence in understand(text, bundle, settings)]
    return remarks(wanted, bundle, settings, Tokenizer())


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a skirt that is not red", 'instead of "red"'),
        ("not red, green or blue dress", 'instead of "red"'),
        ("turn the dress into a red shirt", 'cannot turn "dress" into "shirt"'),
        ("red or blue dress", '"red or blue dress"'),
        ("a shirt or a dress", '"shirt or dress"'),
        ("shirt to jeans", 'which of "shirt" and "jeans"'),
        ("red shirt and blue jumper", '"shirt" and "jumper" cover the same part'),
        ("coat and jacket in red", '"coat" and "jacket" cover the same part'),
        ("red dress with white trousers", '"dress" and "trousers" cover the same part'),
        ("floral dress and a black top", '"dress" and "top" cover the same part'),
        ("red shirt and blue shirt", '"red blue"'),
        ("white shirt and a skirt that is not red", 'instead of "red", as in "blue skirt"'),
        ("white shirt and #ff00000 trousers", '"#ff00000" is no colour; write it as "#007aff"'),
        ("rgb(300, 0, 0) skirt", '"rgb(300, 0, 0)" is no colour'),
        ("make the shirt darker and lighter", '"darker lighter"'),
        ("darker or lighter shirt", '"darker or lighter'),
        ("remove the jacket and the trousers", "takes nothing off"),
        ("red sweater in blue", '"red blue"'),
        ("red dress, no", '"no"'),
        ("#12345 dress", '"#12345" is no colour'),
        ("green shoes", 'not "shoes"'),
        ("red hat", 'not "hat"'),
        ("make the collar of the shirt red", 'not "collar"'),
        ("naked", "takes nothing off"),
        ("remove the red jacket", "takes nothing off"),
    ],
)
@pytest.mark.parametrize("bundle", [OWN, OTHER])
def test_what_cannot_be_obeyed_is_refused_whatever_the_bundle(text, answer, bundle):
    with pytest.raises(InputError) as caught:
        understand(text, bundle, DEFAULT)
    assert answer in str(caught.value)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("quilted jacket", 'cannot show "quilted" yet; name a colour or a pattern, as in "black jacket"'),
        ("mango", 'no word of "mango" is known'),
        ("shirt", "nothing that fice can draw"),
        ("shirt with red sleeves", "nothing that fice can draw"),
        ("burgandy trousers", 'did you mean "burgundy"'),
        ("burgandy trousers and a white shirt", '"burgandy trousers" names no colour and no pattern; did you mean'),
        ("shirt and jeans", "nothing that fice can draw"),
        ("flral", 'did you mean "floral"'),
        ("rotes Kleid", "in English"),
        ("robe rouge", "in English"),
        ("红色连衣裙", "in English"),
        ("платье", "in English"),
        ("👗👗", "no word"),
        ("the a of", "no word"),
    ],
)
def test_nothing_to_draw_is_refused(text, answer):
    with pytest.raises(InputError) as caught:
        understand(text, OWN, DEFAULT)
    assert answer in str(caught.value)
    assert "roses" not in str(caught.value)


@pytest.mark.parametrize("text", ["kimono", "leather jacket", "a dress", "sleeveless dress"])
def test_a_clip_of_all_words_may_be_asked_for_anything(text):
    assert understand(text, OTHER, DEFAULT)[0].text == text


def test_a_generated_garment_keeps_its_cut():
    generated = Settings.preset("generated")
    assert said("red sleeveless dress", settings=generated)[0].startswith('Left out: "sleeveless"')
    with pytest.raises(InputError, match='cannot show "sleeveless"'):
        understand("sleeveless dress", OWN, generated)


def test_garments_and_sleeves_may_be_asked_of_the_terms_alone():
    assert understand("sleeveless dress", OWN, TOWERS)[0].sleeve == "sleeveless"
    assert said("red sleeveless dress", OWN, TOWERS) == []


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("stripped blue dress", "'stripped' is not a word that the bundle street knows; it was left out; did you mean"),
        ("red kimono", "'kimono' is not a word that the bundle street knows; it was left out."),
        ("black quilted jacket", 'Left out: "quilted"; fice words lists the materials'),
        ("dress with a cherry print", "'cherry' is not a word that the bundle street knows"),
        ("lether jacket in red", 'did you mean "leather"?'),
        ("red and white dress", 'Left out: "white"'),
        ("red, white and blue striped dress", 'Left out: "blue"'),
        ("red striped floral dress", 'Left out: "floral"'),
        ("red dress with a black belt", 'Left as photographed: "belt"'),
        ("white shirt with jeans", 'Left as photographed: "jeans"; nothing that fice can draw is said of it.'),
        ("quilted jacket and blue jeans", 'Left as photographed: "jacket"; nothing that fice can draw is said of it.'),
        ("remove the jacket and make the dress red", 'Left as photographed: "jacket"; fice takes nothing off.'),
        ("pleated blouse in red, pleated skirt in blue", 'Left out: "pleated"'),
        ("red dress without a jacket", 'Left as photographed: "jacket"'),
        ("change the jumper to a red shirt", 'keeps its kind: of "jumper"'),
        (f"red {'dress ' * 20}", "too long for the bundle"),
    ],
)
def test_what_is_left_out_is_said(text, remark):
    (only,) = said(text)
    assert only.startswith(remark) or remark in only


@pytest.mark.parametrize(
    "text",
    [
        "red floral dress",
        "navy suit and white shirt",
        "change the red sweater to blue",
        "a skirt, blue instead of red",
        "#007aff dress",
        "leather jacket",
        "black leather jacket and cerulean jeans",
        "make the shirt darker",
        "striped knit jumper",
        "skirt in the same red as the bag",
        "a long red dress",
        "sleeveless dress",
        "white shirt without sleeves and blue jeans",
        "turn the skirt into trousers",
        "a skirt",
    ],
)
def test_of_what_is_obeyed_nothing_is_said(text):
    assert said(text) == []


def test_the_paper_with_our_weights_is_said_to_be_a_demonstration():
    (only,) = said("red dress", OWN, PAPER)
    assert "street show how the method of the paper works" in only and "fice models fetch viton" in only
    assert said("red dress", OTHER, PAPER) == said("red dress", OWN, replace(PAPER, name="generated")) == []


def test_answers_stay_short():
    with pytest.raises(InputError) as caught:
        understand("wibbly " * 1429, OWN, DEFAULT)
    assert len(str(caught.value)) < 250
    found = said("red dress, " + " ".join(f"wibbly{i}" for i in range(2000)) + " with shoes, hats and bags" * 1000)
    assert len(found) < 10 and max(map(len, found)) < 250


WORDS = [*VOCABULARY, *"not without to from and or in on with of change remove belt shoes , it".split()]


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8))
def test_whatever_is_accepted_names_something_to_draw_of_one_garment_each(words):
    try:
        sentences = understand(" ".join(words), OWN, DEFAULT)
    except InputError:
        return
    for sentence in sentences:
        assert len(sentence.garments) <= 1
        assert sentence.shapes or sentence.garment in CUTS or sentence.colour in COLOURS or sentence.pattern
        assert sentence.garment in GARMENTS or sentence.garment is None and len(sentences) == 1


def placed(text, *swatches, **wishes):
    """(text of the garment, its sentence's garment, its swatch) of each, for an order with swatches at regions."""
    garments = [Garment(text, **wishes)] if text or wishes else []
    garments += [Garment(region=region, swatch=f"{region}.jpg") for region in swatches]
    return [(one.garment, own.swatch) for own, one in understood(Order(tuple(garments)), OWN, DEFAULT)]


def test_a_swatch_is_for_the_garment_that_is_meant():
    assert placed("wrap dress", swatch="tweed.jpg") == [("dress", "tweed.jpg")]
    assert placed("", swatch="tweed.jpg") == [(None, "tweed.jpg")]
    assert placed("a white shirt and the jeans", swatch="tweed.jpg") == [("shirt", None), ("jeans", "tweed.jpg")]
    assert placed("jacket and jeans", swatch="tweed.jpg") == [("jacket", "tweed.jpg"), ("jeans", "tweed.jpg")]
    assert placed("jacket and jeans", "lower", "outer") == [("jacket", "outer.jpg"), ("jeans", "lower.jpg")]
    assert placed("red shirt", "lower") == [("shirt", None), (None, "lower.jpg")]
    assert placed("", "left sleeve", "lower") == [(None, "left sleeve.jpg"), (None, "lower.jpg")]
    with pytest.raises(InputError, match="say of which"):
        placed("white shirt and blue jeans", swatch="tweed.jpg")
    with pytest.raises(InputError, match="says nothing"):
        placed("jacket and jeans", "dress")


def test_pictures_come_after_what_is_said():
    wanted = understood(Order.of("white shirt and blue jeans", pictures="a.jpg"), OWN, DEFAULT)
    assert [(one.garment, own.pictures) for own, one in wanted] == [("shirt", ()), ("jeans", ()), (None, ("a.jpg",))]
    wanted = understood(Order.of("red", region="upper", pictures="a.jpg"), OWN, DEFAULT)
    assert [(one.colour, own.pictures) for own, one in wanted] == [("red", ("a.jpg",))]
    assert [own.text for own, _ in understood(Order.of("", pictures="a.jpg"), OWN, DEFAULT)] == [""]
    with pytest.raises(InputError, match="or made of a swatch"):
        understood(Order.of("", pictures="a.jpg", swatch="b.jpg"), OWN, DEFAULT)


def test_words_beside_a_swatch_that_are_left_out_are_said():
    garment = Garment("red floral dress", swatch="tweed.jpg")
    (remark,) = remarks(understood(Order((garment,)), OWN, DEFAULT), OWN, DEFAULT, Tokenizer())
    assert '"red" and "floral"' in remark and "swatch" in remark
