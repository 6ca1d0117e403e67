"""Bytes -> pillow pictures -> arrays, with one sentence for each way in which a file can be unusable."""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from fice.errors import InputError
from fice.photo import png16, profiles
from fice.photo.metadata import without_thumbnail

MOST_PIXELS = 100_000_000
PIXEL_BYTES = 8  # of the largest that is read, 16-bit RGBA
SMALL = 64 << 20  # bytes that are read without a question; also room for what lies beside the pixels
LAZY = ("JPEG", "PNG", "TIFF", "BMP", "PPM", "GIF")  # pillow reads their header alone
READABLE = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM")
MOST_STEPS = 1 << 19  # single bytes: half a second
ORIENTATION = 0x0112  # EXIF tag
KEPT_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)  # what, who, when, with what
_ONE_AT_A_TIME = threading.RLock()  # which warnings are shown is decided for all threads at once
PLAIN_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr")
PILLOW_FAILS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")


def read_bytes(path: Path, what: str) -> bytes:
    """The content of a picture's file; InputError when it is missing, a folder, unreadable, empty or far too large."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; give one {what} (or use `fice batch` for a folder).")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not an ordinary file; give the name of a {what}.")
        with open(path, "rb") as stream:
            _check_size(path, stream)
            data = stream.read()
    except FileNotFoundError:
        raise InputError(f"The {what} {path} does not exist; check its name and folder.") from None
    except PermissionError:
        raise InputError(f"The {what} {path} may not be read; change its rights (chmod +r).") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise InputError(f"The {what} {str(path)[:200]!r} cannot be read ({error}); check its name.") from None
    if not data:
        raise InputError(f"The {what} {path} is empty; copy or download it again.")
    return data


def _check_size(path: Path, stream: BinaryIO) -> None:
    """A large file is not read before its header has said that so much can be in it."""
    size = os.fstat(stream.fileno()).st_size
    if size <= SMALL:
        return
    with readable(path, stream.read(12)):
        stream.seek(0)
        width, height = Image.open(cast(BinaryIO, _Patient(stream)), formats=LAZY).size
    stream.seek(0)
    if size > SMALL + width * height * PIXEL_BYTES:
        raise InputError(f"{path} is far larger than its {width} x {height} pixels need; save it anew, as PNG or JPEG.")


def too_large(path: Path) -> InputError:
    return InputError(f"{path} is larger than {MOST_PIXELS // 1_000_000} megapixels; make it smaller first.")


@contextmanager
def quiet() -> Iterator[None]:
    """Without pillow's warnings of half-broken metadata, and of sizes that are checked here."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def readable(path: Path, data: bytes) -> Iterator[None]:
    """Turns pillow's many ways of failing into InputError."""
    try:
        with quiet():
            yield
    except Image.DecompressionBombError:
        raise too_large(path) from None
    except UnidentifiedImageError:
        if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
            raise InputError(f"{path} is a HEIC picture, which is not supported; save it as JPEG or PNG.") from None
        raise InputError(f"{path} is not a picture of a known kind; use JPEG, PNG, WebP or TIFF.") from None
    except PILLOW_FAILS as error:
        raise InputError(f"{path} is damaged or cut short ({error}); copy or download it again.") from error


class _Patient:
    """A stream that pillow may read byte by byte only so often: that is how it looks for a segment that never comes."""

    def __init__(self, stream: BinaryIO):
        self.stream, self.steps = stream, 0

    def read(self, size: int = -1) -> bytes:
        self.steps += size == 1
        if self.steps > MOST_STEPS:
            raise OSError("its structure is lost")
        return self.stream.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Header only; pictures of kinds outside READABLE (some run other programs) are never opened."""
    Image.init()
    stream = cast(BinaryIO, _Patient(io.BytesIO(data)))
    return Image.open(stream, formats=[name for name in READABLE if name in Image.OPEN])


def loses_depth(image: ImageFile.ImageFile) -> bool:
    """Whether pillow shows fewer bits than an opened, not yet loaded file holds."""
    if image.format == "PNG":
        return bool(image.tile) and image.tile[0][3] == "LA;16B"
    if image.format == "TIFF":
        return image.mode in PLAIN_MODES and max(image.tag_v2.get(258, (8,))) > 8  # type: ignore[attr-defined]
    return False


def jpeg_settings(image: Image.Image) -> dict | None:
    """What makes a JPEG written again look like the one read; None for other formats and for CMYK."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return None
    sampling = JpegImagePlugin.get_sampling(image) if image.mode == "RGB" else 0
    return {
        "qtables": image.quantization,  # type: ignore[attr-defined]
        "subsampling": sampling if sampling >= 0 else 0,  # an unusual one: no subsampling loses nothing
        "progressive": bool(image.info.get("progressive")),
    }


def orientation_of(image: Image.Image) -> tuple[int, bytes | None]:
    """The EXIF (or XMP) orientation of a loaded picture, 1-8, and EXIF that says the same; none if damaged.

    The EXIF has no thumbnail, which would show what the picture was.
    """
    try:
        tags = image.getexif()
    except PILLOW_FAILS:
        return 1, None
    value, raw = tags.get(ORIENTATION, 1), image.info.get("exif")
    orientation = value if value in range(1, 9) else 1
    if isinstance(raw, bytes):
        kept = without_thumbnail(raw)
        if parsed_exif(kept).get(ORIENTATION, 1) == value:
            return orientation, kept
    return orientation, plain_exif(tags, orientation)


def plain_exif(tags: Image.Exif, orientation: int) -> bytes | None:
    """EXIF with the orientation and the words of `tags` that every format takes; None where there are none."""
    kept = Image.Exif()
    for tag in KEPT_TAGS:
        if isinstance(tags.get(tag), str):
            kept[tag] = tags[tag]
    if orientation != 1:
        kept[ORIENTATION] = orientation
    return kept.tobytes() if len(kept) else None


def parsed_exif(exif: bytes | None) -> Image.Exif:
    """The first directory of EXIF bytes; of damaged ones what can be read."""
    tags = Image.Exif()
    with quiet(), suppress(*PILLOW_FAILS):
        tags.load(exif or b"")
    return tags


def profile_of(image: Image.Image, data: bytes) -> bytes | None:
    """The ICC profile of a picture's RGB colours; of a PNG that names only a gamma, one that says the same."""
    if "icc_profile" in image.info:
        return profiles.usable_profile(image.info["icc_profile"])
    chunks = dict(png16.colour_chunks(data))
    if b"gAMA" not in chunks or b"sRGB" in chunks or b"cICP" in chunks:
        return None
    return profiles.profile_of_gamma(int.from_bytes(chunks[b"gAMA"], "big") / 100_000)


def arrays(path: Path, image: Image.Image, data: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    """An opened picture as colours (H, W, 3) and alpha (H, W) or None, uint8 or uint16, as stored."""
    if png16.is_deep(image):
        deep = png16.read_deep(image, open_image(data))
        return deep[..., :3], deep[..., 3] if deep.shape[2] == 4 else None
    image.load()
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16)
        return np.repeat(grey[..., None], 3, axis=2), None
    if image.mode == "CMYK":
        return np.array(profiles.cmyk_to_rgb(image, image.info.get("icc_profile"))), None
    if image.mode not in PLAIN_MODES:
        raise InputError(f"{path} holds {image.mode} values, not a photograph's colours; save it as RGB first.")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        pixels = np.array(image.convert("RGBA"))
        return pixels[..., :3], pixels[..., 3]
    return np.array(in_rgb(image)), None


def in_rgb(image: Image.Image) -> Image.Image:
    """A loaded picture in RGB; one that is stays itself, as photos are large."""
    return image if image.mode == "RGB" else image.convert("RGB")


def turned_upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an (H, W, ...) array from the stored layout into the upright one (EXIF orientation 1-8)."""
    if orientation >= 5:
        stored = stored.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    if orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    return np.ascontiguousarray(stored)


def as_stored(picture: np.ndarray, orientation: int) -> np.ndarray:
    """The way back from `turned_upright`."""
    return turned_upright(picture, {6: 8, 8: 6}.get(orientation, orientation))
