"""What is dropped beside a photo: swatches, garments, masks, kept in memory for as long as the photo is open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from weakref import WeakKeyDictionary

from fice.pages.thumbnails import shrunk, webp
from fice.service.limits import Full, Gone
from fice.service.opened import Opened

MOST, BYTES = 24, 64 << 20  # files of one photo, and their bytes together
LETTERS = 80  # of a name
APART = "@:"  # letters that orders read apart from names
WISHES = {"swatch": "swatch", "pictures": "garment", "mask": "mask", "background": "background", "pose": "pose"}


class Files:
    """The files of photos, by the names that orders use."""

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[Opened, dict[str, bytes]] = WeakKeyDictionary()  # gone with the photo

    def of(self, photo: Opened) -> Mapping[str, bytes]:
        return self._of.get(photo, {})

    def copy(self, before: Opened, photo: Opened) -> None:
        """A photo gets what another has, but its masks."""
        kept = {name: data for name, data in self.of(before).items() if not name.startswith("mask")}
        self._of[photo] = kept

    def keep(self, photo: Opened, name: str, data: bytes, wish: str) -> str:
        """Keeps what was sent for a wish of `WISHES`; the name by which an order calls it, no way through folders.

        Raises InputError for what is no picture, Full where there is no room.
        """
        called = _plain(name, wish)
        if not (wish == "pose" and called.endswith(".json")):
            shrunk(Path(called), data)
        return self.add(photo, called, data)

    def add(self, photo: Opened, name: str, data: bytes) -> str:
        """Keeps a file under a name, or a like one where another has it. Raises Full where there is no room."""
        held = self._of.setdefault(photo, {})
        path, number = PurePosixPath(name), 2
        while held.get(name, data) != data:
            name, number = str(path.with_name(f"{path.stem}-{number}{path.suffix}")), number + 1
        if name not in held:
            if len(held) >= MOST or sum(map(len, held.values())) + len(data) > BYTES:
                raise Full(f"{MOST} files of {BYTES >> 20} MiB together lie beside this photo; open it again.")
            held[name] = data
        return name

    def seen(self, photo: Opened, name: str) -> bytes:
        """A small picture of a file as WebP. Raises Gone where there is no such file, InputError for keypoints."""
        if name not in self.of(photo):
            raise Gone(f"{name} is not beside this photo any more; drop it again.")
        return webp(shrunk(Path(name), self.of(photo)[name]))


def _plain(name: str, wish: str) -> str:
    """The last part of a name, in letters that can be shown and quoted."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(letter for letter in last if letter.isprintable() and letter not in APART)
    path = PurePosixPath(shown[-LETTERS:].lstrip("-. ") or WISHES[wish])
    return str(path if path.suffix else path.with_suffix(".png"))
