"""Jobs that may be long in coming, fetched beside the work."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from typing import Any

from fice.batch.jobs import Job


class Feed:
    """Takes jobs from an iterable in a thread of its own; none is fetched before it is asked for.

    `ended` is true once the iterable is through.
    """

    def __init__(self, jobs: Iterable[Job]):
        self.ended = False
        self._jobs = iter(jobs)
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._come: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._waiting = False
        threading.Thread(target=self._fetch, daemon=True).start()

    def take(self, seconds: float) -> Job | None:
        """The next job, or None if it has not come within so many seconds or there is none. Raises what it raised."""
        if self.ended:
            return None
        if not self._waiting:
            self._asked.put(True)
            self._waiting = True
        try:
            job, error = self._come.get(timeout=seconds)
        except queue.Empty:
            return None
        self._waiting = False
        self.ended = job is None
        if error is not None:
            raise error
        return job

    def close(self) -> None:
        """No more is fetched."""
        self.ended = True
        self._asked.put(False)

    def _fetch(self) -> None:
        while self._asked.get():
            try:
                self._come.put((next(self._jobs, None), None))
            except BaseException as error:
                self._come.put((None, error))
