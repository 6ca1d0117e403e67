"""A picture of a garment from a file or an array, no larger than an edit can show."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from fice.photo import decode
from fice.photo.arrays import white_of
from fice.photo.names import opaque
from fice.photo.photo import Photo, read_photo
from fice.srgb import gamma_encoded, linear_light

LARGEST = 1600  # pixels along the longer side


def read_picture(source: str | Path | np.ndarray) -> Photo:
    """A picture of a garment, 8 bits of sRGB, at most LARGEST pixels a side; alpha None where it is opaque.

    source: a file, or an array (H, W, 3) of sRGB: whole numbers of 8 or 16 bits, or floats in [0, 1].

    Raises:
        InputError: it cannot be read, is too small or too large, or no such array.
    """
    if isinstance(source, np.ndarray):
        shown = np.clip(source.astype(np.float32) / np.float32(white_of(source, "garment")), 0, 1)
        digest = hashlib.sha256(np.ascontiguousarray(source).tobytes()).hexdigest()
        return Photo(Path("FILE"), "array", _bytes(shrunk(shown, LARGEST)), None, 1, digest)
    path = Path(source)
    photo = read_photo(path, decode.read_bytes(path, "garment"))
    height, width = photo.size
    shown = photo.small(height * min(1.0, LARGEST / max(height, width)))
    alpha = None
    if photo.alpha is not None and not opaque(photo.alpha):
        levels = photo.alpha.astype(np.float32) / np.float32(np.iinfo(photo.alpha.dtype).max)
        alpha = _bytes(np.asarray(Image.fromarray(levels).resize(shown.shape[1::-1], Image.Resampling.BOX)))
    notices = tuple(notice for notice in photo.notices if "is greyscale" not in notice and "CMYK" not in notice)
    return dataclasses.replace(photo, pixels=_bytes(shown), alpha=alpha, icc=None, coded=None, notices=notices)


def shrunk(shown: np.ndarray, side: int) -> np.ndarray:
    """(h, w, 3) float sRGB of at most `side` pixels a side, its light averaged."""
    scale = side / max(shown.shape[:2])
    if scale >= 1:
        return shown
    size = tuple(max(1, round(edge * scale)) for edge in shown.shape[1::-1])
    light = linear_light(shown).astype(np.float32)
    channels = [Image.fromarray(light[..., i]).resize(size, Image.Resampling.BOX) for i in range(3)]
    return gamma_encoded(np.stack([np.asarray(channel) for channel in channels], -1)).astype(np.float32)


def _bytes(levels: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8)
