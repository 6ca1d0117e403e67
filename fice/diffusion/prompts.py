"""What a model is told: of the garments of a pass, of the rest, and of what shall not be seen.

A caption, "a photograph of a person wearing ...", is what these models were trained on: words of a garment alone bring
garments on hangers, and lists of praise draw their own look over the photo's. Who wears it is left open, as the model
sees that, and so are the other garments, whose looks would be drawn on this one. Models that follow instructions are
given one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fice.diffusion.families import Family
from fice.language.told import denied, told
from fice.plan import Piece
from fice.settings import Settings

NOUNS = {"upper": "top", "outer": "jacket", "lower": "trousers or skirt", "dress": "dress", "full": "outfit"}


def prompt_of(pieces: Sequence[Piece], style: str, family: Family) -> str:
    """The sentence for what is painted: the garments, somebody who wears them, and the words for the rest."""
    worn = " and ".join(_described(piece, family.negated) for piece in pieces)
    asked = f"dress the person in {worn}" if family.instructed else f"a photograph of a person wearing {worn}"
    return ", ".join(filter(None, (asked, style)))


def negative_of(pieces: Sequence[Piece], settings: Settings) -> str:
    """What shall not be seen: as the settings say, and as the sentences do."""
    said = [word for piece in pieces for word in denied(piece.sentence)]
    return ", ".join(filter(None, [*dict.fromkeys(said), settings.negative]))


def cut_off(prompt: str, pipeline: Any) -> str:
    """The end of a sentence that none of a pipeline's text encoders hears, or ""."""
    tokenizers = [getattr(pipeline, name, None) for name in ("tokenizer", "tokenizer_2", "tokenizer_3")]
    longest = max((each for each in tokenizers if each is not None), key=lambda each: each.model_max_length)
    hears = lambda words: len(longest(" ".join(words)).input_ids) <= longest.model_max_length  # noqa: E731
    words = prompt.split()
    count = len(words)
    while count and not hears(words[:count]):
        count -= 1
    return " ".join(words[count:])


def _described(piece: Piece, negated: bool) -> str:
    """What a piece shall be, with a word for what that is."""
    sentence = piece.sentence
    words = told(sentence, negated)
    noun = piece.garment.region if piece.place else NOUNS.get(piece.region.name, "outfit")
    if piece.references:
        noun = piece.references[0].kind
    if not words:
        return f"the {noun}"
    named = sentence.garment or sentence.unknown or sentence.things
    return words if named else f"{words} {noun}"
