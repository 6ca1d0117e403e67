"""Cloth that is finer than the canvas."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fice.cloth import clothing
from fice.cloth.clothing import add_weave
from fice.cloth.redress import Cloth, apply_cloth, cloth_of, recolour_to
from fice.language.lexicon import PATTERNS
from fice.language.words import parse
from fice.srgb import to_gamma, to_linear
from fice.subject.frame import Frame

MASK = np.zeros((64, 32), bool)
MASK[10:50, 6:26] = True
PICTURE = np.random.default_rng(0).integers(90, 160, (64, 32, 3)).astype(np.uint8)


def cloth(text, finer):
    return cloth_of(PICTURE, MASK, parse(text)[0], seed=3, finer=finer)


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "solid"])
def test_fine_cloth_has_more_contrast_than_the_canvas_shows(pattern):
    fine = cloth(f"red {pattern} dress", 4)
    assert fine.light.shape == (4 * 42, 4 * 22, 3) and fine.box == (slice(9, 51), slice(5, 27))
    enlarged = fine.coarse().repeat(4, 0).repeat(4, 1)
    assert np.abs(fine.light - enlarged).mean() > 0.001
    np.testing.assert_allclose(fine.light.mean((0, 1)), fine.coarse().mean((0, 1)), rtol=1e-3)


def test_what_the_canvas_shows_is_laid_on_the_picture():
    text = "blue striped shirt"
    worn = apply_cloth(PICTURE, MASK, cloth(text, 1))
    assert (worn == recolour_to(PICTURE, MASK, parse(text)[0], 3)).all()
    outside = ~F.max_pool2d(torch.from_numpy(MASK)[None].float(), 3, 1, 1)[0].bool().numpy()
    assert (apply_cloth(PICTURE, MASK, cloth(text, 4))[outside] == PICTURE[outside]).all()


def test_a_sentence_without_colour_and_pattern_names_no_cloth():
    assert cloth_of(PICTURE, MASK, parse("long dress")[0], 0) is None
    assert cloth_of(PICTURE, np.zeros_like(MASK), parse("red dress")[0], 0) is None


def drawn_stripes(finer=4):
    """What a canvas shows of blue and yellow stripes under soft light, as `weave` hands it to the stitch."""
    fine = torch.tensor([0.02, 0.1, 0.6]).view(1, 3, 1, 1).expand(1, 3, 48 * finer, 32 * finer).clone()
    rows = torch.arange(48 * finer)
    fine[:, :, rows // (5 * finer) % 2 == 1] = torch.tensor([0.8, 0.6, 0.02]).view(1, 3, 1, 1)
    coarse = F.avg_pool2d(fine, finer)
    light = 1 + 0.3 * torch.sin(torch.arange(32) / 5)
    return to_gamma((coarse * light).clamp(0, 1)), fine, light.expand(1, 1, 48, 32)


def test_stripes_have_edges_without_dashes():
    """Blue, yellow, and nothing beyond them: no channel leaves the range of the cloth and its light."""
    drawn, fine, light = drawn_stripes()
    frame = Frame((0, 0, 192, 128), (192, 128), (48, 32), fill=1.0)
    enlarged = frame.to_photo(drawn, kernel="smooth").clamp(0, 1)
    lit = frame.to_photo(light, kernel="linear")
    made = to_linear(add_weave(enlarged, fine, lit, torch.ones(1, 1, 192, 128)))
    torch.testing.assert_close(made, (fine * lit).clamp(0, 1), rtol=0, atol=2e-3)
    for kernel in ("smooth", "linear"):
        plain = frame.to_photo(to_linear(drawn), kernel=kernel)
        assert plain.amin((0, 2, 3)).ge(to_linear(drawn).amin((0, 2, 3)) - 1e-5).all()
        assert plain.amax((0, 2, 3)).le(to_linear(drawn).amax((0, 2, 3)) + 1e-5).all()


def test_the_weave_waits_where_the_generator_drew_another_cloth():
    drawn, fine, light = drawn_stripes(1)
    kept = add_weave(drawn, fine, light, torch.zeros_like(light))
    torch.testing.assert_close(kept, drawn, rtol=0, atol=1e-3)


def test_the_weave_takes_the_light_that_was_drawn():
    """The light is measured around each pixel, so that a blurred stripe does not shine beside its edge."""
    drawn, fine, light = drawn_stripes(1)
    cloth = Cloth((slice(4, 44), slice(4, 28)), fine[0, :, 4:44, 4:28].permute(1, 2, 0).numpy(), 1)
    before = torch.zeros(1, 1, 48, 32)
    before[..., 4:44, 4:28] = 1
    piece = SimpleNamespace(sentence=parse("blue striped shirt")[0], before=before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clothing, "_cloth", lambda *_: cloth)
        blurred = to_gamma(F.avg_pool2d(to_linear(drawn), (3, 1), 1, (1, 0), count_include_pad=False))
        found = clothing.weave(None, piece, 0, blurred, drawn)
    assert found.fine.shape == drawn.shape and torch.equal(found.fine[..., 4:44, 4:28], fine[..., 4:44, 4:28])
    inner = np.s_[..., 10:38, 8:24]
    off = (found.light / light - 1)[inner].abs()
    assert off.mean() < 0.15 and off.max() < 0.5
