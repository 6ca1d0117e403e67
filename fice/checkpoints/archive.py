"""Archives of checkpoints (tar, also xz, gz or bz2), unpacked without trusting a word of what they say."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fice.errors import WeightsError

SPARE = 64 << 20  # bytes that any archive may grow to
GROWTH = 50  # times its own size that an archive may grow to beyond that; weights hardly shrink
CHUNK = 1 << 20


def is_archive(path: Path) -> bool:
    """Whether a file is a tar archive, by its content."""
    try:
        return tarfile.is_tarfile(path)
    except EOFError:  # cut off within its first block
        return True


def unpack(path: Path, folder: Path) -> Iterator[Path]:
    """Writes one member after the other into `folder` and yields it; the caller may delete it before the next.

    Only plain files are taken, under names of their own. Raises WeightsError, before anything of that member is
    written, for links, devices, names that leave the folder, and archives that grow beyond reason.
    """
    most = min(SPARE + GROWTH * path.stat().st_size, SPARE + shutil.disk_usage(folder).free)
    size = 0
    try:
        with tarfile.open(path, mode="r|*") as archive:
            for number, member in enumerate(archive):
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
                target = folder / f"{number}-{PurePosixPath(member.name).name}"
                with target.open("xb") as file:
                    while stream and (block := stream.read(CHUNK)):
                        file.write(block)
                yield target
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise WeightsError(f"{path.name} is damaged or cut off ({error}): download it again.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise WeightsError(f"{path.name} is damaged ({error}): download it again.") from error


def _check(path: Path, member: tarfile.TarInfo) -> None:
    name = PurePosixPath(member.name)
    if not member.isfile():
        kind = "a link" if member.issym() or member.islnk() else "no plain file"
        raise WeightsError(f"{path.name} holds {member.name!r}, {kind}, as no weights do: do not trust it.")
    if name.is_absolute() or ".." in name.parts or "\\" in member.name or not name.name:
        raise WeightsError(f"{path.name} holds {member.name!r}, a name outside its own folder: do not trust it.")
