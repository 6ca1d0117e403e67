"""One at a time, also among processes. The system frees the lock of a process that dies, so none is ever stale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = ".fice.lock"  # in a folder that one process at a time may write to


@contextmanager
def locked(path: Path, busy: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of the file `path`, which is made in a folder that is there, and stays.

    Where another process or thread holds it, `busy` is called first: it may say so, or raise instead of waiting.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, thread_local=False)
    with suppress(Timeout):
        lock.acquire(timeout=0)
    if not lock.is_locked:
        busy()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
