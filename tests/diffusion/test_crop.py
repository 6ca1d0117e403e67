"""The part of a photo that a model is shown, and what it drew put back at the photo's own resolution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from bodies import CANVAS

from fice.diffusion.crop import LEAST, RATIOS, crop_of, shown_in
from fice.diffusion.inpainted import Inpainted, softened
from fice.photo.photo import Photo
from fice.stitch.parts import Stitch, Worn
from fice.stitch.stitch import stitch
from fice.subject.frame import Frame


def photo_of(height, width, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Photo(Path("drawn.png"), "PNG", pixels, None, 1, "0")


def box(top, left, bottom, right):
    """A rectangle of the analysis canvas, (1, 1, h, w)."""
    area = torch.zeros(1, 1, *CANVAS)
    area[..., top:bottom, left:right] = 1
    return area


def framed(photo, top=0.0, left=0.0, bottom=None):
    height = (bottom or photo.size[0]) - top
    return Frame((top, left, top + height, left + height / 2), photo.size, CANVAS)


def test_crops_have_few_shapes_of_the_models_own_size():
    frame, chance = framed(photo_of(900, 700)), np.random.default_rng(1)
    shapes = set()
    for _ in range(60):
        (top, bottom), (left, right) = (10 + np.sort(chance.choice(side - 20, 2, False)) for side in CANVAS)
        crop = crop_of(box(top, left, bottom, right), frame, 512, 64)
        shapes.add(crop.canvas)
        for y, x in ((top, left), (bottom, right)):
            row, column = crop.point_to_canvas(*frame.point_to_photo(y, x))
            assert -1 < row < crop.canvas[0] + 1 and -1 < column < crop.canvas[1] + 1
    assert len(shapes) <= len(RATIOS)
    assert all(height % 64 == width % 64 == 0 and 0.7 < height * width / 512**2 < 1.4 for height, width in shapes)


def test_of_a_small_part_enough_of_the_person_is_shown():
    frame = framed(photo_of(900, 700))
    crop = crop_of(box(60, 60, 66, 68), frame, 512, 64)
    assert crop.box[2] - crop.box[0] >= LEAST * 900


def test_crops_stay_inside_a_photo_that_is_large_enough():
    crop = crop_of(box(10, 2, 90, 60), framed(photo_of(900, 700)), 512, 64)
    top, left, bottom, right = crop.box
    assert top >= 0 and left >= 0 and bottom <= 900 and right <= 700


@pytest.mark.parametrize("size", [(300, 60), (40, 10)])
def test_beyond_a_photo_its_edge_goes_on(size):
    photo = photo_of(*size)
    photo.pixels[:] = np.linspace(0, 90, size[0])[:, None, None]  # nowhere white
    photo.pixels[:, -1] = 200
    frame = framed(photo)
    crop = crop_of(box(20, 0, 250, 128), frame, 128, 64)
    shown = shown_in(photo, crop)
    assert shown.shape[2:] == crop.canvas and crop.box[3] > size[1] and shown.max() < 0.8
    right = int(crop.point_to_canvas(0, size[1])[1])
    assert (shown[..., right + 2 :] - shown[..., right + 2 : right + 3]).abs().max() < 1e-6


def drawn_on(photo, frame, area, head, mask=None):
    """What a model drew, all of it white, laid back over the photo."""
    crop = crop_of(area, frame, 128, 64)
    where = (crop.to_canvas(frame.to_photo(area * (1 - head), kernel="linear"), fill=0.0) > 0.5).float()
    nothing = torch.zeros_like(area)
    cloth = Inpainted(crop, torch.ones(1, 3, *crop.canvas), softened(where, 0 * where), nothing, area)
    worn = (Worn(nothing, nothing, mask, cloth),)
    view = torch.zeros(1, 3, *CANVAS)
    return stitch(Stitch(photo, frame, view, worn, head, area, area, generated=False)), crop


@pytest.mark.parametrize("size", [(2400, 1500), (200, 120)])
def test_outside_of_what_was_painted_every_bit_is_the_photos(size):
    photo, area, head = photo_of(*size), box(40, 20, 230, 110), box(30, 50, 70, 80)
    frame = framed(photo)
    made, _ = drawn_on(photo, frame, area, head)
    different = (made.pixels != photo.pixels).any(2)
    far = frame.to_photo(1 - torch.nn.functional.max_pool2d(area, 7, 1, 3), kernel="linear")[0, 0].numpy() > 0.99
    hair = frame.to_photo(torch.nn.functional.avg_pool2d(head, 9, 1, 4), kernel="linear")[0, 0].numpy() > 0.99
    assert not different[far].any() and not different[hair].any() and not (different & ~made.mask).any()
    inner = frame.to_photo(torch.nn.functional.avg_pool2d(area * (1 - head), 25, 1, 12), kernel="linear")[0, 0].numpy()
    assert (made.pixels[inner > 0.999] == 255).all() and (inner > 0.999).any()  # also far from where garments were


def test_the_users_mask_ends_at_a_pixel():
    photo = photo_of(1200, 800)
    mask = np.zeros(photo.size, np.float32)
    mask[500:, 200:333] = 1
    made, _ = drawn_on(photo, framed(photo), box(40, 20, 230, 110), 0 * box(0, 0, 1, 1), mask)
    different = (made.pixels != photo.pixels).any(2)
    assert different.any() and not different[mask == 0].any()


def test_the_border_goes_over_without_a_step():
    photo = photo_of(1200, 800)
    photo.pixels[:] = 0
    made, crop = drawn_on(photo, framed(photo), box(40, 20, 230, 110), 0 * box(0, 0, 1, 1))
    steps = abs(np.diff(made.pixels[600, :, 0].astype(int)))
    assert steps.max() < 255 / (3 / crop.scale)  # over several pixels of the crop


def test_what_lies_before_a_garment_has_no_rim_of_the_old_one():
    area, before = box(40, 20, 230, 110), box(100, 50, 130, 80)
    area = area * (1 - before)
    soft = softened(area, before)
    assert (soft <= area).all() and float(soft[..., 99, 60]) == 1 and 0 < float(soft[..., 40, 60]) < 0.5
    assert float(softened(box(40, 20, 44, 110), 0 * area)[..., 42, 60]) > 0  # as narrow as a strap
