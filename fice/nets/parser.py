"""A small encoder-decoder that labels pixels: regions of a person, or parts of a body."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Unit(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al., arXiv 1512.03385, basic block)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv1 = Unit(inputs, outputs, 3, stride)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride > 1 or inputs != outputs:
            self.shortcut.append(nn.Conv2d(inputs, outputs, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm2(self.conv2(self.conv1(x))) + self.shortcut(x))


class Parser(nn.Module):
    """Pixel logits at the picture's size; any size, sides are padded inside to a multiple of 32.

    Args:
        classes: number of labels.
        widths: channels at strides 2, 4, 8, 16, 32.
    """

    def __init__(self, classes: int, widths: tuple[int, ...] = (24, 48, 96, 128, 192)):
        super().__init__()
        self.channels, self.strides = widths, tuple(2 ** (i + 1) for i in range(len(widths)))
        self.stem = Unit(3, widths[0], 3, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(Residual(a, b, 2), Residual(b, b)) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(widths[-1], widths[-1], 1), nn.ReLU())
        self.lateral = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(widths[1:], widths, strict=False))
        self.merge = nn.ModuleList(Unit(width, width) for width in widths[:-1])
        self.classify = nn.Conv2d(widths[0], classes, 3, padding=1)

    def features(self, picture: Tensor) -> list[Tensor]:
        """Feature maps at strides 2, 4, 8, 16, 32 of a picture (B, 3, H, W) float in [0, 1], RGB."""
        height, width = picture.shape[-2:]
        x = F.pad(picture, (0, -width % 32, 0, -height % 32), mode="replicate")
        maps = [self.stem(x * 4 - 2)]  # (B, 24, H/2, W/2)
        for stage in self.stages:
            maps.append(stage(maps[-1]))  # (B, widths[i], H/2^i, W/2^i)
        return maps

    def forward(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1], RGB. Returns logits (B, classes, H, W)."""
        *skips, x = self.features(picture)
        x = x + self.context(x)
        for lateral, merge, skip in zip(reversed(self.lateral), reversed(self.merge), reversed(skips), strict=True):
            up = F.interpolate(lateral(x), size=skip.shape[-2:], mode="bilinear")
            x = merge(up + skip)
        logits = F.interpolate(self.classify(x), scale_factor=2, mode="bilinear")
        return logits[..., : picture.shape[-2], : picture.shape[-1]]
