"""A job on its way through the flow, and its failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.course import Spent
from fice.engine import Run
from fice.errors import FullDisk, explain, is_full_disk
from fice.files import explain as explain_write
from fice.order import Order
from fice.outputs import Outputs
from fice.subject.subject import Subject


@dataclass(eq=False)
class Pending:
    """A job on its way.

    Attributes:
        before: state of its files before they were read.
        subject: its photo, analysed, before anything is fitted to it.
        latent: the W+ to begin with, or None.
        outputs: what is written of it.
        open: candidates that have not ended.
        runs: those that have.
    """

    job: Job
    before: dict[str, Any]
    subject: Subject
    latent: Tensor | None
    outputs: Outputs
    open: int = 0
    runs: list[Run] = field(default_factory=list)
    spent: Spent = field(init=False)

    def __post_init__(self) -> None:
        self.spent = Spent(self.subject.spent)

    @property
    def order(self) -> Order:
        return self.job.order

    @property
    def photo(self) -> tuple[str, str, str]:
        """What the analysis of its photo depends on."""
        photo = self.subject.photo
        return str(photo.path), photo.sha256, str(self.order.latent)


def failure(job: Job, error: Exception) -> Result:
    """The line of a job that cannot be done. Raises FullDisk, which no other job would escape."""
    if is_full_disk(error):
        error = explain_write(error, job.photo)
    if isinstance(error, FullDisk):
        raise error
    sentence, code = explain(error)
    return Result(job.key, "failed", asked(job), sentence, code)


def asked(job: Job) -> dict[str, Any]:
    """What the report of a failure says."""
    return {"input": str(job.photo), "text": job.text, "order": job.order.as_json()}
