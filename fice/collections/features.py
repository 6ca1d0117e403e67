"""What a garment's picture is searched by, as numbers: how CLIP sees it, which kind it is, its colours.

One vector holds all three, so that a sentence asks for them by a single product, whoever computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from fice.language.colours import COLOURS
from fice.references.reference import KINDS
from fice.srgb import delta_e, gamma_encoded, to_lab

MAYBE = 0.1  # probability of a kind from which a garment may be of it
WIDTH = len(KINDS) + len(COLOURS)  # numbers of a vector behind those of CLIP
COLOURS_KEPT, CLUSTERS = 3, 4
SAMPLE = 3000  # pixels of a garment whose colours are looked at
SHADE = 0.5  # weight of lightness among colours of one cloth: folds differ in little else
ALIKE, LEAST = 9.0, 0.06  # CIEDE2000 below which two colours are one; share of the garment from which one counts
NEAR = 13.0  # CIEDE2000 at which a colour has 0.6 of another one's likeness: light and folds move it so far


def main_colours(pixels: np.ndarray, matte: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colours of a garment, the largest first: CIELAB (n, 3) and their shares (n,), n from 1 to `COLOURS_KEPT`.

    pixels: (h, w, 3) linear light; matte: (h, w) in [0, 1], somewhere above one half.
    """
    from scipy.cluster.vq import kmeans2  # takes half a second

    inside = pixels[matte > min(0.9, float(matte.max()) / 2)]
    sample = inside[:: max(1, len(inside) // SAMPLE)]
    lab = to_lab(gamma_encoded(np.clip(sample, 0, 1)) * 255)
    weighted = lab * (SHADE, 1, 1)
    count = min(CLUSTERS, len(lab))
    _, labels = kmeans2(weighted, count, minit="++", rng=np.random.default_rng(0), missing="warn")
    found = [lab[labels == number] for number in range(count) if (labels == number).any()]
    found.sort(key=len, reverse=True)
    merged: list[np.ndarray] = []
    for part in found:
        like = next((i for i, one in enumerate(merged) if delta_e(one.mean(0), part.mean(0)) < ALIKE), None)
        if like is None:
            merged.append(part)
        else:
            merged[like] = np.concatenate([merged[like], part])
    merged = sorted(merged, key=len, reverse=True)[:COLOURS_KEPT]
    merged = [part for part in merged if len(part) >= LEAST * len(lab)] or merged[:1]
    shares = np.array([len(part) for part in merged], np.float64)
    return np.stack([np.median(part, 0) for part in merged]), shares / shares.sum()


def likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How like two colours are, CIELAB (..., 3) each: (...) in (0, 1]."""
    return np.exp(-((delta_e(one, other) / NEAR) ** 2) / 2)


@cache
def _anchors() -> np.ndarray:
    return to_lab(np.array([*COLOURS.values()]))


def colour_code(colours: Sequence[np.ndarray], shares: Sequence[np.ndarray]) -> np.ndarray:
    """(N, number of `COLOURS`) float32 of length one: the product of two codes is about the likeness of their colours.

    colours: CIELAB (n, 3) of each; shares: (n,) of each. No colour at all is all zeros.
    """
    counts = [len(each) for each in colours]
    if not sum(counts):
        return np.zeros((len(counts), len(_anchors())), np.float32)
    flat = np.concatenate([np.reshape(each, (-1, 3)) for each in colours])
    code = likeness(flat[:, None], _anchors()[None])
    code *= (np.concatenate(shares) / np.maximum(np.linalg.norm(code, axis=1), 1e-9))[:, None]
    found = np.zeros((len(counts), code.shape[1]))
    np.add.at(found, np.repeat(np.arange(len(counts)), counts), code)
    return (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def kind_bits(kinds: np.ndarray) -> np.ndarray:
    """(N,) uint8, a bit for each of `KINDS` that a garment may be; kinds: (N, number of `KINDS`) probabilities."""
    likely = (kinds >= MAYBE) | (kinds == kinds.max(1, keepdims=True))
    return (likely << np.arange(len(KINDS))).sum(1).astype(np.uint8)


def bits_of(kinds: Sequence[str]) -> int:
    """The bits of kinds."""
    return sum(1 << KINDS.index(kind) for kind in kinds)
