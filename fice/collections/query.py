"""What a sentence asks of a garment, as a vector, and why one garment answers it better than another.

`WEIGHTS` were chosen on 924 photographs of single garments, by sentences of a colour and a kind (165 that are there):
all have the right kind first, 93 % a garment of kind and colour among the first three. Of 102 others, which no network
saw either (54 sentences), it is 100 % and 98 %. Patterns, a caption's words and the photo's garment are weighed by eye:
the last decides between like ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fice.collections.features import WIDTH, bits_of, colour_code, likeness
from fice.collections.kinds import kinds_meant
from fice.collections.store import Row, told, words_of
from fice.language.lexicon import PATTERNS
from fice.language.words import Sentence
from fice.references.reference import KINDS
from fice.srgb import to_lab

Encode = Callable[[str], np.ndarray]
WEIGHTS = {"kind": 1.0, "colour": 1.0, "look": 0.2, "pattern": 0.2, "words": 0.6, "photo": 0.04}


@dataclass(frozen=True, eq=False)
class Query:
    """What is looked for.

    Attributes:
        kinds: any of these; () for all.
        dyes: CIELAB (n, 3) of the colours that are asked, and what they are called.
        look: (looks,) float32, how CLIP sees the sentence, of length one; None for a text without words for it.
        design: (looks,) float32, in what CLIP sees a pattern differ from the others, of length one; or None.
        pattern: that pattern, as it is called.
        photo: (looks,) float32, how CLIP sees the garment in the photo, or None.
        words: of the sentence, as of `store.words_of`.
        spread: of CLIP's cosines, by which they are divided.
    """

    kinds: tuple[str, ...]
    dyes: np.ndarray
    names: tuple[str, ...]
    look: np.ndarray | None
    design: np.ndarray | None
    pattern: str | None
    photo: np.ndarray | None
    words: frozenset[str]
    spread: float

    @property
    def bits(self) -> int:
        """Those of its kinds, 0 for all."""
        return bits_of(self.kinds)

    def vector(self, looks: int) -> np.ndarray:
        """(D,) float32 whose product with a garment's vector is about its score without words."""
        sight = np.zeros(looks, np.float32)
        for part, name in ((self.look, "look"), (self.design, "pattern"), (self.photo, "photo")):
            if part is not None:
                sight += np.float32(WEIGHTS[name] / self.spread) * part
        kinds = np.array([WEIGHTS["kind"] * (kind in self.kinds) for kind in KINDS], np.float32)
        shares = np.full(len(self.dyes), 1 / max(1, len(self.dyes)))
        return np.concatenate([sight, kinds, WEIGHTS["colour"] * colour_code([self.dyes], [shares])[0]])

    def parts(self, rows: Sequence[Row], vectors: np.ndarray) -> dict[str, np.ndarray]:
        """What each garment answers of what is asked, (n,) float each; vectors: (n, D) of them."""
        looks = vectors.shape[1] - WIDTH
        sights = vectors[:, :looks]
        found = {}
        if self.kinds:
            found["kind"] = vectors[:, looks:][:, [KINDS.index(kind) for kind in self.kinds]].sum(1)
        if len(self.dyes):
            found["colour"] = colours_match(self.dyes, [np.array(row["colours"]) for row in rows])
        if self.look is not None:
            found["look"] = sights @ self.look
        if self.design is not None:
            found["pattern"] = sights @ self.design
        if self.words:
            found["words"] = np.array([len(self.words & words_of(told(row))) / len(self.words) for row in rows])
        if self.photo is not None:
            found["photo"] = sights @ self.photo
        return found

    def scores(self, parts: dict[str, np.ndarray]) -> np.ndarray:
        """(n,) of the parts, the larger the better."""
        units = dict.fromkeys(("look", "pattern", "photo"), self.spread)
        return np.sum([WEIGHTS[name] / units.get(name, 1) * part for name, part in parts.items()], axis=0)

    def why(self, row: Row, parts: dict[str, float]) -> str:
        """The parts of one garment's score in words."""
        said = [row["kind"]]
        if row["kind"] not in self.kinds and "kind" in parts:
            said = [f"{row['kind']} (or {' or '.join(self.kinds)}, {parts['kind']:.2f})"]
        names = {"colour": " and ".join(self.names), "pattern": str(self.pattern)}
        names |= {"look": "sentence", "photo": "like the one in the photo"}
        said += [f"{name} {parts[part]:.2f}" for part, name in names.items() if part in parts]
        if common := self.words & words_of(told(row)):
            said.append(f"its text says {', '.join(sorted(common))}")
        return "; ".join(said)


def colours_match(dyes: np.ndarray, colours: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) in [0, 1]: whether all colours that are asked are in a garment, and whether it has no others.

    dyes: CIELAB (m, 3); colours: of each garment, (k, 4), CIELAB and share.
    """
    ends = np.cumsum([len(each) for each in colours])
    flat = np.concatenate(colours)
    like = likeness(dyes[:, None], flat[None, :, :3])
    starts = np.concatenate([[0], ends[:-1]])
    present = np.maximum.reduceat(like, starts, axis=1).mean(0)
    return present * np.add.reduceat(like.max(0) * flat[:, 3], starts)


def query_of(sentence: Sentence, region: str | None, encode: Encode, spread: float) -> Query:
    """What a sentence about one garment looks for.

    region: of `fice.subject.regions.REGIONS`, where another one than the sentence's is meant. encode: a text to a
    vector of length one, (looks,) float32.
    """
    dyes = [dye for dye in sentence.dyes if dye.rgb is not None]
    lab = to_lab(np.array([dye.on(()) for dye in dyes])) if dyes else np.zeros((0, 3))
    look = encode(sentence.wanted) if sentence.wanted else None
    names = tuple(dye.said for dye in dyes)
    pattern = sentence.pattern or ("denim" if sentence.garment == "jeans" else None)
    design = None if pattern is None else _design(pattern, sentence.garment or "garment", encode)
    kinds, words = kinds_meant(sentence, region), words_of(sentence.wanted)
    return Query(kinds, lab, names, look, design, pattern, None, words, spread)


def _design(pattern: str, garment: str, encode: Encode) -> np.ndarray:
    """(looks,) of length one: a garment of a pattern, less the mean of it in all patterns, which says the garment."""
    told = {each: encode(f"{each} {garment}") for each in PATTERNS}
    found = told[pattern] - np.mean([*told.values()], axis=0)
    return found / np.linalg.norm(found)
