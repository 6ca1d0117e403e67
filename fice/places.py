"""Where what belongs to the user lies: downloaded files and imported bundles. Nothing is created by asking."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """$FICE_HOME, else `fice` in the user's cache folder ($XDG_CACHE_HOME or ~/.cache on Linux)."""
    chosen = os.environ.get("FICE_HOME")
    if chosen:
        return Path(os.path.abspath(os.path.expanduser(chosen)))
    from platformdirs import user_cache_path

    return user_cache_path("fice", appauthor=False)


def downloads() -> Path:
    """The folder of downloaded files, one sub-folder per source."""
    return home() / "downloads"


def own_bundles() -> Path:
    """The folder of the bundles made from other people's weights, one sub-folder each."""
    return home() / "bundles"
