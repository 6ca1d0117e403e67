"""How far a run is, as people watch it: a bar on a terminal; of a batch elsewhere a line a minute."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from fice.cli.terminal import quiet, warn
from fice.course import duration

if TYPE_CHECKING:
    from typing_extensions import Self

    from fice.batch.journal import Result, Summary

PATIENCE = 2  # seconds that pass before the bar of an edit appears
EVERY = 60.0  # seconds between lines where there is no terminal
BAR = "{desc:<10}{percentage:4.0f} %|{bar:30}| {elapsed} gone, {remaining} left {postfix}"
STAGES = {"load": "loading", "look": "preparing", "fit": "fitting", "loop": "editing", "stitch": "stitching"}


class _Bar:
    """A bar that ends with its block."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


class Progress(_Bar):
    """How far an edit is: a bar with its stage and the time left on stderr, if that is a terminal."""

    def __call__(self, stage: str, share: float) -> None:
        """The stage in work, as `fice.course.Course` names it, and the share of the work that is done, in [0, 1]."""
        if quiet():
            return
        from tqdm import tqdm

        if self._bar is None:  # disable=None: only on a terminal; smoothing=0: stages differ, the whole counts
            self._bar = tqdm(total=1, bar_format=BAR, delay=PATIENCE, smoothing=0, mininterval=0, disable=None)
        self._bar.set_description_str(STAGES[stage], refresh=False)
        self._bar.update(share - self._bar.n)

    def loss(self, state: Any) -> None:
        """A callback of the inversion: its loss stands behind the bar."""
        if self._bar is not None and state.losses:
            self._bar.set_postfix_str(f"loss {sum(state.losses.values()):.3f}")


class Counting(_Bar):
    """The progress of `run_batch` on stderr."""

    def __init__(self) -> None:
        super().__init__()
        self._told = time.monotonic()

    def __call__(self, result: Result | None, summary: Summary, total: int) -> None:
        if quiet():
            return
        facts = summary.as_dict()
        ended = facts["done"] + facts["skipped"] + facts["failed"]
        if not sys.stderr.isatty():
            if time.monotonic() - self._told >= EVERY:
                self._told = time.monotonic()
                warn(line(facts, max(total, ended)))
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="picture", initial=ended, dynamic_ncols=True, smoothing=0.05)
        self._bar.total = max(total, ended)
        self._bar.set_postfix_str(f"{facts['per_hour']:.0f} an hour, {facts['failed']} failed", refresh=False)
        self._bar.update(ended - self._bar.n)
        if result is not None and result.error:
            self._bar.write(f"{result.key}: {result.error}", file=sys.stderr)


def line(facts: dict[str, Any], total: int) -> str:
    """How far a run is, in one line: `120/10000, 3 failed, 350 an hour, 28 h 14 min left`."""
    ended = facts["done"] + facts["skipped"] + facts["failed"]
    left = f", {duration((total - ended) / facts['per_hour'] * 3600)} left" if facts["per_hour"] else ""
    return f"{ended}/{total}, {facts['failed']} failed, {facts['per_hour']:.0f} an hour{left}"


class Looking(_Bar):
    """The progress of `evaluate` and of `garments index` on stderr."""

    def __call__(self, done: int, total: int) -> None:
        if quiet():
            return
        from tqdm import tqdm

        if self._bar is None:  # disable=None: only on a terminal
            self._bar = tqdm(total=total, desc="looking", unit="picture", disable=None)
        self._bar.update(done - self._bar.n)
