"""A picture of cloth from a file or an array: linear light, opaque, and no larger than a cloth needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from fice.errors import InputError
from fice.photo import decode
from fice.photo.arrays import white_of
from fice.photo.photo import FEWEST, read_photo
from fice.srgb import linear_light

Array = np.ndarray
LARGEST = 1024  # pixels along the longer side: more than a garment in a photo shows
LONGEST = 4  # times as long as wide: of a longer strip the middle is used
SMALL = 256  # cells along the longer side at which an opaque part is looked for
SCANNED, PLAUSIBLE = 100, (1.0, 200.0)  # dots an inch from which a size is believed, and such sizes, cm
EXIF, EXPOSURE = 0x8769, 0x829A  # tags: a camera has an exposure time, and its dots an inch mean nothing


class Picture(NamedTuple):
    """A picture of cloth.

    Attributes:
        pixels: (h, w, 3) float32 linear light in [0, 1].
        share: of the source's width that they show, 0 to 1.
        width: cm of the source, where a scanner says so.
    """

    pixels: Array
    share: float
    width: float | None = None


def read(source: str | Path | Array) -> Picture:
    """Reads a picture of cloth; of a partly transparent one the largest opaque part that is found by trimming.

    source: a file, or an array (H, W, 3) of sRGB: whole numbers of 8 or 16 bits, or floats in [0, 1].

    Raises:
        InputError: it cannot be read, is too small or transparent, or no such array.
    """
    if isinstance(source, np.ndarray):
        return _read_array(source)
    path = Path(source)
    photo = read_photo(path, decode.read_bytes(path, "swatch"))
    part = (0, 0, *photo.size)
    if photo.alpha is not None:
        part = whole_part(photo.alpha == np.iinfo(photo.alpha.dtype).max)
        if min(part[2] - part[0], part[3] - part[1]) < FEWEST:
            raise InputError(f"{path} shows no opaque cloth; use a picture without transparency.")
    scale = min(1.0, 2 * LARGEST / max(photo.size))  # the rest of the way in linear light
    shown = photo.small(photo.size[0] * scale)
    top, left, bottom, right = (x * scale for x in part)
    part = math.ceil(top), math.ceil(left), math.floor(bottom), math.floor(right)
    pixels, share = _shrunk(lambda y0, x0, y1, x1: linear_light(shown[y0:y1, x0:x1]), part)
    dots = float(photo.dpi[0]) if photo.dpi else 0.0
    width = photo.size[1] / dots * 2.54 if dots >= SCANNED else 0.0
    camera = EXPOSURE in decode.parsed_exif(photo.exif).get_ifd(EXIF)
    known = PLAUSIBLE[0] <= width <= PLAUSIBLE[1] and not camera
    return Picture(pixels, share / shown.shape[1], width if known else None)


def whole_part(inside: Array) -> tuple[int, int, int, int]:
    """A large rectangle (y0, x0, y1, x1) of a mask (h, w) that is True all over; empty where there is none."""
    step = -(-max(inside.shape) // SMALL)
    rows, columns = (np.arange(0, side, step) for side in inside.shape)
    cells = np.logical_and.reduceat(np.logical_and.reduceat(inside, rows, 0), columns, 1)
    top, left, (bottom, right) = 0, 0, cells.shape
    while top < bottom and left < right and not cells[top:bottom, left:right].all():
        part = ~cells[top:bottom, left:right]
        sides = part[0].mean(), part[:, 0].mean(), part[-1].mean(), part[:, -1].mean()
        worst = int(np.argmax(sides))
        top, left, bottom, right = (
            top + (worst == 0), left + (worst == 1), bottom - (worst == 2), right - (worst == 3)
        )  # fmt: skip
    return top * step, left * step, min(bottom * step, inside.shape[0]), min(right * step, inside.shape[1])


def resized(picture: Array, size: tuple[int, int], box: tuple[float, float, float, float] | None = None) -> Array:
    """(h, w, channels) float32 at another size, with area filtering where it shrinks.

    box: left, top, right, bottom of the part that is wanted, pixels.
    """
    channels = (Image.fromarray(np.ascontiguousarray(picture[..., i])) for i in range(picture.shape[2]))
    turned = [channel.resize(size[::-1], Image.Resampling.LANCZOS, box) for channel in channels]
    return np.stack([np.asarray(channel) for channel in turned], -1)


def grey_of(picture: Array) -> Array:
    """(h, w) of (h, w, 3) linear light: the mixture of channels in which most is seen, mean 0."""
    shown = np.sqrt(np.clip(picture, 0, None)).reshape(-1, 3)
    shown = shown - shown.mean(0)
    return (shown @ np.linalg.eigh(shown.T @ shown)[1][:, -1]).reshape(picture.shape[:2])


def _read_array(source: Array) -> Picture:
    most = white_of(source, "swatch")

    def linear(top: int, left: int, bottom: int, right: int) -> Array:
        return linear_light(np.clip(source[top:bottom, left:right].astype(np.float32) / np.float32(most), 0, 1))

    pixels, share = _shrunk(linear, (0, 0, *source.shape[:2]))
    return Picture(pixels, share / source.shape[1])


def _shrunk(linear: Callable[..., Array], part: tuple[int, int, int, int]) -> tuple[Array, int]:
    """A part of a source of at most LARGEST pixels a side, and how many columns of the source it shows."""
    top, left, bottom, right = part
    longest = LONGEST * min(bottom - top, right - left)
    top, bottom = _middle(top, bottom, longest)
    left, right = _middle(left, right, longest)
    step = max(1, max(bottom - top, right - left) // LARGEST)
    rows, columns = (bottom - top) // step, (right - left) // step
    pixels = np.empty((rows, columns, 3), np.float32)
    strip = max(1, 64 // step)
    for row in range(0, rows, strip):
        last = min(row + strip, rows)
        light = linear(top + row * step, left, top + last * step, left + columns * step)
        pixels[row:last] = light.reshape(last - row, step, columns, step, 3).mean((1, 3))
    scale = LARGEST / max(rows, columns)
    if scale < 1:
        pixels = np.clip(resized(pixels, (round(rows * scale), round(columns * scale))), 0, 1)
    return pixels, columns * step


def _middle(first: int, last: int, longest: int) -> tuple[int, int]:
    if last - first <= longest:
        return first, last
    first += (last - first - longest) // 2
    return first, first + longest
