from dataclasses import replace

import numpy as np
from drawn import REGIONS, dressed, person
from garments import drawn

from fice.cloth.tailor import dressing_of
from fice.language.words import NOTHING
from fice.references.flat import laid_flat


def test_without_a_warp_the_box_of_the_picture_lies_on_the_box_of_the_garment():
    subject = person(height=256).subject
    (piece,) = dressed(subject, "red shirt").plan.pieces
    garment = drawn("t-shirt", "checks")
    fitted = laid_flat(garment, subject, piece, REGIONS)

    (part,) = fitted.parts
    rows, columns = np.nonzero(piece.wide[0, 0].numpy() > 0.5)
    inside = garment.matte > 0.5
    for at, line, axis in ((part.y, rows, 1), (part.x, columns, 0)):
        seen = at[rows, columns]
        edge = np.flatnonzero(inside.any(axis))
        step = (edge[-1] + 1 - edge[0]) / (np.ptp(line) + 1)
        assert np.isclose(seen.min(), edge[0] + step / 2) and np.isclose(seen.max(), edge[-1] + 1 - step / 2)
    assert fitted.after is piece.wide


def test_a_mask_is_the_outline_of_what_a_picture_shows():
    subject = person(height=256).subject
    (piece,) = dressed(subject, "red shirt").plan.pieces
    piece = replace(piece, references=(drawn("dress", "checks"),), sentence=NOTHING)
    free = dressing_of(subject, piece, REGIONS, 0)
    painted = dressing_of(subject, replace(piece, garment=replace(piece.garment, mask="mask.png")), REGIONS, 0)

    assert free.after is not piece.wide and free.shape is not None
    assert painted.after is piece.wide and painted.shape is None
