"""The garments whose vectors answer a query best: exactly, over the mapped file in blocks; of very many by an index."""

from __future__ import annotations

import numpy as np

from fice.collections.query import WEIGHTS, Query
from fice.collections.store import Stored

BLOCK = 1 << 18  # garments
NAMED = 50_000  # garments at most that are looked at beside, as their text has a word of the sentence


def nearest(stored: Stored, query: Query, count: int) -> np.ndarray:
    """The numbers of the `count` garments with the largest scores, the largest first, (n,) int64.

    Those that cannot be of its kinds are none of them. Of a collection that has an index, nearly the largest.
    """
    allowed = (stored.bits & query.bits) != 0 if query.bits else np.ones(len(stored.bits), bool)
    vector = query.vector(stored.card.looks)
    if stored.near is not None:
        near = stored.near.nearest(vector, allowed, count)
        if len(near) == min(count, np.count_nonzero(allowed)):
            named = _named(stored, query)
            return _largest(stored, query, vector, np.union1d(near, named[allowed[named]]), count)
    scores = np.empty(len(allowed), np.float32)
    for start in range(0, len(scores), BLOCK):
        np.matmul(stored.vectors[start : start + BLOCK], vector, out=scores[start : start + BLOCK])
    for word in query.words:
        scores[stored.with_word(word)] += np.float32(WEIGHTS["words"] / len(query.words))
    scores[~allowed] = -np.inf
    best = _first(scores, count)
    return best[np.isfinite(scores[best])]


def _largest(stored: Stored, query: Query, vector: np.ndarray, numbers: np.ndarray, count: int) -> np.ndarray:
    """Of some garments, (n,) in their order, the `count` with the largest scores."""
    scores = stored.vectors[numbers] @ vector
    for word in query.words:
        scores[np.isin(numbers, stored.with_word(word))] += np.float32(WEIGHTS["words"] / len(query.words))
    return numbers[_first(scores, count)]


def _named(stored: Stored, query: Query) -> np.ndarray:
    """The garments whose text has a word of the sentence: those of rare words, and of others where there is room."""
    found = np.zeros(0, np.int64)
    for some in sorted((stored.with_word(word) for word in query.words), key=len):
        if len(found) + len(some) > NAMED:
            break
        found = np.union1d(found, some)
    return found


def _first(scores: np.ndarray, count: int) -> np.ndarray:
    """Where the `count` largest of (n,) are, the largest first."""
    count = min(count, len(scores))
    best = np.argpartition(-scores, count - 1)[:count]  # the other way round, many that are -inf make it slow
    return best[np.argsort(-scores[best], kind="stable")]
