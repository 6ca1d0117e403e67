"""The same run on a Ray cluster: one worker a GPU, or a few on the cores, each with the weights in its memory.

Photos and results are files, so every node must see their folders under the same path. The driver alone writes the
journal.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fice.batch.flow import Flow, failure
from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.bundle import Bundle, load_bundle
from fice.errors import DeviceError, FullDisk
from fice.settings import Settings

TRIES = 3  # of a job whose worker died
AHEAD = 2  # tasks that a worker has: one in work, one waiting


class Worker:
    """Holds the weights and edits the jobs that it is given."""

    def __init__(self, bundle: str, settings: dict[str, Any], device: str, out: str, hashes: tuple[str, str],
                 width: int | None, keep: Sequence[str], threads: int):  # fmt: skip
        import torch

        from fice.device import resolve
        from fice.editor import Editor

        if threads:
            torch.set_num_threads(threads)
        editor = Editor(load_bundle(Path(bundle)), resolve(device)[0], Settings(**settings))
        self.flow = Flow(editor, Path(out), hashes, width=width, keep=keep)

    def edit(self, jobs: list[Job]) -> list[Result]:
        """What became of some jobs."""
        return list(self.flow.run(jobs))

    def width(self) -> int:
        """How many jobs are best given at once."""
        return self.flow.width

    def process(self) -> int:
        """The process's number, as the system knows it."""
        return os.getpid()


def on_ray(todo: Iterable[Job], weights: Bundle, settings: Settings, device: str, out: Path, hashes: tuple[str, str],
           width: int | None, keep: Sequence[str], tell, *, address: str | None = None,
           workers: int | None = None) -> Iterator[Result]:  # fmt: skip
    """The engine that is a Ray cluster: an existing one at `address`, else one that is started here and stopped.

    workers: how many; by default one a GPU, or without GPUs one for every two cores. A job whose worker dies is tried
    again on another, three times. Raises DeviceError where Ray is missing or cannot be reached.
    """
    ray = _ray(address, tell)
    try:
        count, options, threads = _shares(ray, device, workers)
        tell(f"{count} workers on Ray.")
        make = ray.remote(**options)(Worker).remote
        arguments = (str(weights.folder.resolve()), dataclasses.asdict(settings), device, str(out.resolve()), hashes,
                     width, list(keep), threads)  # fmt: skip
        here = (dataclasses.replace(job, photo=job.photo.absolute()) for job in todo)
        yield from _spread(ray, lambda: make(*arguments), count, (width or 4) * 2, here)
    finally:
        if address is None:
            ray.shutdown()


def _spread(ray, make, count: int, size: int, jobs: Iterator[Job]) -> Iterator[Result]:
    """Jobs in chunks to workers, never more than each can hold; those of a dead worker go to others."""
    again: deque[tuple[Job, int]] = deque()
    given: dict[Any, tuple[Any, list[tuple[Job, int]]]] = {}
    staff = [make() for _ in range(count)]
    while True:
        for worker in [worker for worker in staff for _ in range(AHEAD)]:
            if sum(who is worker for who, _ in given.values()) >= AHEAD:
                continue
            chunk = [again.popleft() for _ in range(min(size, len(again)))]
            chunk += [(job, 1) for job in itertools.islice(jobs, size - len(chunk))]
            if chunk:
                given[worker.edit.remote([job for job, _ in chunk])] = worker, chunk
        if not given:
            return
        (ready,), _ = ray.wait(list(given), num_returns=1)
        worker, chunk = given.pop(ready)
        try:
            yield from ray.get(ready)
        except ray.exceptions.RayActorError:
            if worker in staff:
                staff[staff.index(worker)] = make()
            for job, tries in chunk:
                if tries < TRIES:
                    again.append((job, tries + 1))
                else:
                    yield failure(job, DeviceError(f"Its worker died {TRIES} times; edit it alone to see why."))
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, FullDisk):
                raise error.cause from None
            raise


def _ray(address: str | None, tell):
    try:
        import ray
    except ImportError:
        raise DeviceError("Ray is not installed: pip install 'fice[cluster]', or leave out --engine ray.") from None
    tell(f"Joining Ray at {address}." if address else "Starting Ray on this machine.")
    try:
        ray.init(address=address, include_dashboard=False if address is None else None, log_to_driver=False,
                 logging_level=logging.ERROR)  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise DeviceError(f"Ray cannot be reached at {address} ({error}): start it, or name its address.") from error
    return ray


def _shares(ray, device: str, workers: int | None) -> tuple[int, dict[str, Any], int]:
    """How many workers there are, what each takes of the cluster, and on how many threads it computes."""
    have = ray.cluster_resources()
    gpus, cores = int(have.get("GPU", 0)), int(have.get("CPU", 1))
    if gpus and device != "cpu":
        count = workers or gpus
        return count, {"num_gpus": gpus / count, "num_cpus": 1, "max_restarts": 0}, 0
    count = workers or max(1, cores // 2)
    threads = max(1, cores // count)
    return count, {"num_cpus": cores / count, "max_restarts": 0}, threads

