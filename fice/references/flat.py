"""What a warp is worth: a garment of a picture laid on somebody as it is."""

from __future__ import annotations

import numpy as np

from fice.plan import Piece
from fice.references.fit import ORDER, Fitted, Mapped
from fice.references.recolour import usual_colour
from fice.references.reference import Reference
from fice.references.sampling import Picture
from fice.subject.regions import Regions
from fice.subject.subject import Subject


def laid_flat(reference: Reference, subject: Subject, piece: Piece, regions: Regions) -> Fitted:
    """A garment of a picture in the place of a piece, the box of one on the box of the other; arguments as of `fit`."""
    worn = piece.cloth[0, 0].cpu().numpy()
    boxes = zip(_box(worn), _box(reference.matte), np.indices(worn.shape, np.float32), strict=True)
    y, x = (first + (at + 0.5 - low) * (last - first) / (high - low) for (low, high), (first, last), at in boxes)
    parts = (Mapped(np.ones_like(worn), x.astype(np.float32), y.astype(np.float32)),)
    usual, rank = usual_colour(reference), ORDER.index(reference.region)
    return Fitted(subject, Picture.of(reference), parts, piece.wide, usual, rank)


def _box(garment: np.ndarray) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first row and column of a garment (h, w), and those behind its last."""
    rows, columns = (np.flatnonzero((garment > 0.5).any(axis)) for axis in (1, 0))
    return (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)
