"""Inception v3 (Szegedy et al., arXiv 1512.00567) as Fréchet Inception Distances are measured with it, in plain torch.

The names are those of `pt_inception-2015-12-05-6726825d.pth`, which the pytorch-fid project made of the graph for
TensorFlow behind the first published distances. That file was never seen here: names, shapes and pools are facts of its
project, held by tests with made-up weights. From the network of the paper that graph differs in that its average pools
do not count what lies outside, and that the last block pools by the maximum.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.resnet import FrozenNorm, laid_out

SIDE = 299  # of the pictures that the network was trained on
EPSILON = 1e-3  # of the norms


class Unit(nn.Module):
    """Convolution, norm, ReLU. `rim`: whether zeros around the map let it keep its size."""

    def __init__(self, channels: int, out: int, kernel: int | tuple[int, int] = 1, stride: int = 1, rim: bool = True):
        super().__init__()
        height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        padding = (height // 2, width // 2) if rim else (0, 0)
        self.conv = nn.Conv2d(channels, out, (height, width), stride, padding, bias=False)
        self.bn = FrozenNorm(out)

    def forward(self, x: Tensor) -> Tensor:
        norm = self.bn
        x = F.batch_norm(self.conv(x), norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=EPSILON)
        return F.relu_(x)


class BlockA(nn.Module):
    """Looks through 1x1, 5x5 and twice 3x3 (figure 5): (B, channels, 35, 35) -> (B, 224 + pooled, 35, 35)."""

    def __init__(self, channels: int, pooled: int):
        super().__init__()
        self.branch1x1 = Unit(channels, 64)
        self.branch5x5_1 = Unit(channels, 48)
        self.branch5x5_2 = Unit(48, 64, 5)
        self.branch3x3dbl_1 = Unit(channels, 64)
        self.branch3x3dbl_2 = Unit(64, 96, 3)
        self.branch3x3dbl_3 = Unit(96, 96, 3)
        self.branch_pool = Unit(channels, pooled)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        five = self.branch5x5_2(self.branch5x5_1(x))
        return torch.cat([self.branch1x1(x), five, double, self.branch_pool(_average(x))], dim=1)


class BlockB(nn.Module):
    """Halves the map (figure 10): (B, 288, 35, 35) -> (B, 768, 17, 17)."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3 = Unit(288, 384, 3, stride=2, rim=False)
        self.branch3x3dbl_1 = Unit(288, 64)
        self.branch3x3dbl_2 = Unit(64, 96, 3)
        self.branch3x3dbl_3 = Unit(96, 96, 3, stride=2, rim=False)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], dim=1)


class BlockC(nn.Module):
    """Looks along rows and columns by turns (figure 6): (B, 768, 17, 17) -> (B, 768, 17, 17)."""

    def __init__(self, width: int):
        super().__init__()
        self.branch1x1 = Unit(768, 192)
        self.branch7x7_1 = Unit(768, width)
        self.branch7x7_2 = Unit(width, width, (1, 7))
        self.branch7x7_3 = Unit(width, 192, (7, 1))
        self.branch7x7dbl_1 = Unit(768, width)
        self.branch7x7dbl_2 = Unit(width, width, (7, 1))
        self.branch7x7dbl_3 = Unit(width, width, (1, 7))
        self.branch7x7dbl_4 = Unit(width, width, (7, 1))
        self.branch7x7dbl_5 = Unit(width, 192, (1, 7))
        self.branch_pool = Unit(768, 192)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool(_average(x))], dim=1)


class BlockD(nn.Module):
    """Halves the map again: (B, 768, 17, 17) -> (B, 1280, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3_1 = Unit(768, 192)
        self.branch3x3_2 = Unit(192, 320, 3, stride=2, rim=False)
        self.branch7x7x3_1 = Unit(768, 192)
        self.branch7x7x3_2 = Unit(192, 192, (1, 7))
        self.branch7x7x3_3 = Unit(192, 192, (7, 1))
        self.branch7x7x3_4 = Unit(192, 192, 3, stride=2, rim=False)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, F.max_pool2d(x, 3, stride=2)], dim=1)


class BlockE(nn.Module):
    """Looks along rows and columns side by side (figure 7): (B, channels, 8, 8) -> (B, 2048, 8, 8)."""

    def __init__(self, channels: int, maximum: bool = False):
        super().__init__()
        self.maximum = maximum
        self.branch1x1 = Unit(channels, 320)
        self.branch3x3_1 = Unit(channels, 384)
        self.branch3x3_2a = Unit(384, 384, (1, 3))
        self.branch3x3_2b = Unit(384, 384, (3, 1))
        self.branch3x3dbl_1 = Unit(channels, 448)
        self.branch3x3dbl_2 = Unit(448, 384, 3)
        self.branch3x3dbl_3a = Unit(384, 384, (1, 3))
        self.branch3x3dbl_3b = Unit(384, 384, (3, 1))
        self.branch_pool = Unit(channels, 192)

    def forward(self, x: Tensor) -> Tensor:
        three, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = F.max_pool2d(x, 3, stride=1, padding=1) if self.maximum else _average(x)
        branches = [
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(pooled),
        ]
        return torch.cat(branches, dim=1)


class Inception(nn.Module):
    """The network up to its 2,048 features; what it classifies is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Unit(3, 32, 3, stride=2, rim=False)
        self.Conv2d_2a_3x3 = Unit(32, 32, 3, rim=False)
        self.Conv2d_2b_3x3 = Unit(32, 64, 3)
        self.Conv2d_3b_1x1 = Unit(64, 80)
        self.Conv2d_4a_3x3 = Unit(80, 192, 3, rim=False)
        self.Mixed_5b = BlockA(192, pooled=32)
        self.Mixed_5c = BlockA(256, pooled=64)
        self.Mixed_5d = BlockA(288, pooled=64)
        self.Mixed_6a = BlockB()
        self.Mixed_6b = BlockC(128)
        self.Mixed_6c = BlockC(160)
        self.Mixed_6d = BlockC(160)
        self.Mixed_6e = BlockC(192)
        self.Mixed_7a = BlockD()
        self.Mixed_7b = BlockE(1280)
        self.Mixed_7c = BlockE(2048, maximum=True)

    def forward(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1], RGB, brought to 299x299 whatever its shape. Returns (B, 2048)."""
        picture = F.interpolate(picture, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        x = self.Conv2d_1a_3x3(laid_out(picture * 2 - 1))  # (B, 32, 149, 149)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(x))  # (B, 64, 147, 147)
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))  # (B, 192, 71, 71)
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))  # (B, 288, 35, 35)
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))  # (B, 768, 17, 17)
        x = self.Mixed_6e(self.Mixed_6d(x))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # (B, 2048, 8, 8)
        return x.mean((2, 3))


def _average(x: Tensor) -> Tensor:
    """The mean over 3x3, of what lies inside the map."""
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
