"""What became of each picture, one line each in OUT/results.jsonl; what `append` returned for survives a power cut."""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fice.errors import UsageError
from fice.files import LOCK, explain, locked

NAME = "results.jsonl"
KEPT = ("input", "output", "text", "seconds", "order")  # of a report; losses and the like stay in the file


@dataclass(frozen=True)
class Result:
    """One line of the journal.

    status: "done" or "failed". report: what `fice edit --json` says. error: one sentence. exit_code: what `fice edit`
    would have ended with. made_from: what `fice.batch.resume` compares.
    """

    key: str
    status: str
    report: dict[str, Any]
    error: str | None = None
    exit_code: int = 0
    made_from: dict[str, Any] = field(default_factory=dict)


class Journal:
    """The open journal of the folder `out`, which is created where it is missing; a context manager.

    While it is open no other process can open it. A line that a kill has left incomplete is cut off on opening.
    UsageError when another process works there or the folder cannot be used, FiceError when the disk refuses.
    notices: sentences about lines that cannot be read, after `latest`.
    """

    def __init__(self, out: str | os.PathLike) -> None:
        self.path = Path(out) / NAME
        self.notices: list[str] = []
        self._file = -1
        self._held = ExitStack()

    def __enter__(self) -> Journal:
        folder = self.path.parent

        def busy() -> None:
            raise UsageError(f"Another fice is writing to {folder}; wait until it is done or choose another folder.")

        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._held.enter_context(locked(folder / LOCK, busy))
        except FileExistsError:
            raise UsageError(f"{folder} is not a folder; choose another name for the folder of the results.") from None
        except OSError as error:
            raise explain(error, folder / LOCK) from error
        try:
            new = not self.path.exists()
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            self._mend()
            if new:
                _sync_folder(folder)
        except OSError as error:
            self.__exit__()
            raise explain(error, self.path) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._held.close()

    def append(self, result: Result) -> None:
        """Write one line, wait until it is on the disk. FiceError when the disk refuses: then nothing of it stays.

        Interrupted, what is half written goes and a whole line stays.
        """
        line = _line(result)
        end = os.lseek(self._file, 0, os.SEEK_END)
        try:
            self._write(line)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, end)
            raise explain(error, self.path) from error
        except BaseException:
            self._mend()
            raise

    def latest(self) -> dict[str, Result]:
        """The last result of each key; of its report only what resume and summary need."""
        results: dict[str, Result] = {}
        damaged = []
        with open(self.path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                result = _parse(line)
                if result is None:
                    damaged.append(number)
                else:
                    results[result.key] = result
        if damaged:
            which = f"line {damaged[0]}" + (f" and {len(damaged) - 1} more" if damaged[1:] else "")
            self.notices.append(f"{self.path} is damaged in {which}; those pictures count as not yet edited.")
        return results

    def entries(self) -> list[dict[str, Any]]:
        """The last line of each key with all that it says."""
        with open(self.path, "rb") as lines:
            return [*{result.key: json.loads(line) for line in lines if (result := _parse(line))}.values()]

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)

    def _mend(self) -> None:
        """Cut off an incomplete last line; one that only lacks its end of line gets it."""
        with open(self.path, "rb") as stream:
            end = position = stream.seek(0, os.SEEK_END)
            tail = b""
            while position and b"\n" not in tail:
                step = min(position, 65_536)
                position -= step
                stream.seek(position)
                tail = stream.read(step) + tail
        tail = tail[tail.rfind(b"\n") + 1 :]
        if tail and _parse(tail) is not None:
            self._write(b"\n")
        elif tail:
            os.ftruncate(self._file, end - len(tail))
            os.fsync(self._file)


def _line(result: Result) -> bytes:
    entry = _plain(asdict(result))
    try:
        return json.dumps(entry, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:  # a name that is not Unicode
        return json.dumps(entry, allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    """As json can hold it: what is not finite becomes null, numpy's numbers and arrays become Python's."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def _parse(line: bytes) -> Result | None:
    """A line of the journal, without what only people read; None when it is damaged."""
    try:
        entry = json.loads(line)
        report, made_from = dict(entry["report"]), dict(entry.get("made_from") or {})
        result = Result(
            key=entry["key"],
            status=entry["status"],
            report={name: report[name] for name in KEPT if name in report},
            error=entry.get("error"),
            exit_code=entry.get("exit_code", 0),
            made_from=made_from,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    sound = isinstance(result.key, str) and result.status in ("done", "failed") and type(result.exit_code) is int
    return result if sound and isinstance(result.error, (str, type(None))) else None


def _sync_folder(folder: Path) -> None:
    """Make a new file's name last; not every system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@dataclass
class Summary:
    """What became of a run, counted as it goes."""

    done: int = 0
    flagged: int = 0  # of those: with a fault that people see at once
    skipped: int = 0  # already there and unchanged
    failed: dict[str, int] = field(default_factory=dict)  # by reason, in which the photo is PHOTO
    first: dict[str, tuple[str, str]] = field(default_factory=dict)  # by reason: its first photo, and what was said
    began: float = field(default_factory=time.monotonic)

    def add(self, result: Result) -> None:
        """Count a result of this run."""
        if result.status == "done":
            self.done += 1
            self.flagged += bool(result.report.get("complaints"))
            return
        said = result.error or "No reason was given."
        photo = str(result.report.get("input") or "")
        alone = rf"(?<![^\s\"'(]){re.escape(photo)}"  # not the end of another path
        reason = re.sub(alone, "PHOTO", said) if photo else said
        self.failed[reason] = self.failed.get(reason, 0) + 1
        self.first.setdefault(reason, (photo, said))

    def _reasons(self) -> dict[str, int]:
        """A photo that fails alone is named, and of several the first; the most frequent reason first."""
        reasons: dict[str, int] = {}
        for reason, count in sorted(self.failed.items(), key=lambda item: (-item[1], item[0])):
            photo, said = self.first[reason]
            told = said if count == 1 or not photo else f"{reason} (The first PHOTO is {photo}.)"
            reasons[told] = reasons.get(told, 0) + count
        return reasons

    def as_dict(self) -> dict[str, Any]:
        """{done, flagged, skipped, failed, reasons: {reason: count}, seconds, per_hour}; frequent reasons first."""
        seconds = time.monotonic() - self.began
        return {
            "done": self.done,
            "flagged": self.flagged,
            "skipped": self.skipped,
            "failed": sum(self.failed.values()),
            "reasons": self._reasons(),
            "seconds": round(seconds, 3),
            "per_hour": round(self.done * 3600 / seconds, 1) if self.done and seconds > 0 else 0.0,
        }

    def __str__(self) -> str:
        facts = self.as_dict()
        rows = [(facts[name], name) for name in ("done", "skipped", "failed")]
        if self.flagged:
            rows.insert(1, (self.flagged, "  flagged, their notices say why"))
        rows += [(count, "  " + reason) for reason, count in facts["reasons"].items()]
        rows.append((f"{facts['per_hour']:.0f}", "pictures an hour"))
        width = max(len(str(count)) for count, _ in rows)
        return "\n".join(f"{count:>{width}}  {what}" for count, what in rows)
