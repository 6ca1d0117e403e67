"""What was found out about photographs, kept on disk by content: bounded, and what was longest unused goes first."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fice.errors import FiceError
from fice.files import hash_of, sha256_of, user_folder, whole_file

if TYPE_CHECKING:
    from torch import Tensor

MOST = 1 << 30  # bytes of all together
DECIDING = ("*.py", "subject/*.py", "nets/*.py", "photo/*.py")  # code that decides what is seen in a photo


def folder() -> Path:
    """Where it lies."""
    return user_folder() / "memory"


def key_of(*facts: Any) -> str:
    """The name of what follows from facts, which json can hold, by the code and the torch that are here."""
    import torch

    return hash_of([_code(), torch.__version__, *facts])


def recall(key: str) -> tuple[dict[str, Tensor], Any] | None:
    """The tensors and the facts that were kept under a key, or None; what is damaged is forgotten."""
    from safetensors import SafetensorError, safe_open

    path = folder() / f"{key}.safetensors"
    if not path.is_file():
        return None
    try:
        os.utime(path)
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["facts"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        path.unlink(missing_ok=True)
        return None


def keep(key: str, tensors: Mapping[str, Tensor], facts: Any) -> None:
    """Keeps tensors and facts, which json can hold, under a key; where the disk refuses, nothing is kept."""
    from safetensors.torch import save

    content = save({name: each.cpu().contiguous() for name, each in tensors.items()}, {"facts": json.dumps(facts)})
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with whole_file(folder() / f"{key}.safetensors") as stream:
            stream.write(content)
    except (OSError, FiceError):
        return
    _make_room()


def held() -> tuple[int, int]:
    """How many photographs' worth is kept, and how many bytes that is."""
    sizes = [state.st_size for _, state in _files()]
    return len(sizes), sum(sizes)


def forget() -> int:
    """Deletes all of it; how many bytes that was."""
    freed = held()[1]
    for path, _ in _files():
        path.unlink(missing_ok=True)
    return freed


def _make_room() -> None:
    total = 0
    for path, state in sorted(_files(), key=lambda one: -one[1].st_mtime):
        total += state.st_size
        if total > MOST:
            path.unlink(missing_ok=True)


def _files() -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder().glob("*.safetensors"):
        try:
            found.append((path, path.stat()))
        except FileNotFoundError:  # another process made room
            continue
    return found


@cache
def _code() -> str:
    """The sha256 of the source that decides."""
    here = Path(__file__).parent
    return hash_of([sha256_of(path) for some in DECIDING for path in sorted(here.glob(some))])
