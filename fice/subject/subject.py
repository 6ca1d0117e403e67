"""A photo, analysed: all that edits of it have in common, whatever engine draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fice.course import Spent
from fice.photo.photo import Photo
from fice.subject.frame import Frame


@dataclass(repr=False)
class Subject:
    """A photo, analysed.

    Attributes:
        photo: the photo as read.
        frame: the person's, or the whole photo's, place on the analysis canvas.
        view: what the frame shows on the analysis canvas, (1, 3, h, w) float in [0, 1].
        source: what the frame shows on the engine's canvas, (1, 3, H, W) float in [0, 1]; a person stands on white.
        regions: region probabilities on the analysis canvas, (1, K, h, w).
        exposure: how bright the scene is, as a factor on linear light; 1 by day.
        notices: what the user should know about the photo.
        spent: what the analysis took.
        fit: what the engine has found out about the photo, its own matter; None before `Engine.fit`.
        points: keypoints by name on the analysis canvas, x and y in its pixels and how sure, 0 to 1; None where the
            pose network knows none.
        others: how many other people of comparable size are in the photo.

    >>> from fice import Editor
    >>> subject = Editor().analyse("photo.jpg")
    >>> tuple(subject.source.shape)
    (1, 3, 256, 128)
    """

    photo: Photo
    frame: Frame
    view: Tensor
    source: Tensor
    regions: Tensor
    exposure: float
    notices: list[str]
    spent: Spent
    fit: Any = None
    points: dict[str, tuple[float, float, float]] | None = None
    others: int = 0

    def __repr__(self) -> str:
        return f"<Subject in {self.photo!r}>"
