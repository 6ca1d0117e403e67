"""Light on cloth: folds are kept, prints go, blacks give less, and the scene's exposure is the new cloth's too."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import folds as wide_folds

from fice.cloth.patterns import paint
from fice.cloth.prints import without_print
from fice.cloth.shading import carry_detail, carry_light, light_on
from fice.srgb import to_gamma, to_linear
from fice.subject.exposure import exposure_of

HEIGHT = 400.0  # the person's
INK = np.array([0.85, 0.85, 0.8]), np.array([0.02, 0.03, 0.12]), np.array([0.5, 0.05, 0.05])
PRINTS = ("striped", "vertical-striped", "checked", "polka-dot", "floral", "leopard")


def folds(size=(200, 140)):
    """Soft folds: log of a factor on linear light."""
    y, x = np.mgrid[: size[0], : size[1]]
    return 0.35 * np.sin(x / 7 + y / 60) + 0.2 * np.sin(y / 40)


def printed(pattern, size):
    """Cloth (h, w, 3) of a person of HEIGHT pixels, printed half as large again as clothes are."""
    v, u = np.mgrid[: size[0], : size[1]].astype(np.float32) * (pixel := 170 / HEIGHT / 1.5)
    return paint(pattern, u, v, *INK, np.random.default_rng(0), pixel=pixel).astype(float)


def worn(cloth, light):
    """Linear cloth (h, w, 3) under light (h, w), as a photograph: a tensor (1, 3, h, w)."""
    linear = torch.from_numpy(cloth * np.exp(light)[..., None]).float().permute(2, 0, 1)[None].clamp(0, 1)
    return to_gamma(linear)


def contrast_of(pattern, found, inner):
    """How much of a pattern there is in what was found: the slope of a regression."""
    a, b = (x[inner] - x[inner].mean() for x in (pattern, found))
    return (a * b).mean() / (a * a).mean()


@pytest.mark.parametrize("pattern", PRINTS)
def test_a_print_goes(pattern):
    light = folds()
    cloth = printed(pattern, light.shape)
    where = torch.ones(1, 1, *light.shape)
    found = light_on(worn(cloth, light), where, HEIGHT)[0, 0].numpy()
    inner = np.s_[20:-20, 20:-20]
    assert abs(contrast_of(np.log(cloth.mean(2)), found, inner)) < 0.15
    if pattern not in ("floral", "leopard"):  # whose faces are smaller than folds
        assert np.corrcoef(light[inner].ravel(), found[inner].ravel())[0, 1] > 0.5


@pytest.mark.parametrize("light", [wide_folds((200, 140)), folds()], ids=["wide", "steep"])
def test_folds_of_plain_cloth_stay(light):
    found = light_on(worn(np.full((*light.shape, 3), 0.3), light), torch.ones(1, 1, *light.shape), HEIGHT)[0, 0].numpy()
    inner = np.s_[20:-20, 20:-20]
    assert np.corrcoef(light[inner].ravel(), found[inner].ravel())[0, 1] > 0.95
    assert contrast_of(light, found, inner) == pytest.approx(1, abs=0.2)
    assert np.median(found) == pytest.approx(0, abs=0.01)


def test_only_the_printed_part_loses_its_detail():
    light = folds()
    cloth = np.full((*light.shape, 3), 0.4)
    cloth[110:, :] = printed("striped", (90, 140))
    found = without_print(worn(cloth, light)[0].permute(1, 2, 0).numpy(), np.ones(light.shape, bool), HEIGHT)[1]
    assert found[5:60, 5:-5].max() < 0.05 < 0.5 < found[150:-5, 5:-5].mean()


def test_fine_folds_of_a_large_photo_are_kept():
    light = np.kron(0.8 * folds(), np.ones((3, 3))) + 0.2 * np.sin(np.arange(420) * 0.9)
    found = light_on(worn(np.full((600, 420, 3), 0.3), light), torch.ones(1, 1, 600, 420), 3 * HEIGHT)[0, 0].numpy()
    assert np.corrcoef(light[50:-50, 50:-50].ravel(), found[50:-50, 50:-50].ravel())[0, 1] > 0.95


def test_nearly_black_cloth_gives_less():
    ripple = 0.3 * np.sin(np.arange(140) * 0.5) + np.zeros((200, 1))
    black, light = (
        light_on(worn(np.full((200, 140, 3), level), ripple), torch.ones(1, 1, 200, 140), HEIGHT).std()
        for level in (0.004, 0.4)
    )
    assert black < 0.6 * light


def test_nothing_worn_gives_no_light():
    assert light_on(torch.rand(1, 3, 40, 30), torch.zeros(1, 1, 40, 30), 40).abs().max() == 0


def test_light_is_carried_without_changing_the_brightness():
    light = torch.from_numpy(folds()).float()[None, None]
    flat, everywhere = torch.full((1, 3, 200, 140), 0.5), torch.ones(1, 1, 200, 140)
    made = carry_light(light, flat, everywhere, 12)
    assert made[..., 20:-20, 20:-20].mean().item() == pytest.approx(0.5, abs=0.03) and made.std() > 0.02
    torch.testing.assert_close(carry_light(light, flat, torch.zeros_like(everywhere), 12), flat, atol=1e-5, rtol=0)
    source = torch.rand(1, 3, 200, 140)
    torch.testing.assert_close(carry_detail(source, source, everywhere, 12), source, atol=1e-5, rtol=0)


def street(dim=1.0, skin=0.35, clothes=0.05, wall=0.5):
    """A person before a wall, in a light: (view, skin, body) for `exposure_of`."""
    rng = np.random.default_rng(0)
    light = np.full((128, 64), wall) * rng.uniform(0.4, 1.7, (128, 64))
    light[20:120, 20:44] = clothes * rng.uniform(0.3, 2, (100, 24))
    light[20:36, 26:38] = skin * rng.uniform(0.6, 1.6, (16, 12))
    face, body = torch.zeros(1, 1, 128, 64), torch.zeros(1, 1, 128, 64)
    face[..., 20:36, 26:38], body[..., 20:120, 20:44] = 1, 1
    view = to_gamma(torch.from_numpy(np.clip(light * dim, 0, 1)).float().expand(1, 3, 128, 64))
    return view, face, body


def test_by_day_a_colour_is_what_its_name_says():
    for skin, clothes, wall in ((0.35, 0.05, 0.5), (0.06, 0.6, 0.5), (0.35, 0.7, 0.08), (0.12, 0.05, 0.6)):
        assert exposure_of(*street(1, skin, clothes, wall)) > 0.8, (skin, clothes, wall)


@pytest.mark.parametrize("dim", [0.3, 0.1, 0.03])
def test_in_the_evening_new_cloth_is_as_dim_as_the_scene(dim):
    assert dim < exposure_of(*street(dim)) < 1.6 * dim


def test_a_lamp_far_off_does_not_light_the_cloth_wholly():
    view, face, body = street(0.05)
    view[..., :20, :40] = 1.0
    assert 0.05 < exposure_of(view, face, body) < 0.6


def test_without_a_cue_nothing_is_dimmed():
    nowhere = torch.full((1, 1, 64, 32), 0.5)
    assert exposure_of(torch.zeros(1, 3, 64, 32), nowhere, nowhere) == 1.0


def test_linear_light_of_a_grey():
    assert to_linear(torch.tensor(0.5)).item() == pytest.approx(0.21404, abs=1e-4)
