"""The garments whose vectors answer a query best: exactly, over the mapped file in blocks."""

from __future__ import annotations

import numpy as np

from fice.collections.query import WEIGHTS, Query
from fice.collections.store import Stored

BLOCK = 1 << 18  # garments


def nearest(stored: Stored, query: Query, count: int) -> np.ndarray:
    """The numbers of the `count` garments with the largest scores, the largest first, (n,) int64.

    Those that cannot be of its kinds are none of them.
    """
    vector = query.vector(stored.card.looks)
    scores = np.empty(len(stored.vectors), np.float32)
    for start in range(0, len(scores), BLOCK):
        np.matmul(stored.vectors[start : start + BLOCK], vector, out=scores[start : start + BLOCK])
    for word in query.words:
        scores[stored.with_word(word)] += np.float32(WEIGHTS["words"] / len(query.words))
    if query.bits:
        scores[(stored.bits & query.bits) == 0] = -np.inf
    count = min(count, len(scores))
    best = np.argpartition(-scores, count - 1)[:count]  # the other way round, many that are -inf make it slow
    best = best[np.isfinite(scores[best])]
    return best[np.argsort(-scores[best], kind="stable")]
