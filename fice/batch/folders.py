"""Folders walked and patterns matched: each photo once, links followed, loops ended, the unreadable named."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePath

from fice.batch.journal import NAME
from fice.errors import InputError
from fice.files import LOCK

Test = Callable[[tuple[str, ...], str], bool]  # folders below the top, name


@dataclass(frozen=True, slots=True)
class Found:
    """A photo, or a folder that cannot be entered: the folders it lies in below the top, its name, its path."""

    folders: tuple[str, ...]
    name: str
    path: str
    error: str | None = None
    is_folder: bool = False


def photos_under(top: str, out: str) -> list[Found]:
    """Every file below the folder `top` that has the extension of a photo, in the order of their paths."""
    readable = extensions()
    return _walk(top, out, lambda _, name: os.path.splitext(name)[1].lower() in readable)


def photos_like(pattern: str, out: str) -> tuple[str, list[Found]]:
    """The folder before the first special letter of a pattern, and the files that match; ** is any folders."""
    parts = PurePath(pattern).parts
    fixed = next(index for index, part in enumerate(parts) if with_magic(part))
    top, rest = str(PurePath(*parts[:fixed])), parts[fixed:]
    deepest = None if "**" in rest else len(rest) - 1
    return top, _walk(top, out, lambda folders, name: _matches((*folders, name), rest), deepest)


def with_magic(pattern: str) -> bool:
    """Whether a name is a pattern."""
    return any(letter in pattern for letter in "*?[")


@lru_cache(1)
def extensions() -> frozenset[str]:
    """In lower case, those of the pictures that are read, and of those that get a word of advice instead."""
    from PIL import Image

    from fice.photo.decode import READABLE

    return frozenset(e for e, kind in Image.registered_extensions().items() if kind in READABLE) | {".heic", ".heif"}


def _walk(top: str, out: str, wanted: Test, deepest: int | None = None) -> list[Found]:
    """Files below `top`; folders come under their own name first, under a link's only where that is the only one.

    Hidden names, the folder `out` and folders that an earlier batch filled are passed over.
    """
    entered = {_identity(out)}
    pending: list[tuple[tuple[str, ...], str]] = [((), top)]
    links: list[tuple[tuple[str, ...], str]] = []
    found = []
    while pending or links:
        if not pending:
            links.sort(reverse=True)
            pending.append(links.pop())
        folders, path = pending.pop()
        identity = _identity(path)
        if identity in entered:
            continue
        entered.add(identity)
        try:
            with os.scandir(path) as scan:
                entries = [entry for entry in scan if not entry.name.startswith(".") or entry.name == LOCK]
        except OSError as error:
            advice = f"The folder {path} cannot be read ({error.strerror}); change its rights (chmod +rx)."
            if not folders:
                raise InputError(f"The folder {path} cannot be read ({error.strerror}); check it.") from error
            found.append(Found(folders[:-1], folders[-1], path, advice, is_folder=True))
            continue
        if folders and {NAME, LOCK} <= {entry.name for entry in entries}:
            continue
        for entry in entries:
            if _is_folder(entry):
                if deepest is None or len(folders) < deepest:
                    (links if entry.is_symlink() else pending).append(((*folders, entry.name), entry.path))
            elif entry.name != LOCK and wanted(folders, entry.name):
                lost = entry.is_symlink() and not os.path.exists(entry.path)
                advice = f"{entry.path} is a link to a file that does not exist; mend or remove it."
                found.append(Found(folders, entry.name, entry.path, advice if lost else None))
    return sorted(found, key=lambda photo: (*photo.folders, photo.name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or to where one may not look
        return False


def _identity(path: str) -> tuple[int, int] | str:
    try:
        facts = os.stat(path)
    except OSError:
        return path
    return facts.st_dev, facts.st_ino


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        rest = pattern[1:] or ("*",)
        return any(_matches(parts[skipped:], rest) for skipped in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
