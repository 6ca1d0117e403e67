"""A folder of pictures made a collection: what is new or changed is looked at, the rest is kept; it may be stopped."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fice.batch.folders import Found, photos_under
from fice.bundle.bundle import Bundle, load_bundle
from fice.collections import store
from fice.collections.collection import SERVER, unchanged
from fice.collections.features import colour_code
from fice.collections.known import Known
from fice.collections.store import BLOCK, CARD, Row, Stored, read_card
from fice.collections.table import COLUMNS, meant_by, read_table
from fice.device import resolve
from fice.errors import FiceError, InputError, UsageError
from fice.files import LOCK, explain, locked, own_collections
from fice.language.colours import COLOURS
from fice.references.reference import KINDS

JOURNAL = "journal.jsonl"
TOGETHER = 16  # pictures that are looked at together
SPREAD_OF, LONE = 500, 0.1  # garments of which the spread of cosines is measured; that of a single one
LEAST = 1e-3  # probability of a kind that a table says


@dataclass
class Indexed:
    """What became of a folder: counts of garments, and why pictures are none.

    Attributes:
        looked_at: pictures that were read; kept: those that need not be; gone: that are no longer there.
        failed: picture -> why, one sentence.
    """

    looked_at: int = 0
    kept: int = 0
    gone: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"garments": self.looked_at + self.kept, **vars(self)}

    def __str__(self) -> str:
        counts = ((self.looked_at, "looked at"), (self.kept, "kept"), (self.gone, "gone"), (len(self.failed), "failed"))
        told = ", ".join(f"{count} {what}" for count, what in counts if count)
        return f"{self.looked_at + self.kept} garments ({told})"


def index(
    folder: str | Path,
    name: str,
    table: str | Path | None = None,
    *,
    bundle: str | Path | Bundle = "street",
    device: str = "auto",
    tell: Callable[[str], None] = lambda _: None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Indexed:
    """Makes a folder of pictures, with all below it, the collection `name`, or brings that up to date.

    name: of a collection of this machine, or qdrant://host:port/name: then it is indexed here and written there.
    table: csv, tsv or jsonl with a column "picture" and any of "caption", "category", "price" and "link". progress is
    told how many pictures were looked at, of how many. Stopped by KeyboardInterrupt, what was looked at is kept for the
    next time. Pictures that cannot be used are counted; raises InputError for a folder without any that can, UsageError
    for a name that is another folder's, and the errors of `fice.bundle.bundle.load_bundle`.
    """
    pictures = Path(folder).resolve()
    if not pictures.is_dir():
        raise InputError(f"There is no folder {folder}; check its name.")
    address = name if name.startswith(SERVER) else None
    if address:
        from fice.collections.qdrant import check_server, push

        name = check_server(address)
    if not name or Path(name).name != name or name.startswith("."):
        raise UsageError(f"{name!r} is no name for a collection; take a plain one, as shop.")
    weights = load_bundle(bundle)
    home = own_collections() / name

    def busy() -> None:
        raise UsageError(f"Another fice is indexing {name}; wait until it is done.")

    try:
        home.mkdir(parents=True, exist_ok=True)
        with locked(home / LOCK, busy):
            done = _Indexing(pictures, home, weights, device, tell, progress).run(Path(table) if table else None)
            if address:
                push(Stored(home, read_card(home)), address, progress)
            return done
    except OSError as error:
        raise explain(error, home / CARD) from error
    finally:
        if home.is_dir() and {path.name for path in home.iterdir()} <= {LOCK}:
            shutil.rmtree(home)


class _Indexing:
    """One run of `index`."""

    def __init__(
        self,
        folder: Path,
        home: Path,
        bundle: Bundle,
        device: str,
        tell: Callable[[str], None],
        progress: Callable[[int, int], None],
    ):
        from fice.collections.eyes import Eyes, weights_of  # torch, from here on

        self.folder, self.home, self.bundle, self.progress = folder, home, bundle, progress
        self.weights = weights_of(bundle)
        self.eyes = cache(lambda: Eyes(bundle, resolve(device)[0]))
        self.done = Indexed()
        self.known = Known(home / JOURNAL, self.weights, self._earlier(tell))

    def _earlier(self, tell: Callable[[str], None]) -> Stored | None:
        """The collection of that name that is there, where its features can be kept."""
        if not (self.home / CARD).exists():
            return None
        card = read_card(self.home)
        if card.folder != str(self.folder) and Path(card.folder).is_dir():
            raise UsageError(
                f"The collection {self.home.name} is that of {card.folder}: take another name, or remove it first."
            )
        if card.weights != self.weights:
            tell(f"{self.home.name} was indexed with other weights, so all its pictures are looked at anew.")
            return None
        return Stored(self.home, card)

    def run(self, table: Path | None) -> Indexed:
        found = photos_under(str(self.folder), str(self.home))
        if not found:
            raise InputError(f"There are no pictures in {self.folder}; check its name.")
        told, self.done.failed = read_table(table, self.folder) if table else ({}, {})
        with self.known:
            usable = self._usable(found, told)
            if not usable:
                first = next(iter(self.done.failed.values()))
                raise InputError(f"None of the pictures in {self.folder} can be used: {first}")
            self.done.gone = self.known.missing_from(usable)
            self._write(usable, told)
            self.known.forget()
        return self.done

    def _usable(self, found: Sequence[Found], told: dict[str, dict[str, str]]) -> list[str]:
        """The pictures that are known in the end, those that are new or have changed looked at."""
        pictures: list[str] = []
        due: list[str] = []
        for each in found:
            picture = "/".join((*each.folders, each.name))
            try:
                if each.error:
                    raise InputError(each.error)
                meant_by(told.get(picture, {}).get("category"))
            except InputError as error:
                self.done.failed[picture] = str(error)
                continue
            pictures.append(picture)
            if picture not in self.known or not unchanged(Path(each.path), self.known.entry(picture)[0]):
                due.append(picture)
        self.done.kept = len(pictures) - len(due)
        self.progress(0, len(due))
        for start in range(0, len(due), TOGETHER):
            self._look_at(due[start : start + TOGETHER])
            self.progress(min(start + TOGETHER, len(due)), len(due))
        return [picture for picture in pictures if picture not in self.done.failed and picture in self.known]

    def _look_at(self, pictures: Sequence[str]) -> None:
        states = {}
        for picture in pictures:
            with suppress(OSError):  # one that has just gone, and cannot be read either
                states[picture] = os.stat(self.folder / picture)  # before it is read, so that a change is found later
        entries = []
        for picture, seen in zip(pictures, self.eyes().look([self.folder / one for one in pictures]), strict=True):
            if isinstance(seen, FiceError):
                self.done.failed[picture] = str(seen)
            elif state := states.get(picture):
                row = {"picture": picture, "bytes": state.st_size, "mtime_ns": state.st_mtime_ns}
                entries.append((row | seen.as_row(), seen.look))
        self.done.looked_at += len(entries)
        self.known.add(entries)

    def _write(self, pictures: Sequence[str], told: dict[str, dict[str, str]]) -> None:
        looks = len(self.known.entry(pictures[0])[1])
        spread = self._spread(pictures)
        blocks = (self._block(pictures[start : start + BLOCK], told) for start in range(0, len(pictures), BLOCK))
        facts = {"folder": str(self.folder), "bundle": self.bundle.name, "weights": self.weights}
        store.write(self.home, blocks, len(pictures), looks=looks, spread=spread, **facts)

    def _block(self, pictures: Sequence[str], told: dict[str, dict[str, str]]) -> tuple[list[Row], np.ndarray]:
        """Rows of some pictures with what the table says of them, and their vectors."""
        rows, looks, kinds = [], [], []
        for picture in pictures:
            row, look = self.known.entry(picture)
            row = {name: value for name, value in row.items() if name not in COLUMNS[1:]} | told.get(picture, {})
            sure = np.array(row["seen"])
            if meant := meant_by(row.get("category")):
                sure = np.maximum(sure, LEAST) * [kind in meant for kind in KINDS]
                sure /= sure.sum()
            row["kind"] = KINDS[int(sure.argmax())]
            rows.append(row)
            looks.append(look)
            kinds.append(sure)
        colours = [np.array(row["colours"]) for row in rows]
        code = colour_code([each[:, :3] for each in colours], [each[:, 3] for each in colours])
        return rows, np.hstack([np.stack(looks), np.array(kinds), code]).astype(np.float32)

    def _spread(self, pictures: Sequence[str]) -> float:
        """The standard deviation of cosines with sentences, over some of the pictures."""
        if self.known.stored is not None and not self.done.looked_at:
            return self.known.stored.card.spread
        chosen = random.Random(0).sample(pictures, min(SPREAD_OF, len(pictures)))
        looks = np.stack([self.known.entry(picture)[1] for picture in chosen])
        texts = self.eyes().encode([f"a {colour} {kind}" for colour in list(COLOURS)[::3] for kind in KINDS])
        return max(float((looks @ texts.T).std(0).mean()), 1e-3) if len(chosen) > 1 else LONE
