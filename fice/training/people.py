"""Batches of framed people, re-dressed and slightly moved: what the generator and the encoder see."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fice.training.captions import find_worn
from fice.training.data import Framed
from fice.training.outfits import random_outfit


class People:
    """Draws pictures of people on white.

    Args:
        framed: the prepared photographs.
        canvas: (H, W) of the pictures drawn.
        redressed: share of the pictures that wear a random outfit.
        seed: the same seed draws the same pictures.
    """

    def __init__(self, framed: Framed, canvas: tuple[int, int], redressed: float, seed: int):
        self.framed, self.canvas, self.redressed = framed.resized(canvas), canvas, redressed
        self.worn = [find_worn(self.framed, index) for index in range(len(framed.names))]
        self.rng = np.random.default_rng(seed)

    def draw(self, batch: int) -> Tensor:
        """(B, 3, H, W) float in [0, 1]."""
        pictures = np.stack([self._one(self.rng.integers(len(self.framed.names))) for _ in range(batch)])
        return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255

    def _one(self, index: int) -> np.ndarray:
        rng, picture = self.rng, self.framed.pictures[index]
        if rng.random() < self.redressed:
            picture, _ = random_outfit(picture, self.worn[index], rng, chance=0.7)
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        if rng.random() < 0.5:  # a frame is never exact
            picture = self._moved(picture)
        if rng.random() < 0.08:  # people cut off by the photograph's edge
            picture = picture.copy()
            picture[int(self.canvas[0] * rng.uniform(0.5, 0.9)) :] = 255
        return picture

    def _moved(self, picture: np.ndarray) -> np.ndarray:
        height, width = self.canvas
        scale, (dx, dy) = self.rng.uniform(0.96, 1.05), self.rng.uniform(-0.02, 0.02, 2) * height
        coefficients = (scale, 0, width / 2 * (1 - scale) + dx, 0, scale, height / 2 * (1 - scale) + dy)
        return np.asarray(
            Image.fromarray(picture).transform(
                (width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC, fillcolor=(255,) * 3
            )
        )
