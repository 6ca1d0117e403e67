"""A picture of a garment from a file or an array, no larger than an edit can show."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from fice.photo import decode
from fice.photo.arrays import white_of
from fice.photo.names import opaque
from fice.photo.photo import read_photo
from fice.srgb import gamma_encoded, linear_light

LARGEST = 1600  # pixels along the longer side


class Picture(NamedTuple):
    """A picture of a garment.

    Attributes:
        name: what to call it to people.
        shown: (h, w, 3) float32 sRGB in [0, 1], on white where it is transparent.
        alpha: (h, w) float32 in [0, 1], None of a file that is opaque.
        sha256: of the file, or of the array's values.
    """

    name: str
    shown: np.ndarray
    alpha: np.ndarray | None
    sha256: str


def read_picture(source: str | Path | np.ndarray) -> Picture:
    """Reads a picture of a garment.

    source: a file, or an array (H, W, 3) of sRGB: whole numbers of 8 or 16 bits, or floats in [0, 1].

    Raises:
        InputError: it cannot be read, is too small or too large, or no such array.
    """
    if isinstance(source, np.ndarray):
        shown = np.clip(source.astype(np.float32) / np.float32(white_of(source, "garment")), 0, 1)
        digest = hashlib.sha256(np.ascontiguousarray(source).tobytes()).hexdigest()
        return Picture("the garment's picture", shrunk(shown, LARGEST), None, digest)
    path = Path(source)
    photo = read_photo(path, decode.read_bytes(path, "garment"))
    height, width = photo.size
    shown = photo.small(height * min(1.0, LARGEST / max(height, width)))
    alpha = None
    if photo.alpha is not None and not opaque(photo.alpha):
        levels = photo.alpha.astype(np.float32) / np.float32(np.iinfo(photo.alpha.dtype).max)
        alpha = np.asarray(Image.fromarray(levels).resize(shown.shape[1::-1], Image.Resampling.BOX))
    return Picture(str(path), shown, alpha, photo.sha256)


def shrunk(shown: np.ndarray, side: int) -> np.ndarray:
    """(h, w, 3) float sRGB of at most `side` pixels a side, its light averaged."""
    scale = side / max(shown.shape[:2])
    if scale >= 1:
        return shown
    size = tuple(max(1, round(edge * scale)) for edge in shown.shape[1::-1])
    light = linear_light(shown).astype(np.float32)
    channels = [Image.fromarray(light[..., i]).resize(size, Image.Resampling.BOX) for i in range(3)]
    return gamma_encoded(np.stack([np.asarray(channel) for channel in channels], -1)).astype(np.float32)
