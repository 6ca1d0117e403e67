"""Photos through one editor: read ahead, edited together, written behind."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from fice.batch.batch_size import best_batch_size
from fice.batch.feed import Feed
from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.batch.looks import Looks
from fice.batch.pending import Pending, failure
from fice.batch.resume import made_from, state_of
from fice.device import free_memory, keep_freed_memory
from fice.edit import best_of
from fice.editor import Editor
from fice.engine import Run
from fice.errors import FullDisk, InputError, is_out_of_memory
from fice.inversion.latent import read_latent
from fice.outputs import Outputs
from fice.pages.thumbnails import thumbnails
from fice.photo.photo import read_photo
from fice.plan import Plan
from fice.subject.subject import Subject

ROOM = 1 << 30  # bytes that reading one large photo and writing another may take
MOMENT, BLINK = 0.1, 0.02  # seconds to wait for a job when there is nothing else to do, and when there is
Item = TypeVar("Item")
Made = TypeVar("Made")


class Flow:
    """Edits jobs with one editor and writes their results into the folder `out`.

    Args:
        hashes: of settings and weights, for the journal.
        batch_size: how many pictures are edited together; None finds out.
        keep: what is written beside each result: "mask", "latent", "compare".
        tell: is told the batch's size, and when memory makes it smaller.
    """

    def __init__(
        self,
        editor: Editor,
        out: Path,
        hashes: tuple[str, str],
        *,
        batch_size: int | None = None,
        keep: Sequence[str] = (),
        tell: Callable[[str], None] = lambda _: None,
    ):
        self.editor, self.out, self.hashes, self.keep, self.tell = editor, out, hashes, keep, tell
        self.batch_size, self.found = batch_size or 1, batch_size is not None
        self.going: list[Run] = []
        self.parked: list[Run] = []
        self.waiting: deque[Run] = deque()
        self.pending: dict[Run, Pending] = {}
        self.failures: deque[Result] = deque()
        self.through: list[Pending] = []
        self.subjects: OrderedDict[Any, Subject] = OrderedDict()
        self.beside = max(1, int(min(torch.get_num_threads() // 2, free_memory(torch.device("cpu")) / ROOM)))
        self.looks = Looks(editor.analyse, 2 * self.beside)
        keep_freed_memory()

    def run(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """What becomes of each job, in the order in which they end; jobs are taken as room comes free.

        Jobs that are long in coming do not hold up those in work.

        One that fails is a result too. Raises FullDisk when results cannot be written.
        """
        feed = Feed(jobs)
        reading: deque[Future[Pending | Result]] = deque()
        writing: deque[Future[Result]] = deque()
        quiet = partial(torch.set_num_threads, 1)
        pool = partial(ThreadPoolExecutor, self.beside, initializer=quiet)
        with pool("read") as readers, pool("write") as writers:
            try:
                while True:
                    while len(reading) < max(self.batch_size, 2 * self.beside):
                        job = feed.take(BLINK if reading or writing or self.going else MOMENT)
                        if job is None:
                            break
                        reading.append(readers.submit(self._read, job))
                    while self.failures:
                        yield self.failures.popleft()
                    while writing and (writing[0].done() or len(writing) > 2 * max(self.batch_size, self.beside)):
                        yield writing.popleft().result()
                    if reading and not self.waiting and self._enough(reading, not feed.ended):
                        self._begin(self._take(reading))
                    self._fill()
                    if self.going:
                        writing.extend(writers.submit(self._write, pending) for pending in self._step())
                    elif writing:
                        yield writing.popleft().result()
                    elif feed.ended and not (reading or self.failures or self.waiting):
                        return
            finally:
                feed.close()
                for queue in (reading, writing):
                    while queue:
                        queue.pop().cancel()

    def _read(self, job: Job) -> Pending | Result:
        """A job's files, and what is seen in its photo."""
        try:
            if job.error:
                raise InputError(job.error)
            before = state_of(job)
            photo = read_photo(job.photo)
            target = self.out / job.key
            target.parent.mkdir(parents=True, exist_ok=True)
            outputs = Outputs.next_to(target, self.keep).check(photo, True, job.order.transparent)
            latent = None if job.order.latent is None else read_latent(job.order.latent)
            return Pending(job, before, self.looks(photo), latent, outputs)
        except Exception as error:
            return failure(job, error)

    def _enough(self, reading: deque[Future[Pending | Result]], more: bool) -> bool:
        """Whether a batch is worth its while: it is full, or the last, or nothing else is to be done."""
        ready = sum(future.done() for future in reading)
        return not self.going or ready >= self.batch_size or (not more and ready == len(reading))

    def _take(self, reading: deque[Future[Pending | Result]]) -> list[Pending]:
        """Jobs for one batch: a full one, or what is there while pictures are still in work."""
        taken: list[Pending] = []
        while reading and len(taken) < self.batch_size and (reading[0].done() or not self.going):
            read = reading.popleft().result()
            if isinstance(read, Result):
                self.failures.append(read)
            else:
                taken.append(read)
        return taken

    def _begin(self, all_of: list[Pending]) -> None:
        """Fit photos together, once each however many orders they get, and find where their edits begin."""
        began = time.perf_counter()
        new = [*{one.photo: one for one in all_of if one.photo not in self.subjects}.values()]
        fit = lambda some: self.editor.fit([one.subject for one in some], [one.latent for one in some])  # noqa: E731
        fitted, unfitted = self._together(fit, new)
        self.subjects |= {one.photo: subject for one, subject in fitted}
        broken = {one.photo: error for one, error in unfitted}
        wanted: list[tuple[Pending, Plan, int]] = []
        for one in all_of:
            if one.photo in broken:
                self.failures.append(failure(one.job, broken[one.photo]))
            else:
                wanted += self._plans(one)
        begin = lambda some: self.editor.engine.begin([plan for _, plan, _ in some], [seed for *_, seed in some])  # noqa: E731
        begun, missed = self._together(begin, wanted)
        for (one, _, _), run in begun:
            one.spent.add("fit", (time.perf_counter() - began) / len(begun))
            self.pending[run] = one
            self.waiting.append(run)
        for (one, _, _), error in missed:
            self._lose(one, error)
        while len(self.subjects) > self.batch_size:
            self.subjects.popitem(last=False)
        if begun and not self.found:
            self._measure(begun[0][1])

    def _measure(self, run: Run) -> None:
        """Find the batch's size, unless the run itself is at fault, which its own steps will show."""
        try:
            engine = self.editor.engine
            self.batch_size = engine.together or best_batch_size(engine, run, self.editor.device)
        except Exception as error:
            if is_out_of_memory(error):
                self.found = True
            return
        self.found = True
        several = f"{self.batch_size} pictures are edited together."
        self.tell(several if self.batch_size > 1 else "Pictures are edited one at a time.")

    def _plans(self, one: Pending) -> list[tuple[Pending, Plan, int]]:
        """What an order wants drawn: as many candidates as it asks for; none when it cannot be."""
        try:
            plan = self.editor.plan(self.subjects[one.photo], one.order)
        except Exception as error:
            self.failures.append(failure(one.job, error))
            return []
        one.open = one.order.candidates
        return [(one, plan.candidate(i), one.order.seed + i) for i in range(one.open)]

    def _together(
        self, work: Callable[[list[Item]], list[Made]], items: list[Item]
    ) -> tuple[list[tuple[Item, Made]], list[tuple[Item, Exception]]]:
        """work(items) for as many at once as memory allows, and what fails alone, with the reason."""
        if not items:
            return [], []
        try:
            return list(zip(items, work(items), strict=True)), []
        except Exception as error:
            if len(items) == 1:
                return [], [(items[0], error)]
            if is_out_of_memory(error):
                self._narrow(len(items) // 2)
        half = len(items) // 2
        first, second = self._together(work, items[:half]), self._together(work, items[half:])
        return first[0] + second[0], first[1] + second[1]

    def _lose(self, one: Pending, error: Exception) -> None:
        """One candidate of an order cannot be; when all fail, so does the order."""
        one.open -= 1
        if one.open == 0 and one.runs:
            self.through.append(one)
        elif one.open == 0:
            self.failures.append(failure(one.job, error))

    def _fill(self) -> None:
        """Pictures into the places that are free."""
        while len(self.going) < self.batch_size and (self.parked or self.waiting):
            self.going.append(self.parked.pop() if self.parked else self.waiting.popleft())

    def _step(self) -> list[Pending]:
        """One step of all pictures in work; jobs that are through."""
        began, runs = time.perf_counter(), list(self.going)
        try:
            ended = self.editor.engine.step(runs)
            self.going = [run for run in runs if run not in ended]
        except Exception as error:
            if is_out_of_memory(error) and len(runs) > 1:  # nothing has moved; half of them wait
                half = len(runs) // 2
                self._narrow(half)
                self.going, self.parked = runs[:half], [*self.parked, *runs[half:]]
                return []
            ended = self._alone(runs)
        for run in runs:
            if run in self.pending:
                self.pending[run].spent.add("loop", (time.perf_counter() - began) / len(runs))
        for run in ended:
            one = self.pending.pop(run)
            one.runs.append(run)
            one.open -= 1
            if one.open == 0:
                self.through.append(one)
        through, self.through = self.through, []
        return through

    def _alone(self, runs: list[Run]) -> list[Run]:
        """A step of each picture by itself, to find the one that fails; those that ended."""
        ended, self.going = [], []
        for run in runs:
            try:
                over = self.editor.engine.step([run])
            except Exception as error:
                self._lose(self.pending.pop(run), error)
                continue
            ended += over
            self.going += [] if over else [run]
        return ended

    def _narrow(self, width: int) -> None:
        self.batch_size = max(1, width)
        torch.cuda.empty_cache()
        self.tell(f"Memory is short; from now on {self.batch_size} pictures are edited together.")

    def _write(self, one: Pending) -> Result:
        """The best candidate, written; its line of the journal."""
        job, target = one.job, self.out / one.job.key
        try:
            with one.spent.at("stitch"):
                edits = [self.editor.finish(run) for run in one.runs if not run.failed]
                best = best_of(edits, self.editor.engine.diverged)
                one.outputs.write(best)
            report = best.report() | one.spent.facts()
            report |= {"output": str(target), "notices": [*best.subject.notices, *best.notices]}
            sha256 = one.subject.photo.sha256
            list(thumbnails(self.out, [job.photo, target]))  # here, so that the page is quick at the end
            made = made_from(job, target, *self.hashes, before=one.before, sha256=sha256)
            return Result(job.key, "done", report, made_from=made)
        except FullDisk:
            raise
        except Exception as error:
            return failure(job, error)
