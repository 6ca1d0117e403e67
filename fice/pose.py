"""Where the body's parts are: what an edit must not move."""

from __future__ import annotations

from torch import Tensor, nn

PART_CLASSES = (
    "background", "head", "torso", "left arm", "right arm", "left leg", "right leg", "left foot", "right foot",
)  # fmt: skip
MIRRORED = (0, 1, 2, 4, 3, 6, 5, 8, 7)  # each part's index in a mirrored picture; left is the person's own left


class Pose:
    """The pose network of a bundle, with DensePose's interface: soft maps, one a part.

    Args:
        network: maps (B, 3, H, W) float in [0, 1] to logits (B, len(names), H, W), background first.
        names: the part of each channel.
    """

    def __init__(self, network: nn.Module, names: tuple[str, ...] = PART_CLASSES):
        self.network = network
        self.names = names

    def maps(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns part probabilities (B, P, H, W) without background."""
        return self.network(picture).softmax(1)[:, 1:]
