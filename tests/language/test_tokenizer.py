"""Sentences as numbers."""

from __future__ import annotations

from fice.language.tokenizer import Tokenizer


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
