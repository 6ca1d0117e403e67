"""A model's folder on its way into a bundle: linked where the disk can, copied or written where it cannot."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from fice.bundle.card import CARD, read_card
from fice.bundle.pack import save_folder, save_tensors
from fice.checkpoints.components import Content
from fice.errors import UsageError, WeightsError
from fice.files import bar, explain, open_file
from fice.models.sources import megabytes

BLOCK = 1 << 22


@dataclass
class Tree:
    """What is taken of a model.

    Attributes:
        name: of the folder in the bundle: "pipeline", "controlnet" or "adapter".
        kind: its class.
        files: each by its path inside.
        licence, origin: for people.
        below: what of the folder it is, where it is not all of it.
        title: what it is called, for people; else its name.
        notes: what was found, in words.
    """

    name: str
    kind: str
    files: dict[str, Content]
    licence: str
    origin: str
    title: str = ""
    below: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def what(self) -> str:
        return self.title or self.name

    def save(self, bundle: Path, force: bool) -> str:
        """Write it into a bundle's folder and describe it there; returns what it is called.

        Raises UsageError where the bundle has one and `force` is not given, WeightsError where the disk has no room.
        """
        place, what = bundle / self.name, self.what
        there = place / self.below
        if there.exists():
            if not force:
                raise UsageError(f"The bundle {bundle.name} has its {what} already: add --force to replace it.")
            shutil.rmtree(there) if there.is_dir() else there.unlink()
        try:
            self._write(place)
        except OSError as error:
            raise explain(error, place) from error
        kind, licence, origin = self.kind, self.licence, self.origin
        if other := self._other(bundle):
            kind = max(kind, other["kind"], key=lambda kind: kind == "IPAdapter")
            licence, origin = (
                "; ".join(dict.fromkeys([*other[key].split("; "), mine]))
                for key, mine in (("licence", self.licence), ("origin", self.origin))
            )
        save_folder(bundle, self.name, kind, licence, origin)
        return what

    def _other(self, bundle: Path) -> dict[str, str] | None:
        """What the bundle says of the other half, where there is one."""
        card = read_card(bundle) if self.below and (bundle / CARD).is_file() else {}
        entry = card.get("folders", {}).get(self.name)
        return entry if entry and any(not path.startswith(self.below) for path in entry["files"]) else None

    def _write(self, place: Path) -> None:
        copies = []
        for inside, content in self.files.items():
            target = place / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            elif isinstance(content, Path) and not _linked(content, target):
                copies.append((content, target))
        written = {place / inside: tensors for inside, tensors in self.files.items() if isinstance(tensors, dict)}
        size = sum(source.stat().st_size for source, _ in copies)
        need = size + sum(tensor.nbytes for tensors in written.values() for tensor in tensors.values())
        free = shutil.disk_usage(place).free
        if need > free:
            raise WeightsError(
                f"The {self.what} needs {megabytes(need)} and {place.parent} has {megabytes(free)} left:"
                " free some space, or set FICE_HOME to a folder on a larger disk."
            )
        with bar(size, f"copying {self.what}") as seen:
            for source, target in copies:
                with open_file(source) as stream, target.open("xb") as copy:
                    while block := stream.read(BLOCK):
                        copy.write(block)
                        seen(len(block))
        for target, tensors in written.items():
            save_tensors(target, tensors, {"format": "pt"})


def _linked(source: Path, target: Path) -> bool:
    """Whether the same file has another name now; the caches of Hugging Face keep links to their files."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        return False
    return True
