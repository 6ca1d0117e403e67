"""Photographs: files <-> arrays, with nothing lost on the way.

Pixels are shown upright, in the file's own colours and depth; they are written back as they were stored, with the
same orientation tag, profile, metadata and, for JPEG, the same coefficients wherever nothing changed. What is not
plain RGB is made so: greyscale, palette and 1-bit pictures become RGB of the same values, CMYK becomes sRGB through
its own profile, 16-bit PNG keeps its 16 bits, of an animation the first frame is taken. `Photo.notices` says what a
person should know about that.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fice.errors import InputError
from fice.photo import decode, metadata, png16, profiles
from fice.photo.decode import turned_upright
from fice.photo.names import opaque

FEWEST = 32  # pixels along a side: below this there is no person to see
Window = tuple[int, int, int, int]  # y0, x0, y1, x1


@dataclass(frozen=True, eq=False)
class Photo:
    """One photograph, upright.

    pixels: (H, W, 3) uint8 or uint16 in the file's own colour profile; alpha: (H, W), same dtype, or None.
    orientation: the EXIF value 1-8 under which the file stores its pixels. sha256: of the file's bytes.
    """

    path: Path
    format: str
    pixels: np.ndarray
    alpha: np.ndarray | None
    orientation: int
    sha256: str
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    comment: bytes | None = None
    iptc: bytes | None = None  # a JPEG segment
    dpi: tuple[float, float] | None = None
    jpeg: dict[str, Any] | None = None  # pillow's qtables, subsampling, progressive
    coded: bytes | None = field(default=None, repr=False)  # of a JPEG: the file
    png_chunks: tuple[tuple[bytes, bytes], ...] = ()
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Photo {self.path}, {self.format}, {self.size[1]} x {self.size[0]} pixels>"

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the upright picture."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def srgb(self, window: Window | None = None) -> np.ndarray:
        """The picture, or its part `window`, as (h, w, 3) float32 sRGB in [0, 1]; alpha plays no part."""
        pixels = _part(self.pixels, window)
        return profiles.to_srgb(pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max), self.icc)

    def seen(self, window: Window | None = None) -> np.ndarray:
        """As `srgb`, laid on white where the photo is transparent: what a person sees."""
        picture = self.srgb(window)
        if self.alpha is None or opaque(self.alpha):
            return picture
        opacity = _part(self.alpha, window).astype(np.float32)[..., None] / np.float32(np.iinfo(self.alpha.dtype).max)
        return picture * opacity + (1 - opacity)

    def small(self, height: float, window: Window | None = None) -> np.ndarray:
        """As `seen`, of a copy that is about `height` pixels high, or as high as the photo: means of whole pixels."""
        pixels, alpha = _part(self.pixels, window), None if self.alpha is None else _part(self.alpha, window)
        size = [max(1, round(side * min(1.0, height / self.size[0]))) for side in pixels.shape[:2]]
        alpha = None if alpha is None else _shrunk(alpha, size)
        return dataclasses.replace(self, pixels=_shrunk(pixels, size), alpha=alpha, coded=None).seen()

    def from_srgb(self, picture: np.ndarray) -> np.ndarray:
        """(h, w, 3) float sRGB in [0, 1] -> pixels in the photo's own profile and dtype."""
        own = profiles.from_srgb(np.asarray(picture, np.float32), self.icc)
        most = np.iinfo(self.pixels.dtype).max
        return np.rint(np.clip(own, 0, 1) * np.float32(most)).astype(self.pixels.dtype)


def _shrunk(array: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """(H, W) or (H, W, 3) of whole numbers, averaged to (h, w, ...) of the same dtype."""
    if tuple(size) == array.shape[:2]:
        return array
    if array.dtype == np.uint8:
        return np.asarray(Image.fromarray(array).resize((size[1], size[0]), Image.Resampling.BOX))
    for axis, (old, new) in enumerate(zip(array.shape, size, strict=False)):
        starts = np.arange(new) * old // new
        counts = np.diff(starts, append=old).reshape([-1 if i == axis else 1 for i in range(array.ndim)])
        array = np.add.reduceat(array, starts, axis, dtype=np.uint32) // counts.astype(np.uint32)
    return array.astype(np.uint16)


def _part(array: np.ndarray, window: Window | None) -> np.ndarray:
    return array if window is None else array[window[0] : window[2], window[1] : window[3]]


def read_photo(path: str | os.PathLike, data: bytes | None = None) -> Photo:
    """Read a photograph. InputError, with a remedy, for everything that cannot be used.

    data: the file's content, where it is no file; path is then what to call it.
    """
    path = Path(path)
    if data is None:
        data = decode.read_bytes(path, "photo")
    with decode.readable(path, data):
        image = decode.open_image(data)
        width, height = image.size
        if width * height > decode.MOST_PIXELS:
            raise decode.too_large(path)
        if min(width, height) < FEWEST:
            raise InputError(f"{path} is only {width} x {height} pixels; use a photo of at least {FEWEST} a side.")
        frames = getattr(image, "n_frames", 1)
        xmp = _xmp(image.info)
        more = xmp is not None and metadata.speaks_of_lost(xmp)
        settings = decode.jpeg_settings(image)
        notices = {
            f"{path} holds {frames} pictures; the first one is used.": frames > 1,
            f"{path} holds more than a picture (a film, depth, a gain map); only the picture is used.": more,
            f"{path} is in CMYK; it is edited and written in RGB.": image.mode == "CMYK",
            f"{path} is greyscale; the result has colour.": image.mode in ("1", "L", "LA") or image.mode[:2] == "I;",
            f"{path} has more than 8 bits a channel, of which 8 are kept.": decode.loses_depth(image),
        }
        pixels, alpha = decode.arrays(path, image, data)
        orientation, exif = decode.orientation_of(image)
        info = image.info
        notices[f"{path} has damaged EXIF data, which are left out."] = exif is None and bool(info.get("exif"))
        return Photo(
            path=path,
            format="JPEG" if image.format == "MPO" else str(image.format),
            pixels=turned_upright(pixels, orientation),
            alpha=None if alpha is None else turned_upright(alpha, orientation),
            orientation=orientation,
            sha256=hashlib.sha256(data).hexdigest(),
            icc=decode.profile_of(image, data),
            exif=exif,
            xmp=None if more or frames > 1 else xmp,
            comment=info["comment"] if isinstance(info.get("comment"), bytes) else None,
            iptc=metadata.iptc_segment(info.get("photoshop")),
            dpi=info.get("dpi"),
            jpeg=settings,
            coded=data if image.format in ("JPEG", "MPO") else None,
            png_chunks=png16.colour_chunks(data),
            notices=tuple(sentence for sentence, applies in notices.items() if applies),
        )


def _xmp(info: dict) -> bytes | None:
    xmp = info.get("xmp", info.get("XML:com.adobe.xmp"))
    return xmp.encode() if isinstance(xmp, str) else xmp


def read_mask(path: str | os.PathLike, photo: Photo) -> np.ndarray:
    """Read a mask for `photo`: (H, W) float32 in [0, 1], upright, 1 where editing is allowed.

    White, or opaque where the file has a used alpha channel, means 1. A mask with an orientation tag is turned by
    it; one without fits when it has the size of the upright or else of the stored photo. InputError otherwise, or
    when it is empty.
    """
    path = Path(path)
    data = decode.read_bytes(path, "mask")
    with decode.readable(path, data):
        image = decode.open_image(data)
        if image.width * image.height > decode.MOST_PIXELS:
            raise decode.too_large(path)
        pixels, alpha = decode.arrays(path, image, data)
        orientation, _ = decode.orientation_of(image)
    levels = pixels.max(axis=2) if alpha is None or opaque(alpha) else alpha
    mask = turned_upright(levels.astype(np.float32) / np.float32(np.iinfo(levels.dtype).max), orientation)
    if mask.shape != photo.size and orientation == 1:
        mask = turned_upright(mask, photo.orientation)
    if mask.shape != photo.size:
        raise InputError(
            f"The mask {path} is {image.width} x {image.height} pixels but the photo is "
            f"{photo.size[1]} x {photo.size[0]}; make them the same size."
        )
    if not mask.any():
        raise InputError(f"The mask {path} is empty; paint white where the clothes may change.")
    return mask
