"""EfficientNet-Lite (Tan, Le, arXiv 1905.11946, without squeeze-and-excitation and with ReLU6), a feature network.

Convolutions pad as TensorFlow's "same" does, the odd pixel right and below, for which the published weights were made.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.resnet import laid_out

# repeats, kernel, stride, expansion and output channels of each stage (arXiv 1905.11946, table 1)
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
DEPTHS = {0: 1.0, 1: 1.1, 2: 1.2}  # times the repeats of all stages but the first and the last
WIDTHS = {0: 1.0, 1: 1.0, 2: 1.1}  # times their output channels
STEM, TOP, CLASSES = 32, 1280, 1000
TAPPED = (0, 1, 2, 4, 6)  # stages whose maps are features
EPS = 1e-3  # of the norms, as TensorFlow trained them


def stages(size: int) -> list[tuple[int, int, int, int, int]]:
    """The rows of `STAGES` in one of the published sizes; channels are multiples of 8."""
    deep = [DEPTHS[size] if 0 < number < len(STAGES) - 1 else 1 for number in range(len(STAGES))]
    return [
        (math.ceil(repeats * times), kernel, stride, expansion, int(outputs * WIDTHS[size] + 4) // 8 * 8)
        for times, (repeats, kernel, stride, expansion, outputs) in zip(deep, STAGES, strict=True)
    ]


class Same(nn.Conv2d):
    """A convolution whose output has ceil(size / stride) pixels, padded right and below where the sides differ."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        padding = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in (x.shape[3], x.shape[2])]
        sides = [side for total in padding for side in (total // 2, total - total // 2)]
        return F.conv2d(F.pad(x, sides) if any(sides) else x, self.weight, self.bias, stride, 0, 1, self.groups)


def unit(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, active: bool = True):
    """Convolution, batch norm and, where `active`, ReLU6."""
    layers = [Same(inputs, outputs, kernel, stride, groups=groups, bias=False), nn.BatchNorm2d(outputs, eps=EPS)]
    return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if active else []))


class Block(nn.Module):
    """An inverted residual block (MobileNetV2, arXiv 1801.04381, section 3.3)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = inputs * expansion
        self.expand = unit(inputs, wide) if expansion > 1 else nn.Identity()
        self.depthwise = unit(wide, wide, kernel, stride, groups=wide)
        self.project = unit(wide, outputs, active=False)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class EfficientNetLite(nn.Module):
    """A feature network (`fice.nets.Features`).

    Args:
        size: 0, 1 or 2, of the published networks.
        classify: with the layers that tell the thousand classes of ImageNet apart, and give `pooled`.
    """

    strides = (2, 4, 8, 16, 32)

    def __init__(self, size: int = 1, classify: bool = True):
        super().__init__()
        self.size = size
        self.channels = tuple(stages(size)[stage][-1] for stage in TAPPED)  # 16, 24, 40, 112, 320
        self.stem = unit(3, STEM, 3, 2)
        self.stages, inputs = nn.ModuleList(), STEM
        for repeats, kernel, stride, expansion, outputs in stages(size):
            first = Block(inputs, outputs, kernel, stride, expansion)
            others = [Block(outputs, outputs, kernel, 1, expansion) for _ in range(repeats - 1)]
            self.stages.append(nn.Sequential(first, *others))
            inputs = outputs
        if classify:
            self.top = unit(inputs, TOP)
            self.classify = nn.Linear(TOP, CLASSES)

    def features(self, picture: Tensor) -> list[Tensor]:
        """Maps at strides 2 to 32 of a picture (B, 3, H, W) float in [0, 1], RGB: (B, channels[i], H/2^i, W/2^i)."""
        x = self.stem((laid_out(picture) * 255 - 127) / 128)
        maps = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in TAPPED:
                maps.append(x)
        return maps

    def pooled(self, picture: Tensor) -> Tensor:
        """(B, 1280): what the classes are told apart by."""
        return self.top(self.features(picture)[-1]).mean((2, 3))

    def forward(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1], RGB. Returns logits of ImageNet's classes (B, 1000)."""
        return self.classify(self.pooled(picture))
