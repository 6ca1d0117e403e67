"""`-` for a photo or a result: standard input and standard output."""

from __future__ import annotations

import sys
from pathlib import Path

from fice.errors import InputError, UsageError
from fice.photo.decode import SMALL
from fice.photo.names import own_extension
from fice.photo.photo import Photo, read_photo


def is_pipe(path: str | Path | None) -> bool:
    return str(path) == "-"


def photo_from_stdin() -> Photo:
    """The photo at standard input. UsageError for a terminal, InputError for what cannot be used."""
    if sys.stdin.isatty():
        raise UsageError("No picture comes in at standard input; add < photo.jpg, or give a file instead of -.")
    data = sys.stdin.buffer.read(SMALL + 1)
    if not data:
        raise InputError("Nothing came in at standard input; send it a picture, as with < photo.jpg.")
    if len(data) > SMALL:
        raise InputError(f"More than {SMALL >> 20} MiB came in at standard input; give so large a picture as a file.")
    return read_photo("<stdin>", data)


def name_at_stdout(source: Photo, transparent: bool = False) -> Path:
    """What stands for the file's name of a result in its source's own format, or PNG. UsageError for a terminal."""
    if sys.stdout.isatty():
        raise UsageError("A picture is not for the terminal; add > result.jpg, or name a file with -o.")
    return Path("<stdout>" + own_extension(source.format, transparent))


def write_to_stdout(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
