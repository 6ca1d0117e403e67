"""A job on its way through the flow, its failure, and the files beside its result."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.course import Spent
from fice.errors import FullDisk, explain, is_full_disk
from fice.files import explain as explain_write
from fice.inversion.loop import Slot
from fice.photo.names import cut_name
from fice.subject.subject import Sight

KEPT = {"mask": ".mask.png", "latent": ".latent.safetensors", "compare": ".compare.png"}  # beside the result, if wished
LONGEST = 240  # bytes of a name, so that a temporary one fits beside it


@dataclass(eq=False)
class Order:
    """A job on its way; `open` counts the candidates that have not ended."""

    job: Job
    before: dict[str, Any]
    sight: Sight
    mask: np.ndarray | None
    latent: Tensor | None
    open: int = 0
    slots: list[Slot] = field(default_factory=list)
    spent: Spent = field(init=False)

    def __post_init__(self) -> None:
        self.spent = Spent(self.sight.spent)


def photo_of(order: Order) -> tuple[str, str, str]:
    """What the analysis of an order's photo depends on."""
    photo = order.sight.photo
    return str(photo.path), photo.sha256, str(order.job.options.get("latent"))


def beside(target: Path, ending: str) -> Path:
    """The name of what is kept beside a result: the result's own with an ending, cut where it would be too long."""
    name, whole = target.name, os.fsencode(target.name)
    if len(whole) + len(ending) > LONGEST:
        name = f"{cut_name(name, LONGEST - len(ending) - 9)}-{hashlib.sha256(whole).hexdigest()[:8]}"
    return target.with_name(name + ending)


def failure(job: Job, error: Exception) -> Result:
    """The line of a job that cannot be done. Raises FullDisk, which no other job would escape."""
    if is_full_disk(error):
        error = explain_write(error, job.photo)
    if isinstance(error, FullDisk):
        raise error
    sentence, code = explain(error)
    return Result(job.key, "failed", {"input": str(job.photo), "text": job.text}, sentence, code)
