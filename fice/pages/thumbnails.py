"""Small pictures of large ones, kept in OUT/thumbnails for as long as the large ones stay as they are."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from fice.errors import InputError
from fice.files import explain, whole_file
from fice.photo import decode, profiles

FOLDER = "thumbnails"
WIDEST, HIGHEST = 640, 320
QUALITY = 80
THREADS = min(4, os.cpu_count() or 1)  # pillow computes outside Python's lock


@dataclass(frozen=True)
class Thumbnail:
    """A WebP file in OUT/thumbnails; its name needs no quoting anywhere."""

    path: Path
    ratio: float  # width / height, upright

    def embedded(self) -> str:
        """As a data URI."""
        return embedded(self.path.read_bytes())

    def link(self) -> str:
        """As a link relative to OUT."""
        return f"{FOLDER}/{self.path.name}"


def thumbnails(out: Path, pictures: Iterable[Path | None]) -> Iterator[Thumbnail | None]:
    """The thumbnail of each picture, in order; None for what is missing or no picture. FiceError: the disk refuses."""
    folder = out / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(lambda picture: None if picture is None else _thumbnail(folder, picture), pictures)


def path_from(out: Path, picture: Path) -> str:
    """The way from the folder `out` to a picture; an absolute one where there is none (another drive)."""
    try:
        return os.path.relpath(picture, out)
    except ValueError:
        return os.path.abspath(picture)


def link(out: Path, picture: Path) -> str:
    """A link from a page in OUT, relative so that the folder can be moved; letters that mean something are quoted."""
    path = path_from(out, picture)
    return Path(path).as_uri() if os.path.isabs(path) else quote(os.fsencode(path.replace(os.sep, "/")))


def _thumbnail(folder: Path, picture: Path) -> Thumbnail | None:
    name = hashlib.sha256(os.fsencode(path_from(folder.parent, picture))).hexdigest()[:24]
    path = folder / f"{name}.webp"
    try:
        changed = picture.stat().st_mtime_ns
        if not (path.exists() and path.stat().st_mtime_ns == changed):
            small = shrunk(picture)
            with whole_file(path) as stream:
                stream.write(webp(small))
            os.utime(path, ns=(changed, changed))  # the picture's own time says which version this is of
        with Image.open(path, formats=["WEBP"]) as image:
            return Thumbnail(path, image.width / image.height)
    except (OSError, ValueError, InputError):  # ValueError: a null byte in the name
        return None


def webp(image: Image.Image, quality: int = QUALITY, **options: int) -> bytes:
    """A picture as a WebP file; options: of pillow's."""
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=quality, **options)
    return stream.getvalue()


def embedded(content: bytes) -> str:
    """A WebP file as a data URI."""
    return "data:image/webp;base64," + base64.b64encode(content).decode()


def shrunk(path: Path, data: bytes | None = None) -> Image.Image:
    """A picture of at most WIDEST x HIGHEST, upright, in sRGB on white. InputError when it cannot be read.

    data: what is in it, where it is not read from `path`.
    """
    data = decode.read_bytes(path, "picture") if data is None else data
    with decode.readable(path, data):
        image: Image.Image = decode.open_image(data)
        if image.width * image.height > decode.MOST_PIXELS:
            raise decode.too_large(path)
        icc, profile = image.info.get("icc_profile"), decode.profile_of(image, data)
        orientation, _ = decode.orientation_of(image)
        if image.mode.startswith("I"):
            image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
        elif image.mode not in ("L", "RGB", "CMYK"):
            image = image.convert("RGBA")
        # reads no more of a JPEG than it needs
        image.thumbnail((HIGHEST, WIDEST) if orientation >= 5 else (WIDEST, HIGHEST))
        if image.mode == "CMYK":
            image = profiles.cmyk_to_rgb(image, icc)
        elif image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    levels = np.asarray(image.convert("RGB")).astype(np.float32) / 255
    upright = decode.turned_upright(profiles.to_srgb(levels, profile), orientation)
    return Image.fromarray(np.rint(upright * 255).astype(np.uint8))
