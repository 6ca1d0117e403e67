"""`fice` with a watch: `python -m fice.cli.timed FILE edit PHOTO ...`, as `fice bench` starts it.

At its end FILE holds json: "seconds" by part, `time.monotonic` as it "came" and "left", and "peak_bytes". Photographs
are remembered beside FILE.
"""

from __future__ import annotations

import atexit
import json
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fice.cli.edit  # noqa: F401
from fice.course import Spent


def main(told: Path, arguments: list[str]) -> None:
    """Runs a command line; errors and the exit code are its own."""
    came, spent = time.monotonic(), Spent()
    with spent.at("torch"):
        import torch
    with spent.at("fice"):
        from fice import memory, once
        from fice.device import most_held
        from fice.edit import Edit
        from fice.photo import photo

    def tell() -> None:
        facts = {"came": came, "left": time.monotonic(), "peak_bytes": most_held(torch.device("cpu")), "seconds": spent}
        told.write_text(json.dumps(facts), "utf-8")

    memory.folder = lambda: told.parent / "memory"
    for owner, name, part in ((once, "Editor", "weights"), (photo, "read_photo", "read"), (Edit, "save", "write")):
        setattr(owner, name, _timed(spent, part, getattr(owner, name)))
    atexit.register(tell)
    sys.argv[1:] = arguments
    runpy.run_module("fice", run_name="__main__", alter_sys=True)


def _timed(spent: Spent, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        with spent.at(part):
            return work(*given, **named)

    return timed


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
