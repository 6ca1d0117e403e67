"""The StyleGAN2 generator (Karras et al., arXiv 1912.04958), with the official names and any canvas.

A square generator starts from a constant of 4x4, a generator of people (StyleGAN-Human, arXiv 2204.11823)
from one of 4x2; everything else is the same. Both compute in the dtype of their weights: `num_fp16_res`, a
speed setting of the official code, is accepted and has no effect.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fice.errors import UsageError
from fice.nets.initial import normal
from stylegan2_ops import bias_act, modulated_conv2d, setup_filter, upsample2d

NOISE = ("const", "random", "none")


def block_heights(img_resolution: int) -> list[int]:
    """The heights 4, 8, ... img_resolution; UsageError when that is not a power of two of at least 4."""
    if img_resolution < 4 or img_resolution & (img_resolution - 1):
        raise UsageError(f"A canvas height is a power of two and at least 4, not {img_resolution}.")
    return [1 << k for k in range(2, img_resolution.bit_length())]


def block_channels(height: int, channel_base: int, channel_max: int) -> int:
    """Channels of the block whose feature maps are `height` rows high."""
    return min(channel_base // height, channel_max)


class FullyConnected(nn.Module):
    """A linear layer with equalised learning rate (arXiv 1710.10196, section 4.1): (..., in) -> (..., out).

    Weights are stored with unit variance over `lr_multiplier` and scaled at run time.
    """

    def __init__(self, in_features, out_features, activation="linear", lr_multiplier=1.0, bias_init=0.0):
        super().__init__()
        self.activation = activation
        self.weight = nn.Parameter(normal(out_features, in_features, std=1 / lr_multiplier))
        self.bias = nn.Parameter(torch.full((out_features,), float(bias_init)))
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        bias = self.bias * self.bias_gain
        if self.activation == "linear":
            return nn.functional.linear(x, self.weight * self.weight_gain, bias)
        x = nn.functional.linear(x, self.weight * self.weight_gain)
        return bias_act(x, bias.to(x.dtype), act=self.activation)


class Mapping(nn.Module):
    """z -> W: normalise, then `num_layers` fully connected layers; the same w for every row of W+.

    w_plus: a linear layer more, not of the paper's, gives every row a w of its own; `w_avg` has rows, too.
    """

    def __init__(
        self,
        z_dim,
        w_dim,
        num_ws,
        num_layers=8,
        layer_features=None,
        activation="lrelu",
        lr_multiplier=0.01,
        w_avg_beta=0.995,
        w_plus=False,
    ):
        super().__init__()
        self.num_ws, self.num_layers, self.w_avg_beta, self.w_plus = num_ws, num_layers, w_avg_beta, w_plus
        sizes = [z_dim] + [layer_features or w_dim] * (num_layers - 1) + [w_dim]
        for i in range(num_layers):
            layer = FullyConnected(sizes[i], sizes[i + 1], activation=activation, lr_multiplier=lr_multiplier)
            self.add_module(f"fc{i}", layer)
        if w_plus:
            self.rows = FullyConnected(w_dim, num_ws * w_dim, lr_multiplier=lr_multiplier)
        self.register_buffer("w_avg", torch.zeros(num_ws, w_dim) if w_plus else torch.zeros(w_dim))

    w_avg: Tensor

    def forward(self, z: Tensor, psi: float = 1.0, cutoff: int | None = None) -> Tensor:
        """z (B, z_dim) -> ws (B, num_ws, w_dim).

        psi: 1 leaves w alone, 0 gives the average w (arXiv 1812.04948, appendix B); cutoff: only the first
        `cutoff` rows are pulled, None for all. In training mode the running average of w follows along.
        """
        x = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        for i in range(self.num_layers):
            x = getattr(self, f"fc{i}")(x)  # (B, w_dim)
        if self.w_plus:
            x = self.rows(x).unflatten(1, self.w_avg.shape)  # (B, num_ws, w_dim)
        if self.training:
            self.w_avg.copy_(x.detach().mean(dim=0).lerp(self.w_avg, self.w_avg_beta))
        ws = x if self.w_plus else x[:, None].repeat(1, self.num_ws, 1)  # (B, num_ws, w_dim)
        if psi == 1:
            return ws
        pulled = self.w_avg.expand_as(ws[0])[:cutoff].lerp(ws[:, :cutoff], psi)
        return pulled if cutoff is None else torch.cat([pulled, ws[:, cutoff:]], dim=1)


class SynthesisLayer(nn.Module):
    """Modulated 3x3 convolution, noise, bias and leaky ReLU; `up=2` doubles the size."""

    noise_const: Tensor
    resample_filter: Tensor

    def __init__(self, in_channels, out_channels, w_dim, size, up=1, resample_filter=(1, 3, 3, 1), conv_clamp=None):
        super().__init__()
        self.size, self.up, self.conv_clamp = size, up, conv_clamp
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1)
        self.weight = nn.Parameter(normal(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", normal(*size))
        self.register_buffer("resample_filter", setup_filter(resample_filter))

    def forward(self, x: Tensor, w: Tensor, noise: str) -> Tensor:
        x = modulated_conv2d(
            x,
            self.weight,
            self.affine(w),
            noise=self._noise(x, noise),
            up=self.up,
            padding=1,
            resample_filter=self.resample_filter,
            flip_weight=self.up == 1,
        )
        return bias_act(x, self.bias.to(x.dtype), act="lrelu", clamp=self.conv_clamp)  # (B, out, H, W)

    def _noise(self, x: Tensor, noise: str) -> Tensor | None:
        if noise == "none":
            return None
        if self.noise_const.ndim == 4:  # each picture has its own (B, 1, H, W), strength included
            return self.noise_const
        if noise == "const":
            return (self.noise_const * self.noise_strength)[None, None]  # (1, 1, H, W)
        drawn = torch.randn(len(x), 1, *self.size, device=x.device, dtype=x.dtype)
        return drawn * self.noise_strength  # (B, 1, H, W)


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to the picture's channels, without demodulation."""

    def __init__(self, in_channels, out_channels, w_dim, conv_clamp=None):
        super().__init__()
        self.conv_clamp = conv_clamp
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1)
        self.weight = nn.Parameter(normal(out_channels, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.weight_gain = 1 / math.sqrt(in_channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        styles = self.affine(w) * self.weight_gain
        x = modulated_conv2d(x, self.weight, styles, demodulate=False)
        return bias_act(x, self.bias.to(x.dtype), clamp=self.conv_clamp)  # (B, 3, H, W)


class SynthesisBlock(nn.Module):
    """Two layers (the first block: a constant and one layer) and the RGB they add to the running picture."""

    resample_filter: Tensor

    def __init__(
        self, in_channels, out_channels, w_dim, size, img_channels, resample_filter=(1, 3, 3, 1), conv_clamp=None
    ):
        super().__init__()
        self.first = in_channels == 0
        self.num_conv = 1 if self.first else 2
        self.register_buffer("resample_filter", setup_filter(resample_filter))
        layer = dict(w_dim=w_dim, size=size, resample_filter=resample_filter, conv_clamp=conv_clamp)
        if self.first:
            self.const = nn.Parameter(normal(out_channels, *size))
        else:
            self.conv0 = SynthesisLayer(in_channels, out_channels, up=2, **layer)
        self.conv1 = SynthesisLayer(out_channels, out_channels, **layer)
        self.torgb = ToRGB(out_channels, img_channels, w_dim, conv_clamp=conv_clamp)

    def forward(self, x: Tensor, picture: Tensor, ws: Tensor, noise: str) -> tuple[Tensor, Tensor]:
        """x (B, in, H/2, W/2), picture (B, 3, H/2, W/2), of any shape at first; ws (B, 2 or 3, w_dim).

        Returns the block's features (B, out, H, W) and the running RGB (B, 3, H, W).
        """
        if self.first:
            x = self.const.expand(len(ws), *self.const.shape)  # (B, C, 4, 4 or 2)
            x = self.conv1(x, ws[:, 0], noise)
            return x, self.torgb(x, ws[:, 1])
        x = self.conv0(x, ws[:, 0], noise)
        x = self.conv1(x, ws[:, 1], noise)
        return x, upsample2d(picture, self.resample_filter) + self.torgb(x, ws[:, 2])


class Synthesis(nn.Module):
    """W+ -> picture: blocks b4, b8, ... each adding to a running RGB ("skip", section 4.1)."""

    def __init__(
        self,
        w_dim,
        img_resolution,
        img_channels=3,
        square=True,
        channel_base=32768,
        channel_max=512,
        resample_filter=(1, 3, 3, 1),
        conv_clamp=None,
        num_fp16_res=0,
    ):
        super().__init__()
        self.heights = block_heights(img_resolution)
        self.num_ws = 2 * len(self.heights)
        channels = 0
        for height in self.heights:
            out = block_channels(height, channel_base, channel_max)
            size = (height, height if square else height // 2)
            block = SynthesisBlock(channels, out, w_dim, size, img_channels, resample_filter, conv_clamp)
            self.add_module(f"b{height}", block)
            channels = out

    def forward(self, ws: Tensor, noise: str = "const", until: int | None = None) -> Tensor:
        """ws (B, num_ws, w_dim) -> picture (B, 3, H, W), RGB in about [-1, 1], not clamped.

        noise: "const" (the stored maps), "random" (drawn now) or "none"; until: stop after the block of this
        height and return its running RGB. Raises UsageError for any other noise or height.
        """
        if noise not in NOISE:
            raise UsageError(f"Noise is one of {', '.join(NOISE)}, not {noise!r}.")
        if until is not None and until not in self.heights:
            raise UsageError(f"This generator has no block of height {until}; choose one of {self.heights}.")
        x = picture = ws.new_empty(0)  # of which the first block takes nothing
        row = 0
        for height in self.heights:
            block = getattr(self, f"b{height}")
            # a block's RGB shares its row with the next block's first layer
            x, picture = block(x, picture, ws[:, row : row + block.num_conv + 1], noise)
            row += block.num_conv
            if height == until:
                break
        return picture


class Generator(nn.Module):
    """Mapping and synthesis, with the official constructor arguments and state-dict names.

    img_resolution is the height; `square=False` makes the width half of it. Raises UsageError for a
    conditional generator (c_dim) and for a height that is not a power of two.
    """

    def __init__(
        self,
        z_dim=512,
        c_dim=0,
        w_dim=512,
        img_resolution=256,
        img_channels=3,
        square=True,
        mapping_kwargs=None,
        synthesis_kwargs=None,
    ):
        super().__init__()
        if c_dim:
            raise UsageError("This generator wants class labels; use an unconditional one (c_dim 0).")
        self.z_dim, self.w_dim = z_dim, w_dim
        self.synthesis = Synthesis(w_dim, img_resolution, img_channels, square, **(synthesis_kwargs or {}))
        self.num_ws = self.synthesis.num_ws
        self.mapping = Mapping(z_dim, w_dim, self.num_ws, **(mapping_kwargs or {}))

    @property
    def canvas(self) -> tuple[int, int]:
        """(H, W) of the pictures, read off the constant's shape."""
        rows, columns = self.synthesis.get_parameter("b4.const").shape[1:]
        height = self.synthesis.heights[-1]
        return height, height * columns // rows

    def forward(
        self, z: Tensor, psi: float = 1.0, cutoff: int | None = None, noise: str = "const", until: int | None = None
    ) -> Tensor:
        """z (B, z_dim), standard normal -> picture (B, 3, H, W), RGB in about [-1, 1], not clamped.

        noise, until: as of `Synthesis.forward`.
        """
        return self.synthesis(self.mapping(z, psi, cutoff), noise=noise, until=until)
