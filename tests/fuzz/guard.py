"""What a reader of a hostile file must not do: execute, write elsewhere, connect, take much time or memory."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 20  # of the processor, for one file
MEMORY = 300 << 20  # bytes by which the process may grow beside what the files need
RUNS = {
    "exec",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.fork",
    "os.forkpty",
    "subprocess.Popen",
    "pty.spawn",
    "import",
    "pickle.find_class",
    "ctypes.dlopen",
    "code.__new__",
}
CHANGES = {"os.remove", "os.rename", "os.link", "os.symlink", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Forbidden(BaseException):
    """Not an Exception, so that nobody takes it for damage."""


class Guard:
    """Watches this process from now on, inside `watching`. `folder` is where files may be written."""

    def __init__(self, folder: Path):
        self.folder, self.active = os.path.realpath(folder), False
        self.most = peak() + MEMORY
        signal.signal(signal.SIGPROF, self._late)
        sys.addaudithook(self._hear)  # for good: such a hook cannot be taken back

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Raises Forbidden where something happens that must not."""
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        self.active = True
        try:
            yield
        finally:
            self.active = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        if peak() > self.most:
            grown, self.most = peak() - self.most + MEMORY, peak() + MEMORY
            raise Forbidden(f"takes {grown >> 20} MiB")

    def _late(self, *_: Any) -> None:
        raise Forbidden(f"takes more than {SECONDS} s")

    def _hear(self, event: str, arguments: tuple) -> None:
        if not self.active:
            return
        if event in RUNS or event.startswith("socket."):
            raise Forbidden(f"{event} {arguments!r:.100}")
        if event == "open":
            path, mode, flags = arguments
            writes = flags & WRITES if isinstance(flags, int) else set(str(mode)) & set("wax+")
            if writes:
                self._check(path, event)
        elif event in CHANGES:
            self._check(arguments[0], event)

    def _check(self, path: Any, event: str) -> None:
        inside = isinstance(path, (str, bytes, os.PathLike)) and os.path.realpath(os.fsdecode(path))
        if not inside or not inside.startswith(self.folder + os.sep):
            raise Forbidden(f"{event} {path!r:.100}")


def peak() -> int:
    """The most bytes of memory that this process has held."""
    status = Path("/proc/self/status")  # the other figure begins with the parent's there
    if status.exists():
        return int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) << 10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def outcome(guard: Guard, read: Callable[[], Any], refusal: type[Exception]) -> str:
    """ "read", "refused" (in one sentence), or what is wrong with how a file was read."""
    try:
        with guard.watching():
            read()
    except refusal as error:
        said = str(error)
        return "refused" if said.endswith(".") and said.isprintable() and len(said) < 2000 else f"says {said!r:.200}"
    except (Exception, Forbidden) as error:
        return f"{type(error).__name__}: {error!s:.200}"
    return "read"
