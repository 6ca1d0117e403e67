"""A run as people watch it: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from fice.batch.journal import Result, Summary
from fice.cli.terminal import quiet

EVERY = 60.0  # seconds between lines where there is no terminal


class Counting:
    """The progress of `run_batch` on stderr."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._told = time.monotonic()

    def __call__(self, result: Result | None, summary: Summary, total: int) -> None:
        if quiet():
            return
        facts = summary.as_dict()
        ended = facts["done"] + facts["skipped"] + facts["failed"]
        if not sys.stderr.isatty():
            if time.monotonic() - self._told >= EVERY:
                self._told = time.monotonic()
                click.echo(line(facts, max(total, ended)), err=True)
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="picture", initial=ended, dynamic_ncols=True, smoothing=0.05)
        self._bar.total = max(total, ended)
        self._bar.set_postfix_str(f"{facts['per_hour']:.0f} an hour, {facts['failed']} failed", refresh=False)
        self._bar.update(ended - self._bar.n)
        if result is not None and result.error:
            self._bar.write(f"{result.key}: {result.error}", file=sys.stderr)

    def __enter__(self) -> Counting:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def line(facts: dict[str, Any], total: int) -> str:
    """How far a run is, in one line: `120/10000, 3 failed, 350 an hour, 28 h 14 min left`."""
    ended = facts["done"] + facts["skipped"] + facts["failed"]
    left = f", {duration((total - ended) / facts['per_hour'] * 3600)} left" if facts["per_hour"] else ""
    return f"{ended}/{total}, {facts['failed']} failed, {facts['per_hour']:.0f} an hour{left}"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
