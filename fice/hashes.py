"""What files and values are recognised by: their sha256, in hex."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from fice.reading import open_file


def sha256_of(path: str | os.PathLike) -> str:
    """The sha256 of a file's content, read in pieces; OSError where it is no ordinary file."""
    digest = hashlib.sha256()
    with open_file(path) as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def hash_of(value: Any) -> str:
    """The sha256 of what json can hold; the order of a dict does not count."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
