"""The collections of this user on the page: browsed, searched, and picked from."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from fice.bundle.bundle import Bundle
from fice.collections.collection import Collection, Shelved
from fice.collections.dress import Collections
from fice.errors import InputError
from fice.garment import Garment
from fice.language.words import parse
from fice.pages.thumbnails import embedded, shrunk, webp
from fice.photo.decode import read_bytes

SHOWN = 24  # garments at once
SIDE = 160  # pixels of a small picture
CAPTIONS = 300  # that are suggested


class Shelf:
    """Collections, looked through with the networks of one bundle."""

    def __init__(self, bundle: Bundle):
        self.bundle = bundle
        self._one_at_a_time = Lock()

    @cached_property
    def _collections(self) -> Collections:
        return Collections.from_bundle(self.bundle)

    def search(self, name: str, text: str) -> list[dict[str, Any]]:
        """What a collection has for a sentence, the best first, and its beginning for none; ready for the page.

        Raises InputError as `Collection.open` and `Collections.find`, and for a text that asks for no garment.
        """
        collection = Collection.open(name).seen_by(self.bundle)
        if not text.strip():
            return [_shown(name, collection.folder / row["picture"], row) for row in self._rows(collection, SHOWN)]
        sentences = parse(text)
        with self._one_at_a_time:
            each = max(1, SHOWN // max(1, len(sentences)))
            found = [self._collections.find(collection, Garment(text), one, each, None) for one in sentences]
        return [_shown(name, hit.picture, hit.as_json()) for finding in found for hit in finding.hits]

    def picture(self, name: str, picture: str) -> tuple[str, bytes]:
        """A garment's picture, and where it lies. Raises InputError for one that the collection does not have."""
        collection = Collection.open(name)
        if picture not in {str(collection.folder / row["picture"]) for row in self._rows(collection)}:
            raise InputError(f"The collection {name} has no such picture; search it again.")
        return picture, read_bytes(Path(picture), "garment")

    def captions(self, names: list[str]) -> list[str]:
        """What the tables of collections say of their first garments."""
        said: dict[str, None] = {}
        for name in names:
            try:
                rows = self._rows(Collection.open(name), CAPTIONS)
            except InputError:  # one that is damaged, which is said where it is opened
                continue
            said |= dict.fromkeys(row["caption"] for row in rows if row.get("caption"))
        return [*said][:CAPTIONS]

    @staticmethod
    def _rows(collection: Collection, most: int | None = None) -> list[dict[str, Any]]:
        shelf = collection.shelf
        assert isinstance(shelf, Shelved)  # those of this user are on this machine
        count = len(collection)
        return list(shelf.stored.rows(range(count if most is None else min(most, count))))


def _shown(name: str, picture: Path, said: dict[str, Any]) -> dict[str, Any]:
    told = ", ".join(filter(None, (said.get("caption"), said.get("price")))) or picture.stem
    return {
        "collection": name,
        "picture": str(picture),
        "caption": told,
        "why": said.get("why") or said.get("kind", ""),
        "thumbnail": _thumbnail(picture, picture.stat().st_mtime_ns if picture.exists() else 0),
    }


@lru_cache(2048)
def _thumbnail(picture: Path, changed: int) -> str:
    """As a data URI; "" where there is none any more."""
    try:
        small = shrunk(picture)
    except InputError:
        return ""
    small.thumbnail((SIDE, SIDE))
    return embedded(webp(small))
