"""What bundle.json says: the networks and the folders of a bundle, with sizes and checksums."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fice.errors import WeightsError, first_line
from fice.files import read_file

FORMAT = 1
CARD = "bundle.json"
LARGEST = 1 << 26  # bytes of it


@dataclass(frozen=True)
class Attachment:
    """A small file that travels with a part, such as a tokenizer's vocabulary."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Part:
    """One network of a bundle: its file, and what rebuilds it."""

    file: str
    sha256: str
    bytes: int
    network: str
    arguments: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Attachment] = field(default_factory=dict)


@dataclass(frozen=True)
class Folder:
    """A model that is a folder of files, as diffusers lays it out: a pipeline, or what is added to one.

    Attributes:
        kind: the class that its model_index.json or config.json names.
        files: each by its path inside.
        licence, origin: what its card says.
    """

    kind: str
    files: dict[str, Attachment]
    licence: str = ""
    origin: str = ""

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files.values())

    def told(self) -> dict[str, Any]:
        """What a person wants to know, as json."""
        return {"kind": self.kind, "bytes": self.bytes, "licence": self.licence, "origin": self.origin}


def read_card(folder: Path) -> dict[str, Any]:
    """bundle.json of a folder. Raises WeightsError if it is missing, unreadable or newer than this fice."""
    path = folder / CARD
    try:
        card = json.loads(read_file(path, LARGEST))
    except FileNotFoundError as error:
        raise WeightsError(f"{folder} is not a bundle, it has no {CARD}: name a bundle or its folder.") from error
    except (ValueError, OSError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise WeightsError(f"{path} cannot be read ({reason}): copy or fetch the bundle again.") from error
    if isinstance(card, dict) and isinstance(card.get("format"), int) and card["format"] > FORMAT:
        raise WeightsError(f"{path} is of format {card['format']}, newer than this fice can read: update fice.")
    return card


def read_part(entry: dict[str, Any]) -> Part:
    """A network's entry of a card; ValueError, TypeError or LookupError for what is none."""
    files = {name: Attachment(**attached) for name, attached in entry.get("files", {}).items()}
    if any(Path(name).name != name for name in files):
        raise ValueError(f"files {list(files)}")
    return Part(**{**entry, "files": files})


def read_folder(name: str, entry: dict[str, Any]) -> Folder:
    """A folder's entry of a card; errors as of `read_part`."""
    files = {path: Attachment(**file) for path, file in entry["files"].items()}
    if Path(name).name != name or any(Path(path).is_absolute() or ".." in Path(path).parts for path in files):
        raise ValueError(f"folder {name!r}")  # a description must not point outside its folder
    return Folder(**{**entry, "files": files})
