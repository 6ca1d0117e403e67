"""Framing: points, round trips, borders, fill, and derivatives."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fice.subject.frame import Frame

sides = st.integers(20, 300)
canvases = st.sampled_from([(256, 128), (64, 32), (64, 64), (256, 256), (100, 37)])


@st.composite
def frames(draw, inside=True):
    """Any photo, any box: within the photo, touching its borders or reaching outside."""
    height, width = draw(sides), draw(sides)
    slack = 0 if inside else 60
    y0, x0 = draw(st.integers(-slack, height - 10)), draw(st.integers(-slack, width - 10))
    y1, x1 = draw(st.integers(y0 + 10, height + slack)), draw(st.integers(x0 + 10, width + slack))
    return Frame((y0, x0, y1, x1), (height, width), draw(canvases), draw(st.floats(0.5, 1)))


def smooth(height, width, phase=0.0):
    """(1, 2, H, W) of slow waves in [0, 1]; the scale is the picture's, not the pixel's."""
    y = (torch.arange(height) + 0.5) / max(height, width)
    x = (torch.arange(width) + 0.5) / max(height, width)
    waves = [torch.sin(3 * y[:, None] + 2 * x + phase), torch.cos(2 * y[:, None] - 3 * x)]
    return 0.5 + 0.5 * torch.stack(waves)[None]


@given(frames(inside=False), st.floats(-50, 400), st.floats(-50, 400))
def test_points_go_and_return(frame, y, x):
    there = frame.point_to_canvas(y, x)
    assert frame.point_to_photo(*there) == pytest.approx((y, x), abs=1e-6)


@given(frames(inside=False))
def test_the_box_is_centred_and_fills(frame):
    y0, x0, y1, x1 = frame.box
    top, left = frame.point_to_canvas(y0, x0)
    bottom, right = frame.point_to_canvas(y1, x1)
    assert top == pytest.approx(frame.canvas[0] - bottom, abs=1e-6)
    assert left == pytest.approx(frame.canvas[1] - right, abs=1e-6)
    shares = (bottom - top) / frame.canvas[0], (right - left) / frame.canvas[1]
    assert max(shares) == pytest.approx(frame.fill) and (bottom - top) / (right - left) == pytest.approx(
        (y1 - y0) / (x1 - x0)
    )


@settings(deadline=None, max_examples=25)
@given(frames())
def test_smooth_pictures_survive_the_round_trip(frame):
    picture = smooth(*frame.photo_size)
    back = frame.to_photo(frame.to_canvas(picture))
    assert back.shape == picture.shape
    margin = math.ceil(2.5 / frame.scale + 1.5)  # nearer to the borders of photo and canvas, the outside shines in
    y0, x0, y1, x1 = frame.box
    error = (back - picture)[..., y0 + margin : max(y1 - margin, 0), x0 + margin : max(x1 - margin, 0)]
    blur = max(1, 1 / frame.scale) / max(frame.photo_size)  # a pixel of the coarser side, as a share of the waves
    assert error.numel() == 0 or error.abs().max() < 2e-3 + 13 * blur**2


@settings(deadline=None, max_examples=25)
@given(frames(inside=False), st.floats(-1, 2))
def test_constants_stay_and_the_outside_is_filled(frame, fill):
    height, width = frame.photo_size
    canvas = frame.to_canvas(torch.full((1, 1, height, width), 0.25), fill=fill)
    ys = torch.arange(frame.canvas[0]) + 0.5
    xs = torch.arange(frame.canvas[1]) + 0.5
    py, px = (ys - frame.offset[0]) / frame.scale, (xs - frame.offset[1]) / frame.scale
    half = 0.5 / frame.scale + 1e-3  # a pixel on the photo's border mixes
    inside = ((py > half) & (py < height - half))[:, None] & ((px > half) & (px < width - half))
    outside = ((py < -half) | (py > height + half))[:, None] | ((px < -half) | (px > width + half))
    assert (canvas[0, 0][inside] - 0.25).abs().max() < 1e-5 if inside.any() else True
    assert (canvas[0, 0][outside] - fill).abs().max() < 1e-5 if outside.any() else True


@settings(deadline=None, max_examples=20)
@given(frames(inside=False))
def test_off_the_canvas_is_zero_and_windows_are_parts(frame):
    height, width = frame.photo_size
    ones = torch.ones(1, 1, *frame.canvas)
    back = frame.to_photo(ones, kernel="linear")
    assert back.min() >= -1e-6 and back.max() <= 1 + 1e-5
    y0, x0, y1, x1 = frame.window
    assert back[..., y0:y1, x0:x1].sum() == pytest.approx(back.sum().item(), rel=1e-5)
    window = height // 4, width // 3, height // 4 + 9, width // 3 + 5
    part = frame.to_photo(ones, window=window)
    torch.testing.assert_close(part, frame.to_photo(ones)[..., window[0] : window[2], window[1] : window[3]])


@settings(deadline=None, max_examples=20)
@given(frames(inside=False))
def test_of_the_photo_the_canvas_needs_what_it_shows(frame):
    picture, reach = smooth(*frame.photo_size), math.ceil(2 / frame.scale)
    y0, x0 = (max(first - reach, 0) for first in frame.window[:2])
    y1, x1 = (min(end + reach, side) for end, side in zip(frame.window[2:], frame.photo_size, strict=True))
    part = frame.to_canvas(picture[..., y0:y1, x0:x1], window=(y0, x0, y1, x1))
    torch.testing.assert_close(part, frame.to_canvas(picture), rtol=0, atol=0.02)


def test_a_box_on_the_border_sees_the_border():
    frame = Frame((0, 0, 40, 20), (40, 20), (64, 32), 0.5)
    picture = torch.rand(1, 3, 40, 20)
    canvas = frame.to_canvas(picture, fill=1.0)
    assert (canvas[..., :15, :] == 1).all() and (canvas[..., 17:47, 9:23] != 1).all()


def test_shrinking_is_antialiased():
    stripes = torch.zeros(1, 1, 512, 256)
    stripes[..., ::2, :] = 1
    canvas = Frame((0, 0, 512, 256), (512, 256), (64, 32), 1.0).to_canvas(stripes)
    assert (canvas[..., 2:-2, 2:-2] - 0.5).abs().max() < 0.01


def test_position_is_exact():
    """The centre of mass of a spot maps like a point, both ways and at other resolutions of the photo."""
    frame = Frame((30, 40, 430, 210), (500, 300), (256, 128))

    def centre(x):
        ys, xs = torch.arange(x.shape[-2]) + 0.5, torch.arange(x.shape[-1]) + 0.5
        return (x[0, 0].sum(1) @ ys / x.sum()).item(), (x[0, 0].sum(0) @ xs / x.sum()).item()

    spot = torch.zeros(1, 1, 500, 300)
    spot[..., 200:220, 101:117] = 1
    expected = frame.point_to_canvas(210, 109)
    assert centre(frame.to_canvas(spot, fill=0)) == pytest.approx(expected, abs=0.03)
    half = torch.nn.functional.avg_pool2d(spot, 2)
    assert centre(frame.to_canvas(half, fill=0)) == pytest.approx(expected, abs=0.1)
    dot = torch.zeros(1, 1, 256, 128)
    dot[..., 100:104, 60:66] = 1
    where = frame.point_to_photo(102, 63)
    assert centre(frame.to_photo(dot)) == pytest.approx(where, abs=0.03)
    y, x = centre(frame.to_photo(dot, (1000, 600)))
    assert (y / 2, x / 2) == pytest.approx(where, abs=0.03)
    coarse = torch.nn.functional.avg_pool2d(dot, 2)
    assert centre(frame.to_photo(coarse)) == pytest.approx(where, abs=0.1)


def test_derivatives(device):
    frame = Frame((2.5, 1, 12, 6.5), (14, 9), (8, 4))
    photo = torch.rand(2, 1, 14, 9, dtype=torch.float64, device=device, requires_grad=True)
    canvas = torch.rand(2, 1, 8, 4, dtype=torch.float64, device=device, requires_grad=True)
    assert torch.autograd.gradcheck(frame.to_canvas, photo)
    assert torch.autograd.gradcheck(frame.to_photo, canvas)


@pytest.mark.parametrize("box, size", [((5, 5, 5, 9), (20, 20)), ((9, 5, 5, 9), (20, 20)), ((0, 0, 5, 5), (0, 20))])
def test_impossible_frames_are_refused(box, size):
    with pytest.raises(ValueError, match="no frame"):
        Frame(box, size, (64, 32))
