"""One picture to optimise: whose, towards what, from where."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fice.inversion.terms import Targets
from fice.inversion.tuning import Weights
from fice.plan import Plan
from fice.subject.subject import Subject


@dataclass(eq=False)
class Task:
    """One picture to optimise.

    Attributes:
        subject: the photo, analysed.
        plan: what the sentence changes in it.
        seed: of the re-dressed start and of the augmented views.
        ws: the latent to begin with, (1, R, D).
        weights: the generator's convolutions tuned to the start, or {}.
        targets: what its terms compare with, a batch of one.
    """

    subject: Subject
    plan: Plan
    seed: int
    ws: Tensor
    weights: Weights
    targets: Targets
