"""EXIF with a text of our own in it, while all that was there stays where it is: makers' notes name places in it."""

from __future__ import annotations

import struct

ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
EMPTY = b"Exif\0\0II*\0" + struct.pack("<IHI", 8, 0, 0)  # a first directory with nothing in it
DESCRIPTION, COMMENT, CAMERA = 0x010E, 0x9286, 0x8769  # tags; the last names the directory in which comments are
ASCII, LONG, UNDEFINED = 2, 4, 7  # kinds of values
LETTERS = b"ASCII\0\0\0"  # how a comment says in which letters it is


def with_text(exif: bytes | None, tag: int, text: str) -> bytes:
    """EXIF with an ASCII text as DESCRIPTION or COMMENT; the old one's bytes are blank, all else stays where it is.

    exif: without a second directory, or None. What is new stands at its end. Raises struct.error where it is damaged.
    """
    mended = bytearray(exif or EMPTY)
    tree = _Tree(mended)
    link = tree.head + 4
    if tag == COMMENT:
        if CAMERA not in tree.entries(link):
            tree.put(link, CAMERA, LONG, 1, tree.append(bytes(6)))
        link = tree.entries(link)[CAMERA] + 8
    letters = text.encode("ascii")
    kind, value = (UNDEFINED, LETTERS + letters) if tag == COMMENT else (ASCII, letters + b"\0")
    tree.blank(tree.entries(link).get(tag))
    tree.put(link, tag, kind, len(value), tree.append(value))
    return bytes(mended)


class _Tree:
    """The directories of EXIF, changed in place."""

    def __init__(self, data: bytearray) -> None:
        self.data, self.head = data, 6 * data.startswith(b"Exif\0\0")
        order = ORDERS.get(bytes(data[self.head : self.head + 4]))
        if order is None:
            raise struct.error("no byte order")
        self.order = order

    def entries(self, link: int) -> dict[int, int]:
        """Tag -> where its entry lies, of the directory that the pointer at `link` names."""
        first = self.head + self._read("I", link)
        places = [first + 2 + 12 * number for number in range(self._read("H", first))]
        return {self._read("H", place): place for place in places}

    def append(self, value: bytes) -> int:
        """The offset of a value that is put at the end."""
        self.data += bytes((len(self.data) - self.head) % 2)  # offsets are even
        offset = len(self.data) - self.head
        self.data += value
        return offset

    def put(self, link: int, tag: int, kind: int, count: int, value: int) -> None:
        """Write a directory anew at the end, with one entry more or another one, and let `link` name it."""
        found = {each: bytes(self.data[at : at + 12]) for each, at in self.entries(link).items()}
        found[tag] = struct.pack(self.order + "HHII", tag, kind, count, value)
        directory = [struct.pack(self.order + "H", len(found)), *(found[each] for each in sorted(found)), bytes(4)]
        struct.pack_into(self.order + "I", self.data, link, self.append(b"".join(directory)))

    def blank(self, entry: int | None) -> None:
        if entry is None or (count := self._read("I", entry + 4)) <= 4:
            return
        start = self.head + self._read("I", entry + 8)
        end = min(start + count, len(self.data))
        self.data[start:end] = bytes(max(end - start, 0))

    def _read(self, form: str, at: int) -> int:
        return struct.unpack_from(self.order + form, self.data, at)[0]
