"""What is evaluated: a source, an edit and the text between them, read from a folder of ours or from a csv."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fice.batch import tables
from fice.batch.journal import NAME, Journal
from fice.errors import InputError, UsageError
from fice.order import WISHES, Order

PICTURES = ("source", "edit")
NEEDED = ("mask", "pictures")  # to score an edit, of the files that were asked for
COLUMNS = (*PICTURES, *WISHES)  # what a csv may say; the pictures and a text it must


@dataclass(frozen=True)
class Triple:
    """One edit to be scored.

    Attributes:
        source, edit: the pictures; of one that cannot be scored perhaps only a name.
        order: what was asked for.
        report: of our journal, {} for a csv.
        error: why it cannot be scored, in one sentence.
    """

    source: Path
    edit: Path
    order: Order
    report: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def read_run(path: str | Path) -> list[Triple]:
    """The edits of a run, in its order: a folder that `fice batch` wrote, or a csv with source, edit and text.

    A csv may also have the columns of a batch's tables; its paths are as seen from it. Edits that cannot be scored
    are among the triples, with their `error`. InputError for a folder without a journal, a run without edits and what
    cannot be read, UsageError for a file that is no csv and for columns that are missing or unknown.
    """
    path = Path(path)
    triples = _of_journal(path) if path.is_dir() else _of_csv(path)
    if not triples:
        raise InputError(f"{path} holds no edits; name a run that has made some.")
    return triples


def _of_journal(folder: Path) -> list[Triple]:
    journal = Journal(folder)
    if not journal.path.is_file():
        raise InputError(f"{folder} has no {NAME}; name a folder that fice batch wrote, or a csv.")
    try:
        return [_of_entry(folder, entry) for entry in journal.entries()]
    except OSError as error:
        raise InputError(f"{journal.path} cannot be read ({error.strerror}); check its rights.") from error


def _of_entry(folder: Path, entry: dict[str, Any]) -> Triple:
    """One line of the journal: key and status are of the right kind, the report may hold anything."""
    report, key = entry["report"], entry["key"]
    source = report.get("input")
    named = isinstance(source, str) and bool(source) and "\0" not in source + key
    triple = Triple(
        source=Path(str(source)) if named else folder / "unknown",
        edit=folder / key.replace("\0", ""),
        order=_order(report),
        report=report,
    )
    if entry["status"] == "failed":
        return _unusable(triple, entry.get("error") or "The edit failed and left no reason; run it again to see why.")
    if not named:
        return _unusable(triple, f"The journal of {folder} does not say which photo {key!r} was made from.")
    return _checked(triple)


def _order(report: dict[str, Any]) -> Order:
    """What a report says was asked for, one of an older fice too; what makes no sense is as if it were not there."""
    told = report.get("order")
    if isinstance(told, dict):
        with suppress(UsageError):
            return Order().with_wishes(told)
    order = Order()
    for name in ("text", "region", "seed"):
        with suppress(UsageError):
            order = order.with_wishes({name: report.get(name)})
    return order


def _of_csv(path: Path) -> list[Triple]:
    if not path.exists():
        raise InputError(f"{path} does not exist; name a folder that fice batch wrote, or a csv.")
    if path.suffix.lower() != ".csv":
        raise UsageError(f"{path} is neither a folder that fice batch wrote nor a .csv; name one of these.")
    return [_of_row(path, row) for row in tables.read_rows(path, COLUMNS)]


def _of_row(path: Path, row: tables.Row) -> Triple:
    said, line = row.values, f"Line {row.line} of {path}"
    pictures = {name: path.parent / said[name] for name in PICTURES if name in said}
    nowhere = path.parent / f"{path.name}, line {row.line}"  # tells it from others that have no name
    wishes = {name: value for name, value in said.items() if name not in PICTURES}
    triple = Triple(
        source=pictures.get("source", nowhere),
        edit=pictures.get("edit", nowhere),
        order=Order().with_wishes(wishes, path.parent),
        error=row.error,
    )
    words = () if "pictures" in said else ("text",)
    missing = [name for name in (*PICTURES, *words) if name not in said]
    if row.error is None and missing:
        return _unusable(triple, f"{line} has no {' and no '.join(missing)}; add it.")
    return _checked(triple)


def _checked(triple: Triple) -> Triple:
    """The triple, with an error where one of its files is not there or the text says nothing."""
    if triple.error is not None:
        return triple
    asked = {name: Path(file) for name, file in triple.order.files().items() if name.partition("_")[0] in NEEDED}
    for name, file in {"source": triple.source, "edit": triple.edit, **asked}.items():
        if not _is_file(file):
            what = name.partition("_")[0].replace("pictures", "picture")
            return _unusable(triple, f"The {what} {file} is not there; put it back or name another.")
    if not triple.order.dressing:
        return _unusable(triple, f"The edit {triple.edit} changes the background alone, and no garment that is scored.")
    if not triple.order.sentence and not any(garment.pictures for garment in triple.order.garments):
        return _unusable(triple, f"Nothing says what the edit {triple.edit} should show; add its text.")
    return triple


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _unusable(triple: Triple, error: str) -> Triple:
    return replace(triple, error=error)
