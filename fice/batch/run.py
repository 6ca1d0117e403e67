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

from fice.batch.hearing import Hearing
from fice.batch.jobs import FILES, Job, find_jobs, watch
from fice.batch.journal import NAME, Journal, Result, Summary
from fice.batch.names import SHEET
from fice.batch.page import write_page
from fice.batch.resume import unchanged
from fice.batch.sheet import contact_sheet
from fice.bundle.bundle import Bundle, load_bundle
from fice.errors import InputError
from fice.files import LOCK, hash_of
from fice.language.answers import understand
from fice.settings import Settings

TEMPORARY = re.compile(r"\.fice-[0-9a-f]{12}\.tmp")  # as `fice.files.whole_file` names what is not whole yet
TRIED = 5  # photos, to find one that shows how long an edit takes
Tell = Callable[[str], None]


def run_batch(
    source: str | Path | None,
    texts: Sequence[str] = (),
    *,
    output: str | Path,
    prompts: str | Path | None = None,
    suffix: str | None = None,
    ext: str = "auto",
    limit: int | None = None,
    shuffle_seed: int | None = None,
    force: bool = False,
    follow: bool = False,
    on: str = "local",
    address: str | None = None,
    workers: int | None = None,
    width: int | None = None,
    keep: Sequence[str] = (),
    bundle: str | Path = "street",
    preset: str = "default",
    steps: int | None = None,
    strength: float | None = None,
    assignments: Sequence[str] = (),
    device: str = "auto",
    tell: Tell = lambda _: None,
    warn: Tell = lambda _: None,
    progress: Callable[[Result | None, Summary, int], None] = lambda *_: None,
    **options: Any,
) -> Summary:
    """Edit many photos into the folder `output`, with a journal and a page beside them.

    source, texts, prompts, suffix, ext, limit and shuffle_seed: as in `fice.batch.jobs.find_jobs`. force: make again
    what is there and unchanged. follow: go on with photos that arrive, until interrupted. on: "local" or "ray";
    address and workers: as in `fice.batch.cluster.on_ray`. width: how many pictures share the optimisation, None finds
    out. keep: "mask", "latent", "compare", written beside each result. options: region, seed and candidates of every
    job that does not say otherwise. warn is told, once, what of a sentence cannot be done; tell, how the work goes on.
    progress is called after each job (None at first) with the counts and the number of jobs.

    Failures of single photos are counted, not raised; raises the errors of `fice.errors` for what concerns all, as a
    text of `texts` that cannot be obeyed.
    """
    settings = Settings.asked_for(preset, assignments, steps=steps, strength=strength)
    weights, out = load_bundle(bundle), Path(output)
    for text in texts:
        understand(text, weights, settings)
    heard = Hearing(weights, settings, warn)
    where: dict[str, Any] = {"suffix": suffix, "ext": ext, "out": out}
    table = Path(prompts) if prompts else None
    jobs = [_with(job, options) for job in find_jobs(source, texts, table, limit=limit, shuffle_seed=shuffle_seed,
                                                     may_be_none=follow, **where)]  # fmt: skip
    arriving = watch(source, texts, table, known=jobs, **where) if follow else iter(())
    later = (_with(job, options) for job in islice(arriving, limit and limit - len(jobs)))
    hashes, summary = hashes_of(settings, weights, keep), Summary()
    with Journal(out) as journal:
        _sweep(out)
        before = journal.latest()
        for notice in journal.notices:
            tell(notice)
        kept = set() if force else _kept(jobs, before, hashes, out)
        due = [heard(job) for job in jobs if job.key not in kept]
        summary.skipped = len(jobs) - len(due)
        progress(None, summary, len(jobs))
        shown = None if follow else {job.key for job in jobs}
        work = _engine(on, address, workers)
        made = work(_and_then(due, map(heard, later)), weights, settings, device, out, hashes, width, keep, tell)
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


def plan_batch(
    source: str | Path | None,
    texts: Sequence[str] = (),
    *,
    output: str | Path,
    prompts: str | Path | None = None,
    force: bool = False,
    keep: Sequence[str] = (),
    bundle: str | Path = "street",
    preset: str = "default",
    steps: int | None = None,
    strength: float | None = None,
    assignments: Sequence[str] = (),
    device: str = "auto",
    tell: Tell = lambda _: None,
    **options: Any,
) -> str:
    """What `run_batch` would do, in words; one photo is edited in memory to learn how long one takes.

    Arguments and errors as of `run_batch`; tell is told what its warn is. Writes nothing.
    """
    named = {name: options.pop(name) for name in ("suffix", "ext", "limit", "shuffle_seed") if name in options}
    settings = Settings.asked_for(preset, assignments, steps=steps, strength=strength)
    weights, out = load_bundle(bundle), Path(output)
    for text in texts:
        understand(text, weights, settings)
    heard = Hearing(weights, settings, tell)
    options = {name: value for name, value in options.items() if name in ("region", "seed", "candidates")}
    found = find_jobs(source, texts, Path(prompts) if prompts else None, out=out, **named)
    jobs = [_with(job, options) for job in found]
    before = Journal(out).latest() if (out / NAME).exists() and not force else {}
    hashes = hashes_of(settings, weights, keep)
    kept = _kept(jobs, before, hashes, out)
    jobs = [job if job.key in kept else heard(job) for job in jobs]
    lines = [f"{job.key}: {_intention(job, job.key in kept)}" for job in jobs]
    due = [job for job in jobs if job.key not in kept and not job.error]
    hopeless = len(jobs) - len(due) - len(kept)
    lines.append(f"{len(due)} to do, {len(kept)} done already, {hopeless} that cannot be tried.")
    if due:
        lines.append(_estimate(due, weights, settings, device, tell))
    return "\n".join(lines)


def _kept(jobs: Sequence[Job], before: dict[str, Result], hashes: tuple[str, str], out: Path) -> set[str]:
    """Keys of the jobs whose results are there and would be made from the same again."""
    return {job.key for job in jobs if job.key in before and unchanged(job, *hashes, before[job.key], out=out)}


def _intention(job: Job, kept: bool) -> str:
    return "is done already" if kept else job.error or f"{job.photo}, {job.text!r}"


def _estimate(due: Sequence[Job], weights: Bundle, settings: Settings, device: str, tell: Tell) -> str:
    from fice.course import duration
    from fice.device import resolve
    from fice.editor import Editor
    from fice.inversion.latent import read_latent
    from fice.photo.photo import read_mask, read_photo

    editor = Editor(weights, resolve(device)[0], settings)
    for job in due[:TRIED]:
        options, began = dict(job.options), time.perf_counter()
        try:
            photo, latent = read_photo(job.photo), options.pop("latent", None)
            subject = editor.prepare(photo, latent and read_latent(latent))
            mask = read_mask(options.pop("mask"), photo) if "mask" in options else None
            editor.edit(subject, job.text, mask=mask, **options)
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
    parts = {name: part.sha256 for name, part in weights.parts.items()}
    return hash_of([asdict(settings), sorted(keep)]), hash_of(parts)


def local(todo: Iterable[Job], weights: Bundle, settings: Settings, device: str, out: Path, hashes: tuple[str, str],
          width: int | None, keep: Sequence[str], tell: Tell) -> Generator[Result, None, None]:  # fmt: skip
    """The engine that is this process."""
    todo = iter(todo)
    first = next(todo, None)
    if first is None:
        return
    from fice.batch.flow import Flow
    from fice.device import resolve
    from fice.editor import Editor

    chosen, reason = resolve(device)
    tell(f"Computing on {chosen} ({reason}).")
    flow = Flow(Editor(weights, chosen, settings), out, hashes, width=width, keep=keep, tell=tell)
    yield from flow.run(_and_then([first], todo))


def _engine(name: str, address: str | None, workers: int | None) -> Callable[..., Generator[Result, None, None]]:
    if name == "local":
        return local
    from functools import partial

    from fice.batch.cluster import on_ray

    return partial(on_ray, address=address, workers=workers)


def _with(job: Job, options: dict[str, Any]) -> Job:
    """A job with the options of the run, and its files named so that every process finds them."""
    named = {name: str(Path(job.options[name]).absolute()) for name in FILES if name in job.options}
    return replace(job, options={**options, **job.options, **named})


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
