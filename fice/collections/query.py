"""What a sentence asks of a garment, as a vector, and why one garment answers it better than another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fice.collections.features import bits_of, colour_code, likeness
from fice.collections.kinds import kinds_meant
from fice.collections.store import Row, told, words_of
from fice.language.colours import COLOURS
from fice.language.lexicon import GARMENTS
from fice.language.words import Sentence
from fice.references.reference import KINDS
from fice.srgb import to_lab

Encode = Callable[[Sequence[str]], np.ndarray]
KIND, COLOUR, LOOK, WORDS, PHOTO = 1.0, 1.0, 0.15, 0.6, 0.1


@dataclass(frozen=True, eq=False)
class Query:
    """What is looked for.

    Attributes:
        kinds: any of these; () for all.
        dyes: CIELAB (n, 3) of the colours that are asked, and what they are called.
        look: (looks,) float32, how CLIP sees the sentence, of length one; None for a text without words for it.
        photo: (looks,) float32, how CLIP sees the garment in the photo, or None.
        words: of the sentence, as of `store.words_of`.
        spread: of CLIP's cosines, by which they are divided.
    """

    kinds: tuple[str, ...]
    dyes: np.ndarray
    names: tuple[str, ...]
    look: np.ndarray | None
    photo: np.ndarray | None
    words: frozenset[str]
    spread: float

    @property
    def bits(self) -> int:
        """Where the garment may be worn, 0 for anywhere."""
        return bits_of([GARMENTS[kind] for kind in self.kinds])

    def vector(self, looks: int) -> np.ndarray:
        """(D,) float32 whose product with a garment's vector is about its score without words."""
        sight = np.zeros(looks, np.float32)
        for part, weight in ((self.look, LOOK), (self.photo, PHOTO)):
            if part is not None:
                sight += np.float32(weight / self.spread) * part
        kinds = np.array([KIND * (kind in self.kinds) for kind in KINDS], np.float32)
        shares = np.full(len(self.dyes), 1 / max(1, len(self.dyes)))
        return np.concatenate([sight, kinds, COLOUR * colour_code([self.dyes], [shares])[0]])

    def score(self, row: Row, vector: np.ndarray) -> tuple[float, str]:
        """How well one garment answers, and why in words; vector: (D,) float32 of it."""
        looks = len(vector) - len(KINDS) - len(COLOURS)
        kinds = vector[looks : looks + len(KINDS)]
        total, said = 0.0, []
        if self.kinds:
            sure = float(sum(kinds[KINDS.index(kind)] for kind in self.kinds))
            total += KIND * sure
            doubt = "" if row["kind"] in self.kinds else f" (or {' or '.join(self.kinds)}, {sure:.2f})"
            said.append(f"{row['kind']}{doubt}")
        if len(self.dyes):
            colours = np.array(row["colours"])
            like = colours_match(self.dyes, colours[:, :3], colours[:, 3])
            total += COLOUR * like
            said.append(f"{' and '.join(self.names)} {like:.2f}")
        if self.look is not None:
            cosine = float(self.look @ vector[:looks])
            total += LOOK * cosine / self.spread
            said.append(f"sentence {cosine:.2f}")
        if self.words and (common := self.words & words_of(told(row))):
            total += WORDS * len(common) / len(self.words)
            said.append(f"its text says {', '.join(sorted(common))}")
        if self.photo is not None:
            cosine = float(self.photo @ vector[:looks])
            total += PHOTO * cosine / self.spread
            said.append(f"photo {cosine:.2f}")
        return total, "; ".join(said)


def colours_match(dyes: np.ndarray, colours: np.ndarray, shares: np.ndarray) -> float:
    """In [0, 1]: whether all colours that are asked are in a garment, and whether it has no others.

    dyes: CIELAB (n, 3); colours, shares: of the garment, (m, 3) and (m,).
    """
    like = likeness(dyes[:, None], colours[None])
    return float(like.max(1).mean() * (like.max(0) * shares).sum())


def query_of(sentence: Sentence, region: str | None, encode: Encode, spread: float) -> Query:
    """What a sentence about one garment looks for.

    region: of `fice.subject.regions.REGIONS`, where another one than the sentence's is meant. encode: texts to vectors
    of length one, (n, looks) float32.
    """
    dyes = [dye for dye in sentence.dyes if dye.rgb is not None]
    lab = to_lab(np.array([dye.on(()) for dye in dyes])) if dyes else np.zeros((0, 3))
    look = encode([sentence.wanted])[0] if sentence.wanted else None
    names = tuple(dye.said for dye in dyes)
    return Query(kinds_meant(sentence, region), lab, names, look, None, words_of(sentence.wanted), spread)
