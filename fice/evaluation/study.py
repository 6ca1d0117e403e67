"""What an evaluation finds: a row an edit, an estimate a run and measure, differences to the first run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fice.order import Order


@dataclass(frozen=True)
class Measure:
    """One column of the table.

    Attributes:
        name: as in tables, files and plots.
        unit: "" where it has none.
        better: 1 where more is better, -1 where less is, 0 where neither.
        meaning: one sentence, with the source of the formula.
        whole: of a run as a whole, rather than of each edit.
    """

    name: str
    unit: str
    better: int
    meaning: str
    whole: bool = False


@dataclass(frozen=True)
class Row:
    """One edit.

    Attributes:
        run: the run it belongs to.
        source, edit: the pictures.
        order: what was asked for; with the source it tells which edits of two runs belong together.
        values: measure -> number, always finite.
        reasons: measure -> why there is no number.
        curve: (step, loss) of the optimisation, empty where unknown.
    """

    run: str
    source: Path
    edit: Path
    order: Order
    values: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    curve: tuple[tuple[int, float], ...] = ()

    @property
    def partner(self) -> tuple[str, Order]:
        """The same for what two runs made of one order."""
        return str(self.source), self.order

    def as_json(self) -> dict[str, Any]:
        """Everything but the curve."""
        said = {"text": self.text, "seed": self.seed, "order": self.order.as_json()}
        told = vars(self) | {"source": str(self.source), "edit": str(self.edit)} | said
        return {name: value for name, value in told.items() if name != "curve"}

    @property
    def text(self) -> str:
        return self.order.sentence

    @property
    def seed(self) -> int:
        return self.order.seed


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes:
        mean, low, high: None where there is no number; low and high also where one photograph alone gives none.
        count: edits behind it.
        reason: why there is no number, or no interval.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int
    reason: str = ""


@dataclass(frozen=True)
class Difference:
    """A run against the first, over the edits that both have: this one minus the first.

    Attributes:
        mean, low, high: as of an `Estimate`.
        pairs: edits that both runs have a number for.
        more: share of the pairs in which this run's number is larger.
        reason: why there is no number, or no interval.
    """

    mean: float | None
    low: float | None
    high: float | None
    pairs: int
    more: float | None
    reason: str = ""


@dataclass(frozen=True)
class Study:
    """All that tables, plots and the page show.

    Attributes:
        title: of the page.
        runs: name -> what it is, in one sentence; the first is what others are compared with.
        measures: the columns.
        rows: every edit of every run.
        table: run -> measure -> estimate.
        differences: run (without the first) -> measure -> difference.
        notes: who judged, what they were trained on, and warnings.
    """

    title: str
    runs: dict[str, str]
    measures: tuple[Measure, ...]
    rows: tuple[Row, ...]
    table: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Difference]]
    notes: tuple[str, ...]
