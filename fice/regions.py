"""Regions of a person: what each pixel is, and which pixels a sentence may change."""

from __future__ import annotations

import torch
from torch import Tensor, nn

REGION_CLASSES = (
    "background", "hair", "face", "skin", "upper", "outer", "dress", "skirt",
    "trousers", "legwear", "shoes", "bag", "headwear", "accessories",
)  # fmt: skip
HEAD = ("hair", "face", "headwear")
REGIONS = {
    "upper": ("upper",),
    "outer": ("outer",),
    "dress": ("dress",),
    "lower": ("skirt", "trousers"),
    "full": ("upper", "outer", "dress", "skirt", "trousers"),
}


class Regions:
    """The region network of a bundle.

    Args:
        network: maps (B, 3, H, W) float in [0, 1] to logits (B, len(names), H, W).
        names: the label of each channel.
    """

    def __init__(self, network: nn.Module, names: tuple[str, ...] = REGION_CLASSES):
        self.network = network
        self.names = names

    def probabilities(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns (B, K, H, W), summing to 1 over K."""
        return self.network(picture).softmax(1)

    def select(self, probabilities: Tensor, names: tuple[str, ...]) -> Tensor:
        """The probability of any of `names`: (B, K, H, W) -> (B, 1, H, W)."""
        index = torch.tensor([self.names.index(name) for name in names], device=probabilities.device)
        return probabilities.index_select(1, index).sum(1, keepdim=True)

    def body(self, probabilities: Tensor) -> Tensor:
        """The probability of anything but background: (B, 1, H, W)."""
        return 1 - self.select(probabilities, ("background",))
