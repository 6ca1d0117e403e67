"""Photos that are open and jobs on them, for whoever asks: a page, an address, a program."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path, PurePath
from typing import Any, TypeVar

import torch

from fice.bundle.bundle import Bundle, load_bundle
from fice.collections.collection import names as collections
from fice.course import Course
from fice.editor import Editor
from fice.engine import refused
from fice.errors import InputError, UsageError
from fice.once import check_order
from fice.order import Order
from fice.photo.names import named_after, own_extension
from fice.photo.photo import read_photo
from fice.service.job import Job, Result
from fice.service.limits import Full, Gone, Limits
from fice.service.opened import Opened, opened, result_on_screen
from fice.service.queue import Queue
from fice.service.sent import Sent
from fice.settings import NETWORK, Settings

NAME = 100  # letters of a photo's name that are shown
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".tif": "image/tiff"}
Answer = TypeVar("Answer")


class Service:
    """Keeps photos open and does jobs on them, one after the other on one device.

    Args:
        bundle, device: as of `fice.Editor`.
        preset: of jobs that name none; the usual one of the bundle when not given.
        limits: how much is held.

    Methods may be called from any thread. Nothing of it outlives `close`: no thread, no file. Raises as `Editor` does.

    >>> from fice.service.service import Service
    >>> with Service() as service:
    ...     photo = service.open(open("photo.jpg", "rb").read(), "photo.jpg")
    ...     job = service.submit(photo.id, "red floral dress")
    ...     job.wait()
    True
    """

    def __init__(
        self,
        bundle: str | Path | Bundle = "street",
        device: str | torch.device = "auto",
        preset: str | None = None,
        limits: Limits | None = None,
    ):
        self.bundle, self.limits = load_bundle(bundle), limits or Limits()
        self.preset = preset or self.bundle.preset
        self._course: Course | None = None
        self._editor = Editor(self.bundle, device, Settings.preset(self.preset), self._step)
        self._other: Editor | None = None  # of the last job that was made in another way
        self._lock = threading.RLock()
        self._photos: dict[str, Opened] = {}  # the longest unused one first
        self._jobs: dict[str, Job] = {}
        self._closed = False
        self._opening = threading.Semaphore(self.limits.opening)
        self._folder = Path(tempfile.mkdtemp(prefix="fice-"))
        self._clerk = ThreadPoolExecutor(1, "fice-clerk")  # who answers at once, while an edit goes on
        self._queue = Queue(self._work, self._sweep, self.limits.queue)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def device(self) -> torch.device:
        return self._editor.device

    def open(self, data: bytes, name: str = "photo") -> Opened:
        """Reads a photo and looks at it; name: what its sender calls it, for sentences alone.

        Raises InputError for what cannot be used, Full where too many are being opened.
        """
        if len(data) > self.limits.bytes:
            raise InputError(f"{called_by(name)} is larger than {self.limits.bytes >> 20} MiB; make it smaller first.")
        if not data:
            raise InputError(f"The photo {called_by(name)} is empty; copy or download it again.")
        if not self._opening.acquire(blocking=False):
            raise Full(f"{self.limits.opening} photos are being opened already; try again in a moment.")
        try:
            return self._ask(self._open, data, called_by(name))
        finally:
            self._opening.release()

    def photo(self, photo_id: str) -> Opened:
        """An open photo, which is used by that. Raises Gone."""
        with self._lock:
            if photo_id not in self._photos:
                raise Gone("This photo is no longer open; send it again.")
            photo = self._photos.pop(photo_id)
            self._photos[photo_id], photo.used = photo, time.monotonic()
            return photo

    def submit(
        self,
        photo_id: str,
        order: str | Order | Mapping[str, Any],
        preset: str | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        steps: int | None = None,
        strength: float | None = None,
        assignments: Sequence[str] = (),
    ) -> Job:
        """Has an order carried out.

        Args:
            order: a sentence, an order, or one as json holds it.
            preset, steps, strength, assignments: how, as of `Settings.asked_for`.
            files: what the order names, by the names that it uses.

        Raises what is known at once, in the words of the command line: UsageError, InputError, WeightsError; Gone for
        a photo that is not open, and Full where too many jobs wait.
        """
        self._queue.check()
        photo = self.photo(photo_id)
        asked = Order().with_wishes(order) if isinstance(order, Mapping) else Order.of(order)
        settings = Settings.asked_for(preset or self.preset, assignments, steps=steps, strength=strength)
        self._check(asked, settings)
        sent = Sent(asked, files or {}, self._folder)
        with sent as placed:
            self._ask(check_order, placed, photo.photo, self.bundle, settings)
        job = Job(photo_id, asked, settings, sent, self._queue)
        with self._lock:
            self.photo(photo_id)
            if sent.bytes + sum(each.sent.bytes for each in self._jobs.values() if not each.ended) > self.limits.kept:
                raise Full("Orders with many pictures wait already; try again in a minute.")
            self._queue.add(job)
            self._jobs[job.id] = job
        return job

    def job(self, job_id: str) -> Job:
        """A job that was submitted. Raises Gone."""
        with self._lock:
            if job_id not in self._jobs:
                raise Gone("There is no such edit, or no longer; order it again.")
            return self._jobs[job_id]

    def jobs(self, photo_id: str) -> list[Job]:
        """All jobs on a photo, the oldest first."""
        with self._lock:
            return [job for job in self._jobs.values() if job.photo == photo_id]

    def held(self) -> dict[str, int]:
        """How many photos are open, how many jobs are known, and how many of these have not ended."""
        with self._lock:
            active = sum(not job.ended for job in self._jobs.values())
            return {"photos": len(self._photos), "jobs": len(self._jobs), "active": active}

    def forget(self, photo_id: str) -> None:
        """Closes a photo and cancels its jobs; nothing of them is kept. Raises Gone."""
        with self._lock:
            self.photo(photo_id)
            del self._photos[photo_id]
            for job in self.jobs(photo_id):
                job.cancel()
                del self._jobs[job.id]

    def close(self) -> None:
        """Ends all work and forgets everything."""
        self._closed = True
        self._clerk.shutdown(cancel_futures=True)
        self._queue.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._photos.clear()
        self._jobs.clear()

    def _ask(self, what: Callable[..., Answer], *about: Any) -> Answer:
        """What the clerk answers. Raises Full where the service is closed."""
        try:
            return self._clerk.submit(what, *about).result()
        except (RuntimeError, CancelledError):
            if self._closed:
                raise Full("The service has ended; start it again.") from None
            raise

    def _check(self, order: Order, settings: Settings) -> None:
        """Raises UsageError for what is too much for one among many, InputError for what lies nowhere here."""
        if order.candidates > self.limits.candidates:
            raise UsageError(f"There are at most {self.limits.candidates} candidates here; ask for fewer.")
        if settings.steps > self.limits.steps:
            raise UsageError(f"There are at most {self.limits.steps} steps here; ask for fewer.")
        if settings.region_from != NETWORK:
            raise UsageError("Regions are found by the bundle here; leave out region_from.")
        if settings == self._editor.settings and (wishes := refused(order, self._editor.engine.takes)):
            raise UsageError(self._editor.engine.refusal(wishes))
        if order.collection is not None and order.collection not in collections():
            have = ", ".join(collections()) or "none yet"
            raise InputError(f"There is no collection {order.collection!r} here: name one that is ({have}).")

    def _open(self, data: bytes, name: str) -> Opened:
        photo = read_photo(name, data)
        self._make_room(photo.size[0] * photo.size[1])
        found = opened(photo, name, self._editor)
        with self._lock:
            self._make_room(found.pixels)
            self._photos[found.id] = found
        return found

    def _make_room(self, pixels: int) -> None:
        """Forgets what was longest unused, until so many more can be held. Raises Full where all is in use."""
        with self._lock:
            busy = {job.photo for job in self._jobs.values() if not job.ended}
            idle = [photo for photo in self._photos.values() if photo.id not in busy]
            held = sum(photo.pixels for photo in self._photos.values())
            while len(self._photos) >= self.limits.photos or held + pixels > self.limits.pixels:
                if not idle:
                    raise Full("All photos that are open are being edited; try again in a minute.")
                held -= idle[0].pixels
                self.forget(idle.pop(0).id)

    def _sweep(self) -> None:
        """Forgets photos that nobody has used for long, and the oldest results of those that are too many."""
        with self._lock:
            busy = {job.photo for job in self._jobs.values() if not job.ended}
            for photo in [*self._photos.values()]:
                if photo.id not in busy and time.monotonic() - photo.used > self.limits.age:
                    self.forget(photo.id)
            kept = 0
            for job in reversed([*self._jobs.values()]):
                kept += len(job.result.content) if job.result else 0
                if kept > self.limits.kept and job.ended:
                    del self._jobs[job.id]

    def _editor_for(self, settings: Settings) -> Editor:
        """The editor for settings; besides the usual one, that of the last job that wanted another is kept."""
        if settings == self._editor.settings:
            return self._editor
        if self._other is None or self._other.settings != settings:
            self._other = None  # before the next takes memory
            self._other = Editor(self.bundle, self.device, settings, self._step)
        return self._other

    def _step(self, stage: str) -> None:
        """The progress of all editors: of the job that runs."""
        if self._course:
            self._course(stage)

    def _work(self, job: Job) -> Result:
        self._course = Course(job.settings, job.order.candidates, job.tell, self.device.type, past=("load", "look"))
        try:
            return self._edited(job, self.photo(job.photo), self._editor_for(job.settings))
        finally:
            self._course = None

    def _edited(self, job: Job, photo: Opened, editor: Editor) -> Result:
        with job.sent as order:
            edit = editor.edit(photo.subject(editor), order, callback=job.watch)
            edit.facts = job.sent.facts(edit.facts) | {"text": job.order.title}
            extension = own_extension(photo.photo.format, job.order.transparent)
            name = named_after(PurePath(photo.name).stem, job.order.title, extension)
            content = edit.encode(name)
            notices = [job.sent.plain(notice) for notice in (*edit.subject.notices, *edit.notices)]
        shown = result_on_screen(photo.photo, edit.pixels, edit.alpha)
        return Result(content, name, TYPES[extension], shown, edit.report() | {"notices": notices})


def called_by(name: str) -> str:
    """What a photo is called, for people: the end of what its sender says, of letters that can be shown."""
    shown = "".join(letter for letter in name.replace("\\", "/") if letter.isprintable())
    return PurePath(shown).name[-NAME:].strip(".") or "photo"
