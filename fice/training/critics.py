"""The projected discriminator (Projected GANs, arXiv 2111.01007): small networks judge the maps of a frozen one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from fice.nets import Features

FINEST = 1  # the first map that is judged: finer ones show noise
SQUARE = 4  # pixels a side whose mean colour is judged, too: features alone let all people turn one hue
ROWS = 256  # of pictures as the features see them: lower ones are enlarged, or a face is one point of a map
WIDTH, WIDEST = 64, 256  # channels of the finest mixed map and of the heads, and of the coarsest
STEPS = 3  # halvings in a head, at most
EQUAL = 0.7  # times what comes from the coarser map, so that neither drowns the other


def judged(features: Features, pictures: Tensor, rows: int = ROWS) -> list[Tensor]:
    """Maps (B, C, h, w) of pictures (B, 3, H, W) in [0, 1], from the finest, their colours, to the coarsest.

    rows: finer detail than that of so many rows is not seen.
    """
    height, width = pictures.shape[2:]
    for size in (min(rows, height), ROWS):
        if size != pictures.shape[2]:
            pictures = F.interpolate(pictures, (size, size * width // height), mode="bilinear", antialias=True)
    return [F.avg_pool2d(pictures * 2 - 1, SQUARE), *features.features(pictures)[FINEST:]]


def critics_on(features: Features) -> ProjectedDiscriminator:
    """Fresh critics of the maps that `judged` gives."""
    return ProjectedDiscriminator([3, *features.channels[FINEST:]])


class Mixing(nn.Module):
    """A random convolution that no optimiser touches."""

    weight: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int):
        super().__init__()
        self.register_buffer("weight", nn.init.kaiming_normal_(torch.empty(outputs, inputs, kernel, kernel)))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2)


class ProjectedDiscriminator(nn.Module):
    """Judges pictures by the feature maps of a network that stays as it is (section 3).

    The maps are mixed across channels, and from coarse to fine across scales, by random convolutions that are never
    trained, so that no head sees only what it finds easy; then each has a head of its own, which judges patches.

    Args:
        channels: of the maps, from the finest to the coarsest.
    """

    def __init__(self, channels: Sequence[int]):
        super().__init__()
        widths = [min(WIDTH * 2**i, WIDEST) for i in range(len(channels))]
        self.across = nn.ModuleList(Mixing(*each, 1) for each in zip(channels, widths, strict=True))
        self.down = nn.ModuleList(Mixing(coarse, fine, 3) for fine, coarse in pairwise(widths))
        self.heads = nn.ModuleList(_head(width, min(len(widths) - 1 - i, STEPS)) for i, width in enumerate(widths))

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps (B, C, h, w) -> logits of patches (B, 1, h', w'), high for photographs, one of each map."""
        # on a CPU bfloat16 gradients of tiny maps are not finite
        with torch.autocast(maps[0].device.type, enabled=False):
            *finer, x = (mix(each.float()) for mix, each in zip(self.across, maps, strict=True))
            logits = [self.heads[-1](x)]
            for index in reversed(range(len(finer))):
                up = F.interpolate(x, size=finer[index].shape[2:], mode="bilinear")
                x = self.down[index](up) * EQUAL + finer[index]
                logits.append(self.heads[index](x))
            return logits[::-1]


def _head(width: int, halvings: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(halvings):
        layers += [spectral_norm(nn.Conv2d(width, WIDTH, 4, 2, 1)), nn.LeakyReLU(0.2)]
        width = WIDTH
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(width, 1, 3, 1, 1)))


def critics_loss(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Hinge loss of the critics (arXiv 1705.02894), a scalar."""
    losses = [F.relu(1 - r).mean() + F.relu(1 + f).mean() for r, f in zip(real, fake, strict=True)]
    return sum(losses[1:], losses[0]) / len(losses)


def fooling_loss(fake: Sequence[Tensor]) -> Tensor:
    """Hinge loss of who is judged, a scalar."""
    losses = [-f.mean() for f in fake]
    return sum(losses[1:], losses[0]) / len(losses)
