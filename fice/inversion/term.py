"""What a term of an edit is, and how the terms of a batch are bound to their pictures.

A term owns its targets: it makes them of a plan once, or says that the plan wants nothing of it, so that a batch may
mix plans of any kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from fice.inversion import losses
from fice.inversion.losses import View
from fice.plan import Plan

Targets = Mapping[str, Any]  # of one picture: tensors with a batch axis of one, or lists with an entry a garment


class Term(ABC):
    """One summand of the loss, with what it needs to know of each picture.

    view: what it pulls at of what later terms look at, if anything.
    """

    name: str
    view: View | None = None

    def __init__(self, weight: float):
        self.weight = weight

    @abstractmethod
    def targets(self, plan: Plan, seed: int, recoloured: Tensor | None) -> Targets | None:
        """What the picture of a plan is compared with; None where the plan wants nothing of this term.

        recoloured: the subject's own garments in the cloth that is asked for, (1, 3, H, W) float in [0, 1], if any.
        """

    @abstractmethod
    def __call__(self, drawn: Tensor, ws: Tensor, targets: Targets) -> Tensor:
        """drawn (b, 3, H, W), W+ (b, R, D), the joined targets of these pictures -> (b,)."""


def bind(terms: Sequence[Term], targets: Sequence[Mapping[str, Targets | None]]) -> list[losses.Term]:
    """The terms for a batch, given each picture's targets by the name of the term."""
    return [
        losses.Term(term.name, term.weight, _bound(term, [one[term.name] for one in targets]), term.view)
        for term in terms
    ]


def _bound(term: Term, targets: Sequence[Targets | None]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The term's value over those pictures of the batch that want something of it; 0 for the others."""
    kept: dict[tuple[int, ...], tuple[Tensor, Targets]] = {}

    def value(drawn: Tensor, ws: Tensor, index: Tensor) -> Tensor:
        asked = tuple(index.tolist())
        if asked not in kept:
            kept.clear()
            wanting = [(row, found) for row, i in enumerate(asked) if (found := targets[i]) is not None]
            kept[asked] = torch.tensor([row for row, _ in wanting]), _joined([found for _, found in wanting])
        rows, joined = kept[asked]
        if len(rows) == len(asked):
            return term(drawn, ws, joined)
        nothing = drawn.new_zeros(len(asked))
        if not len(rows):
            return nothing + 0 * drawn.sum()
        rows = rows.to(drawn.device)
        return nothing.index_add(0, rows, term(drawn[rows], ws[rows], joined))

    return value


def _joined(several: Sequence[Targets]) -> Targets:
    names = several[0] if several else ()
    return {name: _in_a_row([one[name] for one in several]) for name in names}


def _in_a_row(values: Sequence[Any]) -> Any:
    if isinstance(values[0], Tensor):
        return torch.cat(list(values))
    return [entry for value in values for entry in value]
