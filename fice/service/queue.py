"""Jobs in the order in which they came, one at a time, in one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from statistics import median

from fice.errors import FiceError
from fice.service.job import Job, Result
from fice.service.limits import Full

SWEPT = 30.0  # seconds between looks for what nobody uses
REMEMBERED = 5  # jobs of a kind, of whose times the median counts
KINDS = 64  # kinds of jobs whose times are remembered


class Queue:
    """A thread that does jobs.

    Args:
        do: the work on a job; what it raises ends that job alone.
        sweep: called now and then while nothing is to be done, and after each job.
        most: jobs that may wait.

    Attributes:
        changed: notified when a job begins, ends or is cancelled.
    """

    def __init__(self, do: Callable[[Job], Result], sweep: Callable[[], None], most: int):
        self.changed = threading.Condition()
        self._do, self._sweep, self._most = do, sweep, most
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._times: dict[Hashable, deque[float]] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="fice-worker", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises Full where no more jobs may wait."""
        if self._closed or len(self._waiting) >= self._most:
            raise Full(f"{len(self._waiting)} orders wait already; try again in a minute.")

    def add(self, job: Job) -> None:
        """Raises Full as `check` does."""
        with self.changed:
            self.check()
            self._waiting.append(job)
            self.changed.notify_all()

    def cancel(self, job: Job) -> None:
        with self.changed:
            if job in self._waiting:
                self._waiting.remove(job)
            job.give_up()
            self.changed.notify_all()

    def place(self, job: Job) -> int | None:
        with self.changed:
            if job is self._running:
                return 0
            return self._waiting.index(job) + (self._running is not None) if job in self._waiting else None

    def eta(self, job: Job) -> float | None:
        with self.changed:
            place = self.place(job)
            if place is None:
                return None
            ahead = ([self._running] if self._running else []) + list(self._waiting)
            left = [self._left(each) for each in ahead[: place + 1]]
            return None if None in left else sum(filter(None, left))

    def close(self) -> None:
        """No job is begun any more, and the one that runs ends at its next step; waits until it has."""
        with self.changed:
            self._closed = True
            for job in [*self._waiting, *filter(None, [self._running])]:
                job.give_up()
            self._waiting.clear()
            self.changed.notify_all()
        self._thread.join()

    def _left(self, job: Job) -> float | None:
        """Seconds of work on a job that are left."""
        times = self._times.get(_kind(job))
        if not times:
            return None
        return max(0.0, median(times) - (time.monotonic() - job.began if job is self._running else 0.0))

    def _next(self) -> Job | None:
        with self.changed:
            self.changed.wait_for(lambda: self._waiting or self._closed, SWEPT)
            if not self._waiting:
                return None
            self._running = self._waiting.popleft()
            self._running.begin()
            self.changed.notify_all()
            return self._running

    def _work(self) -> None:
        while not self._closed:
            self._turn()  # a call of its own, so that nothing of a job is held until the next one comes
            self._sweep()

    def _turn(self) -> None:
        job = self._next()
        if job is None:
            return
        result, failed = None, None
        try:
            result = self._do(job)
        except Exception as error:  # one job's trouble, told to whoever asked for it, is nobody else's
            failed = error
            if not isinstance(error, FiceError):
                logging.getLogger(__name__).exception("an edit failed")
        with self.changed:
            self._running = None
            job.end(result, failed)
            if result:
                self._times.setdefault(_kind(job), deque(maxlen=REMEMBERED)).append(job.took)
                if len(self._times) > KINDS:
                    self._times.pop(next(iter(self._times)))
            self.changed.notify_all()


def _kind(job: Job) -> Hashable:
    """Jobs of a kind take about the same time."""
    return job.settings, job.order.candidates
