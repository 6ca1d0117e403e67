"""What can be fetched: weights/sources.json as objects. Nothing here touches the network."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fice.errors import WeightsError
from fice.files import downloads, shipped

CEILING = 8 << 30  # no file of any source is larger, stated or not
PLAIN = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
FILE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")
PARTS = {"generator", "encoder", "regions", "pose", "clip", "pipeline", "controlnet", "adapter"}


@dataclass(frozen=True)
class File:
    """One file of a source; what its publisher does not state is None, and without a url a person downloads it.

    Attributes:
        name: its path in the folder of the source.
        mirrors: further addresses, tried in turn where it is gone from `url`.
    """

    name: str
    url: str | None = None
    size: int | None = None
    sha256: str | None = None
    mirrors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One thing to fetch.

    Attributes:
        name: what it is called on the command line.
        description: one sentence.
        licence: one line: the licence and what it allows.
        files: at least one.
        page: where a person reads about it and, for files without a url, downloads them.
        parts: the parts of a bundle that it becomes; none where it is used as it is.
        note: a remark on what it becomes.
    """

    name: str
    description: str
    licence: str
    files: tuple[File, ...]
    page: str | None = None
    parts: tuple[str, ...] = ()
    note: str = ""

    @property
    def folder(self) -> Path:
        """Where its files lie once fetched."""
        return downloads() / self.name

    @property
    def path(self) -> Path:
        """What `fetch` returns: the one file, or the folder of several."""
        alone = len(self.files) == 1 and "/" not in self.files[0].name
        return self.folder / self.files[0].name if alone else self.folder

    @property
    def by_hand(self) -> bool:
        """Whether a person has to download some of it in a browser."""
        return any(file.url is None for file in self.files)

    @property
    def size(self) -> int | None:
        """Bytes of all files together; None when a publisher does not state them."""
        sizes = [file.size for file in self.files if file.size is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None

    @property
    def size_text(self) -> str:
        """`422 MB`, or `size not stated`."""
        return "size not stated" if self.size is None else megabytes(self.size)

    def installed(self) -> bool:
        """Whether all files are there with the stated sizes; `fetch` checks what they hold."""
        for file in self.files:
            path = self.folder / file.name
            if not path.is_file() or file.size not in (None, path.stat().st_size):
                return False
        return True


@dataclass(frozen=True)
class Recipe:
    """Sources that make one bundle together."""

    name: str
    description: str
    sources: tuple[Source, ...]

    def installed(self) -> bool:
        """Whether all its sources are there."""
        return all(source.installed() for source in self.sources)


@dataclass(frozen=True)
class Sources:
    """All that can be fetched, by name."""

    sources: dict[str, Source]
    bundles: dict[str, Recipe]

    def names(self) -> list[str]:
        """Names of the bundles, then of the single sources."""
        return [*self.bundles, *self.sources]

    def get(self, name: str) -> Source | Recipe:
        """The source or recipe of that name. Raises WeightsError, with the nearest names, if there is none."""
        found = self.bundles.get(name) or self.sources.get(name)
        if found:
            return found
        near = difflib.get_close_matches(name, self.names(), 3) or self.names()
        raise WeightsError(f"There is nothing called {name!r} to fetch: choose from {', '.join(near)}.")


def load_sources(path: Path | None = None) -> Sources:
    """weights/sources.json, or another file of that form. Raises WeightsError where it breaks the form."""
    path = path or shipped() / "sources.json"
    try:
        return _sources(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} is damaged ({type(error).__name__}: {error}): install fice again.") from error


def megabytes(size: int) -> str:
    """A number of bytes for people: `812 B`, `1.4 MB`, `422 MB`, `1.2 GB`."""
    number, units = float(size), iter(["B", "kB", "MB", "GB"])
    unit = next(units)
    while number >= 999.5 and unit != "GB":
        number, unit = number / 1000, next(units)
    return f"{number:.0f} {unit}" if unit == "B" or number >= 9.95 else f"{number:.1f} {unit}"


def _sources(tree: Any) -> Sources:
    sources = {name: _source(name, **entry) for name, entry in tree["sources"].items()}
    bundles = {}
    for name, entry in tree["bundles"].items():
        if not PLAIN.fullmatch(name) or name in sources:
            raise ValueError(f"name {name!r}")
        bundles[name] = Recipe(name, entry["description"], tuple(sources[part] for part in entry["sources"]))
    return Sources(sources, bundles)


def _source(name: str, description: str, files: list, licence: str, becomes: dict, page: str | None = None) -> Source:
    if not PLAIN.fullmatch(name):
        raise ValueError(f"name {name!r}")
    if not all(isinstance(text, str) and text for text in (description, licence)):
        raise ValueError(f"description or licence of {name}")
    parts = tuple(becomes["parts"])
    if not PARTS.issuperset(parts):
        raise ValueError(f"parts of {name}")
    entries = tuple(_file(**entry) for entry in files)
    if not entries or len({entry.name for entry in entries}) != len(entries):
        raise ValueError(f"files of {name}")
    if page is None and any(entry.url is None for entry in entries):
        raise ValueError(f"neither url nor page of {name}")
    _check_url(page)
    return Source(name, description, licence, entries, page, parts, str(becomes.get("note", "")))


def _file(name: str, url: str | None, size: int | None, sha256: str | None, mirrors: Sequence[str] = ()) -> File:
    if not FILE.fullmatch(name) or name.endswith((".part", ".tag")):
        raise ValueError(f"file name {name!r}")
    if size is not None and not (type(size) is int and 0 < size <= CEILING):
        raise ValueError(f"size of {name}")
    if sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"sha256 of {name}")
    if isinstance(mirrors, str) or (mirrors and url is None):
        raise ValueError(f"mirrors of {name}")
    for address in (url, *mirrors):
        _check_url(address)
    return File(name, url, size, sha256, tuple(mirrors))


def _check_url(url: str | None) -> None:
    if url is not None and not re.fullmatch(r"https://[A-Za-z0-9.-]+/\S+", url):
        raise ValueError(f"url {url!r}")
