"""The terms that look at garments alone, on drawn people and pictures: which want what, and which way they pull."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from drawn import REGIONS, dressed, person
from garments import drawn
from torch.nn import functional as F

from fice.inversion.losses import View
from fice.inversion.worn import Pictured, Semantic, unlike_all
from fice.settings import Settings

SETTINGS = Settings.preset("generated", views=0)


class Colours:
    """A CLIP that sees the mean colour alone, and reads red in every text."""

    size = 32

    def encode_picture(self, pictures):
        return F.normalize(1 - pictures.mean((2, 3)), dim=1)

    def encode_text(self, texts):
        return F.normalize(torch.tensor([[0.0, 1.0, 1.0]]).expand(len(texts), -1), dim=1)


class Mosaic:
    """A network whose one map is the picture itself."""

    strides = (1,)

    def features(self, picture):
        return [picture]


@pytest.fixture(scope="module")
def plan():
    return dressed(person(height=256).subject, "red shirt").plan


def pictured(plan, *references, text=True):
    (piece,) = plan.pieces
    sentence = piece.sentence if text else SimpleNamespace(wanted="")
    return replace(plan, pieces=(replace(piece, references=references, sentence=sentence),))


def terms(**changes):
    settings, seen = SETTINGS.replace(**changes), View(lambda _: found)
    found = torch.zeros(1, len(REGIONS.names), 256, 128)
    return Semantic(Colours(), seen, settings), Pictured(Colours(), seen, settings, Mosaic())


def painted(plan, colour):
    return plan.before * torch.tensor(colour).view(1, 3, 1, 1) + 1 - plan.before


def test_pictures_alone_want_nothing_of_the_words_and_words_nothing_of_pictures(plan):
    words, pictures = terms()
    red = drawn("t-shirt", (0.8, 0.1, 0.1))

    assert words.targets(plan, 0, None) and pictures.targets(plan, 0, None) is None
    both = pictured(plan, red)
    assert words.targets(both, 0, None) and pictures.targets(both, 0, None)
    assert words.targets(pictured(plan, red, text=False), 0, None) is None


def test_a_garment_is_drawn_towards_its_picture(plan):
    _, term = terms()
    start = painted(plan, (0.8, 0.1, 0.1))
    targets = term.targets(pictured(plan, drawn("t-shirt", (0.8, 0.1, 0.1))), 0, start)
    same, other = (term(painted(plan, colour), None, targets) for colour in ((0.8, 0.1, 0.1), (0.1, 0.2, 0.8)))

    assert same.shape == (1,) and same < 0.02 < 0.1 < other
    moving = painted(plan, (0.5, 0.5, 0.5)).requires_grad_(True)
    term(moving, None, targets).sum().backward()
    assert moving.grad is not None and moving.grad[:, 0].sum() < 0 < moving.grad[:, 2].sum()


def test_of_several_pictures_their_mean_and_the_most_alike_count():
    views = F.normalize(torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.1, 0.0]]), dim=1)
    alike, unlike = torch.eye(3)[:1], torch.eye(3)[1:]

    assert unlike_all(views, alike) < unlike_all(views, torch.cat([unlike, alike])) < unlike_all(views, unlike)


def test_garments_that_are_not_kept_apart_are_looked_at_together(plan):
    subject = person(height=256, upper=(0.8, 0.1, 0.1), trousers=(0.1, 0.2, 0.8)).subject
    both = dressed(subject, "red shirt and blue trousers").plan
    looks = [term.where(both, both.pieces, 0)["garment"] for term, _ in (terms(), terms(apart=False))]

    assert looks[0].shape == looks[1].shape == (2, 1, 256, 128)
    assert not torch.equal(looks[0][0], looks[0][1]) and torch.equal(looks[1][0], looks[1][1])


@pytest.mark.parametrize(
    "text, asked",
    [
        ("red shirt", "solid red shirt"),
        ("red striped shirt", "red striped shirt"),
        ("red and white shirt", "red and white shirt"),
        ("silk shirt", "silk shirt"),
    ],
)
def test_one_colour_without_a_pattern_is_asked_for_alone(text, asked):
    (piece,) = dressed(person(height=256).subject, text).plan.pieces
    words, _ = terms()

    assert words.said(piece) == asked
    assert words.said(replace(piece, references=(drawn("t-shirt", (0.8, 0.1, 0.1)),))) == text
    assert terms(plain=False)[0].said(piece) == text
