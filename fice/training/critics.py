"""A discriminator on the features of a frozen network, as in Projected GANs (arXiv 2111.01007)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

WIDTH = 64


class Critics(nn.Module):
    """One small network for each feature map; each judges patches.

    Args:
        widths: channels of the maps.
    """

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(width, WIDTH, 1)), nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3, 2, 1)), nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3, 1, 1)), nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(WIDTH, 1, 3, 1, 1)),
            )
            for width in widths
        )  # fmt: skip

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps (B, C, h, w) -> logits of patches (B, 1, h/2, w/2), high for photographs."""
        # on a CPU bfloat16 gradients of tiny maps are not finite
        with torch.autocast(maps[0].device.type, enabled=False):
            return [head(x.float()) for head, x in zip(self.heads, maps, strict=True)]


def critics_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Hinge loss of the critics (arXiv 1705.02894), a scalar."""
    losses = [F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(real, fake, strict=True)]
    return sum(losses[1:], losses[0]) / len(losses)


def fooling_loss(fake: Sequence[Tensor]) -> Tensor:
    """Hinge loss of who is judged, a scalar."""
    losses = [-f.mean() for f in fake]
    return sum(losses[1:], losses[0]) / len(losses)
