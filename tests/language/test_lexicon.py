"""The words that fice knows."""

from __future__ import annotations

import pytest

from fice.language.colours import nearest_colour
from fice.language.lexicon import COLOURS, GARMENTS, PATTERNS, SYNONYMS, VOCABULARY
from fice.language.units import cut_up


def test_the_language_is_large_enough_and_consistent():
    assert len(COLOURS) >= 24 and len(PATTERNS) >= 8 and len(GARMENTS) >= 20
    assert set(GARMENTS.values()) == {"upper", "lower", "dress", "outer", "full"}
    assert len(set(VOCABULARY)) == len(VOCABULARY)
    assert set(SYNONYMS.values()) <= set(VOCABULARY)
    assert not set(SYNONYMS) & set(VOCABULARY)


OTHERS = [("leather", "M"), ("shoes", "X"), ("without", "U"), ("isn't", "N"), ("her", ".")]


@pytest.mark.parametrize(("word", "kind"), OTHERS)
def test_other_words_have_a_kind(word, kind):
    assert [unit.kind for unit in cut_up(word)] == [kind]


def test_nearest_colour():
    for name, rgb in COLOURS.items():
        assert nearest_colour(rgb) == (name, pytest.approx(1.0))
    assert nearest_colour((215, 25, 35))[0] == "red"
    middle = [(a + b) / 2 for a, b in zip(COLOURS["white"], COLOURS["cream"], strict=True)]
    assert nearest_colour(middle)[1] < 0.3
