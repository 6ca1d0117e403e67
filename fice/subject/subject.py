"""A photo, analysed: all that edits of it have in common."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fice.course import Spent
from fice.inversion.tuning import Weights
from fice.photo.photo import Photo
from fice.subject.frame import Frame


@dataclass(repr=False)
class Sight:
    """What is seen in a photo before anything is optimised.

    Attributes:
        photo: the photo as read.
        frame: the person's, or the whole photo's, place on the analysis canvas.
        source: what the frame shows on the generator's canvas, (1, 3, H, W) float in [0, 1]; a person stands on white.
        regions: region probabilities on the analysis canvas, (1, K, h, w).
        exposure: how bright the scene is, as a factor on linear light; 1 by day.
        notices: what the user should know about the photo.
        spent: what the analysis took.
    """

    photo: Photo
    frame: Frame
    source: Tensor
    regions: Tensor
    exposure: float
    notices: list[str]
    spent: Spent

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {self.photo!r}>"


@dataclass(repr=False)
class Subject(Sight):
    """A photo, analysed.

    Attributes:
        fitted: region probabilities of the generated picture that is fitted to the photo, (1, K, h, w).
        ws: the latent fitted to the photo, (1, R, D).
        weights: the generator's convolutions tuned to it, or {}.
    """

    fitted: Tensor
    ws: Tensor
    weights: Weights
