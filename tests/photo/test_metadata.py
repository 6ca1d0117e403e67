"""Metadata travel, but for what speaks of another picture than the result."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from fice.photo import png16
from fice.photo.encode import write_photo
from fice.photo.metadata import without_thumbnail
from fice.photo.photo import read_photo


def thumbnail():
    stream = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(stream, "JPEG")
    return stream.getvalue()


def camera_exif(order, last=True):
    """EXIF as a camera writes it: a maker, the orientation, and a thumbnail in a second directory."""
    small = thumbnail()
    mark, tail = {"<": b"II*\0", ">": b"MM\0*"}[order], b"" if last else b"end of the maker's notes"
    first = struct.pack(order + "H", 2)
    first += struct.pack(order + "HHI4s", 0x010F, 2, 4, b"Cam\0") + struct.pack(order + "HHIHH", 0x0112, 3, 1, 6, 0)
    at = 8 + len(first) + 4
    second = struct.pack(order + "H", 3) + struct.pack(order + "HHIHH", 0x0103, 3, 1, 6, 0)
    second += struct.pack(order + "HHII", 0x0201, 4, 1, at + 2 + 36 + 4)
    second += struct.pack(order + "HHII", 0x0202, 4, 1, len(small)) + struct.pack(order + "I", 0)
    head = mark + struct.pack(order + "I", 8)
    return b"Exif\0\0" + head + first + struct.pack(order + "I", at) + second + small + tail


def drawn(path, **options):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)).save(path, **options)
    return path


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("last", [True, False])
def test_no_result_bears_the_thumbnail_of_the_photo(tmp_path, order, last, extension):
    photo = read_photo(drawn(tmp_path / "a.jpg", exif=camera_exif(order, last)))
    result = write_photo(photo, photo.pixels, tmp_path / f"b{extension}")
    assert thumbnail()[2:] not in result.read_bytes()
    tags = Image.open(result).getexif()
    assert tags[0x010F] == "Cam" and tags[0x0112] == 6 and not tags.get_ifd(1)
    assert (b"maker's notes" in result.read_bytes()) is not last


def test_exif_without_a_thumbnail_stays_as_it_is():
    for exif in (b"", b"Exif\0\0", b"Exif\0\0MM\0*\0\0", Image.Exif().tobytes(), b"not EXIF at all"):
        assert without_thumbnail(exif) == exif


def test_damaged_exif_is_no_error():
    whole = camera_exif("<")
    for at in range(6, 110):
        for value in (0, 1, 255):
            mended = without_thumbnail(whole[:at] + bytes([value]) + whole[at + 1 :])
            assert len(mended) <= len(whole)
        without_thumbnail(whole[:at])


@pytest.mark.filterwarnings("error")
def test_damaged_exif_stops_no_format(tmp_path):
    whole, path = camera_exif("<")[6:], drawn(tmp_path / "a.png", exif=camera_exif("<"))
    content = path.read_bytes()
    for at in range(0, 60):
        for value in (1, 255):
            broken = whole[:at] + bytes([value]) + whole[at + 1 :]
            path.write_bytes(content.replace(png16._chunk(b"eXIf", whole), png16._chunk(b"eXIf", broken)))
            photo = read_photo(path)
            for name in ("b.tif", "b.jpg"):
                again = read_photo(write_photo(photo, photo.pixels, tmp_path / name, force=True))
                assert again.size == photo.size
            assert at > 3 or "damaged EXIF" in photo.notices[0]


@pytest.mark.parametrize("of", ["GCamera:MotionPhoto", "hdrgm:Version", "xmpNote:HasExtendedXMP"])
def test_xmp_of_what_is_left_behind_is_left_out_and_said(tmp_path, of):
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {of}="1"/></x:xmpmeta>'.encode()
    path = drawn(tmp_path / "a.jpg", xmp=xmp)
    with open(path, "ab") as stream:
        stream.write(b"\0\0\0\x18ftypmp42 and a film")
    photo = read_photo(path)
    assert "a.jpg holds more than a picture" in photo.notices[0]
    result = write_photo(photo, photo.pixels, tmp_path / "b.jpg").read_bytes()
    assert of.encode() not in result and b"ftypmp42" not in result


def test_other_xmp_travels(tmp_path):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:Rating="5"/></x:xmpmeta>'
    photo = read_photo(drawn(tmp_path / "a.jpg", xmp=xmp))
    assert not photo.notices
    assert xmp in write_photo(photo, photo.pixels, tmp_path / "b.jpg").read_bytes()


def test_what_a_news_desk_wrote_travels_without_the_thumbnail_beside_it(tmp_path):
    words = b"\x1c\x02\x78\0\x05a cap"
    resources = b"".join(
        b"8BIM" + struct.pack(">HHI", kind, 0, len(data)) + data + bytes(len(data) % 2)
        for kind, data in ((0x0404, words), (0x040C, bytes(28) + thumbnail()))
    )
    segment = b"Photoshop 3.0\0" + resources
    path = drawn(tmp_path / "a.jpg", extra=b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment)
    photo = read_photo(path)
    result = write_photo(photo, photo.pixels, tmp_path / "b.jpg")
    assert Image.open(result).info["photoshop"] == {0x0404: words}
    assert thumbnail()[2:] not in result.read_bytes() and thumbnail()[2:] in path.read_bytes()
