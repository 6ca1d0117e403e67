"""Cloth that is finer than the canvas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fice.clothing import carry_weave
from fice.lexicon import PATTERNS
from fice.redress import cloth_as, dress_as, lay
from fice.shading import to_gamma
from fice.words import parse

MASK = np.zeros((64, 32), bool)
MASK[10:50, 6:26] = True
PICTURE = np.random.default_rng(0).integers(90, 160, (64, 32, 3)).astype(np.uint8)


def cloth(text, finer):
    return cloth_as(PICTURE, MASK, parse(text), seed=3, finer=finer)


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "solid"])
def test_fine_cloth_has_more_contrast_than_the_canvas_shows(pattern):
    fine = cloth(f"red {pattern} dress", 4)
    assert fine.light.shape == (4 * 42, 4 * 22, 3) and fine.box == (slice(9, 51), slice(5, 27))
    enlarged = fine.coarse().repeat(4, 0).repeat(4, 1)
    assert np.abs(fine.light - enlarged).mean() > 0.001
    np.testing.assert_allclose(fine.light.mean((0, 1)), fine.coarse().mean((0, 1)), rtol=1e-3)


def test_what_the_canvas_shows_is_laid_on_the_picture():
    text = "blue striped shirt"
    worn = lay(PICTURE, MASK, cloth(text, 1))
    assert (worn == dress_as(PICTURE, MASK, parse(text), 3)).all()
    outside = ~F.max_pool2d(torch.from_numpy(MASK)[None].float(), 3, 1, 1)[0].bool().numpy()
    assert (lay(PICTURE, MASK, cloth(text, 4))[outside] == PICTURE[outside]).all()


def test_a_sentence_without_colour_and_pattern_names_no_cloth():
    assert cloth_as(PICTURE, MASK, parse("long dress"), 0) is None
    assert cloth_as(PICTURE, np.zeros_like(MASK), parse("red dress"), 0) is None


def test_the_weave_is_given_back_to_what_was_drawn_without_it():
    fine = torch.from_numpy(cloth("red striped dress", 4).light).permute(2, 0, 1)[None]
    coarse = F.interpolate(F.avg_pool2d(fine, 4), scale_factor=4, mode="bilinear")
    drawn, wanted = to_gamma(coarse), to_gamma(fine)
    sharp = carry_weave(drawn, fine, coarse, torch.ones_like(fine[:, :1]))
    torch.testing.assert_close(sharp, wanted, rtol=0, atol=1e-3)
    untouched = carry_weave(drawn, fine, coarse, torch.zeros_like(fine[:, :1]))
    torch.testing.assert_close(untouched, drawn, rtol=0, atol=1e-3)
