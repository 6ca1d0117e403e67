"""DeepLabv3 (Chen et al., arXiv 1706.05587) on a ResNet-50, in plain torch with torchvision's names."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.resnet import FrozenNorm, laid_out

WIDTH = 256  # channels of the pyramid


class Norm(FrozenNorm):
    """torchvision's norms also count the batches they were trained on."""

    def __init__(self, channels: int):
        super().__init__(channels)
        self.register_buffer("num_batches_tracked", torch.tensor(0))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 beside a shortcut (He et al., arXiv 1512.03385); the 3x3 convolution strides or is dilated."""

    def __init__(self, channels: int, width: int, stride: int = 1, dilation: int = 1):
        super().__init__()
        out = width * 4
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = Norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = Norm(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = Norm(out)
        self.downsample = None
        if channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), Norm(out))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu_(self.bn1(self.conv1(x)))
        y = F.relu_(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu_(y.add_(x if self.downsample is None else self.downsample(x)))


class Backbone(nn.Module):
    """ResNet-50 that stops shrinking at stride 8 and dilates instead: (B, 3, H, W) -> (B, 2048, H/8, W/8)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = Norm(64)
        self.layer1 = _layer(64, 64, 3)
        self.layer2 = _layer(256, 128, 4, stride=2)
        self.layer3 = _layer(512, 256, 6, dilations=(1, 2))
        self.layer4 = _layer(1024, 512, 3, dilations=(2, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu_(self.bn1(self.conv1(x)))  # (B, 64, H/2, W/2)
        x = F.max_pool2d(x, 3, stride=2, padding=1)
        x = self.layer1(x)  # (B, 256, H/4, W/4)
        x = self.layer2(x)  # (B, 512, H/8, W/8)
        return self.layer4(self.layer3(x))


def _layer(channels: int, width: int, blocks: int, stride: int = 1, dilations: tuple[int, int] = (1, 1)):
    """`dilations`: of the first block, and of the others."""
    first, others = dilations
    more = (Bottleneck(width * 4, width, dilation=others) for _ in range(blocks - 1))
    return nn.Sequential(Bottleneck(channels, width, stride, first), *more)


def _unit(channels: int, kernel: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(channels, WIDTH, kernel, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(conv, Norm(WIDTH), nn.ReLU(inplace=True))


class Pyramid(nn.Module):
    """Looks at each place through five apertures, the last of them the whole picture (section 3.3)."""

    def __init__(self) -> None:
        super().__init__()
        whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_unit(2048))
        self.convs = nn.ModuleList([_unit(2048), *(_unit(2048, 3, rate) for rate in (12, 24, 36)), whole])
        self.project = _unit(5 * WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        *near, whole = (conv(x) for conv in self.convs)
        return self.project(torch.cat([*near, whole.expand_as(near[0])], dim=1))


class DeepLab(nn.Module):
    """Labels pixels.

    Args:
        classes: number of labels; FICE's network has background, body, head.
    """

    def __init__(self, classes: int = 3):
        super().__init__()
        self.backbone = Backbone()
        self.classifier = nn.Sequential(Pyramid(), *_unit(WIDTH, 3), nn.Conv2d(WIDTH, classes, 1))

    def forward(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1], RGB, at least 9x9. Returns logits (B, classes, H, W)."""
        x = self.classifier(self.backbone(laid_out(picture)))  # (B, classes, H/8, W/8)
        return F.interpolate(x, size=picture.shape[2:], mode="bilinear")
