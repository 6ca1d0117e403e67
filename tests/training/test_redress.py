"""Re-dressing: the cloth changes, the folds and everything else stay."""

from __future__ import annotations

import numpy as np
import pytest

from fice.language.colours import nearest_colour
from fice.language.lexicon import COLOURS, GARMENTS, LENGTHS, PATTERNS, SLEEVES
from fice.language.words import parse
from fice.srgb import to_lab
from fice.training.data.captions import Appearance, Worn, caption, describe, matches, measure
from fice.training.data.outfits import random_look, random_outfit, texture
from fice.training.data.redress import (
    FROM_LINEAR,
    TO_LINEAR,
    contrasting_colour,
    make_cloth,
    random_colour,
    recolour,
    recolour_to,
    shading,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def cloth():
    """A grey garment with soft folds on a noisy street: picture (64, 48, 3), mask (64, 48)."""
    generator = np.random.default_rng(1)
    picture = generator.integers(0, 256, (64, 48, 3), dtype=np.uint8)
    mask = np.zeros((64, 48), bool)
    mask[10:50, 8:40] = True
    folds = 120 + 40 * np.sin(np.arange(48) / 3)
    picture[mask] = np.broadcast_to(folds[None, :, None], picture.shape).astype(np.uint8)[mask]
    return picture, mask


def test_outside_the_garment_nothing_changes(cloth, rng):
    picture, mask = cloth
    before = picture.copy()
    near = np.zeros_like(mask)
    near[9:51, 7:41] = True
    for pattern in PATTERNS:
        result = recolour(picture, mask, (200, 30, 40), pattern, rng)
        assert (result[~near] == picture[~near]).all()
        assert result.dtype == np.uint8 and (picture == before).all()


def test_a_plain_colour_is_reached_where_the_shading_is_one(cloth, rng):
    picture, mask = cloth
    middle = np.zeros_like(mask)
    middle[12:46, 12:36] = True
    middle &= abs(shading(picture, mask) - 1) < 0.02
    assert middle.any()
    for name, colour in COLOURS.items():
        result = recolour(picture, mask, colour, "solid", rng)
        assert result[middle].mean(0) == pytest.approx(colour, abs=3), name


def test_folds_stay(cloth, rng):
    picture, mask = cloth
    result = recolour(picture, mask, (60, 90, 180), "solid", rng)
    row_before, row_after = picture[30, 10:38, 0].astype(float), result[30, 10:38].mean(1)
    assert np.corrcoef(row_before, row_after)[0, 1] > 0.98


def test_shading_follows_its_formula():
    picture = np.full((4, 4, 3), 100, np.uint8)
    picture[0] = 150
    light = shading(picture, np.ones((4, 4), bool))
    assert light[1, 1] == pytest.approx(1)
    assert light[0, 0] == pytest.approx((TO_LINEAR[150] / TO_LINEAR[100]) ** 0.8, rel=1e-4)
    black = np.full((4, 4, 3), 20, np.uint8)
    black[0] = 30
    light = shading(black, np.ones((4, 4), bool))
    assert light[0, 0] == pytest.approx((TO_LINEAR[30] / TO_LINEAR[20]) ** 0.45, rel=1e-4)
    picture[0], picture[1, 0] = 255, 0
    light = shading(picture, np.ones((4, 4), bool))
    assert light.max() == pytest.approx(2.2) and light.min() == pytest.approx(0.25)


def test_linear_light_and_back():
    steps = np.round(TO_LINEAR * 8191).astype(int)
    assert np.abs(FROM_LINEAR[steps] - np.arange(256)).max() < 0.6


def test_an_empty_mask_changes_nothing(cloth, rng):
    picture, mask = cloth
    assert (recolour(picture, np.zeros_like(mask), (255, 0, 0), "floral", rng) == picture).all()


def test_a_mask_at_the_border(rng):
    picture = np.full((32, 16, 3), 128, np.uint8)
    result = recolour(picture, np.ones((32, 16), bool), (10, 90, 200), "checked", rng)
    assert result.shape == picture.shape


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_shows_and_its_colour_leads(pattern):
    """On the canvas of training, whose pixels are .7 cm."""
    red, white = (208, 20, 30), (250, 250, 250)
    share = []
    for seed in range(8):
        cloth = make_cloth((92, 72), 256, red, pattern, np.random.default_rng(seed), white)
        assert cloth.shape == (92, 72, 3) and np.isfinite(cloth).all() and cloth.min() >= 0
        assert pattern == "solid" or cloth.std((0, 1)).max() > 0.01
        share.append(np.abs(cloth - TO_LINEAR[list(white)]).sum(2) > np.abs(cloth - TO_LINEAR[list(red)]).sum(2))
    assert np.mean(share) > 0.4


def test_random_colours_are_named_exactly(rng):
    for name in COLOURS:
        for _ in range(5):
            colour, said = random_colour(rng, name)
            assert said == name == nearest_colour(colour)[0]


def test_a_second_colour_shows(rng):
    for name, colour in COLOURS.items():
        other = contrasting_colour(colour, rng)
        assert np.linalg.norm(to_lab(other) - to_lab(colour)) > 15, name


def test_texture_tells_stripes_from_plain():
    mask = np.ones((40, 40), bool)
    plain = np.full((40, 40, 3), 120, np.uint8)
    stripes = plain.copy()
    stripes[::4] = 30
    assert texture(plain, mask) < 0.01 < 0.2 < texture(stripes, mask)


def test_captions_are_exact(rng):
    for _ in range(300):
        colour, second = (str(c) for c in rng.choice(list(COLOURS), 2, replace=False))
        known = {
            "colour": colour,
            "pattern": str(rng.choice(PATTERNS)),
            "garment": str(rng.choice(list(GARMENTS))),
            "sleeve": str(rng.choice(SLEEVES)),
            "length": str(rng.choice(LENGTHS)),
            "second": second,
        }
        said = parse(caption(rng, **known))[0]
        assert said.unknown == () and set(said.words) <= set(known.values())
        assert said.colour in (None, colour) and said.pattern in (None, known["pattern"])
        assert said.colour or said.pattern or said.garment


def test_captions_vary(rng):
    assert len({caption(rng, "red", "floral", "dress", None, "mini") for _ in range(100)}) > 30


def test_matching():
    look = Appearance("red", "white", "striped", ("t-shirt", "top"), "short-sleeved", None)
    right, wrong = ("red", "red top", "striped red and white t-shirt"), ("blue", "red dress", "sleeveless red", "solid")
    assert all(matches(parse(text)[0], look) is True for text in right)
    assert all(matches(parse(text)[0], look) is False for text in wrong)
    assert matches(parse("cropped red")[0], look) is None  # the length is not known
    assert matches(parse("white striped")[0], look) is None  # white is its second colour
    assert matches(parse("cropped blue")[0], look) is False
    assert matches(parse("red dress")[0], Appearance("red", None, None, (), None, None)) is None


def test_an_outfit_and_its_words(cloth, rng):
    picture, mask = cloth
    upper, lower = mask.copy(), mask.copy()
    upper[30:], lower[:30] = False, False
    worn = [Worn(upper, ("shirt",), "long-sleeved", None), Worn(lower, ("skirt",), None, "mini")]
    result, looks = random_outfit(picture, worn, rng, alike=0)
    assert [look.names for look in looks] == [("shirt",), ("skirt",)]
    assert (result[mask] != picture[mask]).any(1).mean() > 0.5
    text, said = describe(rng, looks)
    assert all(matches(one, look) for one, look in zip(said, looks, strict=True)) and " and " in text
    _, looks = random_outfit(picture, worn, rng, alike=1)
    assert looks[0].names == ("outfit",) and len(looks) == 1
    same, looks = random_outfit(picture, [], rng)
    assert looks == [] and (same == picture).all()
    _, look = random_look(picture, worn[0], rng, "floral")
    assert look.pattern == "floral"


def test_lengths_are_read_off_the_mask():
    labels = np.zeros((256, 128), np.uint8)
    labels[8:248, 50:80] = 1
    for bottom, word in ((150, "mini"), (175, "knee-length"), (205, "midi"), (235, "maxi")):
        mask = np.zeros((256, 128), bool)
        mask[60:bottom, 50:80] = True
        assert measure(mask, labels, ("dress",))[1] == word
    assert measure(np.zeros((256, 128), bool), labels, ("dress",)) == (None, None)


def test_dressing_as_a_sentence_says(cloth):
    picture, mask = cloth
    red = recolour_to(picture, mask, parse("red dress")[0], 0)
    median = np.median(red[mask], axis=0)
    assert np.linalg.norm(to_lab(median) - to_lab(np.array(COLOURS["red"], float))) < 15
    assert (recolour_to(picture, mask, parse("dress")[0], 0) == picture).all()
    assert (recolour_to(picture, np.zeros_like(mask), parse("red dress")[0], 0) == picture).all()
    striped = recolour_to(picture, mask, parse("blue white striped shirt")[0], 0)
    assert striped[mask].std(0).max() > red[mask].std(0).max()
    again = recolour_to(picture, mask, parse("blue white striped shirt")[0], 0)
    assert (again == striped).all()
