"""What is evaluated: a source, an edit and the text between them, read from a folder of ours or from a csv."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fice.batch import tables
from fice.batch.journal import NAME, Journal
from fice.errors import InputError, UsageError

COLUMNS = ("source", "edit", "text", "mask", "region", "seed")  # what a csv may say; the first three it must
PICTURES = ("source", "edit", "mask")


@dataclass(frozen=True)
class Triple:
    """One edit to be scored.

    Attributes:
        source, edit: the pictures; of one that cannot be scored perhaps only a name.
        text, region, seed: what was asked for.
        mask: white where the edit may differ, None where the words decide.
        report: of our journal, {} for a csv.
        error: why it cannot be scored, in one sentence.
    """

    source: Path
    edit: Path
    text: str
    seed: int = 0
    region: str = "auto"
    mask: Path | None = None
    report: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def read_run(path: str | Path) -> list[Triple]:
    """The edits of a run, in its order: a folder that `fice batch` wrote, or a csv with source, edit and text.

    A csv may also have the columns mask, region and seed; its paths are as seen from it. Edits that cannot be scored
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
    source, text, region, seed = (report.get(name) for name in ("input", "text", "region", "seed"))
    named = isinstance(source, str) and bool(source) and "\0" not in source + key
    triple = Triple(
        source=Path(str(source)) if named else folder / "unknown",
        edit=folder / key.replace("\0", ""),
        text=text if isinstance(text, str) else "",
        seed=seed if type(seed) is int else 0,
        region=region if region in tables.REGIONS else "auto",
        report=report,
    )
    if entry["status"] == "failed":
        return _unusable(triple, entry.get("error") or "The edit failed and left no reason; run it again to see why.")
    if not named:
        return _unusable(triple, f"The journal of {folder} does not say which photo {key!r} was made from.")
    return _checked(triple)


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
    triple = Triple(
        source=pictures.get("source", nowhere),
        edit=pictures.get("edit", nowhere),
        text=said.get("text", ""),
        seed=said.get("seed", 0),
        region=said.get("region", "auto"),
        mask=pictures.get("mask"),
        error=row.error,
    )
    missing = [name for name in COLUMNS[:3] if name not in said]
    if row.error is None and missing:
        return _unusable(triple, f"{line} has no {' and no '.join(missing)}; add it.")
    return _checked(triple)


def _checked(triple: Triple) -> Triple:
    """The triple, with an error where one of its files is not there or the text says nothing."""
    if triple.error is not None:
        return triple
    files = {"source": triple.source, "edit": triple.edit} | ({"mask": triple.mask} if triple.mask else {})
    for name, file in files.items():
        if not _is_file(file):
            return _unusable(triple, f"The {name} {file} is not there; put it back or name another.")
    if not triple.text.strip():
        return _unusable(triple, f"Nothing says what the edit {triple.edit} should show; add its text.")
    return triple


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _unusable(triple: Triple, error: str) -> Triple:
    return Triple(**vars(triple) | {"error": error})
