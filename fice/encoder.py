"""Where an edit starts: the latent of the photograph."""

from __future__ import annotations

from torch import Tensor, nn


class Encoder:
    """The encoder network of a bundle.

    Args:
        network: maps (B, 3, H, W) float in [0, 1] on the generator's canvas to W+ (B, R, D).
    """

    def __init__(self, network: nn.Module):
        self.network = network

    def latent(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns W+ (B, R, D)."""
        return self.network(picture)
