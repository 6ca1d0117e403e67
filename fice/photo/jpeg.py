"""JPEG: the coefficients of every block that an edit leaves alone stay the file's own, so that what is decoded there
is the photo's, bit for bit. Blocks that change get what is edited in them, in the file's own quantisation."""

from __future__ import annotations

import io
import os
import re
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fice.photo.decode import in_rgb, quiet

MOST_SCANS = 100  # of a progressive file: each costs a pass over the whole picture
LARGEST = 1023  # coefficient that baseline JPEG can hold
SOS, DQT, DHT, DRI, APP14 = 0xDA, 0xDB, 0xC4, 0xDD, 0xEE
METADATA = (*range(0xE0, 0xF0), 0xFE)  # APP0 to APP15, comments
FRAMES = {0xC0: False, 0xC1: False, 0xC2: True}  # Huffman coded, 8 bits: whether it is progressive
SCAN_ENDS = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
TO_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
LEVEL = np.array([128, 0, 0], np.float32)  # brightness is stored around it
_ONE_AT_A_TIME = threading.Lock()  # jpeglib works in global variables


class NotKept(Exception):
    """A JPEG of which the coefficients cannot be kept; the message says why, as the end of a sentence."""


@dataclass
class Coefficients:
    """A JPEG's quantised coefficients, of three components (brightness, blue, red).

    blocks: three (rows, columns, 8, 8) int16. tables: (3, 8, 8) uint16. sampling: (3, 2) vertical and horizontal
    factors. size: (H, W) in pixels.
    """

    blocks: list[np.ndarray]
    tables: np.ndarray
    sampling: np.ndarray
    size: tuple[int, int]
    progressive: bool


@contextmanager
def _library_file() -> Iterator[Path]:
    """The library to oneself, and a file for it, as it knows nothing else."""
    with _ONE_AT_A_TIME:
        handle, name = tempfile.mkstemp(".jpg")
        os.close(handle)
        try:
            yield Path(name)
        finally:
            os.unlink(name)


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, bytes from the marker on) of a JPEG file up to its end; a scan's data belong to its header. NotKept."""
    at = 2
    while True:
        while data.startswith(b"\xff\xff", at):  # padding
            at += 1
        if data.startswith(b"\xff\xd9", at):
            return
        if at + 4 > len(data) or data[at] != 0xFF:
            raise NotKept("its segments are damaged")
        start, marker = at, data[at + 1]
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == SOS:
            end = SCAN_ENDS.search(data, at)
            at = end.start() if end else len(data)
        yield marker, data[start:at]


def edited(data: bytes, before: np.ndarray, after: np.ndarray, header: bytes) -> tuple[bytes, np.ndarray]:
    """A JPEG file that shows `after` where that differs from `before`, what `data` shows; both (H, W, 3) uint8.

    header: a JPEG file of which the metadata are taken. Returns the file, and (H, W) bool: outside of it, what is
    decoded is `before`, which is tried. NotKept when that cannot be had.
    """
    own = read(data)
    if own.size != before.shape[:2]:
        raise NotKept("it is damaged")
    changed = add(own, before, after)
    content = write(own, header)
    with quiet(), Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        shown = np.asarray(in_rgb(image))
    if shown.shape != before.shape or (differ(shown, before) & ~changed).any():
        raise NotKept("it is damaged")
    return content, changed


def read(data: bytes) -> Coefficients:
    """The coefficients of a whole JPEG file that a decoder has accepted; grey ones get empty colour. NotKept."""
    picture = [b"\xff\xd8"]  # nothing else is shown to the library
    frames: list[bytes] = []
    scans, coloured = 0, True
    for marker, segment in segments(data):
        if marker in FRAMES:
            frames.append(segment)
        coloured &= not (marker == APP14 and segment[4:9] == b"Adobe" and segment[15:16] == b"\0")
        scans += marker == SOS
        if marker in (SOS, DQT, DHT, DRI, *FRAMES):
            picture.append(segment)
        elif marker not in METADATA:
            raise NotKept("it is coded in a rare way")
    frame = frames[0] if len(frames) == 1 else b""
    sampling = _sampling(frame)
    if not coloured and len(sampling) == 3:
        raise NotKept("its colours are not stored as brightness and colour difference")
    if scans > MOST_SCANS:
        raise NotKept("it is coded in a rare way")
    try:
        import jpeglib
    except (ImportError, OSError):
        raise NotKept("the library jpeglib is missing (pip install jpeglib)") from None
    with _library_file() as path:
        path.write_bytes(b"".join([*picture, b"\xff\xd9"]))
        jpeglib.version.set("turbo210")
        try:
            found = jpeglib.read_dct(str(path))
            found.load()
        except OSError:
            raise NotKept("it is damaged") from None
    blocks = [found.Y] if len(sampling) == 1 else [found.Y, found.Cb, found.Cr]
    tables = np.stack([found.qt[number] for number in found.quant_tbl_no])
    if len(blocks) == 1:
        blocks += [np.zeros_like(blocks[0]) for _ in range(2)]
        tables, sampling = tables.repeat(3, axis=0), np.ones((3, 2), int)
    if not tables.all():
        raise NotKept("its quantisation is damaged")
    return Coefficients(blocks, tables, sampling, struct.unpack_from(">HH", frame, 5), FRAMES[frame[1]])


def _sampling(frame: bytes) -> np.ndarray:
    """The sampling factors that a frame's header names, (components, 2); NotKept where it is none that is edited."""
    if len(frame) > 9 and frame[9] == 4:
        raise NotKept("it is in CMYK")
    if len(frame) < 10 or frame[4] != 8 or frame[9] not in (1, 3) or len(frame) != 10 + 3 * frame[9]:
        raise NotKept("it is coded in a rare way")
    if frame[9] == 1:
        return np.ones((1, 2), int)
    components = np.frombuffer(frame, np.uint8, offset=10).reshape(3, 3)
    factors = np.stack([components[:, 1] >> 4, components[:, 1] & 15], 1).astype(int)[:, ::-1]
    if (factors[1:] != 1).any() or factors[0, 0] not in (1, 2) or factors[0, 1] not in (1, 2, 4):
        raise NotKept("its colours are sampled in a rare way")
    if bytes(components[:, 0]) == b"RGB":
        raise NotKept("its colours are not stored as brightness and colour difference")
    return factors


def add(own: Coefficients, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Put what differs of a picture `after` from what is decoded, `before`, into a JPEG's coefficients.

    Both are (H, W, 3) uint8, as stored. What differs replaces the file's own samples: these hold more than is decoded,
    as colours that no screen shows, and their difference to the decoded ones would leave a ghost of the photo.

    Returns (H, W) bool: where decoded pixels may now differ, which is whole blocks and, where colours are stored
    coarsely, the pixels beside them that decoders interpolate.
    """
    from scipy import fft

    changed = np.zeros(own.size, bool)
    differs = differ(before, after)
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    if not len(rows):
        return changed
    most = own.sampling.max(0)
    y0, x0 = np.array([rows[0], columns[0]]) // (8 * most) * (8 * most)
    y1, x1 = -(-np.array([rows[-1] + 1, columns[-1] + 1]) // (8 * most)) * (8 * most)
    beyond = [(0, max(y1 - own.size[0], 0)), (0, max(x1 - own.size[1], 0))]
    planes = np.pad(after[y0:y1, x0:x1] @ TO_YCBCR.T - LEVEL, [*beyond, (0, 0)], mode="edge").transpose(2, 0, 1)
    differs = np.pad(differs[y0:y1, x0:x1], beyond, mode="edge")
    for plane, blocks, table, factors in zip(planes, own.blocks, own.tables, own.sampling, strict=True):
        sy, sx = most // factors
        at = (slice(y0 // sy // 8, y1 // sy // 8), slice(x0 // sx // 8, x1 // sx // 8))
        held = blocks[at]
        inside = (slice(held.shape[0]), slice(held.shape[1]))  # the last blocks of an MCU may lie outside the picture
        wanted, touched = (_tiles(_boxes(each, sy, sx)) for each in (plane, differs))
        lacks = (wanted[inside] - fft.idctn(held * table.astype(np.float32), axes=(2, 3), norm="ortho")) * (
            touched[inside] > 0
        )
        steps = np.rint(fft.dctn(lacks, axes=(2, 3), norm="ortho") / table).astype(np.int16)
        held[...] = np.where(steps, np.clip(held + steps, -LARGEST, LARGEST), held)
        moved = np.zeros(blocks.shape[:2], bool)
        moved[at] = steps.any((2, 3))
        samples = moved.repeat(8, 0).repeat(8, 1)
        for lines, coarse in ((samples, sy > 1), (samples.T, sx > 1)):
            if coarse:  # an interpolation reaches one of its samples far
                lines[1:] |= lines[:-1]
                lines[:-1] |= lines[1:]
        changed |= samples.repeat(sy, 0).repeat(sx, 1)[: own.size[0], : own.size[1]]
    return changed


def _boxes(plane: np.ndarray, sy: int, sx: int) -> np.ndarray:
    """Means of boxes of (sy, sx) samples, (H / sy, W / sx)."""
    return plane.reshape(plane.shape[0] // sy, sy, plane.shape[1] // sx, sx).mean((1, 3), dtype=np.float32)


def _tiles(plane: np.ndarray) -> np.ndarray:
    """Its blocks, (H / 8, W / 8, 8, 8)."""
    return plane.reshape(plane.shape[0] // 8, 8, plane.shape[1] // 8, 8).swapaxes(1, 2)


def differ(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two pictures (H, W, 3) do, (H, W) bool."""
    red, green, blue = np.moveaxis(one != other, 2, 0)  # `any` of three is ten times as slow
    return red | green | blue


def write(own: Coefficients, header: bytes) -> bytes:
    """The file of these coefficients, with the metadata segments of the JPEG file `header`. NotKept."""
    import jpeglib

    slots = [0, 1, 1] if (own.tables[1] == own.tables[2]).all() else [0, 1, 2]
    picture = jpeglib.from_dct(*own.blocks, qt=own.tables[: slots[-1] + 1], quant_tbl_no=slots)
    picture.height, picture.width = own.size
    picture.samp_factor = own.sampling
    with _library_file() as path:
        jpeglib.version.set("turbo210")
        try:
            picture.write_dct(str(path), flags=["+OPTIMIZE_CODING"])
            if own.progressive:
                picture = jpeglib.read_dct(str(path))
                picture.load()
                jpeglib.version.set("mozjpeg403")  # makes every file progressive
                picture.write_dct(str(path))
        except OSError:
            raise NotKept("its coefficients cannot be written") from None
        body = path.read_bytes()
    kept = [part for marker, part in segments(header) if marker in METADATA]
    kept += [_numbered(marker, part) for marker, part in segments(body) if marker not in METADATA]
    return b"".join([b"\xff\xd8", *kept, b"\xff\xd9"])


def _numbered(marker: int, segment: bytes) -> bytes:
    """jpeglib counts components from 0, JFIF from 1."""
    if marker not in (SOS, *FRAMES):
        return segment
    first, each = (5, 2) if marker == SOS else (10, 3)
    mended = bytearray(segment)
    for at in range(first, first + each * segment[first - 1], each):
        mended[at] += 1
    return bytes(mended)
