"""A photo, analysed: all that edits of it have in common."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fice.frame import Frame
from fice.nets.stylegan2 import Generator
from fice.photo import Photo


@dataclass
class Subject:
    """A photo, analysed.

    Attributes:
        photo: the photo as read.
        frame: the person's, or the whole photo's, place on the analysis canvas.
        source: what the frame shows on the generator's canvas, (1, 3, H, W) float in [0, 1]; a person stands on white.
        regions: region probabilities on the analysis canvas, (1, K, h, w).
        fitted: the same of the generated picture that is fitted to the photo.
        ws: the latent fitted to the photo, (1, R, D).
        generator: the bundle's generator, or one tuned to the photo.
        notices: what the user should know about the photo.
        seconds: what the analysis took.
    """

    photo: Photo
    frame: Frame
    source: Tensor
    regions: Tensor
    fitted: Tensor
    ws: Tensor
    generator: Generator
    notices: list[str]
    seconds: float
