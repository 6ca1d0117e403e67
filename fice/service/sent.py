"""Files that were sent along with an order: they lie under names of ours, and people read those of their senders."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fice.errors import FiceError
from fice.garment import Garment
from fice.order import WISHES, Order, is_file

RANDOM = 4  # bytes of a name of ours, which lies in a folder that nobody else can read
ENDING = re.compile(r"\.[A-Za-z0-9]{1,12}")  # of a name, which may say how a file is read
Held = TypeVar("Held", Garment, Order)


class Sent:
    """The files that one order names; within a `with` block they lie in `folder`, each under a name of ours.

    One that was not sent gets such a name, too, and nothing lies there: no order reaches another file of this machine.

    Args:
        content: what was sent, by the names in the order.
    """

    def __init__(self, order: Order, content: Mapping[str, bytes], folder: Path):
        self._own = {name: folder / _our_name(name) for name in order.files().values()}
        self._content = {name: content[name] for name in self._own.keys() & content.keys()}
        garments = tuple(_renamed(garment, self._own) for garment in order.garments)
        self._order = replace(_renamed(order, self._own), garments=garments)

    @property
    def bytes(self) -> int:
        return sum(map(len, self._content.values()))

    def __enter__(self) -> Order:
        """The same order, with our names."""
        for name, content in self._content.items():
            self._own[name].write_bytes(content)
        return self._order

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        """Deletes them. An error for people speaks of them by the names of their senders."""
        for path in self._own.values():
            path.unlink(missing_ok=True)
        if isinstance(error, FiceError) and str(error) != (said := self.plain(str(error))):
            raise type(error)(said) from error

    def plain(self, text: str) -> str:
        """A text in which they have the names of their senders again."""
        for name, path in self._own.items():
            text = text.replace(str(path), name)
        return text

    def facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        """What json can hold, with the names of their senders."""
        told = json.dumps(facts)
        for name, path in self._own.items():
            told = told.replace(json.dumps(str(path))[1:-1], json.dumps(name)[1:-1])
        return json.loads(told)


def _our_name(name: str) -> str:
    ending = Path(name).suffix
    return secrets.token_hex(RANDOM) + (ending if ENDING.fullmatch(ending) else "")


def _renamed(held: Held, own: Mapping[str, Path]) -> Held:
    """Wishes whose files have other names."""

    def one(name: str, value: Any) -> Any:
        if not is_file(name, value):
            return value
        file = WISHES[name].metadata["path"](value)
        return f"{own[file]}{value.removeprefix(file)}"

    values = {name: value for name in WISHES if (value := getattr(held, name, None)) is not None}
    changes: dict[str, Any] = {
        name: tuple(one(name, each) for each in value) if isinstance(value, tuple) else one(name, value)
        for name, value in values.items()
    }
    return replace(held, **changes)
