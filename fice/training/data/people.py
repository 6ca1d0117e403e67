"""Batches of framed people, re-dressed and slightly moved: what the generator and the encoder see."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from fice.training.data.captions import find_worn
from fice.training.data.dataset import Framed
from fice.training.data.outfits import random_outfit


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
        return self.draw_bytes(batch).float() / 255

    def draw_bytes(self, batch: int) -> Tensor:
        """(B, 3, H, W) uint8."""
        pictures = np.stack([self._one(int(self.rng.integers(len(self.framed.names)))) for _ in range(batch)])
        return torch.from_numpy(pictures).permute(0, 3, 1, 2)

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


class Steps(Dataset):
    """Pictures by step: the same step draws the same pictures, whichever process draws them."""

    def __init__(self, people: People, batch: int, seed: tuple[int, ...]):
        self.people, self.batch, self.seed = people, batch, seed

    def __getitem__(self, step: int) -> Tensor:
        """(B, 3, H, W) uint8 of a step."""
        self.people.rng = np.random.default_rng((*self.seed, step))
        return self.people.draw_bytes(self.batch)


class Ahead:
    """What draws the batches of `fice.training.recipe.train`: pictures drawn ahead of time by processes of its own.

    Args:
        people: draws the pictures.
        device: where they are wanted.
        seed: decides on them, with the number of the step.
        workers: processes; 0 draws in this one when a step asks. One draws about 500 pictures of 256x128 a second.
    """

    def __init__(self, people: People, device: str | torch.device, seed: tuple[int, ...] = (0,), workers: int = 0):
        self.people, self.device, self.seed, self.workers = people, torch.device(device), seed, workers
        self._next = -1
        self._batches: Iterator[Tensor] = iter(())

    def __call__(self, step: int, batch: int) -> Tensor:
        """(B, 3, H, W) float in [0, 1] of a step; steps are expected one after the other, and `batch` to stay."""
        if step != self._next:
            self._batches = self._from(step, batch)
        self._next = step + 1
        return next(self._batches).to(self.device, non_blocking=True).float() / 255

    def _from(self, step: int, batch: int) -> Iterator[Tensor]:
        steps = Steps(self.people, batch, self.seed)
        if not self.workers:
            return (steps[number] for number in range(step, 2**62))
        loader = DataLoader(
            steps,
            batch_size=None,
            sampler=range(step, 2**62),
            num_workers=self.workers,
            prefetch_factor=4,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator(),  # leaves the global numbers alone
        )
        return iter(loader)
