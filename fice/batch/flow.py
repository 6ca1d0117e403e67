"""Photos through one editor: read ahead, optimised together, written behind."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from fice.batch.feed import Feed
from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.batch.pending import KEPT, Order, beside, failure, photo_of
from fice.batch.resume import look, made_from
from fice.batch.width import best_width
from fice.device import keep_freed_memory
from fice.edit import Edit, best_of
from fice.editor import Editor
from fice.errors import FullDisk, InputError, is_out_of_memory
from fice.inversion.latent import read_latent
from fice.inversion.loop import Slot
from fice.inversion.task import Task
from fice.photo.names import check_output
from fice.photo.photo import read_mask, read_photo
from fice.plan import Plan
from fice.report import compare
from fice.subject.subject import Subject
from fice.web.thumbnails import thumbnails

MOMENT, BLINK = 0.1, 0.02  # seconds to wait for a job when there is nothing else to do, and when there is
Item = TypeVar("Item")
Made = TypeVar("Made")


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
        self.through: list[Order] = []
        self.subjects: OrderedDict[Any, Subject] = OrderedDict()
        keep_freed_memory()

    def run(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """What becomes of each job, in the order in which they end; jobs are taken as room comes free.

        Jobs that are long in coming do not hold up those in work.

        One that fails is a result too. Raises FullDisk when results cannot be written.
        """
        feed = Feed(jobs)
        reading: deque[Future[Order | Result]] = deque()
        writing: deque[Future[Result]] = deque()
        quiet = partial(torch.set_num_threads, 1)
        with ThreadPoolExecutor(1, "read", quiet) as readers, ThreadPoolExecutor(1, "write", quiet) as writers:
            try:
                while True:
                    while len(reading) < self.width:
                        job = feed.take(BLINK if reading or writing or self.descent.slots else MOMENT)
                        if job is None:
                            break
                        reading.append(readers.submit(self._read, job))
                    while self.failures:
                        yield self.failures.popleft()
                    while writing and (writing[0].done() or len(writing) > 2 * self.width):
                        yield writing.popleft().result()
                    if reading and not self.waiting and self._enough(reading, not feed.ended):
                        self._begin(self._take(reading))
                    self._fill()
                    if self.descent.slots:
                        writing.extend(writers.submit(self._write, order) for order in self._step())
                    elif writing:
                        yield writing.popleft().result()
                    elif feed.ended and not (reading or self.failures or self.waiting):
                        return
            finally:
                feed.close()
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
        new = [*{photo_of(order): order for order in orders if photo_of(order) not in self.subjects}.values()]
        settle = lambda some: self.editor.settle([one.sight for one in some], [one.latent for one in some])  # noqa: E731
        settled, unsettled = self._together(settle, new)
        self.subjects |= {photo_of(order): subject for order, subject in settled}
        broken = {photo_of(order): error for order, error in unsettled}
        wishes = []
        for order in orders:
            if photo_of(order) in broken:
                self.failures.append(failure(order.job, broken[photo_of(order)]))
            else:
                wishes += self._wishes(order)
        begun, missed = self._together(lambda some: self.editor.begin([wish for _, wish in some]), wishes)
        for (order, _), task in begun:
            order.spent.add("fit", (time.perf_counter() - began) / len(begun))
            self.orders[task] = order
            self.waiting.append(task)
        for (order, _), error in missed:
            self._lose(order, error)
        while len(self.subjects) > self.width:
            self.subjects.popitem(last=False)
        if begun and not self.found:
            self._measure(begun[0][1])

    def _measure(self, task: Task) -> None:
        """Find the width, unless the task itself is at fault, which its own steps will show."""
        try:
            self.width = best_width(self.editor, task)
        except Exception as error:
            if is_out_of_memory(error):
                self.found = True
            return
        self.found = True
        self.tell(f"{self.width} pictures share the optimisation.")

    def _wishes(self, order: Order) -> list[tuple[Order, tuple[Subject, Plan, int]]]:
        """What an order wants optimised: as many candidates as it asks for; none when it cannot be."""
        options, subject = order.job.options, self.subjects[photo_of(order)]
        try:
            plan = self.editor.plan(subject, order.job.text, options.get("region", "auto"), order.mask)
        except Exception as error:
            self.failures.append(failure(order.job, error))
            return []
        order.open = options.get("candidates", 1)
        return [(order, (subject, plan, options.get("seed", 0) + i)) for i in range(order.open)]

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

    def _lose(self, order: Order, error: Exception) -> None:
        """One candidate of an order cannot be; when all fail, so does the order."""
        order.open -= 1
        if order.open == 0 and order.slots:
            self.through.append(order)
        elif order.open == 0:
            self.failures.append(failure(order.job, error))

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
            ended = self._alone(slots)
        for slot in slots:
            if slot.task in self.orders:
                self.orders[slot.task].spent.add("loop", (time.perf_counter() - began) / len(slots))
        for slot in ended:
            order = self.orders.pop(slot.task)
            order.slots.append(slot)
            order.open -= 1
            if order.open == 0:
                self.through.append(order)
        through, self.through = self.through, []
        return through

    def _alone(self, slots: list[Slot]) -> list[Slot]:
        """A step of each picture by itself, to find the one that fails; those that ended."""
        ended, going = [], []
        for slot in slots:
            self.descent.slots = [slot]
            try:
                ended += self.descent.step()
                going += self.descent.slots
            except Exception as error:
                order = self.orders.pop(slot.task)
                self._lose(order, error)
        self.descent.slots = going
        return ended

    def _narrow(self, width: int) -> None:
        self.width = max(1, width)
        torch.cuda.empty_cache()
        self.tell(f"Memory is short; from now on {self.width} pictures share the optimisation.")

    def _write(self, order: Order) -> Result:
        """The best candidate, written; its line of the journal."""
        job = order.job
        try:
            with order.spent.at("stitch"):
                best = best_of([self.editor.finish(slot) for slot in order.slots if not slot.failed])
                target = best.save(self.out / job.key)
                self._keep(best, target)
            report = best.report() | order.spent.facts()
            report |= {"output": str(self.out / job.key), "notices": [*best.subject.notices, *best.notices]}
            sha256 = order.sight.photo.sha256
            list(thumbnails(self.out, [job.photo, self.out / job.key]))  # here, so that the page is quick at the end
            made = made_from(job, self.out / job.key, *self.hashes, before=order.before, sha256=sha256)
            return Result(job.key, "done", report, made_from=made)
        except FullDisk:
            raise
        except Exception as error:
            return failure(job, error)

    def _keep(self, edit: Edit, target: Path) -> None:
        paths = {name: beside(target, KEPT[name]) for name in self.keep}
        if "mask" in paths:
            edit.save_mask(paths["mask"])
        if "latent" in paths:
            edit.save_latent(paths["latent"])
        if "compare" in paths:
            compare(edit, paths["compare"])
