"""A generator's own picture of a garment that a picture shows: it goes where the photographed one would."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import REGIONS, dressed, person
from garments import drawn

from fice.references.flat import laid_flat
from fice.stitch.parts import Stitch, Worn
from fice.stitch.stitch import stitch


@pytest.mark.parametrize("detail", [0.0, 1.0])
def test_a_generated_garment_has_the_generators_colours_in_the_place_of_the_picture(detail):
    subject = person(height=256).subject
    (piece,) = dressed(subject, "red shirt").plan.pieces
    cloth = laid_flat(drawn("t-shirt", "checks"), subject, piece, REGIONS)
    made = torch.tensor([0.2, 0.6, 0.3]).view(1, 3, 1, 1).expand_as(subject.view)
    body = REGIONS.body(subject.regions)
    parts = [
        Stitch(
            subject.photo, subject.frame, made, (Worn(piece.wide, cloth.after, None, cloth),), 0 * body, body, body, own
        )
        for own in (True, False)
    ]
    generated, photographed = (stitch(each, detail=detail) for each in parts)

    assert np.array_equal(generated.mask, photographed.mask)
    assert np.array_equal(generated.pixels[~generated.mask], subject.photo.pixels[~generated.mask])
    inside = subject.frame.to_photo(piece.wide, kernel="linear")[0, 0].numpy() > 0.99
    colours = generated.pixels[inside] / 255
    assert np.allclose(colours.mean(0), [0.2, 0.6, 0.3], atol=0.08)
    spread = colours.std(0).max()
    assert spread < 0.02 if detail == 0 else spread > 0.1  # the print is carried over
