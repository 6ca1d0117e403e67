"""An evaluation as people watch it: a bar on a terminal."""

from __future__ import annotations

from typing import Any


class Looking:
    """The progress of `evaluate` on stderr; a context manager."""

    def __init__(self) -> None:
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:  # disable=None: only on a terminal
            self._bar = tqdm(total=total, desc="looking", unit="picture", disable=None)
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> Looking:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
