"""Words as segmenters are asked them."""

from __future__ import annotations

import pytest

from fice.errors import UsageError
from fice.segmenters.phrase import Phrase, singular


@pytest.mark.parametrize(
    ("text", "words", "noun"),
    [
        ("the sleeves", "sleeves", "sleeves"),
        ("The wearer's LEFT sleeve", "sleeve", "sleeve"),
        ("a leather bag.", "leather bag", "bag"),
        ("handbag bag", "handbag bag", "bag"),
        ("collar of the shirt", "collar of shirt", "collar"),
        ("red t-shirt with stripes", "red t-shirt with stripes", "t-shirt"),
    ],
)
def test_a_phrase_is_what_networks_understand_of_it(text, words, noun):
    phrase = Phrase.of(text)
    assert (phrase.text, phrase.words[phrase.noun]) == (words, noun)


@pytest.mark.parametrize("text", ["", "the left", "...", "of the coat"])
def test_words_that_name_nothing_are_refused(text):
    with pytest.raises(UsageError, match="names nothing to look for"):
        Phrase.of(text)


def test_a_whole_sentence_is_no_thing():
    with pytest.raises(UsageError, match="more than one thing"):
        Phrase.of("sleeves and collar and cuffs and hem and the long black leather bag")


@pytest.mark.parametrize("words", ["sleeve sleeves", "dress dresses", "scarf scarves", "watch watches", "box boxes"])
def test_plurals_are_alike(words):
    one, many = words.split()
    assert singular(one) == singular(many) == one
