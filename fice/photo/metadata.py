"""Metadata that speak of another picture than the result: the old one's thumbnail, pictures that are left behind."""

from __future__ import annotations

import struct
from typing import Any

THUMBNAILS = ((0x0201, 0x0202), (0x0111, 0x0117))  # EXIF tags: where it lies, how many bytes; JPEG or plain
IPTC = 0x0404  # the one resource of Photoshop's that travels; others show the old picture
LOST = (
    b"MotionPhoto",
    b"MicroVideo",
    b"hdrgm:",
    b"HDRGainMap",
    b"Container:Directory",
    b"GDepth:",
    b"GImage:",
    b"HasExtendedXMP",
    b"xmpGImg:",
)


def without_thumbnail(exif: bytes) -> bytes:
    """EXIF without its thumbnail: nothing points at it, and its bytes are blank. All else stays where it is."""
    mended, head = bytearray(exif), 6 * exif.startswith(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[head : head + 4])
    if order is None:
        return exif
    try:
        first = head + struct.unpack_from(order + "I", exif, head + 4)[0]
        link = first + 2 + 12 * struct.unpack_from(order + "H", exif, first)[0]
        second = struct.unpack_from(order + "I", exif, link)[0]
        if not second:
            return exif
        struct.pack_into(order + "I", mended, link, 0)
        tags = {}
        for number in range(struct.unpack_from(order + "H", exif, head + second)[0]):
            tag, kind = struct.unpack_from(order + "HH", exif, head + second + 2 + 12 * number)
            form = order + ("H" if kind == 3 else "I")  # a SHORT or a LONG
            tags[tag] = struct.unpack_from(form, exif, head + second + 10 + 12 * number)[0]
    except struct.error:
        return bytes(mended)  # damaged: no reader finds a thumbnail
    for where, size in THUMBNAILS:
        start = head + tags.get(where, 0)
        end = min(start + tags.get(size, 0), len(exif))
        if link < start < end:
            mended[start:end] = bytes(end - start)
            if end == len(exif) == len(mended):
                del mended[start:]
    return bytes(mended)


def iptc_segment(photoshop: Any) -> bytes | None:
    """What a news desk wrote about a photo, IPTC, as a JPEG segment; `photoshop` is what pillow read of one."""
    iptc = photoshop.get(IPTC) if isinstance(photoshop, dict) else None
    if not isinstance(iptc, bytes) or len(iptc) > 65_000:
        return None
    block = b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", IPTC, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)
    return b"\xff\xed" + struct.pack(">H", len(block) + 2) + block


def speaks_of_lost(xmp: bytes) -> bool:
    """Whether XMP describes a film, a gain map, a depth map, a thumbnail or a second part that results do not have."""
    return any(name in xmp for name in LOST)
