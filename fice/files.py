"""Files of the user's: ordinary ones read, whole ones written, recognised by their sha256, one process at a time."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from fice.errors import FiceError, FullDisk, UsageError, is_full_disk

LOCK = ".fice.lock"  # in a folder that one process at a time may write to
PATIENCE = 2  # seconds that pass before a bar appears


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


@contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A binary stream that becomes `path` when all went well, and leaves nothing behind otherwise.

    Written under a temporary name in the same folder, then renamed. FiceError when the disk refuses.
    """
    path = Path(path)
    temporary = path.with_name(f".fice-{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
        with open(temporary, "r+b") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def explain(error: OSError, path: Path) -> FiceError:
    """A failed write as one sentence with its remedy."""
    if is_full_disk(error):
        return FullDisk(f"The disk is full, so {path} was not written; free some space and try again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UsageError(f"The folder {path.parent} cannot be written to; write elsewhere or change its rights.")
    if error.errno == errno.ENAMETOOLONG:
        return UsageError(f"The name of the output {path.name[:40]}... is too long; choose a shorter one.")
    reason = error.strerror or str(error)
    return FiceError(f"{path} was not written ({reason}); try another folder.")


def sha256_of(path: str | os.PathLike, seen: Callable[[int], object] = lambda _: None) -> str:
    """The sha256 of a file's content, read in pieces; OSError where it is no ordinary file.

    seen: is told the bytes of each piece.
    """
    digest = hashlib.sha256()
    with open_file(path) as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
            seen(len(piece))
    return digest.hexdigest()


@contextmanager
def bar(total: int | None, what: str, *, done: int = 0, shown: bool = True) -> Iterator[Callable[[int], object]]:
    """A bar of bytes, `done` of which are behind; what is yielded is told of the next. Only a terminal sees it."""
    from tqdm import tqdm

    hidden = None if shown else True  # None: on a terminal only
    with tqdm(total=total, initial=done, unit="B", unit_scale=True, desc=what, delay=PATIENCE, disable=hidden) as drawn:
        yield drawn.update


def hash_of(value: Any) -> str:
    """The sha256 of what json can hold; the order of a dict does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextmanager
def locked(path: Path, busy: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of the file `path`, which is made in a folder that is there, and stays.

    Where another process or thread holds it, `busy` is called first: it may say so, or raise instead of waiting.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, thread_local=False)
    with suppress(Timeout):
        lock.acquire(timeout=0)
    if not lock.is_locked:
        busy()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def shipped() -> Path:
    """The folder weights/ that comes with fice: in its package where it is installed, beside it in a checkout."""
    inside = Path(__file__).with_name("weights")
    return inside if inside.is_dir() else inside.parents[1] / "weights"


def user_folder() -> Path:
    """$FICE_HOME, else `fice` in the user's cache folder ($XDG_CACHE_HOME or ~/.cache on Linux)."""
    chosen = os.environ.get("FICE_HOME")
    if chosen:
        return Path(os.path.abspath(os.path.expanduser(chosen)))
    from platformdirs import user_cache_path

    return user_cache_path("fice", appauthor=False)


def downloads() -> Path:
    """The folder of downloaded files, one sub-folder per source."""
    return user_folder() / "downloads"


def own_bundles() -> Path:
    """The folder of the bundles made from other people's weights, one sub-folder each."""
    return user_folder() / "bundles"


def own_segmenters() -> Path:
    """The folder of the networks that find regions by words, one sub-folder each."""
    return user_folder() / "segmenters"


def own_collections() -> Path:
    """The folder of the collections of garments, one sub-folder each."""
    return user_folder() / "collections"
