"""Archives of checkpoints (tar, also xz, gz or bz2), unpacked without trusting a word of what they say."""

from __future__ import annotations

import re
import shutil
import struct
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from fice.errors import WeightsError

SPARE = 64 << 20  # bytes that any archive may grow to
GROWTH = 50  # times its own size that an archive may grow to beyond that; weights hardly shrink
CHUNK = 1 << 20
MEMBERS = 10_000
LETTERS = 60  # of a member's name that its file keeps
LONGEST = 1 << 16  # bytes of a header that is longer than a block
LONG = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
BLUNDERS = (tarfile.TarError, zlib.error, struct.error, EOFError, ValueError, TypeError, OverflowError, RecursionError)


class _Member(tarfile.TarInfo):
    """A member whose headers take no more memory than they should; a compressed one could announce any size."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> _Member:
        member = super().frombuf(buf, encoding, errors)
        if member.type == tarfile.GNUTYPE_SPARSE:
            _refuse_sparse()
        if member.type in LONG and member.size > LONGEST:
            raise WeightsError(
                "The archive has a header that is longer than those of any weights: do not trust it, or unpack it"
                " yourself and import the files."
            )
        return member

    def _proc_gnusparse_10(self, *_: Any) -> NoReturn:  # tarfile's name; it would read a map without end
        _refuse_sparse()


def is_archive(path: Path) -> bool:
    """Whether a file is a tar archive, by its content; also one that is damaged, or refused by `unpack`."""
    try:
        with tarfile.open(path, tarinfo=_Member):
            return True
    except tarfile.TarError:
        return False
    except (WeightsError, *BLUNDERS):
        return True


def unpack(path: Path, folder: Path) -> Iterator[Path]:
    """Writes one member after the other into `folder` and yields it; the caller may delete it before the next.

    Only plain files are taken, under names of their own. Raises WeightsError, before anything of that member is
    written, for links, devices, sparse files, names that leave the folder, and archives that grow beyond reason.
    """
    most = min(SPARE + GROWTH * path.stat().st_size, SPARE + shutil.disk_usage(folder).free)
    size = 0
    try:
        with tarfile.open(path, mode="r|*", tarinfo=_Member) as archive:
            for number, member in enumerate(archive):
                if number == MEMBERS:
                    raise WeightsError(f"{path.name} holds more files than any weights do: do not trust it.")
                if member.isdir():
                    continue
                _check(path, member)
                size += member.size
                if size > most:
                    raise WeightsError(
                        f"{path.name} would grow to more than {most >> 20} MiB on disk, as no weights of its size do:"
                        " unpack it yourself if you trust it, and import the files."
                    )
                stream = archive.extractfile(member)
                name = re.sub(r"[^\w.-]", "_", PurePosixPath(member.name).name)[-LETTERS:]
                target = folder / f"{number}-{name}"
                with target.open("xb") as file:
                    while stream and (block := stream.read(CHUNK)):
                        file.write(block)
                yield target
    except BLUNDERS as error:
        raise WeightsError(f"{path.name} is damaged or cut off ({error}): download it again.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise WeightsError(f"{path.name} is damaged ({error}): download it again.") from error


def _check(path: Path, member: tarfile.TarInfo) -> None:
    name = PurePosixPath(member.name)
    if member.issparse():
        _refuse_sparse()
    if member.size < 0:
        raise ValueError("a size below 0")
    if not member.isfile():
        kind = "a link" if member.issym() or member.islnk() else "no plain file"
        raise WeightsError(f"{path.name} holds {member.name!r}, {kind}, as no weights do: do not trust it.")
    if name.is_absolute() or ".." in name.parts or "\\" in member.name or not name.name:
        raise WeightsError(f"{path.name} holds {member.name!r}, a name outside its own folder: do not trust it.")


def _refuse_sparse() -> NoReturn:
    raise WeightsError("The archive holds a sparse file, as no weights are: unpack it yourself and import the files.")
