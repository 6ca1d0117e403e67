"""The word tokenizers: sentences as numbers, for networks that learnt the words of `fice.language`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from fice.language.lexicon import VOCABULARY
from fice.language.units import cut_up

WORDS = "words.txt"  # travels with a network that has a vector for every word: a line a word


class Tokenizer:
    """Words to numbers: 0 pads, word i of the vocabulary is i + 1, then come the start and the end of a text.

    The end token has the highest number, by which the text tower finds it. Synonyms share a number and fillers
    have none, so "a red dress" and "scarlet dress" read alike.

    Args:
        vocabulary: canonical words, in the order in which a network learnt them.
        context_length: tokens a text may have, start and end included; what is longer is cut.
    """

    def __init__(self, vocabulary: Sequence[str] = VOCABULARY, context_length: int = 12):
        self.vocabulary, self.context_length = tuple(vocabulary), context_length
        self._ids = {word: index + 1 for index, word in enumerate(self.vocabulary)}
        self.start, self.end = len(self.vocabulary) + 1, len(self.vocabulary) + 2
        self.vocab_size = len(self.vocabulary) + 3

    def encode(self, texts: str | Iterable[str]) -> Tensor:
        """One text or several to (B, context_length) int64."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        ids = torch.zeros(len(texts), self.context_length, dtype=torch.int64)
        for row, text in zip(ids, texts, strict=True):
            words = self._words(text)[: self.context_length - 2]
            line = [self.start, *(self._ids[word] for word in words), self.end]
            row[: len(line)] = torch.tensor(line)
        return ids

    def unknown(self, text: str) -> list[str]:
        """The words of a text that have no number, each once, in order."""
        own = (unit.words if unit.words else (unit.said,) for unit in cut_up(text) if unit.words or unit.kind in "?MX#")
        return list(dict.fromkeys(word for words in own for word in words if word not in self._ids))

    def cut(self, text: str) -> list[str]:
        """The known words of a text that do not fit into the context."""
        return self._words(text)[self.context_length - 2 :]

    def _words(self, text: str) -> list[str]:
        return [word for unit in cut_up(text) for word in unit.words if word in self._ids]


class WordTokenizer(Tokenizer):
    """A `Tokenizer` for networks that were given a vector for every word.

    Each word of a phrase has a number of its own, so that "dusty rose" is read as it is said; of what has no numbers
    the canonical words are read, and a plural as its singular.

    Args:
        words: in the order of the vectors.
        context_length: as of `Tokenizer`.
    """

    def __init__(self, words: Sequence[str], context_length: int = 16):
        super().__init__(words, context_length)

    @property
    def words(self) -> tuple[str, ...]:
        """All that have a number, in order."""
        return self.vocabulary

    def unknown(self, text: str) -> list[str]:
        """As of `Tokenizer`."""
        return list(dict.fromkeys(word for word in self._read(text) if word not in self._ids))

    def _words(self, text: str) -> list[str]:
        return [word for word in self._read(text) if word in self._ids]

    def _read(self, text: str) -> list[str]:
        """The words of a text, those that only join others left out."""
        found: list[str] = []
        for unit in cut_up(text):
            if unit.words or unit.kind in "?MX#":
                said = [self._singular(word) for word in unit.said.split() if word != "/"]
                canonical = " ".join(unit.words).replace("-", " ").split()
                found += canonical if canonical and not self._ids.keys() >= set(said) else said
        return found

    def _singular(self, word: str) -> str:
        endings = (word, word.removesuffix("s"), word.removesuffix("es"))
        return next((each for each in endings if each in self._ids), word)
