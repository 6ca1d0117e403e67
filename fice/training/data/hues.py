"""The names of colours that CLIP learns, and those that it never reads while it learns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from fice.language.colours import COLOURS, names
from fice.srgb import to_lab

KEPT_BACK = 5  # one name in so many
SPREAD = 8.0  # CIELAB: names whose colours differ by this much are right by halves
NEAR = 12.0  # CIELAB: up to here a name is right for a colour
OWN = to_lab(np.array([*COLOURS.values()], np.float64))  # of fice's own 39


class Hues(NamedTuple):
    """Names of colours, each with its CIELAB (N, 3) and the nearest word of `COLOURS`."""

    names: tuple[str, ...]
    lab: np.ndarray
    words: tuple[str, ...]


def nearest(lab: np.ndarray) -> np.ndarray:
    """The index in `COLOURS` of the nearest colour of each of several (N, 3), CIELAB: (N,)."""
    return np.linalg.norm(lab[:, None] - OWN, axis=2).argmin(1)


def kept_back(name: str) -> bool:
    """Whether a colour's name is never trained on: one in five by its hash, none of fice's own 39."""
    return name not in COLOURS and int(hashlib.sha256(name.encode()).hexdigest(), 16) % KEPT_BACK == 0


@cache
def hues(unseen: bool = False) -> Hues:
    """All names of colours that are trained on, or those that are not; none twice, written as one word and as two."""
    known = {" ".join(split): name for split, name in names().items()}
    joined = {name.replace(" ", "") for name in known if " " in name}
    known = {name: found for name, found in known.items() if name not in joined and "/" not in name}
    chosen = [name for name in known if kept_back(name) == unseen]
    lab = to_lab(np.array([known[name].dye.rgb for name in chosen], np.float64))
    return Hues(tuple(chosen), lab, tuple(list(COLOURS)[k] for k in nearest(lab)))


@cache
def _of_word() -> dict[str, np.ndarray]:
    """A word of `COLOURS` -> the indices in `hues()` of what fice's language reads as it."""
    known = names()
    read = np.array([known[tuple(name.split())].words[0] for name in hues().names])
    return {word: np.flatnonzero(read == word) for word in COLOURS}


def names_for(word: str, shade: Sequence[int]) -> list[str]:
    """The names that are right for a colour (sRGB 0..255) and that fice reads as a word of `COLOURS`."""
    own = _of_word()[word]
    far = np.linalg.norm(hues().lab[own] - to_lab(np.array(shade, np.float64)), axis=1)
    return [hues().names[k] for k in own[far < NEAR]]


def rightness(lab: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N, M): how right each of several names is for each colour, by their CIELAB (N, 3) and (M, 3); rows add to 1."""
    near = np.exp(-np.linalg.norm(lab[:, None] - others, axis=2) / SPREAD)
    return near / near.sum(1, keepdims=True)
