"""New ground behind a person: known mattes, no rim of the old ground, the person bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawn import REGIONS, dressed, person, photo_of, seen
from PIL import Image
from torch.nn import functional as F

from fice.errors import InputError
from fice.srgb import gamma_encoded, linear_light
from fice.stitch.background import lay_behind
from fice.stitch.figure import whole_figure
from fice.stitch.ground import read_ground
from fice.stitch.lens import out_of_focus
from fice.stitch.parts import Stitch, Worn
from fice.stitch.shadow import contact_shadow
from fice.stitch.stitch import stitch
from fice.subject.regions import HEAD, REGION_CLASSES


@pytest.fixture(scope="module")
def somebody():
    return person()


def behind(made, background):
    subject = made.subject
    ground = read_ground(background, subject.photo.size)
    return lay_behind(subject.photo, subject.frame, REGIONS.body(subject.regions), ground)


def share(made):
    """How much of each pixel is person, (H, W)."""
    return np.maximum.reduce([*made.parts.values()])


def test_a_matte_is_the_persons(somebody):
    alpha = behind(somebody, "transparent").alpha / 255
    known = share(somebody)
    assert np.abs(alpha - known).mean() < 0.01
    assert alpha[known == 0].mean() < 0.005 and alpha[known == 1].mean() > 0.995


@pytest.mark.parametrize(
    ("upper", "wall", "ground"), [(0.9, 0.3, 1.0), (0.1, 0.9, 0.0), (0.9, 0.5, 0.0), (0.2, 0.6, 1.0)]
)
def test_no_rim_of_the_old_ground_is_left(upper, wall, ground):
    made, truth = (person(upper=(upper,) * 3, wall=behind) for behind in (wall, ground))
    edge = (share(made) > 0.05) & (share(made) < 0.95)
    off = behind(made, "#fff" if ground else "#000").pixels / 255 - truth.subject.photo.srgb()
    assert edge.sum() > 150 and np.abs(off[edge]).mean() < 0.03


def test_the_person_stays_bit_for_bit(somebody):
    photo, result = somebody.subject.photo, behind(somebody, "warm grey")
    assert np.array_equal(result.pixels[~result.mask], photo.pixels[~result.mask])
    inner = share(somebody) == 1
    assert (~result.mask[inner]).mean() > 0.95
    far = share(somebody) == 0
    assert (np.abs(result.pixels[far].astype(int) - result.pixels[0, 0]) <= 1).mean() > 0.99


def test_a_picture_covers_the_photo_and_a_small_one_is_told(somebody, tmp_path):
    wide = np.zeros((40, 200, 3), np.uint8)
    wide[:, 90:110] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    ground = read_ground(str(tmp_path / "wide.png"), somebody.subject.photo.size)
    assert ground.picture.size == somebody.subject.photo.size and "enlarged" in ground.notices[0]
    assert ground.part((0, 0, 400, 200)).mean() > 0.9


def test_what_is_no_colour_and_no_file_is_told():
    with pytest.raises(InputError, match="'warn grey' is no colour"):
        read_ground("warn grey", (100, 100))


def test_what_lies_apart_from_the_person_goes_with_the_ground(somebody):
    subject = somebody.subject
    body = REGIONS.body(subject.regions).clone()
    body[..., 200:206, 10:14] = 1  # a bag that somebody has put down far away is no larger
    ground = read_ground("#fff", subject.photo.size)
    result = lay_behind(subject.photo, subject.frame, body, ground)
    top, left = (round(x) for x in subject.frame.point_to_photo(203, 12))
    assert (result.pixels[top, left] == 255).all()


def test_what_is_open_is_decided_by_the_colours_on_both_sides(somebody):
    subject = somebody.subject
    body = REGIONS.body(subject.regions)
    wide = F.max_pool2d(body, 9, 1, 4)
    unsure = torch.where(wide > body, 0.5, body)  # a network that does not know where within 4 pixels
    assert (whole_figure(subject.view, unsure) - body).abs().mean() < 0.01 < (unsure - body).abs().mean()


def shadowed(somebody, depth):
    """Somebody before a wall, with a shadow right of the feet, and the shade that is found."""
    height, width = somebody.subject.photo.size
    y, x = np.mgrid[:height, :width]
    soft = np.exp(-(((y - 0.955 * height) / 6) ** 2) - ((x - 0.72 * width) / 12) ** 2)
    light = 1 - depth * soft * (share(somebody) == 0)
    picture = gamma_encoded(linear_light(somebody.subject.photo.srgb()) * light[..., None])
    photo, frame = photo_of(picture), somebody.subject.frame
    body = REGIONS.body(somebody.subject.regions)
    return contact_shadow(seen(photo, frame), body, torch.ones_like(body))[0, 0].numpy(), photo


def test_a_shadow_at_the_feet_is_carried_over_and_only_darkens(somebody):
    shade, photo = shadowed(somebody, 0.6)
    assert shade.min() < 0.7 and shade.max() <= 1
    assert (shade[:200] == 1).all() and (shade[-1] > 0.95).all()
    subject = replace(somebody.subject, photo=photo)
    pixels = lay_behind(photo, subject.frame, REGIONS.body(subject.regions), read_ground("#fff", photo.size)).pixels
    assert pixels[382, 144].max() < 225 and pixels[100, 10].min() == 255


def test_where_there_is_no_shadow_none_is_made(somebody):
    shade, _ = shadowed(somebody, 0.0)
    assert shade.min() > 0.98


def test_who_is_cut_off_by_the_photo_casts_no_shadow(somebody):
    body = REGIONS.body(somebody.subject.regions)
    shown = torch.ones_like(body)
    shown[..., 240:, :] = 0
    assert contact_shadow(somebody.subject.view, body * shown, shown) is None


def test_a_blurred_background_has_nothing_of_the_person(somebody):
    red = person(upper=(0.9, 0.0, 0.0), trousers=(0.9, 0.0, 0.0))
    soft = out_of_focus(red.subject.photo, red.subject.frame, REGIONS.body(red.subject.regions)).srgb()
    assert soft.shape == (400, 200, 3) and np.abs(soft - 0.75).max() < 0.05
    result = behind(red, "blur")
    assert np.array_equal(result.pixels[~result.mask], red.subject.photo.pixels[~result.mask]) and result.alpha is None


def test_a_transparent_photo_gets_the_new_ground_where_it_shows_nothing(somebody):
    photo = somebody.subject.photo
    alpha = np.full(photo.size, 255, np.uint8)
    alpha[:50] = 0
    clear = replace(photo, alpha=alpha)
    body = REGIONS.body(somebody.subject.regions)
    on_white = lay_behind(clear, somebody.subject.frame, body, read_ground("#fff", photo.size))
    assert (on_white.pixels[:50] == 255).all() and (on_white.alpha == 255).all()
    cut_out = lay_behind(clear, somebody.subject.frame, body, read_ground("transparent", photo.size))
    assert (cut_out.alpha[:50] == 0).all() and (cut_out.alpha == 255).any()


@pytest.mark.parametrize("badge", [True, False])
def test_ground_shows_through_holes_of_its_colours_only(somebody, badge):
    subject = somebody.subject
    view, body = subject.view.clone(), REGIONS.body(subject.regions).clone()
    hole = np.s_[..., 80:92, 58:70]
    body[hole] = 0
    view[hole] = torch.tensor([0.2, 0.2, 0.9]).view(1, 3, 1, 1) if badge else view[..., 20:32, 10:22]
    assert (whole_figure(view, body)[hole].mean() > 0.9) == badge


def test_a_garment_is_nowhere_but_on_the_person(somebody):
    subject, edit = somebody.subject, dressed(somebody.subject, "blue shirt")
    wide = edit.garments[0].clone()
    wide[..., 100:120, 5:20] = 1  # the network takes a part of the wall for the shirt
    body, head = (REGIONS.select(subject.regions, names) for names in (REGION_CLASSES[1:], HEAD))
    worn = (Worn(wide, wide, cloth=edit.cloths[0]),)
    ground = read_ground("#fff", subject.photo.size)
    parts = Stitch(subject.photo, subject.frame, subject.view, worn, head, body, body, generated=False, ground=ground)
    result = stitch(parts)
    top, left = (round(x) for x in subject.frame.point_to_photo(110, 12))
    assert (result.pixels[top - 8 : top + 8, left - 5 : left + 5] == 255).all()
    inner = somebody.parts["upper"] > 0.99
    assert (result.pixels[inner][:, 2] > result.pixels[inner][:, 0]).mean() > 0.95
