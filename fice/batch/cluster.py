"""The same run on a Ray cluster: one worker a GPU, or a few on the cores, each with the weights in its memory.

Photos and results are files, so every node must see their folders under the same path. The driver alone writes the
journal.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import queue
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from fice.batch.batch import Batch
from fice.batch.feed import Feed
from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.batch.pending import asked
from fice.batch.ray_session import connected, knock
from fice.bundle.bundle import load_bundle
from fice.errors import DeviceError

TRIES = 3  # of a job whose worker dies, the last one alone; of a worker that dies before it is ready
AHEAD = 3  # times what it reads at once a worker is given: that, in work, and being written
LEAST = 4  # jobs that it is given at once at least
PATIENCE = 60.0  # seconds until it is told that no worker has found a place
CHECK = 5.0  # seconds without news until the cluster is looked after
GRACE = 40.0  # seconds that a cluster may be away; after 60 Ray ends this process
LOOK = 0.5  # seconds between looks for new jobs where there are none at the moment
MOMENT = 0.05  # seconds that a job may take to come
ROOT = Path(__file__).resolve().parents[2]

Tell = Callable[[str], None]
Report = tuple[int, list[str], Result | None]  # what a worker says: how many it reads, remarks, what became of a job


class Worker:
    """Edits jobs as they come, in a process of its own; `give` and `reports` run side by side."""

    def __init__(self, batch: Batch, hashes: tuple[str, str], threads: int):
        self.batch, self.hashes, self.threads = batch, hashes, threads
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def open(self, tell: Tell) -> Any:
        """The `Flow` that edits; raises the errors of `fice.errors` where weights or device cannot be used."""
        import torch

        from fice.batch.flow import Flow
        from fice.device import resolve
        from fice.editor import Editor

        torch.set_num_threads(self.threads)  # of the thread that calls
        batch = self.batch
        chosen, reason = resolve(batch.device)
        tell(f"A worker computes on {chosen.type} ({reason}).")
        editor = Editor(batch.bundle, chosen, batch.settings)
        return Flow(editor, batch.out, self.hashes, batch_size=batch.batch_size, keep=batch.keep, tell=tell)

    def give(self, job: Job) -> None:
        """One more job to do."""
        self.jobs.put(job)

    def reports(self) -> Iterator[Report]:
        """Without end: one report as soon as work can begin, then one for each job as it is through."""
        remarks: list[str] = []
        flow = self.open(remarks.append)
        yield flow.ahead, remarks, None
        while True:
            first = self.jobs.get()
            remarks.clear()
            for result in flow.run(itertools.chain([first], self._more())):
                yield flow.ahead, remarks, result
                remarks.clear()

    def _more(self) -> Iterator[Job]:
        with suppress(queue.Empty):
            while True:
                yield self.jobs.get_nowait()


def on_ray(todo: Iterable[Job], batch: Batch, hashes: tuple[str, str], tell: Tell) -> Generator[Result, None, None]:
    """The executor that is a Ray cluster: the one at `batch.address` (or $RAY_ADDRESS), else one of its own.

    todo: taken as there is room; one that lets wait for its next holds nothing up. batch.workers: how many; by default
    one a GPU, or without GPUs one for every two cores. A job whose worker dies is tried again by another, three times.

    Raises DeviceError where Ray is missing or cannot be reached, and whatever stops a worker as a whole.
    """
    todo = iter(todo)
    first = next(todo, None)
    if first is None:
        return
    with connected(batch.address, tell) as ray:
        count, options, threads = shares(ray.nodes(), batch.device, batch.workers)
        tell(f"{count} {'worker' if count == 1 else 'workers'} on Ray.")
        # a checkout that is not installed is found too; what the node has in these variables is kept behind
        variables = {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": f"{ROOT}{os.pathsep}${{PYTHONPATH}}"}
        make = ray.remote(max_concurrency=2, runtime_env={"env_vars": variables}, **options)(Worker).remote
        folder = load_bundle(batch.bundle).folder.resolve()
        sent = dataclasses.replace(batch, bundle=folder, output=batch.out.resolve())
        with closing(_patiently(itertools.chain([first], todo))) as jobs:
            crew = _Crew(ray, lambda: make(sent, hashes, threads), count, jobs, batch.out, tell)
            try:
                yield from crew.work()
            finally:
                crew.dismiss()


def _patiently(jobs: Iterable[Job]) -> Generator[Job | None, None, None]:
    """Jobs, and None whenever the next has not come within a moment; none is taken before it is asked for."""
    feed = Feed(jobs)
    try:
        while True:
            job = feed.take(MOMENT)
            if feed.ended:
                return
            yield job
    finally:
        feed.close()


def shares(nodes: Sequence[dict[str, Any]], device: str, workers: int | None) -> tuple[int, dict[str, float], int]:
    """How many workers there are, what each takes (Ray's num_gpus and num_cpus), and on how many threads it computes.

    nodes: as ray.nodes() says. Raises DeviceError where there is neither a GPU nor a core.
    """
    have = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = [1.0] * int(sum(each.get("GPU", 0) for each in have))
    cores = [each["CPU"] for each in have if each.get("CPU", 0) >= 1]
    if gpus and device != "cpu":
        count = workers or len(gpus)
        beside = sum(each.get("CPU", 0) for each in have if each.get("GPU", 0))  # cores that read and write
        return count, {"num_gpus": _share(gpus, count), "num_cpus": 0}, max(1, int(beside / count))
    if not cores:
        raise DeviceError("The Ray cluster has neither a GPU nor a core to compute on: add a node to it.")
    count = workers or sum(max(1, int(each) // 2) for each in cores)
    share = _share(cores, count)
    return count, {"num_cpus": share}, max(1, int(share))


def _share(have: Sequence[float], count: int) -> float:
    """The largest share of which `count` fit, none of them across two of what there is; whole where it is above 1."""
    fair = {each / parts for each in have for parts in range(1, count + 1)}
    fair = {float(int(share)) if share >= 1 else math.floor(share * 1e4) / 1e4 for share in fair}  # Ray's precision
    return max(share for share in fair if share and sum(int(each / share + 1e-9) for each in have) >= count)


@dataclasses.dataclass(eq=False)
class _Hand:
    """A worker, and the jobs that it has been given and has not reported, each with the number of its try."""

    actor: Any
    jobs: list[tuple[Job, int]] = dataclasses.field(default_factory=list)
    width: int = 0  # known when it is ready


class _Crew:
    """Jobs to workers, never more than each needs; those of a dead worker go to others."""

    def __init__(
        self, ray: Any, make: Callable[[], Any], count: int, jobs: Iterator[Job | None], out: Path, tell: Tell
    ):
        self.ray, self.make, self.count, self.jobs, self.out, self.tell = ray, make, count, jobs, out, tell
        self.hands: dict[Any, _Hand] = {}  # by the stream of their reports
        self.again: deque[tuple[Job, int]] = deque()
        self.alone: deque[tuple[Job, int]] = deque()  # to be tried for the last time, with no others at risk
        self.more = True
        self.stillborn = 0
        self.began = self.seen = time.monotonic()
        self.told: set[str] = set()

    def work(self) -> Iterator[Result]:
        """What becomes of each job."""
        while True:
            self._give()
            if not any(hand.jobs for hand in self.hands.values()) and not self.more:
                return
            if not self.hands:
                time.sleep(LOOK)
                continue
            ready, _ = self.ray.wait(list(self.hands), timeout=LOOK if self._idle() else CHECK)
            if ready:
                self.seen = time.monotonic()
            else:
                self._check()
            for stream in ready:
                hand = self.hands[stream] = self.hands.pop(stream)  # the others come first next time
                yield from self._hear(stream, hand)

    def dismiss(self) -> None:
        """Send all workers home."""
        for hand in self.hands.values():
            self.ray.kill(hand.actor)
        self.hands.clear()

    def _check(self) -> None:
        """Whether there is still a cluster; DeviceError when it has been away for too long."""
        now = time.monotonic()
        if now > self.began + PATIENCE and not any(hand.width for hand in self.hands.values()):
            self._say("No worker has begun yet; the nodes of the cluster may be busy with other work.")
        try:
            knock(self.ray.get_runtime_context().gcs_address)
            self.seen = now
        except OSError:
            if now > self.seen + GRACE:
                raise DeviceError(
                    "The Ray cluster has ended: start it again and repeat the command, which goes on where it was."
                ) from None

    def _idle(self) -> bool:
        """Whether there is room for jobs, and more of them may come."""
        return self.more and (len(self.hands) < self.count or any(self._room(hand) for hand in self.hands.values()))

    def _room(self, hand: _Hand) -> bool:
        if any(tries == TRIES for _, tries in hand.jobs):
            return False
        return len(hand.jobs) < max(LEAST, AHEAD * hand.width)

    def _give(self) -> None:
        """Jobs to workers that have room, to those with the fewest first; workers are started as jobs need them."""
        while True:
            free = [hand for hand in self.hands.values() if self._room(hand)]
            hand = min(free, key=lambda hand: len(hand.jobs) / max(1, hand.width), default=None)
            if len(self.hands) < self.count and (hand is None or hand.jobs):
                hand = None
            elif hand is None:
                return
            item = self._next() or (self.alone.popleft() if self.alone and (hand is None or not hand.jobs) else None)
            if item is None:
                return
            if hand is None:
                hand = _Hand(self.make())
                self.hands[hand.actor.reports.options(num_returns="streaming").remote()] = hand
            job, _ = item
            hand.jobs.append(item)
            hand.actor.give.remote(dataclasses.replace(job, photo=job.photo.absolute()))

    def _next(self) -> tuple[Job, int] | None:
        if self.again:
            return self.again.popleft()
        if not self.more:
            return None
        try:
            job = next(self.jobs)
        except StopIteration:
            self.more = False
            return None
        return None if job is None else (job, 1)

    def _hear(self, stream: Any, hand: _Hand) -> Iterator[Result]:
        """A worker's next report, or its death."""
        errors = self.ray.exceptions
        try:
            hand.width, remarks, result = self.ray.get(next(stream))
        except errors.RayTaskError as error:
            raise error.cause from error
        except errors.RayError:
            del self.hands[stream]
            yield from self._bury(hand)
            return
        self.stillborn = 0
        for remark in remarks:
            self._say(remark)
        if result is not None:
            at = next(i for i, (job, _) in enumerate(hand.jobs) if job.key == result.key)
            job, _ = hand.jobs.pop(at)
            named = {"input": str(job.photo), "output": str(self.out / job.key)}  # as other engines do
            named = {name: path for name, path in named.items() if name in result.report}
            yield dataclasses.replace(result, report=result.report | named)

    def _bury(self, hand: _Hand) -> Iterator[Result]:
        """Find others for what a dead worker has left."""
        with suppress(self.ray.exceptions.RayError):
            self.ray.kill(hand.actor)  # one that only cannot be reached must not go on beside its successor
        if not hand.width:
            self.stillborn += 1
            if self.stillborn == TRIES:
                raise DeviceError("Workers die before they can begin, mostly for want of memory: use fewer --workers.")
            self.again.extend(hand.jobs)
            return
        for job, tries in hand.jobs:
            if tries == TRIES:
                error = f"Its worker died {TRIES} times, mostly for want of memory; edit it alone to see why."
                yield Result(job.key, "failed", asked(job), error, DeviceError.exit_code)
            else:
                (self.alone if tries + 1 == TRIES else self.again).append((job, tries + 1))

    def _say(self, remark: str) -> None:
        if remark not in self.told:
            self.told.add(remark)
            self.tell(remark)
