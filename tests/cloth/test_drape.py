"""Cloth on drawn bodies: centimetres around a cylinder, along limbs, part by part, in folds, at any resolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bodies import ARM, CANVAS, CM, CROWN, HIPS, MIDDLE, SHOULDERS, framed, joints, limb, places, shirt, trousers, trunk
from scipy import ndimage
from torch import nn

from fice.cloth.body import centimetres
from fice.cloth.drape import drape, has_legs
from fice.cloth.limb import Girth, Grid, Line, unrolled
from fice.cloth.parts import LEFT_LEG, LEFT_SLEEVE, RIGHT_LEG, RIGHT_SLEEVE, SKIRT, TORSO
from fice.subject.regions import Regions


def on_photo(mask, frame):
    """A mask of the canvas on the photo, (H, W) bool."""
    return frame.to_photo(torch.from_numpy(mask)[None, None], kernel="linear")[0, 0].numpy() > 0.5


def row_at(y, frame):
    """The photo's row at y cm."""
    return round(frame.point_to_photo(y / CM, 0)[0])


def columns(centimetres, frame):
    """Pixels of the photo."""
    return round(centimetres / CM / frame.scale)


def slope(field, where):
    """The mean direction (x, y) in which a field grows."""
    down, right = np.gradient(field)
    found = np.array([right[where].mean(), down[where].mean()])
    return found / np.hypot(*found)


def inner(where, by=6):
    return ndimage.binary_erosion(where, iterations=by)


KNOWN = pytest.mark.parametrize("known", [True, False], ids=["joints", "no joints"])


@KNOWN
def test_across_a_cylinder_a_centimetre_is_one_of_its_arc(known):
    frame = framed()
    found = drape(trunk(), frame, joints() if known else None)
    row = row_at(SHOULDERS + 25, frame)
    x = ((np.arange(400) + 0.5) * frame.scale + frame.offset[1]) * CM - MIDDLE
    here = abs(x) < 0.8 * 17
    np.testing.assert_allclose(found.u[row, here], 17 * np.arcsin(x[here] / 17), rtol=0.1, atol=0.3)
    wide = np.diff(found.u[row, abs(x) < 17]) / (frame.scale * CM)
    assert wide.min() > 0.9 and wide.max() < 3.2  # stripes crowd at the sides and never explode


@KNOWN
def test_down_the_trunk_a_centimetre_is_one(known):
    frame = framed()
    v = drape(trunk(), frame, joints() if known else None).v[:, 200] / CM / frame.scale
    first, last = (row_at(y, frame) for y in (SHOULDERS, HIPS))
    np.testing.assert_allclose(np.diff(v[first:last]), 1, atol=0.05)


@KNOWN
@pytest.mark.parametrize("angle", [20, 40, 60])
def test_a_sleeve_runs_along_its_arm(known, angle):
    frame = framed()
    found = drape(shirt(angle), frame, joints(angle) if known else None)
    for name, sign in ((LEFT_SLEEVE, 1), (RIGHT_SLEEVE, -1)):
        way = np.array([sign * np.sin(np.radians(angle)), np.cos(np.radians(angle))])
        middle = np.array([sign * 15, SHOULDERS]) + way * 0.5 * ARM
        arm = on_photo(limb(middle - 6 * way, middle + 6 * way, 3), frame)
        assert (found.part[arm] == name).mean() > 0.98
        turned = np.degrees(np.arccos(min(slope(found.v, arm) @ way, 1)))
        assert turned < (5 if known else 10)
        assert slope(found.u, arm) @ [way[1], -way[0]] > 0.99  # to the right of who looks down the arm


def test_a_sleeve_meets_the_trunk_at_an_armhole():
    frame = framed()
    found = drape(shirt(45), frame, joints(45))
    body = on_photo(trunk(13), frame)
    assert (found.part[body] <= SKIRT).all() and (np.isin(found.part[body], (TORSO, SKIRT))).mean() > 0.95
    assert set(np.unique(found.part[on_photo(shirt(45), frame)])) <= {TORSO, LEFT_SLEEVE, RIGHT_SLEEVE, SKIRT}


def test_bare_arms_make_no_sleeves():
    frame = framed()
    found = drape(trunk(), frame, joints(25))
    assert set(np.unique(found.part[inner(on_photo(trunk(), frame), 12)])) == {TORSO, SKIRT}


def test_an_arm_before_the_trunk_is_a_sleeve():
    points = joints()
    points["left wrist"] = MIDDLE / CM, (SHOULDERS + 26) / CM, 1.0
    sleeve = limb((18, SHOULDERS + 27), (2, SHOULDERS + 26), 2)
    mask = np.maximum(trunk(), limb((15, SHOULDERS), (20, SHOULDERS + 28)))
    frame = framed()
    found = drape(mask, frame, points)
    assert (found.part[on_photo(sleeve, frame)] == LEFT_SLEEVE).mean() > 0.95


@KNOWN
def test_legs_apart_are_two_parts_and_run_down_each(known):
    frame = framed()
    found = drape(trousers(), frame, joints(legs=20) if known else None, trousers=True)
    for name, sign in ((LEFT_LEG, 1), (RIGHT_LEG, -1)):
        way = np.subtract((sign * 20, CROWN + 156), (sign * 8, HIPS))
        middle = np.array([sign * 8, HIPS]) + 0.7 * way
        leg = on_photo(limb(middle - 0.1 * way, middle + 0.1 * way, 4), frame)
        assert (found.part[leg] == name).all()
        assert slope(found.v, leg) @ way / np.hypot(*way) > np.cos(np.radians(5 if known else 8))


def test_legs_that_cross_are_one_part_and_legs_from_the_side_are_two():
    frame, points = framed(), joints(legs=20)
    crossed = points | {"left ankle": points["right ankle"], "right ankle": points["left ankle"]}
    assert set(np.unique(drape(trousers(), frame, crossed, trousers=True).part)) <= {TORSO, SKIRT}
    turned = points | {"left hip": points["right hip"], "right hip": points["left hip"]}
    straight, found = (drape(trousers(), frame, each, trousers=True) for each in (points, turned))
    assert (straight.part == found.part)[on_photo(trousers(), frame)].all()


def test_trousers_have_no_seam_above_the_crotch():
    frame = framed()
    found = drape(trousers(), frame, joints(legs=20), trousers=True)
    rows = slice(row_at(HIPS - 10, frame), row_at(HIPS, frame))
    for field in (found.u, found.v):
        assert abs(np.diff(field[rows, 150:250], axis=1)).max() < 2 * frame.scale * CM


def test_a_skirt_widens_its_stripes_a_little_and_joins_the_trunk():
    x, y = places()
    flared = (abs(x) < 15 + 0.35 * np.clip(y - HIPS, 0, 50)) & (y > SHOULDERS) & (y < HIPS + 50)
    frame = framed()
    found = drape(flared.astype(np.float32), frame, joints())
    assert set(np.unique(found.part[inner(on_photo(flared.astype(np.float32), frame))])) == {TORSO, SKIRT}
    for field in (found.u, found.v):  # no jump at the waist
        assert abs(np.diff(field[:, 150:250], axis=0)).max() < 2 * frame.scale * CM
    row, column = row_at(HIPS + 45, frame), 200 + columns(10, frame)
    hips = found.u[row_at(HIPS, frame), column]
    assert 0.5 * hips < found.u[row, column] < 0.9 * hips


def test_rings_above_the_camera_sink_at_the_sides_and_those_below_rise():
    frame = framed()
    found = drape(trunk(last=HIPS + 60), frame, joints())
    side = columns(14, frame)
    for y, sign in ((SHOULDERS + 5, -1), (HIPS + 55, 1)):
        row = row_at(y, frame)
        bend = found.v[row, 200 + side] - found.v[row, 200]
        assert 0.3 < sign * bend < 3


@KNOWN
def test_along_a_row_of_a_part_u_grows(known):
    frame = framed()
    for mask, legs in ((shirt(20), False), (trousers(), True)):
        found = drape(mask, frame, joints(20, 20) if known else None, legs)
        inside = on_photo(mask, frame)
        for part in np.unique(found.part[inside]):
            here = inside & (found.part == part)
            steps, both = np.diff(found.u, axis=1), here[:, 1:] & here[:, :-1]
            assert (steps[both] > 0).all(), part


def test_stripes_of_a_part_are_parallel():
    frame = framed()
    found = drape(shirt(45), frame, joints(45))
    for part in (LEFT_SLEEVE, RIGHT_SLEEVE):
        way = np.array([(1 if part == LEFT_SLEEVE else -1), 1]) / np.sqrt(2)
        middle = np.array([way[0] / abs(way[0]) * 15, SHOULDERS]) + way * 0.5 * ARM
        arm = on_photo(limb(middle - 15 * way, middle + 15 * way, 3), frame)
        down, right = np.gradient(found.v)
        assert np.degrees(np.arctan2(down[arm], right[arm])).std() < 3


def test_a_pixel_covers_what_it_covers():
    frame = framed()
    found = drape(trunk(), frame, joints())
    row = row_at(SHOULDERS + 25, frame)
    assert found.pixel[row, 200] == pytest.approx(frame.scale * CM, rel=0.05)
    assert found.pixel[row, 200 + columns(16, frame)] > 1.3 * found.pixel[row, 200]


def test_a_larger_photo_has_the_same_cloth():
    small, large = (drape(shirt(30), framed(size), joints(30)) for size in (400, 1600))
    again = large.u.reshape(400, 4, 200, 4).mean((1, 3)), large.v.reshape(400, 4, 200, 4).mean((1, 3))
    parts = large.part.reshape(400, 4, 200, 4)
    same = inner((parts.min((1, 3)) == parts.max((1, 3))) & (parts[:, 0, :, 0] == small.part), 2)
    assert same.mean() > 0.9
    inside = same & on_photo(shirt(30), framed(400))
    for one, other in zip((small.u, small.v), again, strict=True):
        assert abs(one - other)[inside].max() < 0.3
    assert np.median(small.pixel[inside]) == pytest.approx(4 * np.median(large.pixel[::4, ::4][inside]), rel=0.05)


def test_a_window_shows_its_part_of_the_cloth():
    frame, window = framed(), (120, 60, 420, 340)
    whole, part = drape(shirt(30), frame, joints(30)), drape(shirt(30), frame, joints(30), window=window)
    here = inner(on_photo(shirt(30), frame)[120:420, 60:340])
    same = inner(whole.part[120:420, 60:340] == part.part, 3) & here
    assert same.sum() > 0.8 * here.sum()
    assert abs(whole.u[120:420, 60:340] - part.u)[same].max() < 0.5
    assert abs(whole.v[120:420, 60:340] - part.v)[same].max() < 0.5


def test_cloth_runs_into_folds_and_is_never_torn():
    frame = framed()
    y, x = np.mgrid[:800, :400] * frame.scale * CM
    light = 0.8 * np.sin(x).astype(np.float32) + 0.5 * np.sign(np.sin(y / 3)).astype(np.float32)
    flat, folded = drape(trunk(), frame, joints()), drape(trunk(), frame, joints(), light=light)
    inside = inner(on_photo(trunk(), frame))
    moved = np.hypot(folded.u - flat.u, folded.v - flat.v)[inside]
    assert 0.02 < moved.mean() and moved.max() < 2
    assert (np.diff(folded.u, axis=1)[inside[:, 1:]] > 0).all() and (np.diff(folded.v, axis=0)[inside[1:]] > 0).all()
    light[~on_photo(trunk(), frame)] = -9  # what lies beside the garment
    beside = drape(trunk(), frame, joints(), light=light)
    assert np.hypot(beside.u - flat.u, beside.v - flat.v)[inner(inside, 12)].mean() > 0.8 * moved.mean()
    still = drape(trunk(), frame, joints(), light=np.full((800, 400), 0.3, np.float32))
    np.testing.assert_allclose(still.u[inside], flat.u[inside], atol=1e-3)


def test_in_the_valley_of_a_fold_there_is_more_cloth():
    frame = framed()
    x = (np.arange(400) + 0.5) * frame.scale * CM
    fold = np.exp(-(((x - x[200]) / 2.5) ** 2)).astype(np.float32)
    light = np.tile(-fold, (800, 1))
    row = row_at(SHOULDERS + 25, frame)
    flat, folded = (drape(trunk(), frame, joints(), light=each).u[row] for each in (None, light))
    assert np.diff(folded)[199] > 1.1 * np.diff(flat)[199]


EMPTY = np.zeros(CANVAS, np.float32)
DOT = EMPTY.copy()
DOT[100:103, 60:62] = 1
LINE = EMPTY.copy()
LINE[40:200, 64] = 1
LOW = EMPTY.copy()
LOW[-3:] = 1


@pytest.mark.parametrize("mask", [EMPTY, DOT, LINE, LOW, EMPTY + 1, shirt(), trousers()])
@pytest.mark.parametrize("legs", [True, False])
def test_every_mask_gets_numbers(mask, legs):
    away = {name: (x + 500, y - 300, 1.0) for name, (x, y, _) in joints().items()}
    heap = {name: (64.0, 128.0, 1.0) for name in joints()}
    arms = {name: ((60.0, 90.0, 1.0) if name[-5:] in ("elbow", "wrist") else at) for name, at in joints().items()}
    for points in (None, {}, joints(), joints(sure=0.3), away, heap, arms):
        found = drape(mask, framed(120), points, legs, light=np.zeros((120, 60), np.float32))
        assert found.u.shape == found.v.shape == found.pixel.shape == found.part.shape == (120, 60)
        for field in (found.u, found.v, found.pixel):
            assert field.dtype == np.float32 and np.isfinite(field).all()
        assert found.part.max() <= SKIRT and (found.pixel > 0).all()


def test_an_unsure_limb_is_looked_for_in_the_mask():
    frame, points = framed(), joints(45)
    points["left elbow"] = 10.0, 200.0, 0.2
    points["left wrist"] = 10.0, 210.0, 0.2
    found = drape(shirt(45), frame, points)
    way = np.array([1, 1]) / np.sqrt(2)
    middle = np.array([15, SHOULDERS]) + way * 0.7 * ARM
    arm = on_photo(limb(middle - 8 * way, middle + 8 * way, 3), frame)
    assert (found.part[arm] == LEFT_SLEEVE).mean() > 0.98


def test_somebody_seen_from_behind_has_the_left_sleeve_on_the_left():
    frame, front = framed(), joints(45)
    points = {name: (128 - x, y, sure) for name, (x, y, sure) in front.items()}
    points["left elbow"] = points["left wrist"] = 0.0, 0.0, 0.0  # from the mask
    part, way = drape(shirt(45), frame, points).part, np.array([1, 1]) / np.sqrt(2)
    middle = np.array([15, SHOULDERS]) + way * 0.7 * ARM
    right = on_photo(limb(middle - 8 * way, middle + 8 * way, 3), frame)
    assert (part[right] == RIGHT_SLEEVE).mean() > 0.98 and (part[right[:, ::-1]] == LEFT_SLEEVE).mean() > 0.98


def test_somebody_without_feet_is_measured_by_the_trunk():
    frame = framed()
    assert centimetres(frame, joints()) == pytest.approx(CM, rel=0.01)
    near = {name: (x, 2 * y, sure) for name, (x, y, sure) in joints().items() if "ankle" not in name}
    assert centimetres(frame, near) == pytest.approx(CM / 2, rel=0.05)
    assert centimetres(frame, None) == pytest.approx(CM, rel=0.01)


def test_trousers_have_legs_and_skirts_have_none():
    regions = Regions(nn.Identity(), ("background", "upper", "dress", "skirt", "trousers"))
    seen = torch.zeros(1, 5, 8, 4)
    seen[:, 1, :4], seen[:, 4, 4:] = 1, 1
    assert has_legs(torch.ones(1, 1, 8, 4), seen, regions)
    assert not has_legs((seen[:, 1:2] > 0).float(), seen, regions)
    seen[:, 4, 4:], seen[:, 3, 4:] = 0.3, 0.7
    assert not has_legs(torch.ones(1, 1, 8, 4), seen, regions)


def test_a_line_bends_smoothly_and_finds_its_own_places_again():
    line = Line.through(np.array([[0.0, 0.0], [0.0, 30.0], [20.0, 50.0]]))
    along, aside = np.meshgrid(np.arange(0, 60, 2.0), np.arange(-4, 5, 2.0))
    x, y = line.at(along, aside)
    found = line.places(Grid(x, x, y))
    np.testing.assert_allclose(found[0], along, atol=1.5)
    np.testing.assert_allclose(found[1], aside, atol=0.8)
    turns = np.degrees(np.arctan2(*line.directions.T))
    assert abs(np.diff(turns)).max() < 15


def test_girth_is_half_the_width_of_the_cloth():
    along, aside = np.meshgrid(np.arange(0, 80, 0.5), np.arange(-30, 30, 0.5), indexing="ij")
    girth = Girth.of(along, aside, (abs(aside - 3) < 12).astype(float), 8)
    middle, radius = girth.around(np.array([20.0, 60.0, 500.0]))
    np.testing.assert_allclose(middle, 3, atol=0.4)
    np.testing.assert_allclose(radius, 12, atol=0.3)
    assert unrolled(np.array(0.0), middle[0], radius[0]) == pytest.approx(0)
