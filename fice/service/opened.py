"""A photo that is open: what is seen in it, for people and for the editor."""

from __future__ import annotations

import secrets
import time
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fice.editor import Editor
from fice.photo.photo import Photo
from fice.subject.subject import Subject

SHOWN = 1024  # pixels along the longer side of what is shown on a screen
LOOKS = 2  # ways of looking at a photo of which the subjects are kept


@dataclass(eq=False)
class Opened:
    """A photo that is open; made by `Service.open`.

    Attributes:
        id: a name that cannot be guessed.
        name: as its sender called it, for people only.
        photo: as read.
        shown: the photo, (h, w, 3) uint8 sRGB, no larger than a screen.
        regions: what is worn and carried, by name; the words that an order's region takes.
        labels: (h, w) uint8: of what is shown, the number of the region from 1, or 0.
        notices: what the user should know about the photo.
        used: when somebody last wanted something of it (`time.monotonic`).
    """

    name: str
    photo: Photo = field(repr=False)
    shown: np.ndarray = field(repr=False)
    regions: tuple[str, ...]
    labels: np.ndarray = field(repr=False)
    notices: list[str]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    used: float = field(default_factory=time.monotonic)
    _subjects: dict[Hashable, Subject] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the photo, upright."""
        return self.photo.size

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]

    def as_json(self) -> dict[str, Any]:
        """For whoever sent it."""
        told = {"id": self.id, "name": self.name, "width": self.size[1], "height": self.size[0]}
        return told | {"regions": list(self.regions), "notices": self.notices}

    def subject(self, editor: Editor) -> Subject:
        """The photo as an editor sees it; looked at once for all editors that look alike. For one thread at a time."""
        key = _look(editor)
        if key not in self._subjects:
            if len(self._subjects) == LOOKS:
                self._subjects.pop([*self._subjects][-1])  # the first is that of the usual editor
            self._subjects[key] = editor.look(self.photo, editor.device)
        return self._subjects[key]


def opened(photo: Photo, name: str, editor: Editor) -> Opened:
    """A photo, looked at. Raises InputError for one in which nobody is found."""
    subject = editor.look(photo, editor.device)
    shown = on_screen(photo)
    height, width, _ = shown.shape
    found = editor.places(subject)
    labels = np.zeros((height, width), np.uint8)
    for number, where in enumerate(found.values(), 1):
        here = subject.frame.to_photo(where, (height, width), kernel="linear")[0, 0].cpu().numpy()
        labels[here > 0.5] = number
    subjects: dict[Hashable, Subject] = {_look(editor): subject}
    return Opened(name, photo, shown, tuple(found), labels, subject.notices, _subjects=subjects)


def on_screen(photo: Photo) -> np.ndarray:
    """A photo as (h, w, 3) uint8 sRGB, no larger than a screen; white where it is transparent."""
    seen = photo.small(photo.size[0] * min(1.0, SHOWN / max(photo.size)))
    return np.rint(np.clip(seen, 0, 1) * 255).astype(np.uint8)


def result_on_screen(photo: Photo, pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """As `on_screen`, of an edit of a photo."""
    return on_screen(replace(photo, pixels=pixels, alpha=photo.alpha if alpha is None else alpha))


def _look(editor: Editor) -> Hashable:
    """Editors of one bundle for which this is the same see the same."""
    seen = editor.analysis
    return seen.canvas, seen.whole, seen.mirrored, editor.pose is not None, editor.settings.pose_from
