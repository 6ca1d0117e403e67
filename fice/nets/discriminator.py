"""The StyleGAN2 discriminator (arXiv 1912.04958, section 4.1, residual), for square and for tall canvases."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from fice.nets.initial import normal
from fice.nets.stylegan2 import FullyConnected, Generator, block_channels, block_heights
from stylegan2_ops import bias_act, conv2d_resample, setup_filter

HALF = math.sqrt(0.5)  # of each of two branches, so that their sum keeps its variance


class ConvLayer(nn.Module):
    """Convolution with equalised learning rate, then bias and activation; `down=2` halves the size."""

    resample_filter: Tensor

    def __init__(self, in_channels, out_channels, kernel, activation="lrelu", bias=True, down=1, conv_clamp=None):
        super().__init__()
        self.activation, self.down, self.padding, self.conv_clamp = activation, down, kernel // 2, conv_clamp
        self.weight = nn.Parameter(normal(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.weight_gain = 1 / math.sqrt(in_channels * kernel**2)
        self.activation_gain = math.sqrt(2) if activation == "lrelu" else 1.0
        self.register_buffer("resample_filter", setup_filter((1, 3, 3, 1)))

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        weight = self.weight * self.weight_gain
        x = conv2d_resample(x, weight, self.resample_filter, down=self.down, padding=self.padding)
        bias = None if self.bias is None else self.bias.to(x.dtype)
        clamp = None if self.conv_clamp is None else self.conv_clamp * gain
        return bias_act(x, bias, act=self.activation, gain=self.activation_gain * gain, clamp=clamp)


class DiscriminatorBlock(nn.Module):
    """(B, in, H, W) -> (B, out, H/2, W/2); the first block starts from the picture's channels."""

    def __init__(self, in_channels, out_channels, img_channels=None, conv_clamp=None):
        super().__init__()
        self.fromrgb = None
        if img_channels is not None:
            self.fromrgb = ConvLayer(img_channels, in_channels, 1, conv_clamp=conv_clamp)
        self.conv0 = ConvLayer(in_channels, in_channels, 3, conv_clamp=conv_clamp)
        self.conv1 = ConvLayer(in_channels, out_channels, 3, down=2, conv_clamp=conv_clamp)
        self.skip = ConvLayer(in_channels, out_channels, 1, activation="linear", bias=False, down=2)

    def forward(self, x: Tensor) -> Tensor:
        if self.fromrgb is not None:
            x = self.fromrgb(x)
        return self.skip(x, gain=HALF) + self.conv1(self.conv0(x), gain=HALF)


def group_deviation(x: Tensor, group_size: int) -> Tensor:
    """x (B, C, H, W) with one more channel: how much the pictures of a group differ (arXiv 1710.10196, section 3).

    Groups have `group_size` pictures, or as many as divide the batch evenly. The deviation over a group, averaged
    over channels and places, is one number for all its pictures: a generator of little variety gives itself away.
    """
    batch, _, height, width = x.shape
    group = math.gcd(batch, group_size)
    y = x.to(torch.promote_types(x.dtype, torch.float32))  # squares overflow half precision
    y = y.unflatten(0, (group, batch // group))  # (G, B / G, C, H, W)
    y = (y.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (B / G,)
    y = y.to(x.dtype).repeat(group)[:, None, None, None].expand(batch, 1, height, width)
    return torch.cat([x, y], dim=1)


class Epilogue(nn.Module):
    """(B, C, 4, 4 or 2) -> (B, 1)."""

    def __init__(self, channels, size, mbstd_group_size, conv_clamp=None):
        super().__init__()
        self.mbstd_group_size = mbstd_group_size
        self.conv = ConvLayer(channels + 1, channels, 3, conv_clamp=conv_clamp)
        self.fc = FullyConnected(channels * size[0] * size[1], channels, activation="lrelu")
        self.out = FullyConnected(channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(group_deviation(x, self.mbstd_group_size))
        return self.out(self.fc(x.flatten(1)))


class Discriminator(nn.Module):
    """Pictures to logits, high for photographs; state-dict names are the official ones.

    Args:
        img_resolution: height of the pictures, a power of two; UsageError for another.
        square: False makes them half as wide as high.
        channel_base, channel_max: a block of height h has min(channel_base / h, channel_max) channels.
        mbstd_group_size: pictures compared with each other (see `group_deviation`).
        conv_clamp: limit of the activations, for half precision.
    """

    def __init__(
        self,
        img_resolution,
        square=True,
        channel_base=32768,
        channel_max=512,
        mbstd_group_size=4,
        img_channels=3,
        conv_clamp=None,
    ):
        super().__init__()
        self.heights = block_heights(img_resolution)[::-1]
        self.canvas = (img_resolution, img_resolution if square else img_resolution // 2)
        channels = [block_channels(height, channel_base, channel_max) for height in self.heights]
        for index, height in enumerate(self.heights[:-1]):
            rgb = img_channels if index == 0 else None
            setattr(self, f"b{height}", DiscriminatorBlock(channels[index], channels[index + 1], rgb, conv_clamp))
        size = (4, 4 if square else 2)
        self.b4 = Epilogue(channels[-1], size, mbstd_group_size, conv_clamp)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W), RGB in about [-1, 1] -> logits (B, 1). Raises ValueError for another size."""
        if tuple(pictures.shape[2:]) != self.canvas:
            raise ValueError(f"pictures must be {self.canvas}, not {tuple(pictures.shape[2:])}")
        x = pictures
        for height in self.heights:
            x = getattr(self, f"b{height}")(x)
        return x


def stylegan2_discriminator(generator: Generator, drawn: dict[str, Any], sizes: dict[str, int]) -> Discriminator:
    """One that fits a generator, as wide as it unless told otherwise; drawn: the arguments of its synthesis."""
    height, width = generator.canvas
    alike = {key: drawn[key] for key in ("channel_base", "channel_max") if key in drawn}
    return Discriminator(height, height == width, **(alike | sizes))
