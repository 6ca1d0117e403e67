"""One order for one photo on its way: where it stands, what is seen of it, what came of it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fice.errors import explain
from fice.service.limits import Cancelled

if TYPE_CHECKING:
    from fice.order import Order
    from fice.service.queue import Queue
    from fice.service.sent import Sent
    from fice.settings import Settings

WAITING, RUNNING, DONE, FAILED, CANCELLED = STATES = ("waiting", "running", "done", "failed", "cancelled")


@dataclass(frozen=True)
class Result:
    """What came of a job.

    Attributes:
        content: the picture as a file, as `fice edit -o` writes it.
        name, media_type: of that file.
        shown: the result, (h, w, 3) uint8 sRGB, no larger than a screen.
        report: what was done, as `fice edit --json` says it, with the notices.
    """

    content: bytes = field(repr=False)
    name: str
    media_type: str
    shown: np.ndarray = field(repr=False)
    report: dict[str, Any] = field(repr=False)

    @property
    def notices(self) -> list[str]:
        """What the user should know."""
        return self.report["notices"]


class Job:
    """One order for one photo; made by `Service.submit`. All of it may be read by any thread at any time.

    Attributes:
        id: a name that cannot be guessed.
        photo: the id of the photo.
        order, settings: what is asked, files by the names under which they were sent, and how it is made.
        state: of `STATES`.
        stage, share: the stage in work, as of `fice.course.Course`, and the share of the work that is done, in [0, 1].
        picture: what was drawn last, (h, w, 3) uint8 sRGB; None where nothing was yet.
        result: when it is done.
        error, exit_code: why it failed, in one sentence, and what the command line would end with.
    """

    def __init__(self, photo: str, order: Order, settings: Settings, sent: Sent, queue: Queue):
        self.id = secrets.token_urlsafe(16)
        self.photo, self.order, self.settings, self.sent = photo, order, settings, sent
        self.state, self.stage, self.share = WAITING, "look", 0.0
        self.picture: np.ndarray | None = None
        self.result: Result | None = None
        self.error: str | None = None
        self.exit_code = 0
        self.began = self.took = 0.0
        self._queue, self._unwanted = queue, False

    def __repr__(self) -> str:
        return f"<Job {self.order.title!r}, {self.state}>"

    @property
    def ended(self) -> bool:
        return self.state in (DONE, FAILED, CANCELLED)

    @property
    def place(self) -> int | None:
        """How many jobs are before it: 0 when it runs; None when it has ended."""
        return self._queue.place(self)

    @property
    def eta(self) -> float | None:
        """Seconds until it is done, by what such jobs took; None where that is not known yet, or it has ended."""
        return self._queue.eta(self)

    def cancel(self) -> None:
        """A job that waits is not begun, one that runs ends at its next step; one that has ended stays as it is."""
        self._queue.cancel(self)

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended within so many seconds."""
        with self._queue.changed:
            return self._queue.changed.wait_for(lambda: self.ended, seconds)

    def as_json(self) -> dict[str, Any]:
        """Where it stands, ready for json."""
        told = {"id": self.id, "photo": self.photo, "state": self.state, "stage": self.stage, "share": self.share}
        told |= {"place": self.place, "eta": self.eta, "error": self.error, "order": self.order.as_json()}
        return told | ({"report": self.result.report} if self.result else {})

    # called by whoever works on it

    def tell(self, stage: str, share: float) -> None:
        """How far it is. Raises Cancelled where nobody wants it any more."""
        self.stage, self.share = stage, share
        self.check()

    def watch(self, state: Any) -> None:
        """A callback of the edit, which keeps what was drawn last. Raises as `tell`."""
        self.picture = state.picture()
        self.check()

    def check(self) -> None:
        """Raises Cancelled where nobody wants it any more."""
        if self._unwanted:
            raise Cancelled("The edit was cancelled.")

    def give_up(self) -> None:
        """Nobody wants it any more."""
        self._unwanted = True
        if self.state == WAITING:
            self.state = CANCELLED

    def begin(self) -> None:
        self.state, self.began = RUNNING, time.monotonic()

    def end(self, result: Result | None = None, error: Exception | None = None) -> None:
        self.took = time.monotonic() - self.began
        self.result = result
        if error is not None and not isinstance(error, Cancelled):
            self.error, self.exit_code = explain(error)
        self.state = DONE if result else CANCELLED if isinstance(error, Cancelled) else FAILED
        if result:
            self.share = 1.0
