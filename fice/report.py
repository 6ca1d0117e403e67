"""An edit shown: source beside result, and the canvas on its way there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio.v3 as imageio
import numpy as np

from fice.files import whole_file

if TYPE_CHECKING:
    from fice.editor import Edit

FRAMES = 48  # of an animation: smooth enough, and small
GAP = 8  # white pixels between two pictures


def compare(edit: Edit, path: str | Path) -> None:
    """Write source and result side by side, in sRGB, as PNG."""
    pair = [_eight_bits(picture) for picture in (edit.subject.photo.srgb(), edit.picture)]
    gap = np.full((pair[0].shape[0], GAP, 3), 255, np.uint8)
    save_png(np.concatenate([pair[0], gap, pair[1]], axis=1), path)


class Trace:
    """A callback of the inversion that keeps about `FRAMES` pictures of the canvas for an animation."""

    def __init__(self) -> None:
        self.frames: list[np.ndarray] = []

    def __call__(self, state: Any) -> None:
        if state.step % max(1, state.steps // FRAMES) == 0 or state.step == state.steps:
            self.frames.append(state.picture())


def trace(frames: list[np.ndarray], path: str | Path) -> None:
    """Write (H, W, 3) uint8 frames as an animated GIF: 50 ms each, the last one a second and a half."""
    durations = [50] * (len(frames) - 1) + [1500]
    with whole_file(path) as stream:
        stream.write(imageio.imwrite("<bytes>", np.stack(frames), extension=".gif", duration=durations, loop=0))


def save_png(picture: np.ndarray, path: str | Path) -> None:
    """Write (H, W, 3) uint8 as PNG, whole or not at all."""
    with whole_file(path) as stream:
        stream.write(imageio.imwrite("<bytes>", picture, extension=".png"))


def _eight_bits(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) in [0, 1] as uint8."""
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
