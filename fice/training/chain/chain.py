"""The whole chain: from a folder of photographs to a verified bundle, resumed where it was stopped.

Each stage is a process of its own, so that memory is returned and a crash stays a stage's; its output goes to
OUT/logs/STAGE.log. What is finished is noted in OUT/chain.json and not done again. Stages that do not wait for each
other run at the same time, one on each device.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fice.bundle.bundle import load_bundle, verify
from fice.errors import UsageError, WeightsError
from fice.extras import need
from fice.files import LOCK, explain, locked, whole_file
from fice.training.chain.card import CARD, write_card
from fice.training.chain.running import Running
from fice.training.chain.stages import ADVERSARIAL, SHARES, Stage, describe, plan, ready, share_out, timetable
from fice.training.data.folder import read_folder
from fice.training.features import PACKAGED, packaged

NOTES, LOGS = "chain.json", "logs"
TICK = 120  # seconds between two lines about what runs
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What may be asked of a chain.

    device: one or several, with commas between them; "auto": all GPUs, or the CPU. minutes: of training, from the first
    stage to the last; None: `SHARES`. adversarial: None where a GPU is there. threads: of a stage; 0: all, shared out.
    name, licence, source (of the photographs): told by the bundle. smoke: tiny steps, to see that all of it runs.
    """

    device: str = "auto"
    minutes: float | None = None
    adversarial: bool | None = None
    threads: int = 0
    name: str | None = None
    licence: str = "not stated"
    source: str | None = None
    smoke: bool = False


@dataclass(frozen=True)
class Trained:
    """What a chain has made; further: the command that goes on with the generator on a GPU."""

    bundle: Path
    further: str


def train_all(data: Path, out: Path, options: Options | None = None, tell: Tell = print) -> Trained:
    """Trains a bundle from the photographs in `data` (see `fice.training.data.folder`), with all its stages below
    `out`.

    Raises InputError, UsageError, DeviceError, WeightsError, and FiceError where a stage fails otherwise.
    """
    chain = prepare_chain(data, out, options or Options(), tell)
    bundle = out / "bundle"
    with _alone(chain):
        chain.run()
        problems = verify(load_bundle(bundle))
        if problems:
            raise WeightsError(" ".join(problems))
        if chain.worked or not (bundle / CARD).exists():
            places = {str(data): "PHOTOS", str(out): "OUT"}
            write_card(bundle, read_folder(data), chain.stages, chain.notes, places)
    return Trained(bundle, _further(out))


def plan_all(data: Path, out: Path, options: Options | None = None, tell: Tell = print) -> str:
    """What `train_all` would do: stages, commands, minutes."""
    chain = prepare_chain(data, out, options or Options(), tell)
    return describe(chain.stages, chain.devices, chain.standing())


def prepare_chain(data: Path, out: Path, options: Options, tell: Tell) -> Chain:
    """The chain of these options, nothing of it run. Raises InputError, UsageError, DeviceError and WeightsError."""
    folder = read_folder(data)
    folder.check_enough()
    for name in PACKAGED:  # to stand on, for the judge, and to measure with
        packaged(name)
    need("train", "skimage")  # to measure with at the end
    if options.minutes is not None and not 0 < options.minutes < float("inf"):
        raise UsageError("--minutes must be a number above 0: give the minutes that the whole training may take.")
    devices = find_devices(options.device)
    gpu = any(device.startswith("cuda") for device in devices)
    held = f"{len(folder.photos)} photographs, {len(folder.labels)} with labels"
    texts = {
        "name": options.name or out.resolve().name,
        "description": "People, full length, on white.",
        "licence": options.licence,
        "data": options.source or held,
    }
    stages = plan(folder, data, out, texts, gpu if options.adversarial is None else options.adversarial, options.smoke)
    if options.minutes is not None and not options.smoke:
        stages = share_out(stages, options.minutes, len(devices))
    chain = Chain(stages, out, devices, options.threads, tell)
    if any(("--smoke" in note["arguments"]) != options.smoke for note in chain.notes.values() if note["trained"]):
        raise UsageError(f"{out} holds a run with{'out' * options.smoke} --smoke: choose another folder, or remove it.")
    return chain


def find_devices(names: str) -> list[str]:
    """The devices of a list such as "cuda:0,cuda:1" or "cpu,cpu"; "auto": all GPUs, or the CPU.

    They are tried in a process of their own, so that this one holds no memory of theirs. Raises UsageError for a name
    that is none and DeviceError for a device that does not work.
    """
    wanted = [name.strip() for name in names.split(",")]
    if set(wanted) == {"cpu"}:
        return wanted
    from multiprocessing import get_context

    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_try_devices, (wanted,))


def _try_devices(names: list[str]) -> list[str]:
    import torch

    from fice.device import resolve

    if names == ["auto"] and resolve("auto")[0].type == "cuda":
        names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return [str(resolve(name)[0]) for name in names]


class Chain:
    """The stages, what is known of them, and the processes that run.

    worked: whether any stage was run. stopped: set, from a signal for example, to have `run` raise KeyboardInterrupt.
    """

    def __init__(self, stages: Sequence[Stage], out: Path, devices: Sequence[str], threads: int, tell: Tell):
        self.stages, self.out, self.devices, self.tell = list(stages), out, list(devices), tell
        self.threads = threads or max((os.cpu_count() or 1) // len(devices), 1)
        self.notes, self.worked, self.stopped = _read_notes(out / NOTES), False, False

    def standing(self) -> set[str]:
        """Stages that need not be run.

        A trained one is kept even where its options or what lies before it have changed, which is told; others are
        done again then.
        """
        done: set[str] = set()
        for stage in self.stages:
            note = self.notes.get(stage.name)
            if note is None or not (self.out / stage.folder).is_dir():
                continue
            changed = note["arguments"] != list(stage.arguments())
            before = {name: self.notes[name]["ended"] for name in stage.after if name in done}
            stale = note["before"] != before
            if stage.minutes and (changed or stale):
                why = _difference(note["arguments"], stage.arguments()) if changed else "on other results before it"
                where = self.out / stage.folder
                self.tell(f"{stage.name} was trained {why} and is kept: remove {where} to train it again.")
            if stage.minutes or not (changed or stale):
                done.add(stage.name)
        return done

    def run(self) -> None:
        """Runs what is not finished; FiceError of the kind that a stage failed with."""
        running: dict[str, tuple[Stage, Running]] = {}
        done = self.standing()
        free, told_at = list(self.devices), time.monotonic()
        try:
            while len(done) < len(self.stages):
                waiting = [stage for stage in self.stages if stage.name not in done and stage.name not in running]
                for stage in ready(waiting, done)[: len(free)]:
                    running[stage.name] = stage, self._start(stage, free.pop(0))
                    self._tell_begin(stage, running, done)
                time.sleep(0.1)
                if self.stopped:
                    raise KeyboardInterrupt
                for stage, process in list(running.values()):
                    if process.ended():
                        del running[stage.name]
                        free.append(process.device)
                        self._note(stage, process)
                        done.add(stage.name)
                if time.monotonic() - told_at > TICK:
                    told_at = time.monotonic()
                    self._tell_progress(running, done)
        finally:
            for _, process in running.values():
                process.end()

    def _start(self, stage: Stage, device: str) -> Running:
        self.worked = True
        if self.notes.pop(stage.name, None):
            self._write_notes()
        return Running(stage.name, stage.command(sys.executable, device), device, self._log(stage), self.threads)

    def _note(self, stage: Stage, process: Running) -> None:
        minutes = process.minutes()
        self.notes[stage.name] = {
            "arguments": list(stage.arguments()),
            "before": {name: self.notes[name]["ended"] for name in stage.after},
            "ended": time.time(),
            "minutes": round(minutes, 2),
            "trained": stage.minutes > 0,
        }
        self._write_notes()
        self.tell(f"{stage.name}: done in {minutes:.1f} minutes")

    def _write_notes(self) -> None:
        with whole_file(self.out / NOTES) as stream:
            stream.write((json.dumps(self.notes, indent=1) + "\n").encode())

    def _log(self, stage: Stage) -> Path:
        return self.out / LOGS / f"{stage.name}.log"

    def _tell_begin(self, stage: Stage, running: dict, done: set[str]) -> None:
        table = self._timetable(running, done)
        place = f"{self.stages.index(stage) + 1} of {len(self.stages)}"
        self.tell(
            f"{stage.name} ({place}) on {running[stage.name][1].device}, about {stage.expected:.3g} minutes,"
            f" all done about {_clock(table)}; log: {self._log(stage)}"
        )

    def _tell_progress(self, running: dict, done: set[str]) -> None:
        table = self._timetable(running, done)
        for name, (_, process) in running.items():
            ends = _clock({name: table[name]})
            self.tell(f"{name}: {process.last_line()}; ends about {ends}, all done about {_clock(table)}")

    def _timetable(self, running: dict, done: set[str]) -> dict[str, tuple[float, float]]:
        spent = {name: process.minutes() for name, (_, process) in running.items()}
        return timetable(self.stages, len(self.devices), done, spent)


@contextmanager
def _alone(chain: Chain) -> Iterator[None]:
    """Holds OUT against another chain, and has Ctrl-C and SIGTERM stop this one; UsageError when there is another."""

    def busy() -> None:
        raise UsageError(f"Another fice is training in {out}: wait until it is done or choose another folder.")

    def stop(*_: object) -> None:  # raises nothing: an exception is lost where a process is being started
        chain.stopped = True

    out = chain.out
    with ExitStack() as held:
        try:
            out.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(out / LOCK, busy))
        except OSError as error:
            raise explain(error, out / LOCK) from error
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _read_notes(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}): remove it, and all stages are run again.") from error


def _difference(old: Sequence[str], new: Sequence[str]) -> str:
    """In which option two command lines differ first."""
    for name, before, after in zip(["", *new], old, new, strict=False):
        if before != after:
            return f"with {name if name.startswith('--') else ''} {before}, not {after},".replace("  ", " ")
    return "with other options"


def _clock(table: dict[str, tuple[float, float]]) -> str:
    end = max((end for _, end in table.values()), default=0.0)
    return time.strftime("%H:%M", time.localtime(time.time() + 60 * end))


def _further(out: Path) -> str:
    places = {"--data": out / "prepared", "--out": out / "adversarial", "--start": out / "bundle"}
    words = [str(word) for place in places.items() for word in place]
    minutes = f"{2 * SHARES['adversarial']:g}"
    return shlex.join(["fice", "train", "adversarial", *words, *ADVERSARIAL, "--device", "cuda", "--minutes", minutes])
