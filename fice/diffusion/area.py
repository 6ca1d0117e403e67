"""Where a model may paint: a garment's place, and what a garment of another cut needs beside it."""

from __future__ import annotations

from torch import Tensor

from fice.mask import grow
from fice.plan import Piece
from fice.subject.regions import HEAD, Regions
from fice.subject.subject import Subject


def area_of(subject: Subject, piece: Piece, regions: Regions, reach: float) -> Tensor:
    """What of the analysis canvas is painted anew for a piece, (1, 1, h, w) float in [0, 1].

    reach: share of the person's height by which the garment may outgrow the old one. The head stays.
    """
    pixels = max(1, round(reach * piece.wide.shape[2]))
    head = regions.select(subject.regions, HEAD)
    return grow((piece.wide > 0.5).float(), pixels) * (1 - head)
