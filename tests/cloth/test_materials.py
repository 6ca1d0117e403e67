"""Materials: each is shown by its own light on the garment's folds."""

from __future__ import annotations

import numpy as np
import pytest

from fice.cloth import grains
from fice.cloth.materials import MATERIALS, fray, show
from fice.srgb import LUMINANCE

RED = np.array([0.4, 0.03, 0.03], np.float32)
PIXEL = 0.125
V, U = np.mgrid[:240, :240].astype(np.float32) * PIXEL
FOLDS = (0.5 * np.sin(U * 0.55 + 0.6 * np.sin(V * 0.12)) + 0.25 * np.sin(U * 1.3 - V * 0.15)).astype(np.float32)
FOLDS -= np.median(FOLDS)


def shown(material, light=FOLDS, colour=RED, seed=0, pixel=PIXEL, scale=1.0):
    cloth = np.broadcast_to(colour, (*light.shape, 3)).astype(np.float32)
    return show(cloth, light, U * scale, V * scale, pixel, material, np.random.default_rng(seed))


@pytest.mark.parametrize("material", [None, *MATERIALS])
def test_every_material_is_shown(material):
    radiance, opacity = shown(material)
    assert radiance.shape == (240, 240, 3) and opacity.shape == (240, 240)
    assert radiance.dtype == opacity.dtype == np.float32
    assert np.isfinite(radiance).all() and radiance.min() >= 0 and 0 <= opacity.min() <= opacity.max() <= 1
    again, _ = shown(material)
    assert (again == radiance).all()


@pytest.mark.parametrize("material", MATERIALS)
def test_a_material_is_about_as_bright_as_cotton(material):
    """In the middle, where the light is usual; highlights come on top, velvet is darker."""
    plain, _ = shown("cotton")
    made, _ = shown(material)
    assert 0.5 < np.median(made @ LUMINANCE) / np.median(plain @ LUMINANCE) < 1.5
    assert 0.55 < made.mean() / plain.mean() < 3.3


@pytest.mark.parametrize("material", MATERIALS)
def test_a_colour_stays_what_it_is(material):
    for colour in (RED, RED[::-1]):
        made = np.median(shown(material, colour=colour)[0], (0, 1))
        assert made.argmax() == colour.argmax() and made.max() > 3 * np.median(made)


@pytest.mark.parametrize("material", MATERIALS)
def test_folds_are_seen_in_every_material(material):
    made = np.log(shown(material)[0].mean(2) + 0.01)
    crest, depth = np.quantile(FOLDS, (0.8, 0.2))
    if material != "velvet":  # whose sheen is on their flanks
        assert made[FOLDS > crest].mean() > made[FOLDS < depth].mean() + 0.2
    else:
        steep = np.hypot(*np.gradient(FOLDS))
        middle = np.abs(FOLDS) < 0.3
        assert made[middle & (steep > np.quantile(steep, 0.8))].mean() > made[middle & (steep < 0.02)].mean()


def test_cotton_is_the_cloth_under_the_light():
    for material in (None, "cotton"):
        radiance, opacity = shown(material)
        assert radiance == pytest.approx(RED * np.exp(FOLDS)[..., None], rel=1e-5) and (opacity == 1).all()


@pytest.mark.parametrize("material", [None, "satin", "lace"])
def test_a_part_looks_as_it_does_in_the_whole(material):
    where = (U + V) % 7 < 3
    cloth, rng = np.broadcast_to(RED, (where.sum(), 3)), np.random.default_rng(0)
    part = show(cloth, FOLDS, U, V, PIXEL, material, rng, where=where)
    for mine, whole in zip(part, shown(material), strict=True):
        assert mine == pytest.approx(whole[where], rel=1e-5)


def brightest(material):
    """The highlights: the brightest hundredth over the median."""
    light = shown(material, colour=np.full(3, 0.02))[0] @ LUMINANCE
    return np.quantile(light, 0.99) - np.median(light)


def test_glossy_materials_gleam_in_their_order():
    assert brightest("patent") > 2 * brightest("leather") > 4 * brightest("wool")
    assert brightest("satin") > brightest("silk") > brightest("linen")
    assert brightest("sequins") > brightest("nylon") > brightest("suede")


def test_patent_has_narrower_highlights_than_leather():
    def share(material):
        light = shown(material, colour=np.full(3, 0.02))[0] @ LUMINANCE
        return (light > (light.max() + np.median(light)) / 2).mean()

    assert share("patent") < 0.8 * share("satin")


def test_highlights_of_satin_have_the_colour_of_the_cloth_and_of_patent_the_lamp():
    def purity(material):
        made = shown(material)[0]
        top = made[made @ LUMINANCE > np.quantile(made @ LUMINANCE, 0.98)].mean(0)
        return top[0] / top[1]

    assert purity("satin") > 1.8 * purity("patent")


def test_wool_has_less_contrast_than_cotton_and_satin_more():
    spread = {name: np.log(shown(name)[0].mean(2)).std() for name in ("fleece", "wool", "cotton", "satin")}
    assert spread["fleece"] < spread["cotton"] < spread["satin"] and spread["wool"] < spread["cotton"]


@pytest.mark.parametrize("material", MATERIALS)
def test_only_lace_and_sheer_cloth_show_what_lies_below(material):
    opacity = shown(material)[1]
    if material == "lace":
        assert opacity.min() < 0.15 and opacity.max() > 0.9 and 0.3 < opacity.mean() < 0.75
    elif material == "sheer":
        assert 0.4 < opacity.min() and opacity.max() < 0.9 and np.corrcoef(opacity.ravel(), FOLDS.ravel())[0, 1] < -0.5
    else:
        assert (opacity == 1).all()


@pytest.mark.parametrize("material", ["tweed", "lace", "sequins", "fur", "knit", "corduroy", "linen", "leather"])
def test_grain_finer_than_a_pixel_fades(material):
    flat = np.zeros_like(FOLDS)
    near, far = shown(material, flat), shown(material, flat, pixel=20.0, scale=160.0)
    for fine, coarse in zip(near, far, strict=True):
        assert coarse.std((0, 1)).max() <= 0.25 * fine.std((0, 1)).max() + 1e-6


def test_a_fold_in_old_cloth_is_kept_and_its_weave_is_not():
    """Leather made of a coarse knit has no stitches."""
    weave = 0.15 * np.sin(U * (2 * np.pi / 0.5)).astype(np.float32)
    leather = [shown("leather", FOLDS + extra)[0].mean(2) for extra in (0, weave)]
    cotton = [shown("cotton", FOLDS + extra)[0].mean(2) for extra in (0, weave)]
    assert np.abs(leather[1] - leather[0]).mean() < 0.5 * np.abs(cotton[1] - cotton[0]).mean()


def test_only_fur_and_the_like_have_a_ragged_outline():
    assert fray("fur") > 1 > fray("fleece") > fray("wool") > 0 == fray("leather") == fray(None)


def test_a_few_pixels_and_none_are_shown():
    for shape in ((1, 1), (1, 5), (0, 3)):
        u = np.zeros(shape, np.float32)
        for material in MATERIALS:
            cloth = np.zeros((*shape, 3), np.float32)
            radiance, opacity = show(cloth, u, u, u, 0.2, material, np.random.default_rng(0))
            assert radiance.shape == (*shape, 3) and opacity.shape == shape


def test_an_unknown_material_is_named():
    with pytest.raises(ValueError, match='no material "brass"'):
        shown("brass")
    with pytest.raises(ValueError, match='no material "brass"'):
        fray("brass")


def test_a_grain_is_the_same_wherever_it_is_looked_up():
    for grain in (grains.fur, grains.lace, grains.sequins):
        drawn = grain(np.random.default_rng(3), 0.1)
        assert (drawn.at(U, V, 0.1)[50:, 70:] == drawn.at(U[50:, 70:], V[50:, 70:], 0.1)).all()
