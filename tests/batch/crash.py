"""Runs that are to be killed, filled up and interrupted, each in a process of its own: `crash.py WHAT ARGUMENTS`."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from asking import batch
from batch.stub import Stub

import fice.editor

QUICK = ["--batch", "2", "--preset", "generated", "--steps", "2", "--device", "cpu"]


def command(pause: str, *arguments: str) -> None:
    """The command line, with the stub in the place of the editor."""
    from fice.cli import main

    fice.editor.Editor = partial(Stub, pause=float(pause))
    main(arguments)


def kills(count: str, *arguments: str) -> None:
    """The same command again and again, each time killed after it has come a little further; prints how far."""
    from fice.batch import flow, run  # noqa: F401  # imported once, so that the moments are in the run itself

    journal = Path(arguments[arguments.index("-o") + 1]) / "results.jsonl"
    written = lambda: journal.read_bytes().count(b"\n") if journal.exists() else 0  # noqa: E731
    moments = random.Random(0)
    for _ in range(int(count)):
        child, wanted = os.fork(), written() + moments.randrange(3)
        if child == 0:
            command("0.01", *arguments)
        ended = False
        while written() < wanted and not ended:
            time.sleep(0.001)
            ended = os.waitpid(child, os.WNOHANG)[0] == child
        time.sleep(moments.uniform(0, 0.05))
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        print(written(), flush=True)


def full(source: str, out: str) -> None:
    """A disk of its own that becomes full in the middle; then there is space again. Needs a mount namespace."""
    import subprocess

    Path(out).mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", out], check=True)
    ballast = Path(out, "ballast")
    ballast.write_bytes(bytes((4 << 20) - (80 << 10)))
    for _ in range(2):
        child = os.fork()
        if child == 0:
            command("0", "batch", source, "red dress", "-o", out, *QUICK)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        names = sorted(str(path.relative_to(out)) for path in Path(out).rglob("*") if path.is_file())
        print("ended", code, flush=True)
        print("journal", Path(out, "results.jsonl").read_bytes().count(b'"status": "done"'), flush=True)
        print("temporary", sum(name.endswith(".tmp") for name in names), flush=True)
        ballast.unlink(missing_ok=True)


def many(source: str, out: str) -> None:
    """A run over a list; prints when the engine got its first job, and the memory held after each hundred."""
    from fice.batch.run import run_batch

    began = time.monotonic()

    class Timed(Stub):
        def analyse(self, photo):
            if not self.calls["analyse"]:
                print("first", time.monotonic() - began, flush=True)
            subject = super().analyse(photo)
            del self.calls["analyse"][1:]
            return subject

        def _called(self, method, names):
            super()._called(method, names)
            del self.calls[method][1:]

        def finish(self, run):
            self.seen.clear()
            return super().finish(run)

    def sample(result, summary, _):
        if (ended := summary.done + summary.skipped) % 100 == 0:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            print("held", ended, pages * os.sysconf("SC_PAGE_SIZE") >> 20, flush=True)

    fice.editor.Editor = Timed
    asked = batch(source, ["red dress"], out, batch_size=8, preset="generated", steps=1, device="cpu")
    summary = run_batch(asked, progress=sample)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print("end", pages * os.sysconf("SC_PAGE_SIZE") >> 20, summary.as_dict(), flush=True)
    print("took", time.monotonic() - began, flush=True)


if __name__ == "__main__":
    {"command": command, "kills": kills, "full": full, "many": many}[sys.argv[1]](*sys.argv[2:])
