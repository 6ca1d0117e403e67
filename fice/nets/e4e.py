"""e4e (Tov et al., arXiv 2102.02766): a photograph's latent in W+, in plain torch with the official names."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.stylegan2 import FullyConnected

SIDE = 256  # of the pictures that the network looks at
W_DIM = 512
STAGES = ((64, 3), (128, 4), (256, 14), (512, 3))  # channels and blocks; each stage halves the map
COARSE, MIDDLE = 3, 7  # rows of W+ from which the finer maps are read


class SqueezeExcite(nn.Module):
    """Each channel times a factor that all channels' means decide (arXiv 1709.01507)."""

    def __init__(self, channels: int):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, with norms before and after (IR-SE, arXiv 1801.07698)."""

    def __init__(self, channels: int, out: int, stride: int):
        super().__init__()
        self.stride = stride
        self.shortcut_layer = None
        if channels != out:
            self.shortcut_layer = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, out, 3, padding=1, bias=False),
            nn.PReLU(out),
            nn.Conv2d(out, out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out),
            SqueezeExcite(out),
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.shortcut_layer is None:
            return self.res_layer(x) + x[:, :, :: self.stride, :: self.stride]
        return self.res_layer(x) + self.shortcut_layer(x)


class Head(nn.Module):
    """One vector from a map, halved until one cell is left: (B, 512, side, side) -> (B, 512)."""

    def __init__(self, side: int):
        super().__init__()
        self.convs = nn.Sequential()
        while side > 1:
            self.convs.extend([nn.Conv2d(W_DIM, W_DIM, 3, stride=2, padding=1), nn.LeakyReLU(inplace=True)])
            side //= 2
        self.linear = FullyConnected(W_DIM, W_DIM)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.convs(x).flatten(1))


class E4e(nn.Module):
    """The encoder of FICE: a main w from the coarsest map, and for each further row what it differs by.

    Args:
        rows: of W+; 14 for a generator of 256 pixels, 2 * log2(size) - 2 in general.
    """

    def __init__(self, rows: int = 14):
        super().__init__()
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        self.body = nn.Sequential()
        channels = 64
        for out, blocks in STAGES:
            self.body.extend(Block(channels if i == 0 else out, out, 2 if i == 0 else 1) for i in range(blocks))
            channels = out
        sides = [16 if row < COARSE else 32 if row < MIDDLE else 64 for row in range(rows)]
        self.styles = nn.ModuleList(Head(side) for side in sides)
        self.latlayer1 = nn.Conv2d(256, W_DIM, 1)
        self.latlayer2 = nn.Conv2d(128, W_DIM, 1)
        self.latent_avg: Tensor
        self.register_buffer("latent_avg", torch.zeros(1, rows, W_DIM))

    def forward(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1], RGB. Returns W+ (B, rows, 512); row 0 is the main w.

        A picture of another size is brought to 256x256, whatever its shape.
        """
        if picture.shape[2:] != (SIDE, SIDE):
            picture = F.interpolate(picture, size=(SIDE, SIDE), mode="area")
        _, fine, middle, coarse = self.features(picture)
        middle = _enlarged(coarse, middle) + self.latlayer1(middle)  # (B, 512, 32, 32)
        fine = _enlarged(middle, fine) + self.latlayer2(fine)  # (B, 512, 64, 64)
        main, *others = self.styles
        w = main(coarse)
        deltas = [
            head(coarse if row < COARSE else middle if row < MIDDLE else fine)
            for row, head in enumerate(others, start=1)
        ]
        return torch.stack([w, *(w + delta for delta in deltas)], dim=1) + self.latent_avg

    def features(self, picture: Tensor) -> list[Tensor]:
        """Maps of 64, 128, 256 and 512 channels, at strides 2, 4, 8, 16, of pictures of 256x256."""
        x, maps, start = self.input_layer(picture * 2 - 1), [], 0
        for _, blocks in STAGES:
            x = self.body[start : start + blocks](x)
            maps.append(x)
            start += blocks
        return maps


def _enlarged(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)
