"""Garments and their pictures compared, on drawn pictures and a judge that sees colours alone."""

from __future__ import annotations

import pytest
import torch
from garments import drawn
from torch.nn import functional as F

from fice.evaluation import likeness
from fice.evaluation.measures import Unmeasurable
from fice.srgb import to_gamma

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.2, 0.8)


class Colours:
    """A CLIP that sees the mean colour alone."""

    size = 32

    def encode_picture(self, pictures):
        return F.normalize(1 - pictures.mean((2, 3)), dim=1)


class Edges:
    """A network whose maps are how the picture changes to the right and downwards."""

    channels, strides = (3, 3), (1, 1)

    def features(self, picture):
        return [(picture[..., 1:] - picture[..., :-1]).abs(), (picture[:, :, 1:] - picture[:, :, :-1]).abs()]


def worn(garment):
    """An edit that shows a garment as its picture does."""
    picture = to_gamma(torch.from_numpy(garment.pixels).permute(2, 0, 1)[None])
    return picture, torch.from_numpy(garment.matte)[None, None]


def figures(*pairs):
    """Of garments, each with what the edit shows in its place and its pictures."""
    found = likeness.figures(lambda: [(*worn(seen), pictures) for seen, pictures in pairs], Colours(), Edges())
    return {name: measure() for name, measure in found.items()}


def test_garments_as_their_pictures_show_them_are_like_them_and_not_confused():
    shirt, jeans = drawn("t-shirt", RED), drawn("trousers", BLUE)
    right = figures((shirt, (shirt,)), (jeans, (jeans,)))

    assert right["clip-i"] == pytest.approx(1) == right["clip-i*"]
    assert right["confusion"] < -0.3 and right["right garment"] == 1
    assert right["dists"] == pytest.approx(0, abs=1e-4)


def test_garments_that_were_exchanged_are_confused():
    shirt, jeans = drawn("t-shirt", RED), drawn("trousers", BLUE)
    wrong = figures((drawn("t-shirt", BLUE), (shirt,)), (drawn("trousers", RED), (jeans,)))

    assert wrong["confusion"] > 0.3 and wrong["right garment"] == 0
    half = figures((shirt, (shirt,)), (drawn("trousers", RED), (jeans,)))
    assert half["confusion"] > 0.3 and half["right garment"] == 0.5
    assert half["clip-i"] < half["clip-i*"] < 1


def test_of_several_pictures_of_a_garment_the_most_alike_counts():
    shirt, other = drawn("t-shirt", RED), drawn("t-shirt", BLUE)

    assert likeness.figures(lambda: [(*worn(shirt), (other, shirt))], Colours(), Edges())["clip-i"]() > 0.99


def test_lost_and_turned_texture_is_seen_and_the_same_on_another_cut_is_forgiven():
    striped = drawn("t-shirt", "stripes across")
    same, cut, turned, lost = (
        likeness.figures(lambda seen=seen: [(*worn(drawn(*seen)), (striped,))], Colours(), Edges())["dists"]()
        for seen in (
            ("t-shirt", "stripes across"),
            ("jumper", "stripes across"),
            ("t-shirt", "stripes down"),
            ("t-shirt", (0.5, 0.5, 0.55)),
        )
    )
    assert same == pytest.approx(0, abs=1e-4)
    assert cut < 0.15 < turned and 0.3 < lost


def test_what_cannot_be_measured_says_why():
    shirt = drawn("t-shirt", RED)
    alone = likeness.figures(lambda: [(*worn(shirt), (shirt,))], Colours(), None)
    for name in ("confusion", "right garment"):
        with pytest.raises(Unmeasurable, match="one garment alone"):
            alone[name]()
    with pytest.raises(Unmeasurable, match="no maps"):
        alone["dists"]()
    for measure in likeness.figures(lambda: [(*worn(shirt), ())], Colours(), Edges()).values():
        with pytest.raises(Unmeasurable, match="No picture"):
            measure()
