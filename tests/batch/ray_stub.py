"""Workers on Ray that only pretend to edit; as a program, a run of them on a Ray of its own: OUT JOBS TEXT."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ray import cloudpickle

from fice.batch import cluster
from fice.batch.batch import Batch
from fice.batch.jobs import Job
from fice.batch.journal import Journal, Result
from fice.errors import FullDisk, WeightsError
from fice.order import Order


class StubFlow:
    """Does what the text says: die (always, or once), find the disk full; else it notes the edit and is done."""

    ahead = 1

    def __init__(self, out: Path):
        self.out = out

    def run(self, jobs: Iterable[Job]) -> Iterator[Result]:
        for job in jobs:
            with open(self.out / "edits.txt", "a") as edits:
                edits.write(f"{job.key}\n")
            if job.text == "die" or (job.text == "die once" and not (self.out / "died").exists()):
                (self.out / "died").touch()
                time.sleep(0.5)  # what was reported before is on its way
                os.kill(os.getpid(), signal.SIGKILL)
            if job.text == "full":
                raise FullDisk("The disk is full; free some space and try again.")
            time.sleep(1 if job.text == "slow" else 0)
            yield Result(
                job.key,
                "done",
                {
                    "input": str(job.photo),
                    "text": job.text,
                    "pid": os.getpid(),
                    "threads": os.environ["OMP_NUM_THREADS"],
                },
            )


class StubWorker(cluster.Worker):
    def open(self, tell):
        tell("A worker pretends.")
        if self.batch.device == "damaged":
            raise WeightsError("The weights are damaged; fetch them again.")
        if self.batch.device == "hopeless":
            os.kill(os.getpid(), signal.SIGKILL)
        return StubFlow(self.batch.out)


cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers need not find this file


def jobs(count: int, text: str = "a red dress", at: int = 5) -> list[Job]:
    """So many jobs, one of them with another text."""
    texts = [text if i == at else "a red dress" for i in range(count)]
    return [Job(f"{i}.jpg", Path(f"photos/{i}.jpg"), Order.of(each)) for i, each in enumerate(texts)]


def edit(todo, out, *, device="cpu", tell=lambda _: None, **options):
    """`on_ray` with workers that pretend."""
    cluster.Worker, real = StubWorker, cluster.Worker
    try:
        yield from cluster.on_ray(todo, Batch(None, out, device=device, **options), ("", ""), tell)
    finally:
        cluster.Worker = real


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with Journal(folder) as journal:
        for result in edit(jobs(int(sys.argv[2]), sys.argv[3]), folder, workers=2):
            journal.append(result)
