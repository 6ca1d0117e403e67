"""A collection of garments, by its name, its folder or the address of a server: opened and searched."""

from __future__ import annotations

import difflib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from fice.collections.features import bits_of
from fice.collections.query import Query
from fice.collections.search import nearest
from fice.collections.store import CARD, Card, Row, Stored, read_card
from fice.errors import InputError
from fice.files import own_collections, sha256_of

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle

SERVER = "qdrant://"
LOOKED_AT = 256  # garments that are judged one by one, of those whose vectors answer best


@dataclass(frozen=True)
class Hit:
    """One garment that was found.

    Attributes:
        picture: its file.
        kind: of `fice.references.reference.KINDS`.
        score: the larger the better; comparable within one search only.
        why: what the score is made of, in words.
        caption, category, price, link: what the table says, or None.
    """

    picture: Path
    kind: str
    score: float
    why: str
    caption: str | None = None
    category: str | None = None
    price: str | None = None
    link: str | None = None

    def __str__(self) -> str:
        told = ", ".join(filter(None, (self.caption, self.category, self.price, self.link)))
        return f"{self.score:5.2f}  {self.picture}  {self.why}" + (f"  ({told})" if told else "")

    def as_json(self) -> dict[str, Any]:
        """For reports; what the table does not say is left out."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return said | {"picture": str(self.picture), "score": round(self.score, 4)}


class Shelf(Protocol):
    """Where garments lie: on the disk, or on a server."""

    def candidates(self, query: Query, count: int) -> tuple[list[Row], np.ndarray]:
        """About `count` garments whose vectors answer best, in any order, and their vectors (n, D)."""
        ...

    def has(self, bits: int) -> bool:
        """Whether any garment may be of these kinds, as of `features.bits_of`; 0: of any."""
        ...


class Collection:
    """Garments that can be searched.

    Attributes:
        name: as it is called.
        folder: of the pictures.
        weights: the sha256 of what saw them.
        spread: of CLIP's cosines between them and sentences.
        sha256: of all that it holds.
        stale: pictures that have changed, or gone, since they were indexed, as far as searches came across them.
    """

    def __init__(self, name: str, card: Card, shelf: Shelf):
        self.name, self.card, self.shelf = name, card, shelf
        self.folder, self.weights, self.spread, self.sha256 = Path(card.folder), card.weights, card.spread, card.sha256
        self.stale: set[str] = set()
        self._states: dict[str, bool] = {}

    def __len__(self) -> int:
        return self.card.count

    @classmethod
    def open(cls, name: str | Path) -> Collection:
        """By its name, its folder or that of its pictures, or qdrant://host:port/name.

        Raises InputError where there is none, where it is damaged, and where its pictures have moved.
        """
        if str(name).startswith(SERVER):
            from fice.collections.qdrant import open_server

            return open_server(str(name))
        folder = find(name)
        card = read_card(folder)
        check_folder(card, folder.name)
        return cls(folder.name, card, Shelved(Stored(folder, card)))

    def seen_by(self, bundle: Bundle) -> Collection:
        """Itself. InputError where networks of another bundle saw its garments, and their numbers mean other things."""
        from fice.collections.eyes import weights_of

        if self.weights != weights_of(bundle):
            raise InputError(
                f"The collection {self.name} was indexed with the bundle {self.card.bundle}: say --bundle"
                f" {self.card.bundle}, or index its pictures again with --bundle {bundle.name}."
            )
        return self

    def search(self, query: Query, top: int) -> list[Hit]:
        """The `top` garments that answer best, the best first; of changed pictures the old features do not count."""
        rows, vectors = self.shelf.candidates(query, max(LOOKED_AT, 4 * top))
        if not rows:
            return []
        parts = query.parts(rows, vectors)
        scores = query.scores(parts)
        hits: list[Hit] = []
        for i in sorted(range(len(rows)), key=lambda i: (-scores[i], rows[i]["picture"])):
            row = rows[i]
            if len(hits) == top:
                break
            if not self._fresh(row):
                self.stale.add(row["picture"])
                continue
            said = {name: row.get(name) for name in ("caption", "category", "price", "link")}
            why = query.why(row, {name: float(part[i]) for name, part in parts.items()})
            hits.append(Hit(self.folder / row["picture"], row["kind"], float(scores[i]), why, **said))
        return hits

    def found(self, query: Query, wanted: str, top: int) -> tuple[Hit, ...]:
        """As `search`. InputError as `check`, and where all pictures of a kind have changed."""
        self.check(query.kinds, wanted)
        if hits := self.search(query, top):
            return tuple(hits)
        raise InputError(" ".join([f"Nothing is left of {self.name} for {wanted!r}.", *self.notices()]))

    def check(self, kinds: tuple[str, ...], wanted: str) -> None:
        """InputError where there is nothing of a kind that is wanted; wanted: what was said."""
        if not self.shelf.has(bits_of(kinds)):
            raise InputError(
                f"The collection {self.name} has no {' or '.join(kinds)} for {wanted!r}: fice garments show {self.name}"
                " says what it has; ask for that, or leave out --from."
            )

    def notices(self) -> list[str]:
        """What a person should know after searches."""
        if not self.stale:
            return []
        first, more = min(self.stale), len(self.stale) - 1
        which = first + (f" and {more} more" if more else "")
        return [f"Changed or gone since they were indexed, and left out: {which}; index {self.folder} again."]

    def _fresh(self, row: Row) -> bool:
        """Whether a picture is still what was indexed; looked at once."""
        name = row["picture"]
        if name not in self._states:
            self._states[name] = unchanged(self.folder / name, row)
        return self._states[name]


class Shelved:
    """The garments of a collection on this machine."""

    def __init__(self, stored: Stored):
        self.stored = stored

    def candidates(self, query: Query, count: int) -> tuple[list[Row], np.ndarray]:
        numbers = nearest(self.stored, query, count)
        return list(self.stored.rows(numbers)), self.stored.vectors[numbers]

    def has(self, bits: int) -> bool:
        return not bits or bool((self.stored.bits & bits).any())


def check_folder(card: Card, name: str) -> None:
    """InputError where the pictures of a collection are no longer where they were."""
    if not Path(card.folder).is_dir():
        raise InputError(
            f"The pictures of the collection {name} lay in {card.folder}, which is gone: say where they are now, with"
            f" fice garments index FOLDER --as {name}."
        )


def unchanged(path: Path, row: Row) -> bool:
    """Whether a picture is the one of a row: of its size and age, else of its content."""
    try:
        state = os.stat(path)
        if state.st_size != row["bytes"]:
            return False
        return state.st_mtime_ns == row["mtime_ns"] or sha256_of(path) == row["sha256"]
    except OSError:
        return False


def content_of(name: str) -> str:
    """The sha256 of all that a collection holds, "" where there is none that can be used."""
    try:
        return Collection.open(name).sha256 if name.startswith(SERVER) else read_card(find(name)).sha256
    except InputError:
        return ""


def names() -> list[str]:
    """The collections of this user."""
    home = own_collections()
    return sorted(path.parent.name for path in home.glob(f"*/{CARD}")) if home.is_dir() else []


def find(name: str | Path) -> Path:
    """The folder of a collection by its name, itself, or the folder of its pictures. InputError where there is none."""
    known, path = names(), Path(name)
    if str(name) in known:
        return own_collections() / str(name)
    if (path / CARD).is_file():
        return path.resolve()
    if path.is_dir():
        for folder in (own_collections() / each for each in known):
            with suppress(InputError):  # another one, that is damaged
                if read_card(folder).folder == str(path.resolve()):
                    return folder
        raise InputError(f"{name} has not been indexed: say fice garments index {name} --as NAME, then --from NAME.")
    close = difflib.get_close_matches(str(name), known, 1)
    if close:
        raise InputError(f"There is no collection {str(name)!r}; did you mean {close[0]!r}?")
    if known:
        raise InputError(f"There is no collection {str(name)!r}; there are {', '.join(known)}.")
    made = f"fice garments index FOLDER --as {path.name or 'NAME'} makes one"
    raise InputError(f"There is no collection {str(name)!r}; {made}.")
