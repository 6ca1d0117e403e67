"""Photographs that a generator must go on drawing from their latents while all else about it changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from fice.files import whole_file
from fice.inversion.encoder import correct
from fice.nets import Features
from fice.nets.restyle import ReStyle
from fice.nets.stylegan2 import Generator
from fice.training.data.dataset import Framed
from fice.training.reconstruction import feature_loss, pixel_loss

FEATURES = 0.3  # weight of the loss of feature maps, beside that of pixels
MOST = 512  # photographs that are kept, evenly spread; a latent takes half a second
AT_ONCE = 16  # photographs whose latents are found together


@dataclass(frozen=True)
class Pivots:
    """Photographs and their latents: the pivots of pivotal tuning (arXiv 2106.05744, section 3.1), all of them at once.

    As long as they are drawn, what an encoder has learnt about a generator nearly holds.
    """

    pictures: Tensor  # (N, 3, H, W) uint8, on white
    latents: Tensor  # W+, (N, R, D)

    def draw(self, generator: Generator, count: int, height: int | None) -> tuple[Tensor, Tensor]:
        """`count` of them, by torch's global random numbers, at a height of the canvas, or None for all of it.

        As they are drawn, (count, 3, h, w) in about [-1, 1], and as they were photographed, in [0, 1].
        """
        chosen = torch.randint(len(self.pictures), (count,))
        device = self.latents.device
        drawn = generator.synthesis(self.latents[chosen.to(device)], until=height).float()
        wanted = self.pictures[chosen].to(device).float() / 255
        return drawn, F.interpolate(wanted, size=drawn.shape[-2:], mode="area")


def pivot_loss(drawn: Tensor, wanted: Tensor, features: Features) -> Tensor:
    """How far pictures are from those wanted, both (B, 3, H, W) in [0, 1]: a scalar."""
    with torch.no_grad():
        targets = features.features(wanted)
    return pixel_loss(drawn, wanted) + FEATURES * feature_loss(features.features(drawn), targets)


def find_pivots(
    framed: Framed, encoder: ReStyle, generator: Generator, file: Path, device: str | torch.device
) -> Pivots:
    """The photographs as they were taken, with the latents that an encoder finds; kept in a file for runs resumed."""
    chosen = np.linspace(0, len(framed.pictures) - 1, min(len(framed.pictures), MOST)).round().astype(int)
    pictures = torch.from_numpy(framed.pictures[chosen]).permute(0, 3, 1, 2)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        photographs = tqdm(pictures.split(AT_ONCE), "latents of the photographs", unit="batch")
        with torch.no_grad():
            found = [correct(encoder, generator, some.to(device).float() / 255, encoder.passes) for some in photographs]
        with whole_file(file) as stream:
            stream.write(save({"latents": torch.cat(found).cpu()}))
    return Pivots(pictures, load_file(file)["latents"].to(device))
