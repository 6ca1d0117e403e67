"""Known weights from where their publishers keep them, checked, into the user's downloads."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fice.errors import WeightsError, is_full_disk
from fice.files import locked, user_folder
from fice.models.sources import File, Recipe, Source, Sources, load_sources

__all__ = ["Recipe", "Source", "Sources", "fetch", "load_sources"]

Tell = Callable[[str], None]


def fetch(source: Source, *, offline: bool = False, tell: Tell = lambda _: None, progress: bool = True) -> Path:
    """The one file of a source, or the folder of its several, after downloading what is not there.

    What is there with the right sha256 is not fetched again. A download that broke off goes on where it stopped. Of a
    file whose publisher states no sha256 the first one seen is kept in `seen.json`, and another one is refused later.
    `offline` (or FICE_OFFLINE=1) never touches the network. `tell` is given remarks for a person; `progress` allows a
    bar on a terminal. Raises WeightsError, which names what a person can do instead.
    """
    offline = offline or os.environ.get("FICE_OFFLINE", "0") not in ("", "0")
    try:
        absent = [file for file in source.files if not _is_there(source, file, tell)]
        by_hand = [file for file in absent if file.url is None]
        if absent and (offline or by_hand):
            raise _absent(source, by_hand or absent)
        for file in absent:
            _get(source, file, tell, progress)
    except OSError as error:
        raise _explain(error, source) from error
    return source.path


def _get(source: Source, file: File, tell: Tell, progress: bool) -> None:
    """Download one file, unless another process just did."""
    path = source.folder / file.name
    with _alone(source.name, f"Another fice is fetching {source.name}; waiting for it.", tell):
        if _is_there(source, file, tell):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob("tmp????????"):  # pooch's, of a run that was killed while it compared
            stale.unlink()
        again = "again, as the one that is there is damaged, " if path.exists() else ""
        size = f" ({source.size_text})" if len(source.files) == 1 else ""
        tell(f"Fetching {file.name}{size} {again}from {file.url}")
        _get_from([str(file.url), *file.mirrors], source, file, tell, progress)


def _get_from(addresses: list[str], source: Source, file: File, tell: Tell, progress: bool) -> None:
    """Download one file from the first address that has it."""
    import pooch

    from fice.models.download import Download, Gone

    path, known = source.folder / file.name, file.sha256 or _seen().get(_key(source, file))
    part, remedy = path.with_name(f"{path.name}.part"), _remedy(source, file)
    pooch.get_logger().setLevel("ERROR")
    for number, url in enumerate(addresses):
        others = addresses[number + 1 :]
        download = Download(file, part, remedy, tell, progress, last=not others)
        try:
            pooch.retrieve(url, known and f"sha256:{known}", path.name, path.parent, downloader=download)
        except Gone:
            if not others:
                raise
            tell(f"{file.name} is gone from {url}; trying {others[0]}")
            continue
        except ValueError as error:  # how pooch says that the sha256 differs
            raise _wrong(source, file) from error
        if known is None:
            _is_there(source, file, tell)  # keeps the sha256
        return


def _is_there(source: Source, file: File, tell: Tell) -> bool:
    """Whether a file is there with its stated sha256, or else with the one seen first."""
    path = source.folder / file.name
    if not path.is_file():
        return False
    import pooch

    key, found = _key(source, file), pooch.file_hash(str(path))
    known = file.sha256 or _seen().get(key)
    if known is None:
        _see(key, found, tell)
        tell(f"Nobody states a sha256 for {file.name}; it is {found}, and from now on no other is accepted.")
    return known in (None, found)


def _absent(source: Source, files: list[File]) -> WeightsError:
    """What is missing offline, or can only be had by hand."""
    names = " and ".join(file.name for file in files)
    changed = [file for file in files if (source.folder / file.name).exists()]
    if any(file.sha256 is None for file in changed):
        return WeightsError(
            f"{names} in {source.folder} is not what was there first: bring that back, or, if you mean the change, take"
            f" its line out of {_seen_path()}."
        )
    state = "damaged" if changed else "missing"
    remedy = _remedy(source, files[0])
    if files[0].url is None:
        return WeightsError(f"{names} of {source.name} is {state} and no program may fetch it: {remedy}.")
    return WeightsError(
        f"{names} of {source.name} is {state} and nothing is fetched offline: run it again without --offline and"
        f" FICE_OFFLINE, or {remedy}."
    )


def _remedy(source: Source, file: File) -> str:
    """What a person can do where no program gets a file."""
    where = file.url or f"{file.name} at {source.page}"
    return f"open {where} in a browser, put the file into {source.folder} as {file.name}, and run this again"


def _wrong(source: Source, file: File) -> WeightsError:
    if file.sha256:
        return WeightsError(
            f"What came for {file.name} has another sha256 than its publisher states and was deleted: try again later,"
            f" or {_remedy(source, file)}."
        )
    return WeightsError(
        f"What came for {file.name} is not the file that came first and was deleted: if its publisher says that it was"
        f" replaced, take its line out of {_seen_path()} and fetch it again."
    )


def _explain(error: OSError, source: Source) -> WeightsError:
    if is_full_disk(error):
        return WeightsError(
            f"The disk of {source.folder} is full: free some space, or set FICE_HOME to a folder on a larger disk; what"
            " came is kept."
        )
    where = error.filename or source.folder
    return WeightsError(f"{where} cannot be used ({error.strerror}): set FICE_HOME to a folder that you may write to.")


@contextmanager
def _alone(name: str, waiting: str, tell: Tell) -> Iterator[None]:
    """Hold the lock of a name; whoever has to wait is told why."""
    folder = user_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f"{name}.lock", lambda: tell(waiting)):
        yield


def _key(source: Source, file: File) -> str:
    return file.url or f"{source.name}/{file.name}"


def _seen_path() -> Path:
    return user_folder() / "seen.json"


def _seen() -> dict[str, str]:
    """The sha256 of each file that came without a stated one."""
    try:
        table = json.loads(_seen_path().read_text(encoding="utf-8"))
        if not isinstance(table, dict):
            raise ValueError("no table")
        return table
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise WeightsError(f"{_seen_path()} is damaged: delete it, and files are recognised anew.") from error


def _see(key: str, sha256: str, tell: Tell) -> None:
    from fice.files import whole_file

    with _alone("seen", "Another fice writes down what it saw; waiting for it.", tell):
        table = json.dumps(_seen() | {key: sha256}, indent=2) + "\n"
        with whole_file(_seen_path()) as stream:
            stream.write(table.encode())
