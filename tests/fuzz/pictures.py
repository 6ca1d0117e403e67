"""Hostile and damaged pictures of every format that is read: each is refused in one sentence, or edited and written.

    python tests/fuzz/pictures.py                          # 1,000 of each format
    python tests/fuzz/pictures.py tiff avif --count 100000 --keep found

The same seed makes the same files. What is written is read again: lossless formats show the very pixels, JPEG those of
the photo outside of what it says has changed. Files with which anything else happens are counted, named, and kept with
--keep; then it ends with 1.
"""

from __future__ import annotations

import argparse
import io
import random
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from fuzz.guard import Guard, outcome  # noqa: E402
from fuzz.mutations import mutated  # noqa: E402
from PIL import Image, ImageCms  # noqa: E402

from fice.errors import FiceError  # noqa: E402
from fice.pages.thumbnails import shrunk  # noqa: E402
from fice.photo.encode import encode_photo  # noqa: E402
from fice.photo.names import opaque  # noqa: E402
from fice.photo.photo import decode, read_mask, read_photo  # noqa: E402
from fice.photo.png16 import encode  # noqa: E402

SOUND = ("read", "refused")
RESULTS = ("b.png", "b.jpg", "b.webp", "b.tif")
MOST_PIXELS = 4_000_000  # larger ones are refused here, so that whatever takes much memory is a fault
SIZE = 37, 45  # of the pictures; little above what is too small


class PictureGuard(Guard):
    """Knows what the library of coefficients does: it loads one of its variants, and has temporary files."""

    def _hear(self, event: str, arguments: tuple) -> None:
        variant = event == "ctypes.dlopen" and "cjpeglib" in str(arguments[0])
        if not variant and not (event == "open" and arguments[0] == self.folder):  # a folder: a file of no name yet
            super()._hear(event, arguments)


def drawing(channels: int = 3) -> np.ndarray:
    y, x, c = np.mgrid[: SIZE[0], : SIZE[1], :channels]
    return (127 + 120 * np.sin(y / 5 + c) * np.cos(x / 4 - c)).astype(np.uint8)


def saved(kind: str, image: Image.Image | None = None, **options) -> bytes:
    stream = io.BytesIO()
    (image or Image.fromarray(drawing())).save(stream, kind, **options)
    return stream.getvalue()


def metadata() -> dict:
    """What cameras write beside the pixels: EXIF with a thumbnail and GPS, XMP, a profile, a comment."""
    tags = Image.Exif()
    tags[0x010F], tags[0x0112], tags[0x8769], tags[0x8825] = "Maker", 6, {0x9003: "2026:01:01 00:00:00"}, {1: "N"}
    exif, small = tags.tobytes(), saved("JPEG", Image.new("RGB", (8, 8)))
    second = struct.pack(">H2HII2HIII", 2, 0x0201, 4, 1, len(exif) + 24, 0x0202, 4, 1, len(small), 0)
    link = 6 + 8 + 2 + 12 * len(tags)
    exif = exif[:link] + struct.pack(">I", len(exif) - 6) + exif[link + 4 :] + second + small
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {"exif": exif, "xmp": b"<x:xmpmeta/>", "icc_profile": profile, "comment": b"said", "dpi": (72, 72)}


@cache
def jpegs() -> list[bytes]:
    colour, others = Image.fromarray(drawing()), {"quality": 80, "subsampling": 2}
    return [
        saved("JPEG", subsampling=0),
        saved("JPEG", subsampling=2, restart_marker_blocks=2),
        saved("JPEG", progressive=True, **others),
        saved("JPEG", **others, **metadata()),
        saved("JPEG", colour.convert("L")),
        saved("JPEG", colour.convert("CMYK")),
        saved("MPO", save_all=True, append_images=[colour.rotate(180)]),
    ]


@cache
def pngs() -> list[bytes]:
    colour, more = Image.fromarray(drawing()), {**metadata(), "comment": None}
    deep = drawing(4).astype(np.uint16) * 257
    return [
        saved("PNG"),
        saved("PNG", Image.fromarray(drawing(4)), exif=more["exif"], icc_profile=more["icc_profile"], dpi=(72, 72)),
        saved("PNG", colour.quantize(9), transparency=3),
        saved("PNG", colour.convert("1")),
        saved("PNG", save_all=True, append_images=[colour.rotate(180)]),
        encode(deep, [(b"gAMA", struct.pack(">I", 100_000)), (b"cHRM", bytes(32))]),
        encode(deep[..., :3], []),
        saved("PNG", Image.fromarray(deep[..., 0])),
    ]


@cache
def webps() -> list[bytes]:
    colour, more = Image.fromarray(drawing()), metadata()
    kept = {name: more[name] for name in ("exif", "xmp", "icc_profile")}
    return [
        saved("WEBP"),
        saved("WEBP", Image.fromarray(drawing(4)), lossless=True, **kept),
        saved("WEBP", save_all=True, append_images=[colour.rotate(180)]),
    ]


@cache
def tiffs() -> list[bytes]:
    colour, more = Image.fromarray(drawing()), metadata()
    return [
        saved("TIFF", exif=more["exif"], dpi=(72, 72), icc_profile=more["icc_profile"]),
        saved("TIFF", tiffinfo={270: "what", 305: "with what", 315: "who"}, compression="tiff_lzw"),
        *(saved("TIFF", compression=name) for name in ("tiff_adobe_deflate", "packbits", "jpeg")),
        saved("TIFF", Image.fromarray(drawing(4))),
        saved("TIFF", Image.fromarray(drawing(1)[..., 0].astype(np.uint16) * 257)),
        saved("TIFF", colour.convert("CMYK")),
        saved("TIFF", colour.convert("1"), compression="group4"),
        saved("TIFF", save_all=True, append_images=[colour.rotate(180)]),
    ]


@cache
def bmps() -> list[bytes]:
    colour = Image.fromarray(drawing())
    return [saved("BMP"), saved("BMP", colour.quantize(9)), saved("BMP", colour.convert("1"))]


@cache
def gifs() -> list[bytes]:
    colour = Image.fromarray(drawing()).quantize(9)
    moving = saved("GIF", colour, save_all=True, append_images=[colour.rotate(180)])
    return [saved("GIF", colour, transparency=3), moving]


@cache
def avifs() -> list[bytes]:
    more = metadata()
    kept = {name: more[name] for name in ("exif", "xmp", "icc_profile")}
    return [saved("AVIF"), saved("AVIF", Image.fromarray(drawing(4)), **kept)]


@cache
def jp2s() -> list[bytes]:
    return [saved("JPEG2000"), saved("JPEG2000", Image.fromarray(drawing(4))), saved("JPEG2000", no_jp2=True)]


@cache
def ppms() -> list[bytes]:
    grey = Image.fromarray(drawing(1)[..., 0])
    plain = b"P3 45 37 255\n" + b" ".join(str(value).encode() for value in drawing().reshape(-1))
    return [saved("PPM"), saved("PPM", grey), saved("PPM", grey.convert("1")), plain]


FORMATS: dict[str, Callable[[], list[bytes]]] = {
    "jpeg": jpegs,
    "png": pngs,
    "webp": webps,
    "tiff": tiffs,
    "bmp": bmps,
    "gif": gifs,
    "avif": avifs,
    "jp2": jp2s,
    "ppm": ppms,
}


def damaged(chance: random.Random, name: str) -> bytes:
    """A file of a format, changed; most PNGs get the right checksums, so that more of them is looked at."""
    content = bytearray(mutated(chance, FORMATS[name]()))
    at = 8
    while name == "png" and chance.random() < 0.95 and at + 12 <= len(content):
        size = min(int.from_bytes(content[at : at + 4], "big"), len(content) - at - 12)
        struct.pack_into(">I", content, at, size)
        struct.pack_into(">I", content, at + 8 + size, zlib.crc32(content[at + 4 : at + 8 + size]))
        at += 12 + size
    return bytes(content)


def use(path: Path, target: Path) -> None:
    """All that is done with a picture: it is read, edited, written as `target` and read again."""
    photo = read_photo(path)
    photo.srgb()
    edited = photo.pixels.copy()
    edited[5:20, 7:25] ^= np.array([255, 0, 99], edited.dtype)
    if target.suffix == ".jpg" and photo.alpha is not None:
        target = target.with_suffix(".png")
    file = encode_photo(photo, edited, target)
    target.write_bytes(file.content)
    again = read_photo(target)
    assert again.size == photo.size
    if target.suffix == ".jpg":
        outside = None if file.changed is None else ~file.changed
        assert outside is None or np.array_equal(again.pixels[outside], photo.pixels[outside]), "outside has changed"
    elif photo.pixels.dtype == again.pixels.dtype:
        assert np.array_equal(again.pixels, edited), "pixels were lost"
        alphas = [one.alpha for one in (photo, again) if one.alpha is not None and not opaque(one.alpha)]
        assert len(alphas) != 1 and (not alphas or np.array_equal(*alphas)), "transparency was lost"
    shrunk(path)
    read_mask(path, photo)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", choices=[*FORMATS, []], metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("--count", type=int, default=1000, help="files of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the files that are not read or refused as they should")
    said = parser.parse_args(arguments)
    faults, decode.MOST_PIXELS = 0, MOST_PIXELS
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        for make in FORMATS.values():  # what is imported late is imported now
            for number, content in enumerate(make()):
                path = Path(folder, "a")
                path.write_bytes(content)
                use(path, Path(folder, RESULTS[number % 4]))
        guard = PictureGuard(Path(folder))
        for name in said.formats or FORMATS:
            began, results = time.perf_counter(), Counter[str]()
            for number in range(said.count):
                chance = random.Random(f"{said.seed} {name} {number}")
                content, target = damaged(chance, name), Path(folder, chance.choice(RESULTS))
                path.write_bytes(content)
                if said.keep:
                    said.keep.mkdir(parents=True, exist_ok=True)
                    (said.keep / f"{name}.last").write_bytes(content)  # what is left when the process dies
                result = outcome(guard, lambda target=target: use(path, target), FiceError)
                if result not in SOUND:
                    print(f"{name} {number} ({target.suffix}): {result}", flush=True)
                    if said.keep:
                        (said.keep / f"{name}-{number}").write_bytes(content)
                results[result if result in SOUND else "fault"] += 1
            faults += results["fault"]
            print(
                f"{name:6} {results['read']:7} read, {results['refused']:7} refused, {results['fault']} faults,"
                f" {time.perf_counter() - began:.0f} s",
                flush=True,
            )
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
