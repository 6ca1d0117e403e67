"""The language of clothes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fice.errors import InputError
from fice.words import (
    COLOURS,
    FILLERS,
    GARMENTS,
    PATTERNS,
    SYNONYMS,
    VOCABULARY,
    Tokenizer,
    nearest_colour,
    parse,
    to_lab,
)


def test_the_language_is_large_enough_and_consistent():
    assert len(COLOURS) >= 24 and len(PATTERNS) >= 8 and len(GARMENTS) >= 20
    assert set(GARMENTS.values()) == {"upper", "lower", "dress", "outer", "full"}
    assert len(set(VOCABULARY)) == len(VOCABULARY)
    assert set(SYNONYMS.values()) <= set(VOCABULARY)
    assert not set(SYNONYMS) & set(VOCABULARY)
    assert not FILLERS & (set(VOCABULARY) | set(SYNONYMS))


def test_every_word_reads_as_itself():
    for word in (*VOCABULARY, *SYNONYMS):
        assert parse(word).words == (SYNONYMS.get(word, word),)
        assert parse(f"a {word.upper()},").words == (SYNONYMS.get(word, word),)


@pytest.mark.parametrize(
    ("text", "words", "region"),
    [
        ("red floral dress", ("red", "floral", "dress"), "dress"),
        ("A light-blue, STRIPED T-shirt!", ("light blue", "striped", "t-shirt"), "upper"),
        ("crimson gown with polka dots", ("red", "gown", "polka-dot"), "dress"),
        ("a gray pinstriped suit", ("grey", "vertical-striped", "suit"), "full"),
        ("navy blue jeans", ("navy", "jeans"), "lower"),
        ("short sleeve white shirt", ("short-sleeved", "white", "shirt"), "upper"),
        ("long sleeves, burgundy", ("long-sleeved", "dark red"), "upper"),
        ("a man's camel trench coat", ("tan", "coat"), "outer"),
        ("red t-shirt and blue jeans", ("red", "t-shirt", "blue", "jeans"), "full"),
        ("denim jackets", ("denim", "jacket"), "outer"),
        ("jean shorts", ("denim", "shorts"), "lower"),
        ("striped miniskirt", ("striped", "mini", "skirt"), "lower"),
        ("emerald", ("dark green",), None),
        ("dresses", ("dress",), "dress"),
    ],
)
def test_sentences(text, words, region):
    sentence = parse(text)
    assert (sentence.words, sentence.region, sentence.unknown) == (words, region, ())


def test_parts_of_a_sentence():
    sentence = parse("knee-length sleeveless yellow checked dress")
    assert (sentence.colour, sentence.pattern, sentence.garment) == ("yellow", "checked", "dress")
    assert (sentence.sleeve, sentence.length) == ("sleeveless", "knee-length")


def test_of_adjoining_garments_the_last_is_meant():
    assert parse("white shirt dress").garment == "dress"
    assert parse("white shirt dress").region == "dress"
    assert parse("white shirt and black skirt").garment == "shirt"


def test_unknown_words_are_reported_once_and_in_order():
    assert parse("a fluffy red wibbly dress, fluffy").unknown == ("fluffy", "wibbly")
    assert parse("👗 red 连衣裙 ❤️").unknown == ("👗", "连衣裙", "❤️")


@pytest.mark.parametrize("text", ["", "  \n\t", "...", "\x00"])
def test_nothing_to_read(text):
    with pytest.raises(InputError, match="empty"):
        parse(text)


@pytest.mark.parametrize("text", ["红色连衣裙", "👗👗", "wibbly", "the a of", "платье"])
def test_no_known_word(text):
    with pytest.raises(InputError, match="no word"):
        parse(text)


def test_where_any_text_is_meant_no_word_need_be_known():
    sentence = parse("kimono", strict=False)
    assert sentence.unknown == ("kimono",) and sentence.words == () and sentence.garment is sentence.region is None


def test_a_slip_of_the_pen_gets_a_hint():
    with pytest.raises(InputError, match='did you mean "floral"'):
        parse("flral")


def test_ten_thousand_characters():
    assert parse("red dress " * 1000).colour == "red"
    assert len(parse("red " + "x" * 9996).unknown[0]) == 9996
    with pytest.raises(InputError) as caught:
        parse("wibbly " * 1429)
    assert len(str(caught.value)) < 250


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    try:
        sentence = parse(text)
    except InputError:
        return
    assert sentence.words and set(sentence.words) <= set(VOCABULARY)


class TestTokenizer:
    def test_synonyms_and_fillers(self):
        tokenizer = Tokenizer()
        first, second, third = tokenizer.encode(["a red dress", "SCARLET frock", "dress in red"])
        assert first.equal(second) and not first.equal(third)

    def test_layout(self):
        tokenizer = Tokenizer(["red", "dress"], context_length=6)
        ids = tokenizer.encode(["red dress", "dress dress dress dress dress dress", "unheard"])
        start, end = 3, 4
        assert ids.tolist() == [[start, 1, 2, end, 0, 0], [start, 2, 2, 2, 2, end], [start, end, 0, 0, 0, 0]]
        assert ids.argmax(1).tolist() == [3, 5, 1]  # the end is found by its number
        assert tokenizer.vocab_size == 5

    def test_unknown_to_this_network(self):
        tokenizer = Tokenizer(["red", "dress"], 8)
        assert tokenizer.unknown("a red wibbly crimson coat") == ["wibbly", "coat"]

    def test_what_is_cut_is_known(self):
        tokenizer = Tokenizer(["red", "dress"], 4)
        assert tokenizer.cut("red dress red dress") == ["red", "dress"]
        assert tokenizer.cut("red dress") == []


def test_lab_of_known_colours():
    assert to_lab([255, 255, 255]) == pytest.approx([100, 0, 0], abs=0.02)
    assert to_lab([255, 0, 0]) == pytest.approx([53.24, 80.09, 67.20], abs=0.03)
    assert to_lab([0, 0, 0]) == pytest.approx([0, 0, 0], abs=1e-9)


def test_nearest_colour():
    for name, rgb in COLOURS.items():
        assert nearest_colour(rgb) == (name, pytest.approx(1.0))
    assert nearest_colour((215, 25, 35))[0] == "red"
    middle = [(a + b) / 2 for a, b in zip(COLOURS["white"], COLOURS["cream"], strict=True)]
    assert nearest_colour(middle)[1] < 0.3
