"""What a picture of cloth is read as, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fice.cloth.swatch import reading
from fice.cloth.swatch.reading import LARGEST, read, whole_part
from fice.errors import InputError
from fice.srgb import linear_light


def saved(path, size=(48, 64), **options):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(90, 110, (*size, 3), np.uint8)).save(path, **options)
    return path


def test_a_file_and_its_pixels_are_the_same_cloth(tmp_path):
    path = saved(tmp_path / "tweed.png")
    found = read(path)
    assert found.share == 1 and found.width is None
    assert np.array_equal(found.pixels, read(np.asarray(Image.open(path))).pixels)
    assert found.pixels.mean() == pytest.approx(linear_light(np.array(100 / 255)), rel=0.02)


def test_a_scan_tells_its_size(tmp_path):
    found = read(saved(tmp_path / "scan.png", (200, 600), dpi=(300, 300)))
    assert found.width == pytest.approx(600 / 300 * 2.54, rel=0.001)
    assert read(saved(tmp_path / "screen.png", (200, 600), dpi=(72, 72))).width is None


def test_the_resolution_that_a_camera_writes_is_no_size(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(reading.EXIF)[reading.EXPOSURE] = 0.01
    assert read(saved(tmp_path / "photo.jpg", (200, 600), dpi=(300, 300), exif=exif)).width is None


def test_a_large_picture_is_made_smaller_in_linear_light():
    bands = np.zeros((2400, 3000, 3), np.uint8)
    bands[:, ::2] = 255
    found = read(bands)
    assert max(found.pixels.shape) <= LARGEST
    assert found.pixels.mean() == pytest.approx(0.5, abs=0.01)


def test_of_a_long_strip_the_middle_is_used():
    strip = np.zeros((40, 4000, 3), np.uint8)
    strip[:, 1900:2100] = 255
    found = read(strip)
    assert found.pixels.shape == (40, 160, 3) and found.share == pytest.approx(160 / 4000)
    assert found.pixels.min() == 1


def test_of_a_partly_transparent_picture_the_opaque_part_is_used(tmp_path):
    picture = np.full((100, 120, 4), (200, 30, 30, 0), np.uint8)
    picture[20:90, 30:100] = (30, 200, 30, 255)
    Image.fromarray(picture).save(tmp_path / "cut.png")
    found = read(tmp_path / "cut.png")
    assert found.pixels.shape == (70, 70, 3) and found.share == pytest.approx(70 / 120)
    assert (found.pixels[..., 1] > found.pixels[..., 0]).all()


def test_a_round_cutting_has_a_whole_part():
    y, x = np.mgrid[:200, :200] - 99.5
    top, left, bottom, right = whole_part(np.hypot(y, x) < 95)
    assert np.hypot(y, x)[top:bottom, left:right].max() < 95
    assert (bottom - top) * (right - left) > 0.55 * np.pi * 95**2
    assert whole_part(np.zeros((10, 10), bool))[0] == whole_part(np.zeros((10, 10), bool))[2]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (np.zeros((1, 1, 3), np.uint8), "only 1 x 1 pixels"),
        (np.zeros((64, 64), np.uint8), "is no picture"),
        (np.full((64, 64, 3), np.nan), "no numbers"),
        ("nowhere.jpg", "The swatch nowhere.jpg does not exist"),
    ],
)
def test_what_is_no_picture_of_cloth_is_said(source, said):
    with pytest.raises(InputError, match=said):
        read(source)


def test_a_transparent_picture_shows_no_cloth(tmp_path):
    Image.fromarray(np.zeros((64, 64, 4), np.uint8)).save(tmp_path / "glass.png")
    with pytest.raises(InputError, match="shows no opaque cloth"):
        read(tmp_path / "glass.png")
