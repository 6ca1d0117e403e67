"""Edited pixels -> the bytes of a file, with nothing lost on the way and a notice of what cannot be kept."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, PngImagePlugin

from fice.errors import FiceError, UsageError
from fice.files import whole_file
from fice.photo import decode, jpeg, png16
from fice.photo.decode import as_stored, turned_upright
from fice.photo.names import check_output, format_of
from fice.photo.note import SEGMENT, noted

if TYPE_CHECKING:
    from fice.photo.photo import Photo

METADATA = ("exif", "xmp", "comment", "extra", "dpi", "pnginfo")  # pillow's names for them


@dataclass(frozen=True)
class Encoded:
    """A result as the bytes of a file.

    changed: (H, W) bool, upright, where the decoded file may differ from the decoded photo, or None where it is just
    the pixels that differ. notices: what a person should know about the file.
    """

    content: bytes
    changed: np.ndarray | None = None
    notices: tuple[str, ...] = ()


def encode_photo(photo: Photo, pixels: np.ndarray, target: Path, note: str | None = None) -> Encoded:
    """Edited `pixels` (H, W, 3), upright, of the photo's dtype and size, as a file; the metadata travels along.

    PNG, TIFF and WebP are lossless; only PNG keeps 16 bits. A JPEG of a JPEG keeps every coefficient of the blocks
    that the edit leaves alone; any other JPEG is encoded anew, in a source's quantisation and subsampling where there
    is one and in high quality otherwise, and a notice says so. A note goes along as `fice.photo.note.noted` puts it.
    FiceError when a picture does not fit its format.
    """
    if pixels.shape != photo.pixels.shape or pixels.dtype != photo.pixels.dtype:
        raise ValueError(f"pixels are {pixels.shape} {pixels.dtype}, not {photo.pixels.shape} {photo.pixels.dtype}")
    kind = format_of(target)
    if note is not None:
        photo = noted(photo, note, kind)
    if kind == "JPEG":
        return _encode_jpeg(photo, pixels, target)
    if photo.alpha is not None:
        pixels = np.dstack([pixels, photo.alpha])
    pixels = as_stored(pixels, photo.orientation)
    if pixels.dtype == np.uint8:
        return _encode(pixels, kind, _options(photo, kind), target, photo.orientation)
    if kind == "PNG":
        return Encoded(png16.encode(pixels, _deep_chunks(photo)))
    shallow = _encode(_eight_bits(pixels), kind, _options(photo, kind), target, photo.orientation)
    notice = f"{target.name} holds 8 of the photo's 16 bits a channel; write a .png to keep them all."
    return Encoded(shallow.content, notices=(notice, *shallow.notices))


def _encode_jpeg(photo: Photo, pixels: np.ndarray, target: Path) -> Encoded:
    options, stored = _options(photo, "JPEG"), as_stored(_eight_bits(pixels), photo.orientation)
    try:
        if photo.coded is None:
            raise jpeg.NotKept("the photo is no JPEG")
        small = _encode(stored[:8, :8], "JPEG", options, target, photo.orientation)
        content, changed = jpeg.edited(photo.coded, as_stored(photo.pixels, photo.orientation), stored, small.content)
        return Encoded(content, turned_upright(changed, photo.orientation), small.notices)
    except jpeg.NotKept as reason:
        notice = (
            f"{target.name} is encoded anew, as {reason}, so that pixels outside the edit may differ a little; "
            "write a .png to keep them bit for bit."
        )
        anew = _encode(stored, "JPEG", options, target, photo.orientation)
        return Encoded(anew.content, notices=(notice, *anew.notices))


def encode_mask(photo: Photo, mask: np.ndarray, target: Path) -> bytes:
    """An upright (H, W) mask, bool or float in [0, 1], as greyscale PNG in the photo's stored layout."""
    levels = np.ceil(np.clip(mask.astype(np.float32), 0, 1) * 255).astype(np.uint8)
    return _encode(as_stored(levels, photo.orientation), "PNG", _turn(photo.orientation), target).content


def _eight_bits(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _turn(orientation: int) -> dict[str, bytes]:
    """For pillow: EXIF that says which way is up, and nothing else."""
    exif = decode.plain_exif(Image.Exif(), orientation)
    return {} if exif is None else {"exif": exif}


def _encode(pixels: np.ndarray, kind: str, options: dict[str, Any], target: Path, orientation: int = 1) -> Encoded:
    """In memory first: pillow hides the reason when the disk refuses."""
    picture = Image.fromarray(pixels)
    try:
        return Encoded(_saved(picture, kind, options))
    except decode.PILLOW_FAILS:
        pass  # most often it is metadata that were damaged already
    try:
        fewer = {name: options[name] for name in options if name not in METADATA}
        content = _saved(picture, kind, fewer | _turn(orientation))
    except decode.PILLOW_FAILS as error:
        raise FiceError(f"{target} cannot be written as {kind} ({error}); write a .png instead.") from error
    return Encoded(content, notices=(f"The photo's metadata are damaged; {target.name} is written without them.",))


def _saved(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _options(photo: Photo, kind: str) -> dict[str, Any]:
    """What pillow is told so that format, metadata and quality stay."""
    options: dict[str, Any] = {"icc_profile": photo.icc, "exif": photo.exif, "dpi": photo.dpi, "xmp": photo.xmp}
    if kind == "PNG":
        kept = PngImagePlugin.PngInfo()
        for chunk, data in photo.png_chunks:  # pillow passes over pHYs, which is the same as dpi
            kept.add(chunk, data)
        if photo.xmp is not None:
            kept.add_itxt("XML:com.adobe.xmp", photo.xmp.decode("utf-8", "replace"))
        options |= {"pnginfo": kept, "xmp": None}
    elif kind == "JPEG":
        options |= photo.jpeg or {"quality": 95, "subsampling": 0}
        options |= {"comment": photo.comment, "extra": photo.iptc}
        if photo.exif:
            options["exif"] = b"Exif\0\0" + photo.exif.removeprefix(b"Exif\0\0")  # a WebP's has no head
        if len(photo.exif or b"") > SEGMENT:
            options |= {"exif": None} | _turn(photo.orientation)
        if len(photo.xmp or b"") > SEGMENT:
            options["xmp"] = None
    elif kind == "WEBP":
        options |= {"lossless": True, "exact": True}
    elif kind == "TIFF":
        exif = decode.plain_exif(decode.parsed_exif(photo.exif), photo.orientation)  # libtiff writes no more of it
        options |= {"compression": "tiff_adobe_deflate", "xmp": None, "exif": exif}
    return {name: value for name, value in options.items() if value is not None}


def _deep_chunks(photo: Photo) -> list[tuple[bytes, bytes]]:
    chunks = list(photo.png_chunks)
    if photo.icc is not None:
        chunks.append(png16.profile_chunk(photo.icc))
    if photo.exif is not None:
        chunks.append((b"eXIf", photo.exif.removeprefix(b"Exif\x00\x00")))
    return chunks


def write_photo(photo: Photo, pixels: np.ndarray, path: str | os.PathLike, *, force: bool = False) -> Path:
    """Write edited `pixels`, as `encode_photo` does, to `path`, the extension of which decides the format.

    Returns the path written. UsageError or FiceError as in `check_output`, or when the disk refuses; nothing partial
    is left.
    """
    target = check_output(path, photo, force)
    content = encode_photo(photo, pixels, target).content
    with whole_file(target) as stream:
        stream.write(content)
    return target


def write_mask(photo: Photo, mask: np.ndarray, path: str | os.PathLike, force: bool = False) -> Path:
    """Write an upright (H, W) mask, bool or float in [0, 1], as greyscale PNG in the photo's stored layout.

    It bears the photo's orientation tag. Every value above 0 becomes at least 1, so that black means untouched.
    Errors as in `write_photo`.
    """
    if mask.shape != photo.size:
        raise ValueError(f"the mask is {mask.shape}, not {photo.size}")
    target = check_output(path, photo.path, force)
    if format_of(target) != "PNG":
        raise UsageError(f"The mask {path} should end in .png, so that it is kept exactly.")
    content = encode_mask(photo, mask, target)
    with whole_file(target) as stream:
        stream.write(content)
    return target
