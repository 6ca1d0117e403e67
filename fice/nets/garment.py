"""A feature pyramid that finds a garment in a picture and tells of which kind it is."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.pyramid import Pyramid

LOOKED_AT = 2  # of the coarsest maps, which the kind is told by
DROPPED = 0.3  # of what these say, while training


class GarmentNet(Pyramid):
    """Args:
    kinds: number of kinds of garments.
    size: of the EfficientNet-Lite below, 0 to 2.
    """

    def __init__(self, kinds: int, size: int = 1):
        super().__init__(1, size)
        self.tell = nn.Sequential(nn.Dropout(DROPPED), nn.Linear(2 * sum(self.channels[-LOOKED_AT:]), kinds))

    def seen(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """picture: (B, 3, H, W) float in [0, 1], RGB. Returns logits of the garment (B, 1, H, W) and kinds (B, K).

        The kind is told by all of the picture and by the garment alone.
        """
        features = self.features(picture)
        logits = self.labelled(features, picture)
        share = logits.detach().float().sigmoid()
        pooled = []
        for maps in features[-LOOKED_AT:]:
            here = F.interpolate(share, size=maps.shape[2:], mode="area").to(maps)
            pooled += [maps.mean((2, 3)), (maps * here).sum((2, 3)) / here.sum((2, 3)).clamp(min=1e-3)]
        return logits, self.tell(torch.cat(pooled, 1))

    def forward(self, picture: Tensor) -> Tensor:
        """As `seen`, the garment alone."""
        return self.seen(picture)[0]
