"""Names of results: mirrored from the photos, whole on every file system, each its own."""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from fice.errors import UsageError
from fice.photo.names import FORMATS, NAME_BYTES, slug, with_alpha

SUFFIX_BYTES = 60
SHEET = "contact-sheet.png"  # of the whole run; no result is called that


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo lies below the source, and what tells its results apart.

    shown: the text is part of the name from the start. plain: nothing will lie there (a folder that cannot be read, a
    line that cannot be used); the name is taken as it is. extension: of a result in the photo's own format.
    """

    folders: tuple[str, ...]
    name: str
    text: str = ""
    options: str = "{}"  # as json
    shown: bool = False
    plain: bool = False
    extension: str = ".png"

    @property
    def clear(self) -> Place:
        """The same for a result that is to be transparent."""
        return replace(self, extension=with_alpha(self.extension))


def check_suffix(suffix: str | None) -> str:
    """UsageError when it cannot be a part of a file's name."""
    suffix = suffix or ""
    if any(letter in suffix for letter in "/\\\0") or len(suffix.encode("utf-8", "replace")) > SUFFIX_BYTES:
        raise UsageError(f"The suffix {suffix[:70]!r} cannot be part of a name; use a short one, like -edited.")
    if not _encodes(suffix):
        raise UsageError("The suffix is not Unicode; use plain letters, like -edited.")
    return suffix


def check_extension(ext: str) -> str:
    """ "auto", or ".png" for "png" and ".png"; UsageError for what is not written."""
    if ext == "auto":
        return ext
    dotted = "." + ext.lower().removeprefix(".")
    if dotted not in FORMATS:
        raise UsageError(f"Results are not written as {ext!r}; choose auto, {', '.join(FORMATS)}.")
    return dotted


def keys(places: Sequence[Place], suffix: str, ext: str) -> list[str]:
    """The key of each place, no two alike where case and Unicode normalisation do not count, none a folder of another.

    Where plain names would meet, all of these get the photo's extension into their stem, then the text, then a hash:
    a name depends on the place and on those it would meet, not on their order. Places must differ in more
    than the extension, which one photo has once.
    """
    levels = [0] * len(places)
    folders = {fold("/".join(parts[:n])) for parts in _folders(places) for n in range(1, len(parts) + 1)}
    taken = folders | {SHEET}
    names = [_key(place, 0, suffix, ext) for place in places]
    open_ones = set(range(len(places)))
    while open_ones:
        meeting: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(names):
            meeting[fold(name)].append(index)
        open_ones = {
            index
            for name, group in meeting.items()
            if len(group) > 1 or name in taken
            for index in group
            if levels[index] < len(_LEVELS) - 1
        }
        for index in open_ones:
            levels[index] += 1
            names[index] = _key(places[index], levels[index], suffix, ext)
    return names


def fold(name: str) -> str:
    """The same for all names that some file system takes for one."""
    if name.isascii():
        return name.lower()
    for _ in range(2):  # casefolding undoes some of the decomposition
        name = unicodedata.normalize("NFD", name).upper().casefold()
    return unicodedata.normalize("NFC", name)


_LEVELS = ("plain", "extension", "text", "hash", "long hash")


def _folders(places: Sequence[Place]) -> set[tuple[str, ...]]:
    return {tuple(map(_portable, folders)) for folders in {place.folders for place in places}}


def _key(place: Place, level: int, suffix: str, ext: str) -> str:
    stem, own = ("", "") if place.plain else os.path.splitext(place.name)
    extension = "" if place.plain else ext if ext != "auto" else place.extension
    marks = [own[1:]] if level >= 1 and own.lower() != extension.lower() and _encodes(own) else []
    if place.shown or (level >= 2 and place.text):
        marks.append(slug(place.text))
    if level >= 3:
        marks.append(_identity(place)[: 8 if level == 3 else 64])
    tail = "".join("." + mark for mark in marks if mark) + ("" if place.plain else suffix) + extension
    return "/".join([*map(_portable, place.folders), _shortened(_portable(stem or place.name), tail)])


def _identity(place: Place) -> str:
    said = json.dumps([place.folders, place.name, place.text, place.options])  # ASCII, whatever the names hold
    return hashlib.sha256(said.encode()).hexdigest()


def _encodes(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(4096)
def _portable(part: str) -> str:
    """A part of a path as it is, or, where it is not Unicode, what is of it and a hash."""
    if _encodes(part):
        return part
    return _cut(part.encode(errors="ignore"), NAME_BYTES - 9) + "-" + _mark(part)


def _shortened(stem: str, tail: str) -> str:
    """stem + tail, which fits; what is cut off a stem leaves a hash."""
    content, room = stem.encode(), NAME_BYTES - len(tail.encode())
    return stem + tail if len(content) <= room else f"{_cut(content, room - 9)}-{_mark(stem)}{tail}"


def _cut(content: bytes, room: int) -> str:
    return content[: max(room, 0)].decode(errors="ignore")


def _mark(part: str) -> str:
    return hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def as_json(options: dict[str, Any]) -> str:
    """Options of a job as a `Place` holds them."""
    return json.dumps(options, sort_keys=True) if options else "{}"
