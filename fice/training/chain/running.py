"""The process of one stage of the chain: its output in a log, its failure in one sentence."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fice import errors
from fice.errors import DeviceError, FiceError


class Running:
    """A stage that runs.

    Args:
        name: of the stage.
        command: what to run.
        device: where it computes.
        log: a file that its output is added to.
        threads: of the CPU.
    """

    def __init__(self, name: str, command: Sequence[str], device: str, log: Path, threads: int):
        self.name, self.device, self.log, self.began = name, device, log, time.monotonic()
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
        with log.open("a") as stream:
            stream.write(f"$ {shlex.join(command)}\n")
            stream.flush()
            self._from = stream.tell()
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def ended(self) -> bool:
        """Whether it has ended well; FiceError where it has failed."""
        code = self._process.poll()
        if code:
            raise self._failure(code)
        return code == 0

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()

    def last_line(self) -> str:
        return (self._lines() or ["begins"])[-1]

    def minutes(self) -> float:
        """Minutes that are spent; of training also those before an interruption, as far as the log tells."""
        found = re.findall(r"^step \d+  minute ([\d.]+)", "\n".join(self._lines()), re.MULTILINE)
        return max(float(found[-1]) if found else 0.0, (time.monotonic() - self.began) / 60)

    def _lines(self) -> list[str]:
        with self.log.open("rb") as stream:
            stream.seek(max(self._from, self.log.stat().st_size - 10_000))
            text = stream.read().decode(errors="replace")
        return [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]

    def _failure(self, code: int) -> FiceError:
        """One sentence; of the kind and with the remedy that the recipe gave, if it did."""
        last, again = self.last_line(), f"see {self.log}, and start the same command again to go on"
        said = re.fullmatch(r"fice\.errors\.(\w+): (.*)", last)
        if said and isinstance(kind := getattr(errors, said[1], None), type) and issubclass(kind, FiceError):
            return kind(f"{self.name}: {said[2]} The log is {self.log}.")
        if "OutOfMemoryError" in last or "MemoryError" in last or "DefaultCPUAllocator" in last:
            return DeviceError(f"The stage {self.name} ran out of memory on {self.device}: {again}.")
        if code < 0:
            name = signal.Signals(-code).name
            return FiceError(f"The stage {self.name} was ended by {name} (memory may have run out): {again}.")
        return FiceError(f"The stage {self.name} failed ({last}): {again}.")


def _end_with_parent() -> None:
    """Asks the kernel to end this process when its parent is gone, however that went."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
