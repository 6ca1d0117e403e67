"""Photos through one editor: read ahead, optimised together, written behind."""

from __future__ import annotations

import errno
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.batch.resume import look, made_from
from fice.batch.width import best_width
from fice.device import keep_freed_memory
from fice.edit import Edit
from fice.editor import Editor
from fice.errors import FullDisk, InputError, is_out_of_memory
from fice.inversion import Slot
from fice.latent import read_latent
from fice.output import check_output
from fice.output import explain as explain_write
from fice.photo import read_mask, read_photo
from fice.plan import Plan
from fice.report import compare
from fice.subject import Sight, Subject
from fice.task import Task
from fice.terminal import explain

KEPT = {"mask": ".mask.png", "latent": ".latent.safetensors", "compare": ".compare.png"}  # beside the result, if wished
Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(eq=False)
class Order:
    """A job on its way; `open` counts the candidates that are still optimised."""

    job: Job
    before: dict[str, Any]
    sight: Sight
    mask: np.ndarray | None
    latent: Tensor | None
    plan: Plan | None = None
    open: int = 0
    slots: list[Slot] = field(default_factory=list)
    seconds: float = 0.0


class Flow:
    """Edits jobs with one editor and writes their results into the folder `out`.

    Args:
        hashes: of settings and weights, for the journal.
        width: how many pictures share the optimisation; None finds out.
        keep: what is written beside each result: "mask", "latent", "compare".
        tell: is told the width, and when memory makes it narrower.
    """

    def __init__(self, editor: Editor, out: Path, hashes: tuple[str, str], *, width: int | None = None,
                 keep: Sequence[str] = (), tell: Callable[[str], None] = lambda _: None):  # fmt: skip
        self.editor, self.out, self.hashes, self.keep, self.tell = editor, out, hashes, keep, tell
        self.width, self.found = width or 1, width is not None
        self.descent = editor.descent()
        self.parked: list[Slot] = []
        self.waiting: deque[Task] = deque()
        self.orders: dict[Task, Order] = {}
        self.failures: deque[Result] = deque()
        self.subjects: OrderedDict[Any, Subject] = OrderedDict()
        keep_freed_memory()

    def run(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """What becomes of each job, in the order in which they end; jobs are taken as room comes free.

        One that fails is a result too. Raises FullDisk when results cannot be written.
        """
        jobs, more = iter(jobs), True
        reading: deque[Future[Order | Result]] = deque()
        writing: deque[Future[Result]] = deque()
        quiet = partial(torch.set_num_threads, 1)
        with ThreadPoolExecutor(1, "read", quiet) as readers, ThreadPoolExecutor(1, "write", quiet) as writers:
            try:
                while True:
                    while more and len(reading) < self.width:
                        job = next(jobs, None)
                        more = job is not None
                        if job is not None:
                            reading.append(readers.submit(self._read, job))
                    while self.failures:
                        yield self.failures.popleft()
                    while writing and writing[0].done():
                        yield writing.popleft().result()
                    if reading and not self.waiting and self._enough(reading, more):
                        self._begin(self._take(reading))
                    self._fill()
                    if self.descent.slots:
                        writing.extend(writers.submit(self._write, order) for order in self._step())
                    elif writing:
                        yield writing.popleft().result()
                    elif not (more or reading or self.failures or self.waiting):
                        return
            finally:
                for queue in (reading, writing):
                    while queue:
                        queue.pop().cancel()

    def _read(self, job: Job) -> Order | Result:
        """A job's files, and what is seen in its photo."""
        try:
            if job.error:
                raise InputError(job.error)
            before = look(job)
            photo = read_photo(job.photo)
            target = self.out / job.key
            target.parent.mkdir(parents=True, exist_ok=True)
            check_output(target, photo, force=True)
            mask = read_mask(job.options["mask"], photo) if "mask" in job.options else None
            latent = read_latent(job.options["latent"]) if "latent" in job.options else None
            return Order(job, before, self.editor.look(photo), mask, latent)
        except Exception as error:
            return failure(job, error)

    def _enough(self, reading: deque[Future[Order | Result]], more: bool) -> bool:
        """Whether a batch is worth its while: it is full, or the last, or nothing else is to be done."""
        ready = sum(future.done() for future in reading)
        return not self.descent.slots or ready >= self.width or (not more and ready == len(reading))

    def _take(self, reading: deque[Future[Order | Result]]) -> list[Order]:
        """Orders for one batch: a full one, or what is there while pictures are still in work."""
        orders: list[Order] = []
        while reading and len(orders) < self.width and (reading[0].done() or not self.descent.slots):
            read = reading.popleft().result()
            if isinstance(read, Result):
                self.failures.append(read)
            else:
                orders.append(read)
        return orders

    def _begin(self, orders: list[Order]) -> None:
        """Analyse photos together, once each however many texts they get, and find where their edits begin."""
        began = time.perf_counter()
        new = {self._photo(order): order for order in orders if self._photo(order) not in self.subjects}
        settled = self._together(lambda some: self.editor.settle([order.sight for order in some],
                                                                 [order.latent for order in some]), [*new.values()])
        self.subjects |= {self._photo(order): subject for order, subject in settled}
        wishes = [wish for order in orders if self._photo(order) in self.subjects for wish in self._wishes(order)]
        begun = self._together(lambda some: self.editor.begin([wish for _, wish in some]), wishes)
        for (order, _), task in begun:
            order.open += 1
            order.seconds += (time.perf_counter() - began) / len(begun)
            self.orders[task] = order
            self.waiting.append(task)
        while len(self.subjects) > self.width:
            self.subjects.popitem(last=False)
        if begun and not self.found:
            self.found = True
            self.width = best_width(self.editor, begun[0][1])
            self.tell(f"{self.width} pictures share the optimisation.")

    def _photo(self, order: Order) -> tuple[str, str]:
        return order.sight.photo.sha256, str(order.job.options.get("latent"))

    def _wishes(self, order: Order) -> list[tuple[Order, tuple[Subject, Plan, int]]]:
        """What an order wants optimised: as many candidates as it asks for; none when it cannot be."""
        options, subject = order.job.options, self.subjects[self._photo(order)]
        try:
            order.plan = self.editor.plan(subject, order.job.text, options.get("region", "auto"), order.mask)
        except Exception as error:
            self.failures.append(failure(order.job, error))
            return []
        seeds = range(options.get("seed", 0), options.get("seed", 0) + options.get("candidates", 1))
        return [(order, (subject, order.plan, seed)) for seed in seeds]

    def _together(self, work: Callable[[list[Item]], list[Made]], items: list[Item]) -> list[tuple[Item, Made]]:
        """work(items) for as many at once as memory allows; what fails alone is left out, with its reason told."""
        if not items:
            return []
        try:
            return list(zip(items, work(items), strict=True))
        except Exception as error:
            if len(items) == 1:
                self.failures.append(failure(job_of(items[0]), error))
                return []
            if is_out_of_memory(error):
                self._narrow(len(items) // 2)
            half = len(items) // 2
        return self._together(work, items[:half]) + self._together(work, items[half:])

    def _fill(self) -> None:
        """Pictures into the places that are free."""
        while len(self.descent.slots) < self.width and (self.parked or self.waiting):
            if self.parked:
                self.descent.slots.append(self.parked.pop())
                continue
            task = self.waiting.popleft()
            self.descent.add(task, task.ws)

    def _step(self) -> list[Order]:
        """One step of all pictures in work; orders that are through."""
        began, slots = time.perf_counter(), list(self.descent.slots)
        try:
            ended = self.descent.step()
        except Exception as error:
            if is_out_of_memory(error) and len(slots) > 1:  # nothing has moved; half of them wait
                half = len(slots) // 2
                self._narrow(half)
                self.descent.slots, self.parked = slots[:half], [*self.parked, *slots[half:]]
                return []
            self.descent.slots = []
            orders = OrderedDict.fromkeys(self.orders.pop(slot.task) for slot in slots)
            self.failures.extend(failure(order.job, error) for order in orders)
            return []
        for slot in slots:
            self.orders[slot.task].seconds += (time.perf_counter() - began) / len(slots)
        through = []
        for slot in ended:
            order = self.orders.pop(slot.task)
            order.slots.append(slot)
            order.open -= 1
            if order.open == 0:
                through.append(order)
        return through

    def _narrow(self, width: int) -> None:
        self.width = max(1, width)
        torch.cuda.empty_cache()
        self.tell(f"Memory is short; from now on {self.width} pictures share the optimisation.")

    def _write(self, order: Order) -> Result:
        """The best candidate, written; its line of the journal."""
        began, job = time.perf_counter(), order.job
        try:
            edits = [self.editor.finish(slot) for slot in order.slots if not slot.failed]
            if not edits:
                raise InputError("The optimisation diverged three times; try --set rate=0.01, or another --seed.")
            best = max(edits, key=lambda edit: edit.facts["similarity"]["after"])
            target = best.save(self.out / job.key, force=True)
            self._keep(best, target)
            seconds = order.sight.seconds + order.seconds + time.perf_counter() - began
            report = best.report() | {"seconds": round(seconds, 2), "output": str(self.out / job.key),
                                      "notices": [*best.subject.notices, *best.notices]}  # fmt: skip
            sha256 = order.sight.photo.sha256
            made = made_from(job, self.out / job.key, *self.hashes, before=order.before, sha256=sha256)
            return Result(job.key, "done", report, made_from=made)
        except FullDisk:
            raise
        except Exception as error:
            return failure(job, error)

    def _keep(self, edit: Edit, target: Path) -> None:
        beside = {name: target.with_name(target.stem + KEPT[name]) for name in self.keep}
        if "mask" in beside:
            edit.save_mask(beside["mask"], force=True)
        if "latent" in beside:
            edit.save_latent(beside["latent"])
        if "compare" in beside:
            compare(edit, beside["compare"])


def job_of(item: Any) -> Job:
    """The job of an order, or of an order with its wish."""
    return (item[0] if isinstance(item, tuple) else item).job


def failure(job: Job, error: Exception) -> Result:
    """The line of a job that cannot be done. Raises FullDisk, which no other job would escape."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        error = explain_write(error, job.photo)
    if isinstance(error, FullDisk):
        raise error
    sentence, code = explain(error)
    return Result(job.key, "failed", {"input": str(job.photo), "text": job.text}, sentence, code)
