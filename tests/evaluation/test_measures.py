"""Measures against closed forms and against the libraries that people trust."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch
from skimage.color import deltaE_cie76, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from fice.errors import UsageError
from fice.evaluation.columns import MEASURES
from fice.evaluation.measures import Unmeasurable, colour_error, identical, part_distance, part_iou, psnr, ssim

ALL = np.ones((40, 30), bool)
GAUSSIAN = {
    "data_range": 1.0,
    "channel_axis": 2,
    "gaussian_weights": True,
    "sigma": 1.5,
    "use_sample_covariance": False,
}


def noise(height=40, width=30, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def near(picture, seed=1, amount=0.2):
    return (picture * (1 - amount) + amount * noise(*picture.shape[:2], seed)).astype(np.float32)


def parts(*boxes, shape=(64, 48)):
    """One certain map a box (y0, x0, y1, x1)."""
    maps = torch.zeros(len(boxes), *shape)
    for each, (y0, x0, y1, x1) in zip(maps, boxes, strict=True):
        each[y0:y1, x0:x1] = 1
    return maps


def test_the_columns():
    assert [(measure.name, measure.better) for measure in MEASURES] == [
        ("similarity before", 0),
        ("similarity", 1),
        ("gain", 1),
        ("colour error", -1),
        ("colour halved", 1),
        ("right caption", 1),
        ("right pattern", 1),
        ("identical", 1),
        ("psnr outside", 1),
        ("ssim outside", 1),
        ("head psnr", 1),
        ("head ssim", 1),
        ("part iou", 1),
        ("silhouette iou", 1),
        ("part distance", -1),
        ("changed", 1),
        *((name, -1) for name in ("spill", "painted", "rim", "cut", "print left", "doubt", "instead", "lost")),
        *((f"swatch {name}", -1) for name in ("colour", "period", "turn")),
        ("swatch detail", 1),
        ("clip-i", 1),
        ("clip-i*", 1),
        ("confusion", -1),
        ("right garment", 1),
        ("dists", -1),
        ("seconds", -1),
        ("frechet", -1),
        ("kernel", -1),
    ]
    assert [measure.name for measure in MEASURES if measure.whole] == ["frechet", "kernel"]
    assert all(measure.meaning.endswith(".") for measure in MEASURES)


# colour


@pytest.mark.parametrize(
    ("worn", "wanted", "error"),
    [
        ((255, 255, 255), (0, 0, 0), 100.0),
        ((208, 20, 30), (208, 20, 30), 0.0),
        ((119, 119, 119), (255, 255, 255), 49.97),
    ],
)
def test_the_colour_error_of_plain_cloth(worn, wanted, error):
    picture = np.full((4, 4, 3), np.array(worn) / 255, np.float32)
    assert colour_error(picture, np.ones((4, 4)), wanted) == pytest.approx(error, abs=0.1)


def test_the_colour_error_is_of_the_median_inside():
    picture = np.zeros((10, 10, 3), np.float32)
    garment = np.zeros((10, 10))
    garment[:, :5] = 0.9
    picture[:, :3] = (1, 0, 0)  # 30 of 50 pixels
    assert colour_error(picture, garment, (255, 0, 0)) == pytest.approx(0, abs=1e-4)
    picture[:, 2] = 0  # 20 of 50
    assert colour_error(picture, garment, (0, 0, 0)) == pytest.approx(0, abs=1e-4)
    garment[:, 2:] = 0.5  # the rim does not count
    assert colour_error(picture, garment, (255, 0, 0)) == pytest.approx(0, abs=1e-4)


def test_the_colour_error_is_cie76_of_scikit_image():
    picture = np.full((3, 3, 3), (0.3, 0.6, 0.2), np.float32)
    wanted = np.array([200.0, 30.0, 90.0])
    expected = deltaE_cie76(rgb2lab(picture[0, 0]), rgb2lab(wanted / 255))
    assert colour_error(picture, np.ones((3, 3)), wanted) == pytest.approx(float(expected), rel=1e-3)


def test_no_garment_no_colour():
    with pytest.raises(Unmeasurable, match="garment"):
        colour_error(noise(4, 4), np.full((4, 4), 0.5), (0, 0, 0))
    with pytest.raises(Unmeasurable, match="not a number"):
        colour_error(np.full((4, 4, 3), math.nan), np.ones((4, 4)), (0, 0, 0))


# pixels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_identical_counts_pixels_of_which_every_channel_is_the_same(dtype):
    first = np.full((4, 5, 3), 7, dtype)
    second, where = first.copy(), np.ones((4, 5), bool)
    assert identical(first, second, where) == 1
    second[0, 0, 2] += 1
    second[1, 1] += 1
    assert identical(first, second, where) == pytest.approx(18 / 20)
    where[1] = False
    assert identical(first, second, where) == pytest.approx(14 / 15)
    where[0, 0] = False
    assert identical(first, second, where) == 1


def test_identical_tells_depths_apart():
    with pytest.raises(Unmeasurable, match="16 bits .* 8"):
        identical(np.zeros((4, 4, 3), np.uint16), np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), bool))


@pytest.mark.parametrize("measure", [identical, psnr, ssim])
def test_what_has_nothing_to_compare(measure):
    with pytest.raises(Unmeasurable, match="nothing"):
        measure(noise(), noise(), np.zeros_like(ALL))
    with pytest.raises(Unmeasurable, match="pictures are"):
        measure(noise(), noise(40, 31), ALL)
    with pytest.raises(Unmeasurable, match="pictures are"):
        measure(noise(), noise(), ALL.T)


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_what_is_no_number(measure):
    broken = noise()
    broken[3, 3] = math.nan
    with pytest.raises(Unmeasurable, match="not a number"):
        measure(noise(), broken, ALL)


def test_psnr_of_known_differences():
    first = np.full((40, 30, 3), 0.5, np.float32)
    assert psnr(first, first.copy(), ALL) == 100
    assert psnr(first, first + np.float32(0.1), ALL) == pytest.approx(20, abs=1e-4)
    assert psnr(first, first + np.float32(1e-6), ALL) == 100
    half, where = first.copy(), ALL.copy()
    half[:20] += 0.1
    where[:20] = False
    assert psnr(first, half, where) == 100
    assert psnr(first, half, ~where) == pytest.approx(20, abs=1e-4)
    assert psnr(first, half, ALL) == pytest.approx(20 + 10 * math.log10(2), abs=1e-4)


@pytest.mark.parametrize("height", [40, 512, 1100])
def test_psnr_is_that_of_scikit_image(height):
    first, second = noise(height), near(noise(height))
    expected = peak_signal_noise_ratio(first, second, data_range=1)
    assert psnr(first, second, np.ones((height, 30), bool)) == pytest.approx(expected, abs=1e-4)


def test_ssim_is_that_of_the_libraries():
    first, second = noise(), near(noise())
    expected, found = structural_similarity(first, second, full=True, **GAUSSIAN)
    inner = np.zeros_like(ALL)
    inner[5:-5, 5:-5] = True  # what scikit-image averages
    assert expected == pytest.approx(found[inner].mean(), abs=1e-6)
    assert ssim(first, second, ALL) == pytest.approx(found.mean(), abs=1e-5)
    a, b = (torch.from_numpy(picture).permute(2, 0, 1)[None] for picture in (first, second))
    other = structural_similarity_index_measure(a, b, data_range=1.0, sigma=1.5, return_full_image=True)[1]
    assert ssim(first, second, ALL) == pytest.approx(float(other.mean()), abs=0.02)  # another way at the border


def test_ssim_of_flat_pictures():
    a, b = 0.3, 0.7
    first, second = (np.full((40, 30, 3), value, np.float32) for value in (a, b))
    expected = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    assert ssim(first, second, ALL) == pytest.approx(expected, abs=1e-5)
    assert ssim(first, first.copy(), ALL) == 1


def test_ssim_sees_only_the_region():
    first = noise()
    second, where = first.copy(), ALL.copy()
    second[10:20] = 0
    where[10:20] = False
    assert ssim(first, second, where) == 1
    assert ssim(first, second, ~where) < 0.5
    second[30, 20] = 1 - second[30, 20]
    assert 0.9 < ssim(first, second, where) < 1


@pytest.mark.parametrize("height", [512, 513, 523, 1100])
def test_ssim_of_a_large_picture_is_that_of_its_whole(height):
    first, second = noise(height, 16), near(noise(height, 16))
    found = structural_similarity(first, second, full=True, **GAUSSIAN)[1]
    assert ssim(first, second, np.ones((height, 16), bool)) == pytest.approx(found.mean(), abs=1e-6)


def test_ssim_needs_a_window_and_scikit_image(monkeypatch):
    with pytest.raises(Unmeasurable, match="11 pixels"):
        ssim(noise(10, 30), noise(10, 30), np.ones((10, 30), bool))
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(UsageError, match=r"pip install '.\[evaluate\]'"):
        ssim(noise(), noise(), ALL)


# parts of the body


def test_part_iou_of_boxes():
    first = parts((0, 0, 20, 10), (30, 0, 50, 10))
    assert part_iou(first, first) == 1
    moved = parts((5, 0, 25, 10), (30, 0, 50, 10))  # 15 of 25 rows are shared
    assert part_iou(first, moved) == pytest.approx((15 / 25 + 1) / 2)
    assert part_iou(first, parts((0, 0, 20, 10), (0, 0, 0, 0))) == pytest.approx(1 / 2)  # a part that is gone
    assert part_iou(parts((0, 0, 20, 10), (0, 0, 0, 0)), first) == 1  # one that has come counts for nothing


def test_parts_of_less_than_the_background_are_none():
    weak = parts((0, 0, 20, 10)) * 0.4
    with pytest.raises(Unmeasurable, match="No part"):
        part_iou(weak, weak)
    assert part_iou(parts((0, 0, 20, 10)) * 0.6, parts((0, 0, 20, 10)) * 0.9) == 1


def test_specks_are_no_parts():
    speck = parts((0, 0, 20, 10), (40, 40, 41, 43))  # 3 of 3072 pixels
    assert part_iou(speck, parts((0, 0, 20, 10), (0, 0, 0, 0))) == 1
    seen = parts((0, 0, 20, 10), (40, 40, 42, 42))  # 4
    assert part_iou(seen, parts((0, 0, 20, 10), (0, 0, 0, 0))) == 0.5


def test_part_distance_of_boxes():
    first = parts((0, 0, 20, 10), (30, 0, 50, 10))
    assert part_distance(first, first, 50) == 0
    moved = parts((3, 4, 23, 14), (30, 0, 50, 10))  # 3, 4, 5
    assert part_distance(first, moved, 50) == pytest.approx(5 / 2 / 50 * 100)
    gone = parts((3, 4, 23, 14), (0, 0, 0, 0))
    assert part_distance(first, gone, 50) == part_distance(gone, first, 50) == pytest.approx(10)


def test_centres_are_soft():
    first = parts((10, 0, 20, 10))
    second = first.clone()
    second[0, 20:30, :10] = 0.5  # a third of the mass ten pixels lower
    assert part_distance(first, second, 100) == pytest.approx(10 / 3, rel=1e-4)


@pytest.mark.parametrize("measure", [part_iou, lambda a, b: part_distance(a, b, 50)])
def test_parts_that_cannot_be_compared(measure):
    some = parts((0, 0, 20, 10))
    with pytest.raises(Unmeasurable, match="No part"):
        measure(torch.zeros_like(some), some)
    with pytest.raises(Unmeasurable, match="maps"):
        measure(some, parts((0, 0, 20, 10), (0, 0, 20, 10)))
    with pytest.raises(Unmeasurable, match="no numbers"):
        measure(some, some * math.nan)


def test_nobody_has_no_height():
    with pytest.raises(Unmeasurable):
        part_distance(parts((0, 0, 20, 10)), parts((0, 0, 20, 10)), 0)
