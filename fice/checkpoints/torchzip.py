"""The torch files of today: a zip archive whose entries are not compressed, so that tensors are views of the file.

`torch.save` writes NAME/data.pkl, NAME/byteorder and one entry NAME/data/KEY per storage; TorchScript adds code,
which is ignored, and constants.pkl.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from fice.checkpoints.limits import ENTRIES, Limits, plain
from fice.checkpoints.objects import Block
from fice.checkpoints.pickles import Machine
from fice.errors import WeightsError

COMMENT = 65_535  # bytes that may follow the end record
END = struct.Struct("<4s4HIIH")  # signature, disks, counts, size and offset of the directory, length of the comment
LOCATOR = struct.Struct("<4sIQI")
END64 = struct.Struct("<4sQHHIIQQQQ")
ENTRY = struct.Struct("<4s6H3I5HII")
LOCAL = struct.Struct("<4s5H3I2H")
MANY = 0xFFFFFFFF  # stands for: see the 64-bit field


@dataclass(frozen=True)
class Entry:
    """One file of an archive: compression (0: none), its bytes, and where its header begins."""

    method: int
    size: int
    header: int


def read_torchzip(data: memoryview, limits: Limits) -> Any:
    """The content of a torch zip file or of a TorchScript archive; tensors are views of `data`. Raises WeightsError."""
    entries = directory(data, limits)
    roots = [name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1:
        raise WeightsError(f"{limits.name} is a zip archive without weights of torch: unpack it and name a file in it.")
    (root,) = roots
    script = root + "constants.pkl" in entries
    if root + "byteorder" in entries and content(data, entries[root + "byteorder"], limits) == b"big":
        raise limits.refused("was written on a big-endian machine")
    blocks: dict[str, Block] = {}

    def block(key: str, size: int) -> Block:
        if key not in blocks:
            name = f"{root}data/{key}"
            if name not in entries:
                raise ValueError(f"storage {key[:20]} is missing")
            found = content(data, entries[name], limits)
            blocks[key] = Block(len(found), found)
        if size > blocks[key].size:
            raise ValueError(f"storage {key[:20]} has {blocks[key].size} bytes instead of {size}")
        return blocks[key]

    return Machine(content(data, entries[root + "data.pkl"], limits), limits, block=block, script=script).run()


def content(data: memoryview, entry: Entry, limits: Limits) -> memoryview:
    """The bytes of an entry."""
    if entry.method:
        raise limits.refused("is compressed within, as torch never writes it")
    start = _start(data, entry, limits)
    return data[start : start + entry.size]


def directory(data: memoryview, limits: Limits) -> dict[str, Entry]:
    """The entries of a zip archive by name; WeightsError where they lie outside the file or in each other."""
    count, size, start = _end(data, limits)
    if count > ENTRIES:
        raise limits.refused(f"is a zip archive of {count} files")
    if start + size > len(data):
        raise limits.damaged("its list of files lies outside")
    entries: dict[str, Entry] = {}
    position = start
    for _ in range(count):
        if position + ENTRY.size > start + size:
            raise limits.damaged("its list of files is too short")
        fields = ENTRY.unpack_from(data, position)
        signature, method, packed, unpacked, name, extra, comment = (fields[k] for k in (0, 4, 8, 9, 10, 11, 12))
        position += ENTRY.size
        if signature != b"PK\1\2" or fields[3] & 1:
            raise limits.damaged("its list of files makes no sense")
        text = bytes(data[position : position + name]).decode("utf-8", "replace")
        wide = data[position + name : position + name + extra]
        packed, unpacked, header = _wide(wide, [unpacked, packed, fields[16]], limits)
        if text in entries or (method == 0 and packed != unpacked):
            raise limits.damaged(f"its file {plain(text)} is there twice or has two sizes")
        entries[text] = Entry(method, packed, header)
        position += name + extra + comment
    _apart(data, entries, start, limits)
    return entries


def _end(data: memoryview, limits: Limits) -> tuple[int, int, int]:
    """Count of the entries, size and offset of their list."""
    tail = max(len(data) - END.size - COMMENT, 0)
    found = bytes(data[tail:]).rfind(b"PK\5\6")
    if found < 0 or tail + found + END.size > len(data):
        raise limits.damaged("the end of its zip archive is missing")
    position = tail + found
    _, _, _, _, count, size, start, _ = END.unpack_from(data, position)
    if position >= LOCATOR.size:
        signature, _, far, _ = LOCATOR.unpack_from(data, position - LOCATOR.size)
        if signature == b"PK\6\7" and far + END64.size <= len(data):
            signature, *_, count, size, start = END64.unpack_from(data, far)
            if signature != b"PK\6\6":
                raise limits.damaged("the end of its zip archive makes no sense")
    return count, size, start


def _wide(extra: memoryview, sizes: list[int], limits: Limits) -> tuple[int, int, int]:
    """Packed size, unpacked size and offset, with 64-bit values taken from the extra field."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            values = extra[position + 4 : position + 4 + length]
            for k, size in enumerate(sizes):
                if size == MANY:
                    if len(values) < 8:
                        raise limits.damaged("a size is missing in its list of files")
                    sizes[k], values = struct.unpack_from("<Q", values)[0], values[8:]
        position += 4 + length
    unpacked, packed, header = sizes
    return packed, unpacked, header


def _start(data: memoryview, entry: Entry, limits: Limits) -> int:
    """Where the bytes of an entry begin; WeightsError when it does not lie within the file."""
    if entry.header + LOCAL.size > len(data):
        raise limits.damaged("one of its files lies outside")
    signature, *_, name, extra = LOCAL.unpack_from(data, entry.header)
    start = entry.header + LOCAL.size + name + extra
    if signature != b"PK\3\4" or start + entry.size > len(data):
        raise limits.damaged("one of its files lies outside")
    return start


def _apart(data: memoryview, entries: dict[str, Entry], end: int, limits: Limits) -> None:
    """Refuse entries that lie in each other or behind `end`: a few bytes would count as many."""
    previous = 0
    for entry in sorted(entries.values(), key=lambda entry: entry.header):
        if entry.header < previous:
            raise limits.refused("is a zip archive whose files lie in each other")
        previous = _start(data, entry, limits) + entry.size
        if previous > end:
            raise limits.refused("is a zip archive whose files lie in each other")
