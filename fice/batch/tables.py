"""Lists and tables that name photos or texts: .txt, .csv, .tsv and .jsonl, read as data and a line at a time."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from fice.errors import InputError, UsageError
from fice.files import open_file
from fice.order import GARMENTS, OPTIONS, OWN, WISHES, Order, read_wish
from fice.wishes import checked

KINDS = (".txt", ".csv", ".tsv", ".jsonl")
TEXTS = ("text", *(name for name in WISHES if name != "text" and name not in OWN), GARMENTS)  # for every photo
PHOTOS = ("photo", *WISHES, GARMENTS)
OTHERS = "*"  # among columns: any more of them
MOST_BYTES = 1_000_000_000
LONGEST_LINE = 1_000_000


@dataclass(frozen=True)
class Row:
    """One row: its line number, what it says (empty cells left out), or why it cannot be used."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def read_rows(path: Path, columns: tuple[str, ...], values: Callable[[str, Any, Path], Any] | None = None) -> list[Row]:
    """The rows of a list or table whose first column is `columns[0]`, which is all that a .txt has.

    "text" is a str, in .jsonl also a list of them; "seed" and "candidates" are int, the others str, unless `values`
    reads them by name (UsageError). UsageError for unknown columns, unless `OTHERS` are passed over, and for files or
    lines that are too large, InputError when the file cannot be read.
    """
    read = {".txt": _read_list, ".csv": _read_csv, ".tsv": _read_csv, ".jsonl": _read_jsonl}.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path} should end in .txt, .csv, .tsv or .jsonl, so that it is known how to read it.")
    try:
        with open_file(path) as start:
            size, mark = start.seek(0, 2), (start.seek(0), start.read(2))[1]
        if size > MOST_BYTES:
            raise UsageError(f"{path} is larger than a gigabyte; split it into several lists.")
        encoding = "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        # a path may have bytes that are not UTF-8; only "\n" ends a line, quoted ones are kept
        with open(path, encoding=encoding, errors="surrogateescape", newline="\n") as stream:
            rows = [_checked(row, path, columns, values or _read) for row in read(stream, path, columns)]
    except OSError as error:
        raise InputError(f"The list {path} cannot be read ({error.strerror}); check its name and rights.") from error
    except UnicodeError as error:
        raise InputError(f"The list {path} is damaged ({error}); save it as UTF-8.") from error
    while rows and not rows[-1].values and not rows[-1].error:
        rows.pop()
    return [row if row.values or row.error else bad(row.line, path, "is empty; remove it") for row in rows]


def _lines(stream: TextIO, path: Path) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise UsageError(f"{path} has a line of more than a million letters; it is no list of pictures.")
        yield line


def _read_list(stream: TextIO, path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    for number, line in enumerate(_lines(stream, path), 1):
        content = line.rstrip("\r\n")
        yield Row(number, {columns[0]: content} if content.strip() else {})


def _read_csv(stream: TextIO, path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    lines = _lines(stream, path)
    header = next(lines, "").rstrip("\r\n")
    separator = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=header.count)
    names = [_column(name.strip().lower()) for name in next(csv.reader([header], delimiter=separator), [])]
    _check_columns(names, path, columns)
    if columns[0] not in names:
        raise UsageError(f"{path} has no column {columns[0]!r} in its first line; add it.")
    if len(set(names)) < len(names):
        raise UsageError(f"{path} has two columns of the same name; remove one.")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield bad(number, path, f"is malformed ({error}); check its quotes")
            continue
        if len(cells) > len(names):
            yield bad(number, path, f"has {len(cells)} cells for {len(names)} columns; quote what holds {separator!r}")
        else:
            yield Row(number, {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()})


def _read_jsonl(stream: TextIO, path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    for number, line in enumerate(_lines(stream, path), 1):
        if not line.strip():
            yield Row(number)
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            yield bad(number, path, 'is no JSON object; write {"' + columns[0] + '": ...}')
            continue
        values = {_column(name): value for name, value in values.items()}
        _check_columns(values, path, columns)
        yield Row(number, {name: value for name, value in values.items() if value not in (None, "", [])})


def _column(name: str) -> str:
    """A column that is called as an option is, as the order calls it."""
    return OPTIONS.get(name, name)


def _check_columns(names: Iterable[str], path: Path, columns: tuple[str, ...]) -> None:
    unknown = [repr(name) for name in names if name not in columns and OTHERS not in columns]
    if unknown:
        raise UsageError(f"{path} has unknown columns {', '.join(unknown)}; known are {', '.join(columns)}.")


def _checked(row: Row, path: Path, columns: tuple[str, ...], read: Callable[[str, Any, Path], Any]) -> Row:
    """The row with its values in their types, or with the reason why one of them makes no sense."""
    values = {}
    for name, value in row.values.items():
        if name not in columns:
            continue
        try:
            values[name] = read(name, value, path.parent)
        except UsageError as error:
            return bad(row.line, path, str(error).removeprefix("The order ").rstrip("."))
    return Row(row.line, values, row.error)


def _read(name: str, value: Any, folder: Path) -> Any:
    """A text may be several; garments are as in an order's json, their files as seen from the table."""
    if name == GARMENTS:
        return Order().with_wishes({GARMENTS: value}, folder).as_json()[GARMENTS]
    if name == "text" and isinstance(value, list):
        return [text for each in value if (text := read_wish("text", each))]
    return read_wish(name, value) if name in WISHES else checked(name, value, WISHES["mask"].metadata)


def bad(number: int, path: Path, reason: str) -> Row:
    """A row that cannot be used."""
    return Row(number, error=f"Line {number} of {path} {reason}.")
