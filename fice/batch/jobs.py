"""What there is to do: photos of a folder, a pattern or a list, each with its text and the name of its result."""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from fice.batch import tables
from fice.batch.batch import Batch
from fice.batch.folders import Found, photos_like, photos_under, with_magic
from fice.batch.names import Place, as_json, check_extension, check_suffix, keys
from fice.errors import InputError, UsageError, WeightsError
from fice.order import GARMENTS, WISHES, Order, seen_from
from fice.photo.names import result_extension, with_alpha

SHOWN = {"pictures", "swatch", "background"}  # wishes that need no words


@dataclass(frozen=True)
class Job:
    """One photo to edit with one order.

    key: where the result lies, relative to OUT, with "/"; unique in a run, also where case does not count. error: why
    it cannot even be tried.
    """

    key: str
    photo: Path
    order: Order
    error: str | None = None

    @property
    def text(self) -> str:
        """What is asked, in one line."""
        return self.order.title


def find_jobs(batch: Batch) -> list[Job]:
    """Every job of a run, in the order of the paths, or of the list where there is one.

    A row's own text and wishes come before the batch's, all of which each other photo gets. What a folder holds that
    was made by a batch is left out. Rows and files that cannot be used become jobs with an error; UsageError or
    InputError for what makes no sense as a whole, and when there is nothing to do, unless more is waited for.
    """
    jobs = _find(batch)
    if not (jobs or batch.follow):
        raise InputError(f"There are no photos in {batch.source or batch.prompts}; check its name.")
    if batch.shuffle_seed is not None:
        random.Random(batch.shuffle_seed).shuffle(jobs)
    return jobs[: batch.limit]


def watch(
    batch: Batch, known: Iterable[Job] = (), *, pause: float = 2.0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Job]:
    """Jobs for photos that come into a folder or pattern, without end.

    A photo is taken when its size and age are the same in two looks, `pause` seconds apart; one that changes later, or
    whose result gets another name because of a new one, is taken again. `known` are the jobs that a run has had
    already. UsageError when source is a list or one photo.
    """
    source = batch.source
    if source is None or not (Path(source).is_dir() or with_magic(str(source))):
        raise UsageError(f"{source or batch.prompts} cannot be watched; give a folder or a pattern.")
    taken = {_identity(job): _stamp(job) for job in known}
    return _arriving(lambda: _find(batch), taken, pause, sleep)


def _arriving(
    find: Callable[[], list[Job]], taken: dict[Any, Any], pause: float, sleep: Callable[[float], None]
) -> Iterator[Job]:
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
    return str(job.photo), job.text, as_json(job.order.as_json())


def _stamp(job: Job) -> tuple[str | int, ...]:
    try:
        facts = os.stat(job.photo)
    except OSError as error:
        return job.key, error.errno or 0
    return job.key, facts.st_size, facts.st_mtime_ns


def _find(batch: Batch) -> list[Job]:
    suffix, ext = check_suffix(batch.suffix), check_extension(batch.ext)
    if batch.order.transparent and ext != "auto" and with_alpha(ext) != ext:
        raise UsageError(f"Results in {ext} cannot be transparent; choose the extension png or webp.")
    source, prompts = batch.source, Path(batch.prompts) if batch.prompts else None
    if source is None:
        if prompts is None or prompts.suffix.lower() == ".txt":
            raise UsageError("It is not said which photos to edit; give a folder, a pattern or a list.")
        source, prompts = prompts, None
    where, real_out = str(source), os.path.realpath(batch.out)
    wishes = _wishes(batch, prompts)
    if os.path.isfile(where) and os.path.splitext(where)[1].lower() in tables.KINDS:
        drafts = _listed(Path(where), wishes)
    else:
        if not wishes:
            raise UsageError('It is not said what to wear; give a text, like "a red dress", or --prompts FILE.')
        drafts = [draft for photo in _photos(where, real_out) for draft in _of_photo(photo, wishes)]
    drafts += [_unusable(prompts or Path(), wish) for wish in wishes if wish.error]
    orders = [batch.order.with_wishes(draft.wishes) for draft in drafts]
    clear = [order.transparent for order in orders]
    places = [draft.place.clear if one else draft.place for draft, one in zip(drafts, clear, strict=True)]
    originals = _real(draft.photo for draft in drafts)
    jobs = []
    for draft, order, key in zip(drafts, orders, keys(places, suffix, ext), strict=True):
        problems = (_problem(path, name) for name, path in order.files().items())
        error = draft.error or next(filter(None, problems), None) or _unpluggable(order)
        error = error or _overwrites(real_out, key, originals)
        jobs.append(Job(key, draft.photo, order.absolute(), error))
    return jobs


class Draft(NamedTuple):
    """A job that has no key yet."""

    place: Place
    photo: Path
    wishes: dict[str, Any]
    error: str | None = None


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


def _wishes(batch: Batch, prompts: Path | None) -> list[tables.Row]:
    """What every photo gets that says nothing of its own, each once, as rows of a table."""
    rows = [tables.Row(0, {"text": text.strip()}) for text in batch.sentences()]
    if not all(row.values["text"] for row in rows):
        raise UsageError('A text is empty; say what to wear, like "a red dress".')
    if len(batch.order.garments) > 1 and not (rows and all(garment.placed for garment in batch.order.garments)):
        rows.append(tables.Row(0, {GARMENTS: batch.order.absolute().as_json()[GARMENTS]}))
    if not rows and prompts is None and SHOWN & set(batch.order.asked()):
        rows.append(tables.Row(0, {}))
    if prompts is not None:
        for row in tables.read_rows(prompts, tables.TEXTS):
            if not row.error and not _said(row.values):
                row = tables.bad(row.line, prompts, "has no text; add one")
            rows += _each(row)
    return list({(as_json(row.values), row.error): row for row in rows}.values())


def _said(values: dict[str, Any]) -> list[str]:
    """The sentences of a row; the garments of one order make one."""
    if GARMENTS in values:
        return [" and ".join(str(each.get("text", "")) for each in values[GARMENTS])]
    said = values.get("text", [])
    return said if isinstance(said, list) else [said]


def _each(row: tables.Row) -> list[tables.Row]:
    """A row with several texts as one row for each."""
    if row.error or GARMENTS in row.values:
        return [row]
    return [tables.Row(row.line, row.values | {"text": text}) for text in dict.fromkeys(_said(row.values))]


def _drafts(
    folders: tuple[str, ...],
    name: str,
    photo: Path,
    wishes: Sequence[tables.Row],
    own: tables.Row,
    table: Path = Path(),
) -> Iterator[Draft]:
    """A photo with every text that can be used; only one draft when it is the photo that cannot.

    own: what its row in the table says beside the text, and why the photo cannot be used.
    """
    usable = [wish for wish in wishes if wish.error is None]
    for wish in usable[:1] if own.error else usable:
        said = wish.values | own.values  # the name may depend on it
        text, told = " ".join(_said(wish.values)[:1]), {name: value for name, value in said.items() if name != "text"}
        place = Place(folders, name, text, as_json(told), len(usable) > 1, extension=result_extension(photo))
        files = {name: seen_from(table.parent, name, value) for name, value in own.values.items() if name in WISHES}
        yield Draft(place, photo, said | files, own.error)


def _of_photo(photo: Found, wishes: Sequence[tables.Row]) -> Iterable[Draft]:
    if photo.is_folder:
        return [Draft(Place(photo.folders, photo.name, plain=True), Path(photo.path), {}, photo.error)]
    return _drafts(photo.folders, photo.name, Path(photo.path), wishes, tables.Row(0, {}, photo.error))


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
        worn = {name: row.values[name] for name in ("text", GARMENTS) if name in row.values}
        values = {name: value for name, value in row.values.items() if name not in ("photo", *worn)}
        asked = _each(tables.Row(row.line, worn)) if _said(worn) else wishes
        if not asked and SHOWN & set(values):
            asked = [tables.Row(row.line, {})]
        if "photo" not in row.values:
            row = row if row.error else tables.bad(row.line, table, "names no photo; add one")
        elif not asked:
            row = tables.bad(row.line, table, "has no text; add one, or give one for all")
        if row.error:
            drafts[row.line] = _unusable(table, row)
            continue
        own = tables.Row(row.line, values, _problem(path, "photo"))
        *folders, name = os.path.relpath(places[path], top).split(os.sep)
        for draft in _drafts(tuple(folders), name, Path(path), asked, own, table):
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


def _unpluggable(order: Order) -> str | None:
    """Why a plug-in of an order is none, if so."""
    if not order.plugins:
        return None
    from fice.diffusion.plugins import check_plugins  # torch, from here on

    try:
        check_plugins(order.plugins)
    except WeightsError as error:
        return str(error)
    return None


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
