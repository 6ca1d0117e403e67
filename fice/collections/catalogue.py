"""The collections of this user: listed, described, removed."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from fice.collections.collection import find, names, unchanged
from fice.collections.store import Stored, damaged, read_card
from fice.errors import InputError
from fice.files import own_collections, sha256_of


def listed() -> list[dict[str, Any]]:
    """Each collection with the number of its garments and the folder of their pictures; a damaged one has neither."""
    found: list[dict[str, Any]] = []
    for name in names():
        try:
            card = read_card(own_collections() / name)
            found.append({"name": name, "garments": card.count, "folder": card.folder})
        except InputError as error:
            found.append({"name": name, "garments": None, "folder": None, "error": str(error)})
    return found


def describe(name: str) -> dict[str, Any]:
    """What a collection holds, ready for json, after a look at all of it and at its pictures.

    Raises InputError where there is none, and where it is damaged.
    """
    folder = find(name)
    card = read_card(folder)
    if any(sha256_of(folder / file) != sha256 for file, _, sha256 in card.files.values()):
        raise damaged(folder)
    kinds: Counter[str] = Counter()
    states: Counter[str] = Counter()
    captions = 0
    for row in Stored(folder, card).rows(range(card.count)):
        path = Path(card.folder, row["picture"])
        kinds[row["kind"]] += 1
        captions += bool(row.get("caption"))
        states["missing" if not path.exists() else "unchanged" if unchanged(path, row) else "changed"] += 1
    return {
        "name": folder.name,
        "folder": card.folder,
        "garments": card.count,
        "kinds": dict(kinds.most_common()),
        "with a caption": captions,
        "pictures": dict(states.most_common()),
        "megabytes": round(sum(size for _, size, _ in card.files.values()) / 1e6, 1),
        "bundle": card.bundle,
        "weights": card.weights,
        "sha256": card.sha256,
    }


def remove(name: str) -> Path:
    """Deletes a collection, never its pictures; what was deleted. InputError where there is none of that name."""
    if name not in names():
        find(name)  # which says what there is
        raise InputError(f"{name} is no name of a collection; fice garments list shows them.")
    folder = own_collections() / name
    shutil.rmtree(folder)
    return folder
