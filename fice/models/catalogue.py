"""Bundles and what can become one, by name: list, describe, fetch, import, remove."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fice.bundle.bundle import list_bundles, load_bundle
from fice.bundle.card import CARD
from fice.diffusion.families import family_of
from fice.errors import UsageError, WeightsError
from fice.files import own_bundles, shipped
from fice.models.sources import Recipe, Source, load_sources, megabytes


@dataclass(frozen=True)
class Model:
    """One line of the list: a bundle that is here, or what can be fetched."""

    name: str
    state: str  # "installed" | "downloaded" | "to fetch" | "by hand"
    size: str
    description: str

    def __str__(self) -> str:
        return f"{self.name:24} {self.state:10} {self.size:>15}  {self.description}"


def list_models() -> list[Model]:
    """The bundles that are installed, then everything else that can be fetched."""
    found = []
    for name in list_bundles():
        bundle = load_bundle(name)
        height, width = bundle.canvas
        text = f"{height} x {width}: {bundle.description}" if height else bundle.description
        if painter := bundle.folders.get("pipeline"):
            text = f"{text} ({painter.licence})"
        found.append(Model(name, "installed", megabytes(bundle.bytes), text))
    sources, names = load_sources(), {model.name for model in found}
    for recipe in sources.bundles.values():
        if recipe.name not in names:
            parts = " + ".join(source.name for source in recipe.sources)
            found.append(Model(recipe.name, "to fetch", "", f"{recipe.description} ({parts})"))
    for source in sources.sources.values():
        state = "downloaded" if source.installed() else "by hand" if source.by_hand else "to fetch"
        found.append(Model(source.name, state, source.size_text, source.description))
    return found


def describe(name: str) -> dict[str, Any]:
    """A bundle, a folder that is one, or something to fetch, as json. Raises WeightsError for an unknown name."""
    sources = load_sources()
    if name in list_bundles() or Path(name).is_dir() or name not in sources.names():
        summary = load_bundle(name).summary()
        if painter := summary["folders"].get("pipeline"):
            painter["family"] = family_of(painter["kind"]).name
        return summary
    found = sources.get(name)
    if isinstance(found, Recipe):
        return {
            "name": name,
            "description": found.description,
            "fetched": found.installed(),
            "made_of": {source.name: source.description for source in found.sources},
            "licences": {source.name: source.licence for source in found.sources},
        }
    return {
        "name": name,
        "description": found.description,
        "fetched": found.installed(),
        "size": found.size,
        "licence": found.licence,
        "becomes": list(found.parts),
        "note": found.note,
        "page": found.page,
        "files": {file.name: file.sha256 or "no sha256 published" for file in found.files},
        "folder": str(found.folder),
    }


def fetch_model(name: str, *, offline: bool = False, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Download what a name stands for; what makes a whole bundle is imported too.

    Returns the bundle's folder, or that of the downloaded file or files. Raises WeightsError where that cannot be.
    """
    from fice.models.fetch import fetch

    found = load_sources().get(name)
    if isinstance(found, Source):
        path = fetch(found, offline=offline, tell=tell)
        use = f"becomes a bundle's {' and '.join(found.parts)}: fice models import {path} --as NAME"
        tell(f"{path} {use}" if found.parts else f"{path} is there. {found.note}")
        return path
    folder = own_bundles() / name
    if (folder / CARD).is_file():
        tell(f"The bundle {name} is there; fice models remove {name} makes room for a new one.")
        return folder
    from fice.checkpoints.importing import import_files

    paths = [fetch(source, offline=offline, tell=tell) for source in found.sources]
    return import_files(paths, name, tell=tell).folder


def remove_model(name: str) -> list[Path]:
    """Delete a bundle of the user's, or the download of that name; what was deleted.

    Raises UsageError for a bundle that came with fice, WeightsError where there is nothing of that name.
    """
    sources = load_sources().sources
    folders = [own_bundles() / name, *([sources[name].folder] if name in sources else [])]
    there = [folder for folder in folders if Path(name).name == name and folder.is_dir()]
    if not there and (shipped() / name / CARD).is_file():
        raise UsageError(f"The bundle {name} came with fice: it goes when fice is uninstalled.")
    if not there:
        raise WeightsError(f"Nothing called {name!r} was fetched or imported: see fice models list.")
    for folder in there:
        shutil.rmtree(folder)
    return there
