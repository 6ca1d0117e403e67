"""Where an edit starts: the latent of the photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from fice.errors import WeightsError

if TYPE_CHECKING:
    from fice.bundle import Bundle


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


def check_encoder(bundle: Bundle) -> None:
    """Raises WeightsError when the encoder of a bundle is made for another canvas than its generator's."""
    canvas = tuple({**bundle.extra("encoder"), **bundle.parts["encoder"].arguments}.get("canvas", bundle.canvas))
    if canvas != bundle.canvas:
        raise WeightsError(
            f"The encoder of bundle {bundle.name} is for pictures of {canvas[0]} x {canvas[1]} pixels, its generator"
            f" draws {bundle.canvas[0]} x {bundle.canvas[1]}: import the encoder that belongs to it, or none."
        )
