"""Drawn people re-dressed: folds stay, what is no garment stays, garments side by side meet without a seam."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from drawn import REGIONS, dressed, person
from scipy import ndimage

import fice.stitch.stitch
from fice.cloth.engine import Redressing
from fice.errors import InputError, UsageError
from fice.settings import Settings
from fice.srgb import LUMINANCE, linear_light
from fice.stitch.parts import Layer


@pytest.fixture(scope="module")
def worn():
    return person()


def inside(worn, name="upper", by=6):
    return ndimage.binary_erosion(worn.parts[name] > 0.9, iterations=by)


def test_all_but_the_garment_is_the_photos_own(worn):
    edit = dressed(worn.subject, "blue shirt")
    beside = ndimage.binary_dilation(worn.parts["upper"] > 0, np.ones((3, 3)), iterations=4)
    assert np.array_equal(edit.pixels[~beside], worn.subject.photo.pixels[~beside])
    assert (edit.pixels != worn.subject.photo.pixels).any(2)[inside(worn, by=1)].all()


@pytest.mark.parametrize("text", ["blue shirt", "green shirt", "grey shirt"])
def test_folds_stay_where_they_are(worn, text):
    where = inside(worn)
    seen = np.log(linear_light(dressed(worn.subject, text).pixels / 255) @ LUMINANCE)[where]
    assert np.corrcoef(seen, worn.light[where])[0, 1] > 0.98
    assert 0.4 < seen.std() / worn.light[where].std() < 1.6  # as on photographed cloth of that luminance


def test_white_cloth_keeps_folds_and_black_cloth_is_not_grey(worn):
    where = inside(worn)
    white, black = (dressed(worn.subject, f"{name} shirt").pixels[where] for name in ("white", "black"))
    assert white.mean() > 220 and white.std(0).min() > 4 and (white.min(1) == 255).mean() < 0.05
    assert black.mean() < 40


def test_in_the_evening_new_cloth_is_as_dim_as_the_scene():
    levels = []
    for exposure in (1.0, 0.3):
        dim = person(exposure=exposure)
        levels.append(linear_light(dressed(dim.subject, "blue shirt").pixels[inside(dim)] / 255).mean())
    assert levels[1] == pytest.approx(0.3 * levels[0], rel=0.1)


OLD_AND_NEW = [
    (((0.1, 0.5, 0.15), (0.8, 0.75, 0.2)), "red shirt and blue trousers"),
    (((0.9, 0.9, 0.9), (0.05, 0.05, 0.05)), "red shirt and blue trousers"),
    (((0.65, 0.15, 0.15), (0.15, 0.25, 0.5)), "yellow shirt and green jeans"),
]


def seam(pixels):
    """How far colours where two garments meet are from the line between theirs, in levels."""
    worst = 0.0
    for column in range(90, 110):
        colours = pixels[190:212, column].astype(float)
        above, below = colours[2:6].mean(0), colours[-6:-2].mean(0)
        line = below - above
        share = np.clip((colours - above) @ line / (line @ line), 0, 1)
        worst = max(worst, float(np.abs(colours - above - share[:, None] * line).max()))
    return worst


@pytest.mark.parametrize(("old", "text"), OLD_AND_NEW, ids=["green and yellow", "white and black", "red and blue"])
def test_two_garments_meet_without_a_seam_of_the_old_colours(old, text, monkeypatch):
    subject, compose = person(*old).subject, fice.stitch.stitch.compose
    assert seam(dressed(subject, text).pixels) < 5
    layers_below = lambda source, layers: compose(source, [Layer(*layer[:2]) for layer in layers])  # noqa: E731
    monkeypatch.setattr(fice.stitch.stitch, "compose", layers_below)
    assert seam(dressed(subject, text).pixels) > 10  # what a seam looks like


def test_a_colour_is_taken_from_what_is_worn(worn):
    pixels = dressed(worn.subject, "shirt in the same blue as the trousers").pixels
    shirt, trousers = (np.median(pixels[inside(worn, name)], 0) for name in ("upper", "trousers"))
    assert np.abs(shirt - trousers).max() < 25
    with pytest.raises(InputError, match="No bag is seen"):
        dressed(worn.subject, "shirt in the same red as the bag")


def test_what_is_random_in_a_design_comes_from_the_seed(worn):
    first, again, other = (dressed(worn.subject, "floral shirt", seed).pixels for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_what_lies_far_from_a_garment_in_a_large_photo_is_not_looked_at():
    subject = person(height=1000).subject
    pixels = subject.photo.pixels.copy()
    pixels[:, :100], pixels[560:] = 255 - pixels[:, :100], 0
    other = replace(subject, photo=replace(subject.photo, pixels=pixels))
    first, second = (dressed(each, "blue shirt").pixels for each in (subject, other))
    assert np.array_equal(first[:560, 100:], second[:560, 100:]) and np.array_equal(second[560:], pixels[560:])
    assert (first != subject.photo.pixels).any()


def test_settings_of_the_generator_are_refused_by_the_engine():
    with pytest.raises(UsageError, match="steps concerns generated garments only"):
        Redressing(SimpleNamespace(name="drawn", whole=False), Settings(steps=3), REGIONS)
