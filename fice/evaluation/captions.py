"""Captions that a CLIP chooses from: the right one among wrong ones of the same form, the right pattern among all."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from math import prod

import numpy as np
from torch import Tensor

from fice.evaluation.measures import Unmeasurable
from fice.language.lexicon import COLOURS, GARMENTS, PATTERNS
from fice.language.words import Sentence

CAPTIONS = 32  # from which the right one is chosen, where a sentence has so many of its form
Worn = tuple[Tensor, Sentence]  # what a CLIP sees of a garment, (D,) of length one, and what was asked of it
Read = Callable[[Sequence[str]], Tensor]  # texts -> unit vectors (N, D)


def right_caption(read: Read, worn: Sequence[Worn]) -> float:
    """The share of garments that are nearer to what was asked for than to every wrong caption."""
    right = []
    for features, said in worn:
        own, *others = read([_said(said), *wrong_captions(said)]) @ features
        right.append(bool(own > max(others)))
    return float(np.mean(right))


def right_pattern(read: Read, worn: Sequence[Worn]) -> float:
    """The share of garments with a pattern that are nearer to it than to every other one."""
    right = []
    for features, said in worn:
        if said.pattern:
            captions = [" ".join(word if own == said.pattern else own for own in said.words) for word in PATTERNS]
            right.append(PATTERNS[int((read(captions) @ features).argmax())] == said.pattern)
    if not right:
        raise Unmeasurable("The text names no pattern.")
    return float(np.mean(right))


def wrong_captions(said: Sentence, number: int = CAPTIONS - 1) -> list[str]:
    """Captions that name the same kinds of words and are wrong, each once; as many as there are, at most `number`."""
    spoken = _spoken(said)
    if not spoken:
        raise Unmeasurable(f"The text {said.text!r} names no colour, pattern or garment.")
    own = _said(said)
    rng = np.random.default_rng(zlib.crc32(own.encode()))
    found: list[str] = []
    while len(found) < min(number, prod(len(kind) for kind, _ in spoken) - 1):
        text = " ".join(str(rng.choice(kind)) for kind, _ in spoken)
        if text != own and text not in found:
            found.append(text)
    return found


def _said(said: Sentence) -> str:
    return " ".join(word for _, word in _spoken(said))


def _spoken(said: Sentence) -> list[tuple[list[str], str]]:
    """The kinds of words that a sentence names, all of each kind, and the one it names."""
    kinds = ((COLOURS, said.colour), (PATTERNS, said.pattern), (GARMENTS, said.garment))
    return [(list(kind), word) for kind, word in kinds if word]
