"""Garments of pictures on drawn people: where their prints go, how long they are, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bodies import CM, HIPS, SHOULDERS
from drawn import SKIN
from garments import drawn
from references.wearers import WALL, wearer, worn_by

from fice.mask import grow
from fice.references.fit import LAYERED
from fice.srgb import gamma_encoded


def maps(fitted, subject):
    return [axis.numpy() for axis in fitted.at((0, 0, *subject.photo.size))]


def pixel(made, subject, x, y):
    """What a result shows at a place in cm, x from the middle, (3,) sRGB in [0, 1]."""
    row, column = (round(at) for at in subject.frame.point_to_photo(y / CM, 64 + x / CM))
    return made.pixels[row, column] / 255


def on_arm(far, angle=15.0):
    """A place in cm so far down an arm."""
    return 15 + np.sin(np.radians(angle)) * far, SHOULDERS + np.cos(np.radians(angle)) * far


def shown(fitted, x, y):
    """Where in the photo, (x, y), a point of the picture is seen."""
    row, column = np.unravel_index(np.hypot(fitted[0] - x, fitted[1] - y).argmin(), fitted[0].shape)
    return column + 0.5, row + 0.5


@pytest.fixture(scope="module")
def short():
    return wearer(sleeve=0.4)


def test_a_print_is_in_the_middle_of_the_chest(short):
    garment = drawn("t-shirt", "logo")
    made = worn_by(short.subject, garment)
    x, y = shown(maps(made.fitted[0], short.subject), *next(iter(garment.marks.values())))
    assert abs(x - 200) < 0.01 * 800
    scale = short.subject.frame.scale * CM
    assert SHOULDERS + 5 < y * scale < HIPS - 10


def test_corners_lie_evenly_between_the_shoulders_and_the_hem(short):
    garment = drawn("t-shirt", "checks")
    fitted = maps(worn_by(short.subject, garment).fitted[0], short.subject)
    points = garment.points
    top, bottom = points["left armpit"][1], points["left hem"][1]
    middle = (points["left hem"][0] + points["right hem"][0]) / 2
    ys = [shown(fitted, middle, top + share * (bottom - top))[1] for share in (0, 0.25, 0.5, 0.75, 1)]
    steps = np.diff(ys)
    assert np.ptp(steps) < 0.15 * steps.mean()


@pytest.mark.parametrize("sleeve", [0.4, 0.95])
def test_stripes_run_on_over_the_armhole(sleeve):
    somebody = wearer(sleeve)
    garment = drawn("t-shirt" if sleeve < 0.5 else "jumper", "stripes across")
    fitted = worn_by(somebody.subject, garment).fitted[0]
    wide = garment.points["left armpit"][0] - garment.points["right armpit"][0]
    trunk = fitted.parts[0]
    for part in fitted.parts[1:]:
        border = (abs(part.inside) < 0.5 * CM) & (somebody.masks["upper"] > 0.5)
        y = np.indices(border.shape)[0] * CM
        border &= (y > SHOULDERS - 2) & (y < SHOULDERS + 9)
        assert border.sum() > 5
        off = np.hypot(part.x - trunk.x, part.y - trunk.y)[border] / wide
        assert np.median(off) < 0.02


def test_another_garment_of_the_same_cut_keeps_the_outline(short):
    made = worn_by(short.subject, drawn("t-shirt", "checks"))
    upper = torch.from_numpy(short.masks["upper"])[None, None]
    near = grow((short.subject.frame.to_photo(upper, kernel="linear") > 0.01).float(), 12)[0, 0].numpy() > 0
    assert not made.mask[~near].any()
    assert np.array_equal(made.pixels[~made.mask], short.subject.photo.pixels[~made.mask])


def test_its_colours_are_those_of_the_picture(short):
    for colour in ((0.95, 0.95, 0.95), (0.75, 0.1, 0.12), (0.05, 0.05, 0.06)):
        garment = drawn("t-shirt", colour)
        made = worn_by(short.subject, garment)
        chest = made.pixels[270:330, 180:220].reshape(-1, 3).mean(0) / 255
        inside = garment.matte > 0.99
        assert np.allclose(chest, gamma_encoded(np.median(garment.pixels[inside], 0)), atol=0.05)


def test_it_is_darker_in_a_darker_scene(short):
    garment = drawn("t-shirt", (0.95, 0.95, 0.95))
    dusk = replace(short.subject, exposure=0.3)
    day, evening = (worn_by(each, garment).pixels[270:330, 180:220].mean() for each in (short.subject, dusk))
    assert evening < 0.7 * day


def test_long_sleeves_cover_bare_arms(short):
    made = worn_by(short.subject, drawn("jumper", (0.1, 0.2, 0.7)))
    red, _, blue = pixel(made, short.subject, *on_arm(42))
    assert blue > red + 0.25
    assert made.after[0].sum() > made.plan.pieces[0].wide.sum() * 1.05


def test_short_sleeves_show_the_arms():
    somebody = wearer(sleeve=0.95)
    made = worn_by(somebody.subject, drawn("t-shirt", (0.1, 0.2, 0.7)))
    assert np.allclose(pixel(made, somebody.subject, *on_arm(40)), SKIN, atol=0.12)


def test_a_dress_goes_over_trousers_and_shows_the_legs_below(short):
    made = worn_by(short.subject, drawn("dress", (0.7, 0.1, 0.1)))
    assert made.fitted[0].notices == ()
    red, green, _ = pixel(made, short.subject, 0, HIPS + 14)  # between the legs, too
    assert red > green + 0.2
    assert np.allclose(pixel(made, short.subject, 9, HIPS + 66), SKIN, atol=0.15)
    assert np.allclose(pixel(made, short.subject, 18, HIPS + 66), WALL, atol=0.1)


def test_trousers_stay_below_a_dress_where_the_feet_are_hidden(short):
    regions = short.subject.regions.clone()
    regions[:, 0] += regions[:, 10]
    regions[:, 10] = 0  # no shoes are seen
    made = worn_by(replace(short.subject, regions=regions), drawn("dress", (0.7, 0.1, 0.1)))
    assert made.fitted[0].notices == (LAYERED,)


def test_two_garments_share_no_pixel(short):
    made = worn_by(short.subject, drawn("t-shirt", (0.1, 0.2, 0.7)), drawn("trousers", (0.7, 0.1, 0.1)))
    first, second = (after[0, 0].numpy() for after in made.after)
    assert (np.minimum(first, second) > 0.5).sum() == 0
    above, below = pixel(made, short.subject, 0, HIPS - 20), pixel(made, short.subject, 8, HIPS + 40)
    assert above[2] > above[0] + 0.2 and below[0] > below[2] + 0.2


def test_hands_stay_before_long_sleeves(short):
    made = worn_by(short.subject, drawn("jumper", "checks"))
    before = SimpleNamespace(pixels=short.subject.photo.pixels)
    assert np.array_equal(pixel(made, short.subject, *on_arm(62)), pixel(before, short.subject, *on_arm(62)))
