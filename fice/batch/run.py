"""A whole run: what there is to do, what is done already, the engine, the journal, the page."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from fice.batch.batch import Batch
from fice.batch.hearing import Hearing
from fice.batch.jobs import Job, find_jobs, watch
from fice.batch.journal import NAME, Journal, Result, Summary
from fice.batch.names import SHEET
from fice.batch.page import write_page
from fice.batch.resume import unchanged
from fice.batch.sheet import contact_sheet
from fice.bundle.bundle import Bundle, load_bundle
from fice.errors import InputError, UsageError
from fice.files import LOCK, hash_of
from fice.language.answers import understand
from fice.order import Order
from fice.outputs import check_kept
from fice.settings import Settings

TEMPORARY = re.compile(r"\.fice-[0-9a-f]{12}\.tmp")  # as `fice.files.whole_file` names what is not whole yet
TRIED = 5  # photos, to find one that shows how long an edit takes
Tell = Callable[[str], None]


def edit_folder(source: str | Path, order: str | Order, output: str | Path, **how: Any) -> Summary:
    """Edits every photo of a folder, with a journal and a page beside the results.

    how: other fields of `fice.Batch`. Errors as of `run_batch`.

    >>> import fice
    >>> settings = fice.Settings.preset("fast")
    >>> summary = fice.edit_folder("photos", "red dress", "out", settings=settings, batch_size=1)
    >>> summary.done
    1
    """
    return run_batch(Batch(source, output, Order.of(order), **how))


def run_batch(
    batch: Batch,
    *,
    tell: Tell = lambda _: None,
    warn: Tell = lambda _: None,
    progress: Callable[[Result | None, Summary, int], None] = lambda *_: None,
) -> Summary:
    """Edits many photos into a folder, with a journal and a page beside them.

    warn is told, once, what of a sentence cannot be done; tell, how the work goes on. progress is called after each
    job (None at first) with the counts and the number of jobs.

    Failures of single photos are counted, not raised; raises the errors of `fice.errors` for what concerns all, as a
    text that every photo gets and that cannot be obeyed.
    """
    batch.settings.check()
    check_kept(batch.keep, batch.settings)
    weights, out = _weights_that_understand(batch), batch.out
    heard = Hearing(weights, batch.settings, warn)
    jobs = find_jobs(batch)
    arriving = watch(batch, jobs) if batch.follow else iter(())
    later = islice(arriving, batch.limit and batch.limit - len(jobs))
    hashes, summary = hashes_of(batch.settings, weights, batch.keep), Summary()
    with Journal(out) as journal:
        _sweep(out)
        before = journal.latest()
        for notice in journal.notices:
            tell(notice)
        kept = set() if batch.force else _kept(jobs, before, hashes, out)
        if not batch.force:
            _answer_old_folder([job for job in jobs if job.key not in kept], before, out)
        due = [heard(job) for job in jobs if job.key not in kept]
        summary.skipped = len(jobs) - len(due)
        progress(None, summary, len(jobs))
        shown = None if batch.follow else {job.key for job in jobs}
        made = _executor(batch.on)(_and_then(due, map(heard, later)), replace(batch, bundle=weights), hashes, tell)
        try:
            with closing(made):  # so that nobody works on when this ends early
                for result in made:
                    journal.append(result)
                    summary.add(result)
                    progress(result, summary, len(jobs))
        except KeyboardInterrupt:  # how a run that follows ends
            finish(journal, shown, summary)
            raise
        finish(journal, shown, summary)
    return summary


def describe_batch(batch: Batch, tell: Tell = lambda _: None) -> str:
    """What `run_batch` would do, in words; one photo is edited in memory to learn how long one takes.

    Errors as of `run_batch`; tell is told what its warn is. Writes nothing.
    """
    check_kept(batch.keep, batch.settings)
    weights, out = _weights_that_understand(batch), batch.out
    heard, jobs = Hearing(weights, batch.settings, tell), find_jobs(batch)
    before = Journal(out).latest() if (out / NAME).exists() and not batch.force else {}
    kept = _kept(jobs, before, hashes_of(batch.settings, weights, batch.keep), out)
    jobs = [job if job.key in kept else heard(job) for job in jobs]
    lines = [f"{job.key}: {_intention(job, job.key in kept)}" for job in jobs]
    due = [job for job in jobs if job.key not in kept and not job.error]
    hopeless = len(jobs) - len(due) - len(kept)
    lines.append(f"{len(due)} to do, {len(kept)} done already, {hopeless} that cannot be tried.")
    if due:
        lines.append(_estimate(due, replace(batch, bundle=weights), tell))
    return "\n".join(lines)


def _weights_that_understand(batch: Batch) -> Bundle:
    """The bundle, once it is sure that it can obey the texts that every photo gets, and that a segmenter is there."""
    from fice.segmenters.load import check_segmenter

    check_segmenter(batch.settings.region_from)
    weights = load_bundle(batch.bundle)
    texts = [*(garment.text for garment in batch.order.garments if garment.text), *batch.texts]
    for text in texts:
        understand(text, weights, batch.settings)
    return weights


def _kept(jobs: Sequence[Job], before: dict[str, Result], hashes: tuple[str, str], out: Path) -> set[str]:
    """Keys of the jobs whose results are there and would be made from the same again."""
    return {job.key for job in jobs if job.key in before and unchanged(job, *hashes, before[job.key], out=out)}


def _answer_old_folder(due: Sequence[Job], before: dict[str, Result], out: Path) -> None:
    """UsageError where results of an older fice, which noted no orders, would be replaced."""
    old = [
        job.key
        for job in due
        if job.key in before
        and before[job.key].status == "done"
        and "order" not in before[job.key].report
        and (out / job.key).exists()
    ]
    if old:
        raise UsageError(
            f"{out} holds {len(old)} results of an older fice, as {old[0]}, that would be replaced: choose"
            " another folder, or make them again with --force."
        )


def _intention(job: Job, kept: bool) -> str:
    return "is done already" if kept else job.error or f"{job.photo}, {job.text!r}"


def _estimate(due: Sequence[Job], batch: Batch, tell: Tell) -> str:
    from fice.course import duration
    from fice.device import resolve
    from fice.editor import Editor

    editor = Editor(batch.bundle, resolve(batch.device)[0], batch.settings)
    for job in due[:TRIED]:
        began = time.perf_counter()
        try:
            editor.edit(editor.analyse(job.photo), job.order)
        except InputError as error:
            tell(str(error))
            continue
        seconds = (time.perf_counter() - began) * len(due)
        return f"One takes {duration(seconds / len(due))}, all of them {duration(seconds)} at most: batches are faster."
    return f"The first {min(TRIED, len(due))} cannot be edited, so there is no telling how long it takes."


def finish(journal: Journal, keys: set[str] | None, summary: Summary) -> None:
    """The page and the contact sheet of the jobs with these keys, None for all."""
    out = journal.path.parent
    results = [entry for entry in journal.entries() if keys is None or entry["key"] in keys]
    write_page(out, results, title=out.resolve().name, summary=summary.as_dict())
    if any(result["status"] == "done" for result in results):
        contact_sheet(out, results, out / SHEET)


def hashes_of(settings: Settings, weights: Bundle, keep: Sequence[str]) -> tuple[str, str]:
    """What stands for settings and weights in the journal: results made from others are made again."""
    return hash_of([asdict(settings), sorted(keep)]), hash_of(weights.content())


def local(todo: Iterable[Job], batch: Batch, hashes: tuple[str, str], tell: Tell) -> Generator[Result, None, None]:
    """The executor that is this process."""
    todo = iter(todo)
    first = next(todo, None)
    if first is None:
        return
    from fice.batch.flow import Flow
    from fice.device import resolve
    from fice.diffusion.size import outlook
    from fice.editor import Editor

    chosen, reason = resolve(batch.device)
    tell(f"Computing on {chosen} ({reason}).")
    if told := outlook(load_bundle(batch.bundle), batch.settings, chosen):
        tell(told)
    editor = Editor(batch.bundle, chosen, batch.settings)
    flow = Flow(editor, batch.out, hashes, batch_size=batch.batch_size, keep=batch.keep, tell=tell)
    yield from flow.run(_and_then([first], todo))


def _executor(name: str) -> Callable[..., Generator[Result, None, None]]:
    if name == "local":
        return local
    from fice.batch.cluster import on_ray

    return on_ray


def _and_then(first: Iterable[Job], then: Iterable[Job]) -> Iterator[Job]:
    yield from first
    yield from then


def _sweep(out: Path) -> None:
    """Remove what a run that was killed left half written; another run's folder below is passed over."""
    for folder, below, names in os.walk(out):
        if LOCK in names and Path(folder) != out:
            below.clear()
            continue
        for name in filter(TEMPORARY.fullmatch, names):
            with suppress(OSError):
                os.unlink(os.path.join(folder, name))
