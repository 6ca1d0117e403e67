"""What a model is told: of a garment, and of the rest."""

from __future__ import annotations

from collections.abc import Sequence

from fice.plan import Piece


def prompt_of(pieces: Sequence[Piece], style: str) -> str:
    """The sentence for what is painted: the garments, somebody who wears them, and the words for the rest."""
    worn = " and ".join(piece.sentence.text or piece.sentence.garment or piece.region.name for piece in pieces)
    return ", ".join(filter(None, (f"a photograph of a person wearing {worn}", style)))
