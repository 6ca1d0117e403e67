"""What an order changes in a person: pieces that do not cover each other, and what is left out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fice.course import Spent
from fice.errors import InputError
from fice.language.words import parse
from fice.order import Garment, Order
from fice.plan import make_plan
from fice.settings import Settings
from fice.subject.frame import Frame
from fice.subject.regions import REGION_CLASSES, Regions
from fice.subject.subject import Subject

CANVAS = (64, 32)


class Whole:
    """A photo of the canvas's size."""

    size = CANVAS


def worn(**rows):
    """Somebody who wears each class over some rows of the canvas, in a shade of its own."""
    found, view = torch.zeros(1, len(REGION_CLASSES), *CANVAS), torch.zeros(1, 3, *CANVAS)
    found[:, 0] = 1
    for name, (top, bottom) in rows.items():
        found[:, :, top:bottom, 8:24] = 0
        found[:, REGION_CLASSES.index(name), top:bottom, 8:24] = 1
        view[:, :, top:bottom, 8:24] = REGION_CLASSES.index(name) / len(REGION_CLASSES)
    frame = Frame((0, 0, *CANVAS), CANVAS, CANVAS)
    return Subject(Whole(), frame, view, view, found, 1.0, [], Spent())


def plan(subject, *texts, **wishes):
    garments = tuple(Garment(text, **wishes) for text in texts)
    wanted = [(garment, sentence) for garment in garments for sentence in parse(garment.text)]
    return make_plan(subject, Order(garments), wanted, Regions(torch.nn.Identity()), Settings())


def rows(piece):
    return piece.wide[0, 0].amax(1).nonzero()[[0, -1], 0].tolist()


def test_a_text_with_two_garments_has_two_pieces_each_its_own_region():
    made = plan(worn(face=(2, 10), upper=(10, 30), trousers=(30, 60)), "white shirt and blue jeans")
    shirt, jeans = made.pieces
    assert made.region == "upper+lower" and not made.notices
    assert (rows(shirt), rows(jeans)) == ([10, 29], [30, 59]) and float((shirt.wide * jeans.wide).max()) == 0
    assert (shirt.sentence.colour, jeans.sentence.colour) == ("white", "blue")
    assert (
        float(made.keep[..., :8, :].min()) == 1 and float(made.keep[..., 20, 16]) == float(made.keep[..., 45, 16]) == 0
    )


def test_what_the_network_mistakes_for_another_garment_belongs_to_it_where_it_is_asked_for_too():
    """A little of a coat is the shirt's by itself, and the coat's where a coat is asked for."""
    subject = worn(upper=(10, 30), outer=(30, 33), trousers=(33, 60))
    assert "outer" in plan(subject, "white shirt").pieces[0].region.classes
    shirt, coat = plan(subject, "white shirt", "green coat").pieces
    assert "outer" not in shirt.region.classes and "outer" in coat.region.classes


def test_a_garment_whose_place_another_one_takes_is_left_out_and_that_is_said():
    made = plan(worn(upper=(10, 30), trousers=(30, 60)), "white shirt and black coat")
    assert len(made.pieces) == 1 and any("Left out: coat" in notice for notice in made.notices)


def test_a_top_and_a_skirt_take_their_halves_of_a_dress():
    subject = worn(face=(2, 10), dress=(10, 50))
    top, skirt = plan(subject, "white shirt and blue skirt").pieces
    assert (top.region.name, skirt.region.name) == ("upper", "lower")
    assert rows(top)[0] == 10 and rows(skirt)[1] == 49 and abs(rows(top)[1] - rows(skirt)[0]) < 12
    assert float((top.wide * skirt.wide).max()) < 0.3 and torch.equal(top.whole, skirt.whole)
    (alone,) = plan(subject, "blue skirt").pieces
    assert rows(alone) == rows(skirt) and alone.mask[40:, 16].min() == 1 and alone.mask[12, 16] == 0
    (cut,) = plan(subject, "black trousers").pieces  # which all of it may become
    assert (cut.region.name, rows(cut)) == ("dress", [10, 49])


def test_a_garment_that_is_nowhere_is_left_out_unless_it_is_the_only_one():
    subject = worn(upper=(10, 60))
    made = plan(subject, "white shirt and blue jeans")
    assert made.region == "upper" and any("Left out: jeans" in notice for notice in made.notices)
    with pytest.raises(InputError, match="No garment"):
        plan(worn(face=(2, 10)), "blue jeans")


def test_what_is_painted_is_the_region_whatever_the_network_sees():
    painted = np.zeros(CANVAS, np.float32)
    painted[40:50, 10:20] = 1
    (piece,) = plan(worn(upper=(10, 30)), "red shirt", mask=painted).pieces
    assert piece.region.name == "mask" and rows(piece) == pytest.approx([40, 49], abs=1)
    assert torch.equal(piece.region.find(torch.rand(2, 14, *CANVAS))[1:], piece.wide)
    with pytest.raises(InputError, match="leaves nothing"):
        plan(worn(upper=(10, 30)), "red shirt", mask=np.zeros(CANVAS, np.float32))
    with pytest.raises(InputError, match="photo's size"):
        plan(worn(upper=(10, 30)), "red shirt", mask=painted[:40])


def test_two_garments_in_one_mask_share_it_by_their_regions():
    painted = np.zeros(CANVAS, np.float32)
    painted[20:40, :] = 1
    shirt, jeans = plan(worn(upper=(10, 30), trousers=(30, 60)), "white shirt and blue jeans", mask=painted).pieces
    assert rows(shirt) == pytest.approx([20, 29], abs=1) and rows(jeans) == pytest.approx([30, 39], abs=1)


def sleeves_of(subject):
    """The lower half of the canvas is a bag, whatever the regions say."""
    return SimpleNamespace(find=lambda view, words, person: Seen(words, subject))


class Seen:
    def __init__(self, words, subject):
        self.mask = torch.zeros_like(subject.regions[:, :1])
        self.mask[:, :, 40:50, 10:20] = float("logo" in words)


def test_words_for_a_region_are_a_piece_and_no_other_place_changes():
    subject = worn(upper=(10, 30), trousers=(30, 56), shoes=(56, 62))
    (shoes,) = plan(subject, "red", region="the shoes").pieces
    assert shoes.place and shoes.region.name == "the shoes" and rows(shoes) == [56, 61] and shoes.mask is None
    with pytest.raises(InputError, match="Not seen here: bag, but top, trousers, shoes"):
        plan(subject, "red", region="the bag")


def test_a_part_is_cut_from_its_garment_whose_outline_it_shares():
    (low,) = plan(worn(dress=(10, 60)), "red", region="the dress below the waist").pieces
    assert rows(low)[0] > 20 and rows(low)[1] == 59
    assert low.cloth.sum() > 1.3 * low.wide.sum() and low.mask.shape == CANVAS and low.mask[12, 16] == 0


def test_a_part_has_its_place_before_the_garment_around_it():
    subject = worn(dress=(10, 60))
    garments = Garment("red dress"), Garment("white", region="the dress below the knees")
    wanted = [(garment, parse(garment.text)[0]) for garment in garments]
    white, red = make_plan(subject, Order(garments), wanted, Regions(torch.nn.Identity()), Settings()).pieces
    assert (white.sentence.colour, red.sentence.colour) == ("white", "red") and not red.place
    assert float((white.wide * red.wide).max()) < 0.3 and torch.equal(red.cloth, white.cloth)


def test_a_mask_and_words_must_both_allow_it():
    painted = np.zeros(CANVAS, np.float32)
    painted[:, :16] = 1
    subject = worn(upper=(10, 30), shoes=(56, 62))
    (shoes,) = plan(subject, "red", region="shoes", mask=painted).pieces
    assert rows(shoes) == [56, 61] and float(shoes.wide[..., 17:].max()) == 0
    with pytest.raises(InputError, match="mask leaves nothing of"):
        plan(subject, "red", region="shoes", mask=np.where(np.arange(CANVAS[0]) < 40, 1.0, 0.0)[:, None] * painted)


def test_of_several_places_one_that_is_not_there_is_told():
    made = plan(worn(upper=(10, 30), shoes=(56, 62)), "red", region="shoes and bag")
    assert made.notices == ["Not found: bag; the rest is changed."]


def test_a_segmenter_finds_what_fice_has_no_name_for():
    subject, garment = worn(upper=(10, 60)), Garment("red", region="the left logo")
    wanted, regions = [(garment, parse("red")[0])], Regions(torch.nn.Identity())
    (logo,) = make_plan(subject, Order((garment,)), wanted, regions, Settings(), sleeves_of(subject)).pieces
    assert rows(logo) == [40, 49] and float(logo.wide[..., :14].max()) < 0.3


def shown(subject, *pictures, **settings):
    """The plan of a shirt with pictures, of which only the names matter."""
    wanted = [(Garment("white shirt", pictures=pictures), parse("white shirt")[0])]
    references = [tuple(SimpleNamespace(region="upper", kind="shirt", name=each) for each in pictures)]
    settings = Settings(**settings)
    return make_plan(subject, Order(), wanted, Regions(torch.nn.Identity()), settings, references=references)


def test_each_candidate_has_its_cloth_from_another_picture():
    made = shown(worn(upper=(10, 30), trousers=(30, 60)), "a.jpg", "b.jpg", "c.jpg")
    turned = [made.candidate(i).pieces[0] for i in range(4)]

    assert [[each.name for each in piece.references] for piece in turned] == [
        ["a.jpg", "b.jpg", "c.jpg"],
        ["b.jpg", "c.jpg", "a.jpg"],
        ["c.jpg", "a.jpg", "b.jpg"],
        ["a.jpg", "b.jpg", "c.jpg"],
    ]
    assert all(piece.garment.pictures == tuple(each.name for each in piece.references) for piece in turned)


def test_as_many_pictures_count_as_the_setting_says():
    subject = worn(upper=(10, 30), trousers=(30, 60))
    assert [len(shown(subject, "a.jpg", "b.jpg", "c.jpg", pictures=k).pieces[0].references) for k in range(4)] == [
        *range(4)
    ]
    made = shown(subject, "a.jpg", "b.jpg", "c.jpg", pictures=2).candidate(1)
    assert made.pieces[0].garment.pictures == ("b.jpg", "a.jpg")
