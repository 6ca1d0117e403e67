"""What there is to do: photos of a folder, a pattern or a list, each with its text and the name of its result."""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from fice.batch import tables
from fice.batch.folders import Found, photos_like, photos_under, with_magic
from fice.batch.names import Place, as_json, check_extension, check_suffix, keys
from fice.errors import InputError, UsageError
from fice.photo.names import result_extension

FILES = ("mask", "latent")  # columns that name a file, as seen from the table


@dataclass(frozen=True, slots=True)
class Job:
    """One photo to edit with one text.

    key: where the result lies, relative to OUT, with "/"; unique in a run, also where case does not count. options:
    region, seed, mask, candidates and latent, those that were given. error: why it cannot even be tried.
    """

    key: str
    photo: Path
    text: str
    options: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def find_jobs(
    source: str | Path | None,
    texts: Sequence[str],
    prompts: Path | None,
    *,
    suffix: str | None = None,
    ext: str = "auto",
    limit: int | None = None,
    shuffle_seed: int | None = None,
    may_be_none: bool = False,
    out: Path,
) -> list[Job]:
    """Every job of a run, in the order of the paths, or of the list where there is one.

    source: a folder (with all below it), a pattern, a photo, or a list of photos (.txt, .csv, .tsv, .jsonl); None when
    prompts is a table that names photos itself. A row's own text and options come before texts and prompts, all of
    which each other photo gets. What a folder holds that was made by a batch is left out. Rows and files that cannot be
    used become jobs with an error; UsageError or InputError for what makes no sense as a whole, and when there is
    nothing to do, unless that may be (of a folder that is watched).
    """
    jobs = _find(source, texts, prompts, suffix, ext, out)
    if not (jobs or may_be_none):
        raise InputError(f"There are no photos in {source or prompts}; check its name.")
    if shuffle_seed is not None:
        random.Random(shuffle_seed).shuffle(jobs)
    return jobs[:limit]


def watch(
    source: str | Path | None,
    texts: Sequence[str],
    prompts: Path | None,
    *,
    known: Iterable[Job] = (),
    suffix: str | None = None,
    ext: str = "auto",
    out: Path,
    pause: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Job]:
    """Jobs for photos that come into a folder or pattern, without end.

    A photo is taken when its size and age are the same in two looks, `pause` seconds apart; one that changes later, or
    whose result gets another name because of a new one, is taken again. `known` are the jobs that a run has had
    already. UsageError when source is a list or one photo.
    """
    if source is None or not (Path(source).is_dir() or with_magic(str(source))):
        raise UsageError(f"{source or prompts} cannot be watched; give a folder or a pattern.")
    taken = {_identity(job): _stamp(job) for job in known}
    return _arriving(lambda: _find(source, texts, prompts, suffix, ext, out), taken, pause, sleep)


def _arriving(find: Callable[[], list[Job]], taken: dict[Any, Any], pause: float, sleep: Callable[[float], None]
              ) -> Iterator[Job]:  # fmt: skip
    seen: dict[tuple[str, str, str], Any] = {}
    while True:
        now = {_identity(job): (job, _stamp(job)) for job in find()}
        for identity, (job, stamp) in now.items():
            if seen.get(identity) == stamp and taken.get(identity) != stamp:
                taken[identity] = stamp
                yield job
        seen = {identity: stamp for identity, (_, stamp) in now.items()}
        sleep(pause)


def _identity(job: Job) -> tuple[str, str, str]:
    return str(job.photo), job.text, as_json(job.options)


def _stamp(job: Job) -> tuple[str | int, ...]:
    try:
        facts = os.stat(job.photo)
    except OSError as error:
        return job.key, error.errno or 0
    return job.key, facts.st_size, facts.st_mtime_ns


def _find(
    source: str | Path | None, texts: Sequence[str], prompts: Path | None, suffix: str | None, ext: str, out: Path
) -> list[Job]:
    suffix, ext = check_suffix(suffix), check_extension(ext)
    if source is None:
        if prompts is None or Path(prompts).suffix.lower() == ".txt":
            raise UsageError("It is not said which photos to edit; give a folder, a pattern or a list.")
        source, prompts = prompts, None
    where, real_out = str(source), os.path.realpath(out)
    wishes = _wishes(texts, prompts)
    if os.path.isfile(where) and os.path.splitext(where)[1].lower() in tables.KINDS:
        drafts = _listed(Path(where), wishes)
    else:
        if not wishes:
            raise UsageError('It is not said what to wear; give a text, like "a red dress", or --prompts FILE.')
        drafts = [draft for photo in _photos(where, real_out) for draft in _of_photo(photo, wishes)]
    drafts += [_unusable(Path(prompts or ""), wish) for wish in wishes if wish.error]
    places = [draft.place for draft in drafts]
    originals = _real(draft.photo for draft in drafts)
    return [
        Job(key, draft.photo, draft.place.text, draft.options, draft.error or _overwrites(real_out, key, originals))
        for draft, key in zip(drafts, keys(places, suffix, ext), strict=True)
    ]


class Draft(NamedTuple):
    """A job that has no key yet."""

    place: Place
    photo: Path
    options: dict[str, Any]
    error: str | None


def _photos(where: str, out: str) -> list[Found]:
    """The photos of a folder, a pattern, or one photo."""
    if os.path.isdir(where):
        top, found = where, photos_under(where, out)
    elif os.path.exists(where):
        return [Found((), os.path.basename(where), where)]
    elif with_magic(where):
        top, found = photos_like(where, out)
    else:
        raise InputError(f"{where} does not exist; check its name.")
    if os.path.realpath(top) == out:
        raise UsageError(f"The results would lie among the photos of {top}; give them a folder of their own.")
    return found


def _wishes(texts: Sequence[str], prompts: Path | None) -> list[tables.Row]:
    """Each text once, as rows of a table."""
    rows = [tables.Row(0, {"text": text.strip()}) for text in texts]
    if not all(row.values["text"] for row in rows):
        raise UsageError('A text is empty; say what to wear, like "a red dress".')
    if prompts is not None:
        for row in tables.read_rows(Path(prompts), tables.TEXTS):
            if not row.error and "text" not in row.values:
                row = tables.bad(row.line, Path(prompts), "has no text; add one")
            said = row.values.get("text")
            parts = said if isinstance(said, list) else [said]
            rows += [tables.Row(row.line, row.values | {"text": text}) for text in parts] if said else [row]
    return list({(as_json(row.values), row.error): row for row in rows}.values())


def _drafts(
    folders: tuple[str, ...],
    name: str,
    photo: Path,
    wishes: Sequence[tables.Row],
    options: dict[str, Any],
    files: dict[str, str],
    error: str | None,
) -> Iterator[Draft]:
    """A photo with every text that can be used; only one draft when it is the photo that cannot.

    options as the row says them, which the name may depend on; files: those of them that are files, as found.
    """
    usable = [wish for wish in wishes if wish.error is None]
    for wish in usable[:1] if error else usable:
        chosen = {name: value for name, value in wish.values.items() if name != "text"} | options
        text, several = wish.values["text"], len(usable) > 1
        place = Place(folders, name, text, as_json(chosen), several, extension=result_extension(photo))
        yield Draft(place, photo, chosen | files, error)


def _of_photo(photo: Found, wishes: Sequence[tables.Row]) -> Iterable[Draft]:
    if photo.is_folder:
        return [Draft(Place(photo.folders, photo.name, plain=True), Path(photo.path), {}, photo.error)]
    return _drafts(photo.folders, photo.name, Path(photo.path), wishes, {}, {}, photo.error)


def _unusable(table: Path, row: tables.Row) -> Draft:
    """A line that says nothing."""
    return Draft(Place((), f"{table.name}.line-{row.line}", plain=True), table, {}, row.error)


def _listed(table: Path, wishes: Sequence[tables.Row]) -> list[Draft]:
    """The rows of a list of photos, as they come, each once."""
    rows = tables.read_rows(table, tables.PHOTOS)
    paths = [str(table.parent / row.values.get("photo", "")) for row in rows]
    places = {path: _plain(path) for path, row in zip(paths, rows, strict=True) if "photo" in row.values}
    top = os.path.commonpath({os.path.dirname(place) for place in places.values()}) if places else ""
    drafts: dict[Any, Draft] = {}
    for path, row in zip(paths, rows, strict=True):
        values = dict(row.values)
        said = values.pop("text", None)
        own = [said] if isinstance(said, str) else said
        asked = [tables.Row(row.line, {"text": text}) for text in dict.fromkeys(own)] if own else wishes
        if "photo" not in values:
            row = row if row.error else tables.bad(row.line, table, "names no photo; add one")
        elif not asked:
            row = tables.bad(row.line, table, "has no text; add one, or give one for all")
        if row.error:
            drafts[row.line] = _unusable(table, row)
            continue
        del values["photo"]
        files = {name: str(table.parent / values[name]) for name in FILES if name in values}
        problems = [_problem(path, "photo"), *(_problem(file, name) for name, file in files.items())]
        *folders, name = os.path.relpath(places[path], top).split(os.sep)
        for draft in _drafts(
            tuple(folders), name, Path(path), asked, values, files, next(filter(None, problems), None)
        ):
            drafts.setdefault(draft.place, draft)
    return list(drafts.values())


def _problem(path: str, what: str) -> str | None:
    """Why a file cannot be read, as far as can be told without opening it."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return f"The {what} {path} does not exist; check its name and folder."
    except (OSError, ValueError) as error:
        return f"The {what} {path[:200]} cannot be read ({getattr(error, 'strerror', error)}); check its name."
    return f"{path} is a folder; name the {what} in it." if stat.S_ISDIR(mode) else None


def _plain(path: str) -> str:
    """Absolute, without "..", which is followed on the disk where links may be in its way."""
    folder, name = os.path.split(path)
    if ".." in folder.split(os.sep):
        return os.path.join(os.path.realpath(folder), name)
    return os.path.abspath(path)


def _real(paths: Iterable[Path]) -> set[str]:
    """The paths with the links of their folders followed, each folder looked at once."""
    folders: dict[str, str] = {}
    real = set()
    for path in paths:
        folder, name = os.path.split(path)
        real.add(os.path.join(folders.get(folder) or folders.setdefault(folder, os.path.realpath(folder)), name))
    return real


def _overwrites(out: str, key: str, originals: set[str]) -> str | None:
    if os.path.join(out, key) not in originals:
        return None
    return f"The result {key} would replace a photo; choose another folder for the results."
