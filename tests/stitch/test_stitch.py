"""Stitching: exact outside, seamless inside, folds carried and prints not, background continued."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from fice.fill import fill_background, push_pull
from fice.mask import grow, low_pass, mean, refine, steepen, without_specks
from fice.photo.photo import Photo
from fice.srgb import luminance, to_gamma, to_linear
from fice.stitch.ground import read_ground
from fice.stitch.stitch import Stitch, Worn, paste, steady_outline, stitch, stitch_head
from fice.subject.frame import Frame

CANVAS = (128, 64)


def photo_of(picture, dtype=np.uint8, **extra):
    """A Photo from (H, W, 3) float in [0, 1]."""
    pixels = np.rint(picture * np.iinfo(dtype).max).astype(dtype)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    return Photo(Path("p.png"), "PNG", pixels, extra.pop("alpha", None), 1, digest, **extra)


def box_mask(size, y0, x0, y1, x1):
    mask = torch.zeros(1, 1, *size)
    mask[..., y0:y1, x0:x1] = 1
    return mask


def scene(height=256, width=160, garment=(90, 50, 180, 110), dtype=np.uint8, **changes):
    """A grey wall with noise, a person (skin) in a green garment with fine folds; generated: the same in red."""
    rng = np.random.default_rng(3)
    picture = np.clip(0.6 + rng.normal(0, 0.01, (height, width, 1)), 0, 1) * np.ones(3)
    body = (30, 50, 240, 110)
    picture[body[0] : body[2], body[1] : body[3]] = (0.8, 0.6, 0.5)
    picture[30:60, 65:95] = (0.2, 0.1, 0.1)
    y0, x0, y1, x1 = garment
    folds = 1 + 0.06 * np.sin(np.arange(x0, x1) * 2 * np.pi / 3)
    picture[y0:y1, x0:x1] = np.array((0.1, 0.4, 0.2)) * folds[None, :, None]
    frame = Frame(body, (height, width), CANVAS)

    def on_canvas(*box):
        return frame.to_canvas(box_mask((height, width), *box), fill=0.0)

    before, whole = on_canvas(*garment), on_canvas(*body)
    after = on_canvas(*changes.pop("after", garment))
    red = torch.tensor([0.8, 0.1, 0.1]).view(1, 3, 1, 1)
    skin = torch.tensor([0.8, 0.6, 0.5]).view(1, 3, 1, 1)
    body_after = on_canvas(*changes.pop("body_after", body))
    drawn = 1 - body_after + body_after * skin
    drawn = drawn * (1 - after) + after * red
    worn = Worn(before, after)
    parts = Stitch(photo_of(picture, dtype), frame, drawn, (worn,), on_canvas(30, 65, 60, 95), whole, body_after)
    return SimpleNamespace(parts=parts, garment=garment, picture=picture, **changes)


def changed_with(parts, **changes):
    (worn,) = parts.garments
    of_garment = {name: changes.pop(name) for name in ("before", "after", "mask", "weave", "same") if name in changes}
    return replace(parts, garments=(replace(worn, **of_garment),), **changes)


def stitched(parts, *how):
    """What is seen of a stitched photo, (H, W, 3) in [0, 1]."""
    pixels = stitch(parts, *how).pixels
    return pixels / np.float32(np.iinfo(pixels.dtype).max)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("way", ["region", "head"])
def test_outside_the_mask_every_bit_stays(dtype, way):
    parts = scene(dtype=dtype).parts
    result = stitch(parts, way)
    assert result.pixels.dtype == dtype and result.mask.any() and not result.mask.all()
    assert np.array_equal(result.pixels[~result.mask], parts.photo.pixels[~result.mask])
    head = np.s_[33:57, 68:92]
    assert np.array_equal(result.pixels[head], parts.photo.pixels[head])


def test_the_garment_takes_the_colour_up_to_its_edge():
    made = scene()
    result = stitched(made.parts, "region", 0.0)
    y0, x0, y1, x1 = made.garment
    inside = result[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]
    assert np.abs(inside - (0.8, 0.1, 0.1)).max() < 0.02  # no rim of white canvas or old green
    beyond = np.abs(result - made.parts.photo.srgb()).max(2)
    beyond[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4] = 0
    assert beyond.max() == 0


def test_folds_are_carried_at_full_resolution():
    made = scene()
    y0, x0, y1, x1 = made.garment
    middle = np.s_[y0 + 10 : y1 - 10, x0 + 10 : x1 - 10]
    with_folds, without = (stitched(made.parts, "region", d)[middle] for d in (1, 0))
    source = made.parts.photo.srgb()[middle]
    row = with_folds.mean((0, 2))
    assert np.corrcoef(row, source.mean((0, 2)))[0, 1] > 0.9
    assert row.std() > 5 * without.mean((0, 2)).std()
    assert np.abs(with_folds.mean() - without.mean()) < 0.02


def test_a_shorter_garment_uncovers_skin_as_generated_and_wall_as_continued():
    made = scene(garment=(90, 40, 200, 120), after=(90, 50, 140, 110), body_after=(30, 50, 240, 110))
    parts = changed_with(made.parts, body=torch.maximum(made.parts.body, made.parts.garments[0].before))
    result = stitched(parts)
    assert np.abs(result[150:190, 56:104] - (0.8, 0.6, 0.5)).max() < 0.03
    for wall in (result[95:195, 41:46], result[95:195, 114:119]):
        assert np.abs(wall.mean((0, 1)) - 0.6).max() < 0.02 and np.abs(wall - 0.6).max() < 0.1
        assert 0.003 < wall[..., 0].std() < 0.02  # grain like that of the wall


def test_a_longer_garment_covers_what_was_seen():
    made = scene(after=(90, 50, 230, 110))
    result = stitched(made.parts)
    assert np.abs(result[190:225, 56:104] - (0.8, 0.1, 0.1)).max() < 0.03


def test_small_wanderings_of_the_outline_are_not_changes():
    before = box_mask(CANVAS, 40, 20, 90, 44)
    wandering, changed = steady_outline(before, box_mask(CANVAS, 41, 19, 89, 45))
    assert torch.equal(wandering, before) and changed.max() == 0
    after = box_mask(CANVAS, 40, 20, 70, 44)
    settled, changed = steady_outline(before, after)
    assert (settled - after).abs()[..., :85, :].max() < 1e-6 and changed[..., 72:88, 22:42].min() == 1
    assert changed[..., :60, :].max() == 0


def test_the_users_mask_is_a_limit():
    parts = scene().parts
    allowed = np.zeros(parts.photo.size, np.float32)
    allowed[100:140, 60:90] = 1
    for way in ("region", "head"):
        mask = stitch(changed_with(parts, mask=allowed), way).mask
        assert mask.any() and not mask[allowed == 0].any()


def test_cloth_that_stays_keeps_its_detail_in_every_colour():
    """Where a sentence names neither colour nor pattern, the generator's blur does not reach the photo."""
    made = scene()
    rng = np.random.default_rng(1)
    y0, x0, y1, x1 = made.garment
    picture = made.picture.copy()
    picture[y0:y1, x0:x1] = np.clip((0.3, 0.4, 0.5) + rng.normal(0, 0.08, (y1 - y0, x1 - x0, 3)), 0, 1)
    drawn = made.parts.frame.to_canvas(torch.from_numpy(picture).float().permute(2, 0, 1)[None])
    drawn = torch.lerp(drawn, low_pass(drawn, 3), made.parts.garments[0].before)
    middle = np.s_[y0 + 10 : y1 - 10, x0 + 10 : x1 - 10]
    losses = {}
    for same in (True, False):
        parts = changed_with(made.parts, photo=photo_of(picture), drawn=drawn, same=same)
        losses[same] = np.abs(stitched(parts) - picture)[middle].mean()
    assert losses[True] < 0.02 < 0.05 < losses[False]


def test_no_rim_of_the_old_colour_stays_where_the_outline_is_a_little_inside():
    made = scene(garment=(90, 50, 180, 110))
    y0, x0, y1, x1 = made.garment
    inside = made.parts.frame.to_canvas(box_mask(made.parts.photo.size, y0, x0 + 2, y1, x1 - 2), fill=0.0)
    red = (0.8, 0.1, 0.1)
    drawn = made.parts.drawn
    picture = made.picture.copy()
    picture[:, :x0], picture[:, x1:] = 0.6, 0.6
    picture[y0:y1, x0:x1] = (0.1, 0.4, 0.2)
    picture = picture + np.random.default_rng(0).normal(0, 0.005, picture.shape)
    result = stitched(changed_with(made.parts, photo=photo_of(picture), drawn=drawn, before=inside, after=inside))
    rows = result[y0 + 10 : y1 - 10]
    green = rows[..., 1] - rows[..., 0] > 0.1
    assert not green.any()
    assert np.abs(rows[:, x0 + 1 : x1 - 1] - red).max() < 0.15
    assert np.abs(rows[:, x0 - 12 : x0 - 6] - 0.6).max() < 0.05


def test_nothing_to_edit_changes_nothing():
    parts = scene().parts
    none = torch.zeros_like(parts.garments[0].before)
    result = stitch(changed_with(parts, before=none, after=none))
    assert not result.mask.any() and np.array_equal(result.pixels, parts.photo.pixels)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_any_scene_keeps_its_surroundings(data):
    """Odd sizes, boxes over the border, rough masks: exact outside."""
    height, width = data.draw(st.integers(32, 90)), data.draw(st.integers(32, 90))
    y0, x0 = data.draw(st.integers(-20, height - 20)), data.draw(st.integers(-20, width - 20))
    frame = Frame(
        (y0, x0, y0 + data.draw(st.integers(15, 90)), x0 + data.draw(st.integers(15, 90))), (height, width), (64, 32)
    )
    seed = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))

    def rough():
        return torch.rand(1, 1, 64, 32, generator=seed).lt(data.draw(st.sampled_from([0.0, 0.3, 0.9, 1.1]))).float()

    photo = photo_of(torch.rand(height, width, 3, generator=seed).numpy())
    drawn = torch.rand(1, 3, 64, 32, generator=seed)
    result = stitch(Stitch(photo, frame, drawn, (Worn(rough(), rough()),), rough(), rough(), rough()))
    assert np.array_equal(result.pixels[~result.mask], photo.pixels[~result.mask])


# the parts


def test_head_stitch_matches_the_authors(golden):
    data = load_file(golden / "losses.safetensors")
    made = stitch_head(data["generated"], data["picture"], data["head_target"])
    torch.testing.assert_close(made, data["stitched"], rtol=1e-6, atol=1e-6)


def test_paste_keeps_colours_beyond_srgb():
    """Where the composed picture equals what sRGB can show of the photo, the photo's own pixels stay."""
    from photo.test_photo import wide_gamut

    rng = np.random.default_rng(0)
    photo = photo_of(rng.random((40, 40, 3)), icc=wide_gamut())
    support = np.ones(photo.size, bool)
    assert np.array_equal(paste(photo, photo.srgb(), support), photo.pixels)
    grey = paste(photo, np.full((40, 40, 3), 0.5, np.float32), ~support)
    assert np.array_equal(grey, photo.pixels)


def test_refine_moves_an_edge_onto_the_picture():
    guide = torch.zeros(1, 3, 80, 80)
    guide[..., 43:] = 0.6
    mask = box_mask((80, 80), 0, 40, 80, 80)
    moved = steepen(refine(mask, guide, 8), 0.3)[0, 0, 40]
    assert moved[:42].max() < 0.1 and moved[45:].min() > 0.9
    flat = refine(mask, torch.full_like(guide, 0.5), 8)
    torch.testing.assert_close(flat, mean(mean(mask, 4), 4), atol=0.3, rtol=0)  # no edge: no more than a blur


def test_mask_helpers():
    mask = box_mask((40, 40), 10, 10, 30, 30)
    spotted = mask.clone()
    spotted[..., 3, 3], spotted[..., 20, 20] = 1, 0
    assert torch.equal(without_specks(spotted, 0.005), mask)
    assert torch.equal(grow(mask, 3), box_mask((40, 40), 7, 7, 33, 33))
    assert torch.equal(grow(grow(mask, 3), -3), mask)
    assert steepen(torch.tensor([0.0, 0.5, 1.0]), 0.3).tolist() == [0, 0.5, 1]
    constant = torch.full((1, 2, 50, 33), 0.3)
    for radius in (1, 4, 19):
        torch.testing.assert_close(low_pass(constant, radius), constant)
    wave = torch.sin(torch.arange(200) * 2 * torch.pi / 10).expand(1, 1, 60, 200)
    assert low_pass(wave, 20).abs().max() < 0.15 < 0.7 < low_pass(wave, 1).abs().max()


def test_push_pull_is_exact_where_known_and_smooth_elsewhere():
    ramp = torch.linspace(0, 1, 61).expand(1, 3, 45, 61)
    known = 1 - box_mask((45, 61), 15, 20, 30, 40)
    filled = push_pull(ramp * known, known)
    assert torch.equal(filled * known, ramp * known)
    assert (filled - ramp).abs().max() < 0.2
    assert push_pull(ramp, torch.zeros(1, 1, 45, 61)).abs().max() == 0


def test_fill_does_not_look_at_the_person():
    picture = torch.full((1, 3, 64, 64), 0.4)
    person = box_mask((64, 64), 20, 20, 50, 40)
    bright = torch.where(person > 0, torch.ones(()), picture)
    assert (fill_background(bright, person) - 0.4).abs().max() < 1e-4
    assert torch.equal(fill_background(bright, person), fill_background(bright, person))


def test_srgb_curve():
    values = torch.linspace(0, 1, 256)
    torch.testing.assert_close(to_gamma(to_linear(values)), values, atol=2e-5, rtol=0)
    assert to_linear(torch.tensor(0.5)).item() == pytest.approx(0.21404, abs=1e-4)
    assert luminance(torch.ones(1, 3, 2, 2)).mean().item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("way", ["region", "head"])
def test_new_ground_lies_behind_what_was_drawn(way):
    made = scene()
    parts = replace(made.parts, ground=read_ground("#0000ff", made.parts.photo.size))
    result = stitch(parts, way)
    y0, x0, y1, x1 = made.garment
    assert (result.pixels[:20] == (0, 0, 255)).all() and (result.pixels[100:150, :40] == (0, 0, 255)).all()
    inside = result.pixels[y0 + 4 : y1 - 4, x0 + 4 : x1 - 4] / 255
    assert inside[..., 0].mean() > 0.6 and inside[..., 1:].mean() < 0.25
    assert np.array_equal(result.pixels[~result.mask], parts.photo.pixels[~result.mask])
    if way == "region":
        assert np.array_equal(result.pixels[33:57, 68:92], parts.photo.pixels[33:57, 68:92])


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_a_mean_is_that_of_a_square_and_at_the_border_of_what_there_is(radius):
    picture = torch.randn(2, 3, 9, 12)
    side = 2 * radius + 1
    wanted = torch.nn.functional.avg_pool2d(picture, side, 1, radius, count_include_pad=False)
    torch.testing.assert_close(mean(picture, radius), wanted)
