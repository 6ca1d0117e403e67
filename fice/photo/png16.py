"""PNG with 16 bits a channel: pillow shows only the high byte of such colours, and cannot write them."""

from __future__ import annotations

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_CHUNKS = (b"cHRM", b"gAMA", b"sRGB", b"cICP", b"pHYs")  # what the numbers mean, kept as they are


def is_deep(image) -> bool:
    """Whether an opened, not yet loaded pillow PNG holds 16-bit colour (RGB or RGBA)."""
    return image.format == "PNG" and image.tile[0][3] in ("RGB;16B", "RGBA;16B")


def read_deep(image, again) -> np.ndarray:
    """All 16 bits of a deep PNG as (H, W, C) uint16.

    `image` and `again` are two fresh openings of one file. PNG stores the high byte first, so the second is
    decoded as if the low byte came first: pillow then keeps just the byte that it dropped from the first.
    """
    tile, low_byte = again.tile[0], again.mode + ";16L"
    again.tile = [tile._replace(args=low_byte) if hasattr(tile, "_replace") else (*tile[:3], low_byte)]
    high, low = np.asarray(image), np.asarray(again)
    return (high.astype(np.uint16) << 8) | low


def colour_chunks(data: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The chunks of a PNG file before its pixels that say how its colours are meant."""
    found, at = [], len(SIGNATURE)
    while data.startswith(SIGNATURE) and at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            break
        if kind in COLOUR_CHUNKS:
            found.append((kind, data[at + 8 : at + 8 + size]))
        at += size + 12
    return tuple(found)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def profile_chunk(icc: bytes) -> tuple[bytes, bytes]:
    """An ICC profile as a PNG chunk."""
    return b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)


def encode(pixels: np.ndarray, chunks: list[tuple[bytes, bytes]]) -> bytes:
    """(H, W, 3 or 4) uint16 as a PNG file; `chunks` (name, data) go before the pixels."""
    height, width, channels = pixels.shape
    rows = pixels.astype(">u2").view(np.uint8).reshape(height, width * channels * 2)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2  # PNG filter "up": the difference to the row above, simple and good for photographs
    filtered[:1, 1:] = rows[:1]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    body = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(filtered.tobytes())), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in body)
