"""DensePose (Güler et al., arXiv 1802.00434) for one box, the whole picture, in plain torch with detectron2's names.

The network is R_50_FPN_s1x of the model zoo without its detector and without its charts: a ResNet-50 that strides in
the first convolution of a block, a feature pyramid (arXiv 1612.03144), a decoder that adds the levels up
(arXiv 1901.02446), and a head that says for each place of the box which part of the body is seen there.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.resnet import FrozenNorm, laid_out

MEAN = (103.53, 116.28, 123.675)  # of blue, green, red, from 0 to 255
STRIDE = 32  # of the coarsest level; pictures are padded to a multiple of it
CELLS = 28  # the box is read in so many rows and columns,
SAMPLES = 2  # at so many places in each
BODY = (1, 2, 3, 4, *range(15, 25))  # of the 25 fine classes: torso, hands, arms, head


class ConvNorm(nn.Conv2d):
    """A convolution that carries its norm."""

    def __init__(self, channels: int, out: int, kernel: int = 1, stride: int = 1):
        super().__init__(channels, out, kernel, stride, kernel // 2, bias=False)
        self.norm = FrozenNorm(out)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(super().forward(x))


class ConvReLU(nn.Conv2d):
    """A 3x3 convolution that ends in a ReLU."""

    def __init__(self, channels: int, out: int):
        super().__init__(channels, out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(super().forward(x))


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 beside a shortcut (arXiv 1512.03385); the first convolution strides."""

    def __init__(self, channels: int, width: int, stride: int = 1):
        super().__init__()
        out = width * 4
        self.shortcut = ConvNorm(channels, out, stride=stride) if channels != out else None
        self.conv1 = ConvNorm(channels, width, stride=stride)
        self.conv2 = ConvNorm(width, width, 3)
        self.conv3 = ConvNorm(width, out)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu_(self.conv2(F.relu_(self.conv1(x))))
        return F.relu_(self.conv3(y).add_(x if self.shortcut is None else self.shortcut(x)))


class ResNet(nn.Module):
    """(B, 3, H, W) -> maps at strides 4, 8, 16, 32 with 256, 512, 1024, 2048 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.ModuleDict({"conv1": ConvNorm(3, 64, 7, 2)})
        channels = 64
        for level, blocks in enumerate((3, 4, 6, 3)):
            width, stride = 64 << level, 1 if level == 0 else 2
            more = (Bottleneck(width * 4, width) for _ in range(blocks - 1))
            self.add_module(f"res{level + 2}", nn.Sequential(Bottleneck(channels, width, stride), *more))
            channels = width * 4

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.max_pool2d(F.relu_(self.stem["conv1"](x)), 3, stride=2, padding=1)  # (B, 64, H/4, W/4)
        maps = []
        for level in range(2, 6):
            x = self.get_submodule(f"res{level}")(x)
            maps.append(x)
        return maps


class Pyramid(nn.Module):
    """(B, 3, H, W), multiples of 32 -> maps p2 .. p5 at strides 4, 8, 16, 32, each with 256 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.bottom_up = ResNet()
        for level in range(2, 6):
            self.add_module(f"fpn_lateral{level}", nn.Conv2d(64 << level, 256, 1))
            self.add_module(f"fpn_output{level}", nn.Conv2d(256, 256, 3, padding=1))

    def forward(self, x: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        above = None
        for level, features in reversed(list(enumerate(self.bottom_up(x), start=2))):
            here = self.get_submodule(f"fpn_lateral{level}")(features)
            above = here if above is None else here.add_(F.interpolate(above, scale_factor=2.0))
            found.insert(0, self.get_submodule(f"fpn_output{level}")(above))
        return found


class Decoder(nn.Module):
    """The levels, each convolved and doubled until it reaches stride 4, added up: (B, 256, H/4, W/4)."""

    def __init__(self) -> None:
        super().__init__()
        self.p2 = nn.Sequential(ConvReLU(256, 256))
        for level in (3, 4, 5):
            steps = ((ConvReLU(256, 256), nn.Upsample(scale_factor=2, mode="bilinear")) for _ in range(level - 2))
            self.add_module(f"p{level}", nn.Sequential(*(module for step in steps for module in step)))
        self.predictor = nn.Conv2d(256, 256, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        fine, *coarser = (self.get_submodule(f"p{level}")(x) for level, x in enumerate(maps, start=2))
        return self.predictor(coarser[2].add_(coarser[1]).add_(coarser[0]).add_(fine))


class Head(nn.Sequential):
    """(B, 256, 28, 28) -> (B, 512, 28, 28)."""

    def __init__(self) -> None:
        widths = [256] + [512] * 8
        steps = [ConvReLU(a, b) for a, b in zip(widths, widths[1:], strict=False)]
        super().__init__(OrderedDict((f"body_conv_fcn{i}", step) for i, step in enumerate(steps, start=1)))


class Predictor(nn.Module):
    """(B, 512, 28, 28) -> logits of figure and ground (B, 2, 112, 112), and of the parts (B, 25, 112, 112)."""

    def __init__(self) -> None:
        super().__init__()
        self.ann_index_lowres = nn.ConvTranspose2d(512, 2, 4, stride=2, padding=1)
        self.index_uv_lowres = nn.ConvTranspose2d(512, 25, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        outputs = (self.ann_index_lowres(x), self.index_uv_lowres(x))  # 56x56
        ground, parts = (F.interpolate(output, scale_factor=2, mode="bilinear") for output in outputs)
        return ground, parts


class DensePose(nn.Module):
    """Soft maps of fourteen parts of the body: torso, hands, arms and head, as FICE compares them."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Pyramid()
        heads = {"decoder": Decoder(), "densepose_head": Head(), "densepose_predictor": Predictor()}
        self.roi_heads = nn.ModuleDict(heads)

    def forward(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1], RGB. Returns probabilities (B, 14, 112, 112), see `BODY`.

        The maps cover the picture, whatever its shape.
        """
        height, width = picture.shape[2:]
        mean = torch.tensor(MEAN).to(picture)[:, None, None]
        x = F.pad(picture.flip(1) * 255 - mean, (0, -width % STRIDE, 0, -height % STRIDE))
        x = self.backbone(laid_out(x))
        x = laid_out(pooled(self.roi_heads["decoder"](x), height / 4, width / 4))  # (B, 256, 28, 28)
        ground, parts = self.roi_heads["densepose_predictor"](self.roi_heads["densepose_head"](x))
        return parts.softmax(1)[:, BODY] * ground.softmax(1)[:, 1:]


def pooled(features: Tensor, height: float, width: float) -> Tensor:
    """ROIAlign (arXiv 1703.06870) of the box from the corner to (height, width): (B, C, h, w) -> (B, C, 28, 28).

    With one box for all it is a linear map of the rows and one of the columns.
    """
    rows = _resampling(height, features.shape[2]).to(features)
    columns = _resampling(width, features.shape[3]).to(features)
    return rows @ features @ columns.mT


def _resampling(length: float, size: int) -> Tensor:
    """(28, size) float64: linear interpolation at the samples of each cell, and their mean.

    The first value lies at 0, not at 0.5: official DensePose does not shift by half a pixel.
    """
    samples = (torch.arange(CELLS * SAMPLES, dtype=torch.float64) + 0.5) * (length / (CELLS * SAMPLES))
    distance = samples.clamp(max=size - 1)[:, None] - torch.arange(size)
    return (1 - distance.abs()).clamp(min=0).unflatten(0, (CELLS, SAMPLES)).mean(1)
