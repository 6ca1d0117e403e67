"""The words that a segmenter is asked: one thing, in small letters, without what no such network understands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fice.errors import UsageError

IDLE = frozenset("a an the this that his her their my your its left right wearer's".split())
AFTER = frozenset("of on in at with from below above under around near by".split())  # what follows says where it is
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
MOST = 8  # words; one thing needs no more


@dataclass(frozen=True)
class Phrase:
    """A thing in words.

    Attributes:
        words: such as "leather", "bag".
        noun: the place of the word that says what it is: 1.
    """

    words: tuple[str, ...]
    noun: int

    @classmethod
    def of(cls, text: str) -> Phrase:
        """The phrase of a user's words. Raises UsageError where they name nothing, or more than one thing.

        >>> Phrase.of("the left Sleeve of her coat")
        Phrase(words=('sleeve', 'of', 'coat'), noun=0)
        """
        words = [word for word in WORD.findall(text.lower()) if word not in IDLE]
        end = next((index for index, word in enumerate(words) if word in AFTER), len(words))
        if not end:
            raise UsageError(f"{text!r} names nothing to look for: say what it is, such as 'sleeves'.")
        if len(words) > MOST:
            raise UsageError(f"{text!r} is more than one thing to look for: name one, such as 'sleeves'.")
        return cls(tuple(words), end - 1)

    @property
    def text(self) -> str:
        """The words in a row."""
        return " ".join(self.words)


def singular(word: str) -> str:
    """A word without its plural, for comparisons: "dresses" and "dress" are alike, and so are "scarves" and "scarf".

    >>> [singular(word) for word in ("sleeves", "dresses", "scarves", "shoe")]
    ['sleeve', 'dress', 'scarf', 'shoe']
    """
    if word.endswith("arves"):
        return word.removesuffix("ves") + "f"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word.removesuffix("es")
    return word if word.endswith("ss") else word.removesuffix("s")
