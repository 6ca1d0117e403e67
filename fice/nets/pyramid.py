"""A feature pyramid that labels pixels (arXiv 1612.03144, section 5) on EfficientNet-Lite."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.efficientnet import EfficientNetLite
from fice.nets.parser import Unit

WIDTH, FINE = 96, 48  # channels of the pyramid, and of the finest map


def separable(inputs: int, outputs: int) -> nn.Sequential:
    """A 3x3 convolution of each channel, one across them, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Pyramid(nn.Module):
    """Pixel logits at the picture's size; any size.

    Args:
        classes: number of labels.
        size: of the EfficientNet-Lite below, 0 to 2.
    """

    def __init__(self, classes: int, size: int = 1):
        super().__init__()
        self.backbone = EfficientNetLite(size, classify=False)
        self.channels, self.strides = self.backbone.channels, self.backbone.strides
        inner = self.channels[1:]
        self.lateral = nn.ModuleList(nn.Conv2d(width, WIDTH, 1) for width in inner)
        self.context = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 1), nn.ReLU())
        self.merge = nn.ModuleList(
            nn.Sequential(separable(WIDTH, WIDTH), separable(WIDTH, WIDTH)) for _ in pairwise(inner)
        )
        self.fine = Unit(self.channels[0] + WIDTH, FINE)
        self.classify = nn.Conv2d(FINE, classes, 3, padding=1)

    def features(self, picture: Tensor) -> list[Tensor]:
        """Maps of the network below, at strides 2 to 32, of a picture (B, 3, H, W) float in [0, 1], RGB."""
        return self.backbone.features(picture)

    def forward(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1], RGB. Returns logits (B, classes, H, W)."""
        return self.labelled(self.features(picture), picture)

    def labelled(self, features: list[Tensor], picture: Tensor) -> Tensor:
        """As `forward`, of a picture whose features are known."""
        fine, *maps = features
        *maps, x = (lateral(x) for lateral, x in zip(self.lateral, maps, strict=True))
        x = x + self.context(x.mean((2, 3), keepdim=True))
        for merge, skip in zip(reversed(self.merge), reversed(maps), strict=True):
            x = merge(F.interpolate(x, size=skip.shape[2:], mode="bilinear") + skip)
        x = self.fine(torch.cat([fine, F.interpolate(x, size=fine.shape[2:], mode="bilinear")], 1))
        return F.interpolate(self.classify(x), size=picture.shape[2:], mode="bilinear")
