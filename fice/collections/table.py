"""What a shop's table says of its pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fice.batch.tables import OTHERS, read_rows
from fice.collections.kinds import kinds_meant
from fice.errors import InputError, UsageError
from fice.language.words import parse

COLUMNS = ("picture", "caption", "category", "price", "link")
LONGEST = 2000  # letters of a caption


def read_table(table: Path, folder: Path) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What is told of each picture, by its path below the folder, and of rows that cannot be used why.

    Pictures are named as seen from the folder. Raises InputError and UsageError as `read_rows`, and for a table without
    any usable row.
    """
    told: dict[str, dict[str, str]] = {}
    failed: dict[str, str] = {}
    for row in read_rows(table, (*COLUMNS, OTHERS), _read):
        name = os.path.normpath(os.path.join(folder, row.values.get("picture", "")))
        picture = os.path.relpath(name, folder)
        where = f"Line {row.line} of {table}"
        if row.error or "picture" not in row.values:
            failed[where] = row.error or f"{where} names no picture; add one."
        elif not os.path.isfile(name):
            failed[where] = f"{where} names {row.values['picture']}, which is not in {folder}; correct it."
        elif picture in told:
            failed[where] = f"{where} names {picture} a second time; remove one."
        else:
            told[picture] = {name: value for name, value in row.values.items() if name != "picture"}
    if failed and not told:
        raise InputError(f"No row of {table} can be used: {next(iter(failed.values()))}")
    return told, failed


def meant_by(category: str | None) -> tuple[str, ...]:
    """The kinds that a category may mean, () where it does not say. InputError for what is no garment."""
    if not category:
        return ()
    try:
        first, *_ = parse(category)
    except InputError:
        return ()
    kinds = kinds_meant(first)
    if first.things and not (kinds or first.garments):
        raise InputError(f"The table calls it {category!r}, which fice does not dress.")
    return kinds


def _read(name: str, value: Any, folder: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or len(str(value)) > LONGEST:
        raise UsageError(f"The order has no text in {name!r}; correct it.")
    return str(value).strip()
