"""Sentences as numbers."""

from __future__ import annotations

from fice.language.tokenizer import Tokenizer, WordTokenizer


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


class TestWordTokenizer:
    WORDS = ("red", "dress", "dusty", "rose", "polka", "dot", "leather", "vertical", "striped", "navy")

    def test_every_word_of_a_phrase_is_read_and_fillers_are_not(self):
        tokenizer = WordTokenizer(self.WORDS, context_length=8)
        start, end = 11, 12
        assert tokenizer.encode(["a dusty rose dress, please", "polka dots in leather"]).tolist() == [
            [start, 3, 4, 2, end, 0, 0, 0],
            [start, 5, 6, 7, end, 0, 0, 0],
        ]
        assert tokenizer.vocab_size == 13

    def test_what_has_no_vector_is_read_as_the_language_does(self):
        tokenizer = WordTokenizer(self.WORDS)
        crimson, red, navy, stripes = tokenizer.encode(["crimson dress", "red dress", "navyblue", "vertical-striped"])
        assert crimson.equal(red) and navy.tolist()[:3] == [11, 10, 12] and stripes.tolist()[1:3] == [8, 9]
        assert tokenizer.unknown("a crimson wibbly dress of leather and yoghurt") == ["wibbly", "yoghurt"]

    def test_what_is_cut_is_known(self):
        tokenizer = WordTokenizer(self.WORDS, 4)
        assert tokenizer.cut("red wibbly dress red dresses") == ["red", "dress"]
        assert tokenizer.cut("red dress") == []
