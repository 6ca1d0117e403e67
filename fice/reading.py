"""Files that somebody names: opened only where they are ordinary ones, and read whole only up to a size."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


def check_ordinary(path: str | os.PathLike) -> None:
    """OSError unless `path` is a file; a pipe, a socket or a device might never end."""
    kind = os.stat(path).st_mode
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", os.fspath(path))
    if not stat.S_ISREG(kind):
        raise OSError(errno.EINVAL, "it is a pipe or a device and no file", os.fspath(path))


def open_file(path: str | os.PathLike) -> BinaryIO:
    """The bytes of an ordinary file; OSError for anything else."""
    check_ordinary(path)
    return open(path, "rb")


def read_file(path: str | os.PathLike, most: int) -> bytes:
    """The content of an ordinary file of at most `most` bytes; OSError for anything else."""
    with open_file(path) as stream:
        content = stream.read(most + 1)
        if len(content) > most:
            raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", os.fspath(path))
    return content
