"""Which pictures of an earlier run need not be made again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fice.batch.jobs import Job
from fice.batch.journal import Result
from fice.errors import FiceError
from fice.files import hash_of, sha256_of
from fice.order import Order
from fice.photo.names import FORMATS


def fingerprint(order: Order, settings_hash: str, weights_hash: str) -> str:
    """The sha256 of all that a result depends on beside the content of files."""
    return hash_of([*order.shape(), *order.collected(), settings_hash, weights_hash])


def state_of(job: Job) -> dict[str, Any]:
    """Size and age of the files of a job, to be taken before they are read for the edit.

    A change that comes in between is then found by the next run. OSError when one of them cannot be read.
    """
    facts = _stat(job.photo, "input")
    for name, path in job.order.files().items():
        facts |= _stat(path, name) | {f"{name}_sha256": sha256_of(path)}
    return facts


def made_from(
    job: Job, output: Path, settings_hash: str, weights_hash: str, *, before: dict[str, Any], sha256: str
) -> dict[str, Any]:
    """What is written down about a finished picture for `unchanged` to compare.

    before is what `state_of` said, sha256 that of the very bytes that were edited (`Photo.sha256`). "output_size" is
    [H, W] as stored. OSError or FiceError when the output is not there or no picture.
    """
    return {
        **before,
        "input_sha256": sha256,
        "settings": settings_hash,
        "weights": weights_hash,
        "fingerprint": fingerprint(job.order, settings_hash, weights_hash),
        "output_bytes": os.stat(output).st_size,
        "output_size": _size_of(output),
    }


def unchanged(job: Job, settings_hash: str, weights_hash: str, previous: Result, *, out: Path) -> bool:
    """Whether the result of `job` in the folder `out` is whole and would be made from the same again.

    A photo of the same size and age counts as the same; one of another age is read and its hash compared. Never raises
    for what is on the disk or in `previous`.
    """
    made = previous.made_from
    if job.error or previous.status != "done" or previous.key != job.key:
        return False
    if made.get("fingerprint") != fingerprint(job.order, settings_hash, weights_hash):
        return False
    output = Path(out) / job.key
    try:
        if os.stat(output).st_size != made.get("output_bytes") or _size_of(output) != made.get("output_size"):
            return False
        files = [("input", str(job.photo)), *job.order.files().items()]
        return all(_same(path, name, made) for name, path in files)
    except (OSError, ValueError, FiceError):
        return False


def _stat(path: str | os.PathLike, name: str) -> dict[str, Any]:
    facts = os.stat(path)
    return {f"{name}_bytes": facts.st_size, f"{name}_mtime_ns": facts.st_mtime_ns}


def _same(path: str | os.PathLike, name: str, made: dict[str, Any]) -> bool:
    now = _stat(path, name)
    if now[f"{name}_bytes"] != made.get(f"{name}_bytes"):
        return False
    return now[f"{name}_mtime_ns"] == made.get(f"{name}_mtime_ns") or sha256_of(path) == made.get(f"{name}_sha256")


def _size_of(picture: Path) -> list[int]:
    """[H, W] of a result from its header alone; FiceError when it is not the picture that its name promises."""
    from PIL import Image

    from fice.photo.decode import readable

    with readable(picture, b""), Image.open(picture, formats=[FORMATS[picture.suffix.lower()]]) as image:
        return [image.height, image.width]
