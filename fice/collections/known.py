"""What is known of pictures already: by the collection that is there, and by the journal of a run that ended early."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from fice.collections.store import Row, Stored
from fice.files import explain


class Known:
    """Rows and CLIP's features of pictures by name; what is added survives a kill. A context manager.

    Args:
        path: of the journal.
        weights: of the networks; a journal of others is begun anew.
        stored: the collection that is there, of the same weights, or None.
    """

    def __init__(self, path: Path, weights: str, stored: Stored | None):
        self.path, self.stored, self._held = path, stored, ExitStack()
        self._places: dict[str, int] = {}  # a row of `stored`, or from -1 downwards where a line of the journal begins
        rows = stored.rows(range(stored.card.count)) if stored else ()
        self._places |= {row["picture"]: number for number, row in enumerate(rows)}
        self._head = json.dumps({"weights": weights}).encode() + b"\n"

    def __enter__(self) -> Known:
        try:
            self._file = self._held.enter_context(open(self.path, "a+b"))
        except OSError as error:
            raise explain(error, self.path) from error
        self._file.seek(0)
        if self._file.readline() != self._head:
            self._file.truncate(0)
            self._append(self._head)
        self._file.seek(end := len(self._head))
        while line := self._file.readline():
            try:
                self._places[json.loads(line)["picture"]] = -1 - end
            except (ValueError, TypeError, KeyError):  # cut off by a kill, with all that follows
                self._file.truncate(end)
                break
            end += len(line)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def __contains__(self, picture: str) -> bool:
        return picture in self._places

    def missing_from(self, pictures: Iterable[str]) -> int:
        """How many are known that are none of these."""
        return len(self._places.keys() - set(pictures))

    def entry(self, picture: str) -> tuple[Row, np.ndarray]:
        """The row of a picture, and CLIP's features (D,) float32."""
        place = self._places[picture]
        if self.stored is not None and place >= 0:
            (row,) = self.stored.rows([place])
            return row, self.stored.vectors[place, : self.stored.card.looks]
        self._file.seek(-1 - place)
        row = json.loads(self._file.readline())
        return row, np.frombuffer(base64.b64decode(row.pop("look")), np.float32)

    def add(self, entries: Sequence[tuple[Row, np.ndarray]]) -> None:
        """Writes down what was seen, and waits until it is on the disk. FiceError where the disk refuses."""
        self._file.seek(0, os.SEEK_END)
        at, lines = self._file.tell(), []
        for row, look in entries:
            coded = base64.b64encode(np.asarray(look, np.float32).tobytes()).decode()
            lines.append(json.dumps(row | {"look": coded}).encode() + b"\n")
            self._places[row["picture"]] = -1 - at
            at += len(lines[-1])
        self._append(b"".join(lines))

    def forget(self) -> None:
        """Removes the journal: all that it says is in a collection now."""
        self._held.close()
        self.path.unlink()

    def _append(self, content: bytes) -> None:
        try:
            self._file.write(content)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise explain(error, self.path) from error
