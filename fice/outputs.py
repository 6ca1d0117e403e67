"""What is written of an edit: the result, and what lies beside it. Checked before work, written after."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio.v3 as imageio
import numpy as np

from fice.errors import UsageError
from fice.files import whole_file
from fice.photo.names import NAME_BYTES, check_output, cut_name
from fice.photo.pipe import is_pipe, name_at_stdout, write_to_stdout

if TYPE_CHECKING:
    from fice.edit import Edit
    from fice.photo.photo import Photo
    from fice.settings import Settings

BESIDE = {"mask": ".png", "latent": ".safetensors", "compare": ".png", "trace": ".gif"}  # their formats
FRAMES = 48  # of an animation: smooth enough, and small
GAP = 8  # white pixels between two pictures


@dataclass(frozen=True)
class Outputs:
    """The files of one edit.

    Attributes:
        result: the edited photo; "-" is standard output.
        beside: of `BESIDE`, where each is written that is wished.
        frames: of the trace, as `watch` has kept them.
    """

    result: Path
    beside: Mapping[str, Path] = field(default_factory=dict)
    frames: list[np.ndarray] = field(default_factory=list, repr=False)

    @classmethod
    def next_to(cls, result: Path, kept: Sequence[str]) -> Outputs:
        """What a batch writes: each of `kept` beside the result, named after it."""
        return cls(result, {name: _beside(result, f".{name}{BESIDE[name]}") for name in kept})

    def check(self, photo: Photo, force: bool = False, transparent: bool = False) -> Outputs:
        """The same with links followed, once it is sure that all of it can be written; transparent: the result is.

        Raises UsageError for what cannot be written beside the photo, or has the name of another.
        """
        piped = is_pipe(self.result)
        seen = {
            name_at_stdout(photo, transparent)
            if piped
            else check_output(self.result, photo, force, transparent=transparent)
        }
        result = self.result if piped else next(iter(seen))
        beside = {}
        for name, path in self.beside.items():
            beside[name] = check_output(path, photo.path, force, BESIDE[name])
            if beside[name] in seen:
                raise UsageError(f"{path} is named for two results; give each a name of its own.")
            seen.add(beside[name])
        return Outputs(result, beside, self.frames)

    def watch(self, state: Any) -> None:
        """A callback of the edit that keeps about `FRAMES` pictures of the canvas, where a trace is wished."""
        if "trace" in self.beside and (state.step % max(1, state.steps // FRAMES) == 0 or state.step == state.steps):
            self.frames.append(state.picture())

    def write(self, edit: Edit) -> None:
        """All of it; each file is whole or not there."""
        if is_pipe(self.result):
            write_to_stdout(edit.encode(name_at_stdout(edit.subject.photo, edit.order.transparent)))
        else:
            edit.save(self.result)
        if "mask" in self.beside:
            edit.save_mask(self.beside["mask"])
        if "latent" in self.beside:
            edit.save_latent(self.beside["latent"])
        if "compare" in self.beside:
            save_png(compared(edit), self.beside["compare"])
        if "trace" in self.beside:
            save_gif(self.frames, self.beside["trace"])


def check_kept(kept: Iterable[str], settings: Settings) -> None:
    """UsageError for what an edit with these settings does not make; kept: of `BESIDE`."""
    lost = [name for name in kept if name in ("latent", "trace")]
    if settings.garment != "generated" and lost:
        raise UsageError(f"A {settings.garment} garment has no {' and no '.join(lost)}; add --preset generated.")


def compared(edit: Edit) -> np.ndarray:
    """Source and result side by side, in sRGB: (H, W, 3) uint8."""
    pair = [
        np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8) for picture in (edit.subject.photo.srgb(), edit.picture)
    ]
    gap = np.full((pair[0].shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate([pair[0], gap, pair[1]], axis=1)


def save_gif(frames: Sequence[np.ndarray], path: str | Path) -> None:
    """Writes (H, W, 3) uint8 frames as an animated GIF: 50 ms each, the last one a second and a half."""
    durations = [50] * (len(frames) - 1) + [1500]
    with whole_file(path) as stream:
        stream.write(imageio.imwrite("<bytes>", np.stack(frames), extension=".gif", duration=durations, loop=0))


def save_png(picture: np.ndarray, path: str | Path) -> None:
    """Writes (H, W, 3) uint8 as PNG, whole or not at all."""
    with whole_file(path) as stream:
        stream.write(imageio.imwrite("<bytes>", picture, extension=".png"))


def _beside(target: Path, ending: str) -> Path:
    """The name of what is kept beside a result: the result's own with an ending, cut where it would be too long."""
    name, whole = target.name, os.fsencode(target.name)
    if len(whole) + len(ending) > NAME_BYTES:
        name = f"{cut_name(name, NAME_BYTES - len(ending) - 9)}-{hashlib.sha256(whole).hexdigest()[:8]}"
    return target.with_name(name + ending)
