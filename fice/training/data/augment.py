"""Adaptive augmentation for adversarial training on few pictures (Karras et al., arXiv 2006.06676, appendix B).

The discriminator only ever sees augmented pictures, so it cannot learn the photographs by heart; as long as each
operation is left out often enough, the generator still learns the pictures as they are. Of the paper's operations,
those that make no sense for people who stand upright (quarter turns, luma flip) are left out, and rotation is small.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylegan2_ops import downsample2d, setup_filter, upsample2d

# The wavelet sym6: orthonormal, so that enlarging and shrinking with it gives a picture back unchanged.
SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
EDGE = len(SYM6) // 4  # pixels beyond the border that shrinking reads
SHIFT = 1 / 8  # of height and width: limit of whole-pixel shifts, deviation of others
SCALE = 0.2  # deviation of log2 of the scale, of log2 of the aspect
ROTATION = math.radians(10)  # deviation
BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.5, 1.0  # deviations; the latter two of log2
CUT = 1 / 3  # of height and width: what `Perturb` blanks
LIMIT = 0.8  # of p: beyond it augmentations leak into generated pictures (section 2.2)


@functools.cache
def constant(values: tuple, device: torch.device) -> Tensor:
    """Numbers on a device, brought there once: to bring them is to wait for a GPU."""
    return torch.tensor(values, device=device)


class Augment(nn.Module):
    """Augments each picture on its own; every operation happens with probability `p`, a buffer of shape ().

    Draws from torch's global random numbers. p = 0 returns the pictures themselves (on a GPU: within rounding).
    """

    p: Tensor
    wavelet: Tensor

    def __init__(self, p: float = 0.0):
        super().__init__()
        self.register_buffer("p", torch.tensor(float(p)))
        self.register_buffer("wavelet", setup_filter(SYM6), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W), RGB in about [-1, 1] -> the same shape, not clamped; differentiable.

        What comes in from beyond the border is the picture mirrored. H and W must be at least 8.
        """
        if self.p.device.type == "cpu" and self.p == 0:  # to ask a GPU is to wait for it
            return pictures
        return self.recolour(self.warp(self.blit(pictures)))

    def blit(self, x: Tensor) -> Tensor:
        """Mirror left to right and shift by whole pixels: no pixel changes its value."""
        batch, channels, height, width = x.shape
        rows = self._shifted(x, height)  # (B, H): where each row comes from
        columns = self._shifted(x, width)
        mirror = (torch.rand(batch, 1, device=x.device) < 0.5) & self._chosen(x)[:, None]
        columns = torch.where(mirror, width - 1 - columns, columns)
        x = x.gather(2, rows[:, None, :, None].expand(-1, channels, -1, width))
        return x.gather(3, columns[:, None, None, :].expand(-1, channels, height, -1))

    def warp(self, x: Tensor) -> Tensor:
        """Scale, stretch, rotate and shift by parts of a pixel, in one step and without aliasing."""
        height, width = x.shape[2:]
        top, left = height // 2, width // 2
        x = F.pad(x, (left, left, top, top), mode="reflect")
        x = upsample2d(x, self.wavelet)  # (B, 3, 2 (H + 2 top), 2 (W + 2 left))
        # affine_grid counts from -1 to 1 across the picture; the matrix counts pixels from the centre
        out = constant(((width + 2 * EDGE) / 2, (height + 2 * EDGE) / 2, 1.0), x.device)
        inside = constant(((2 / (width + 2 * left),), (2 / (height + 2 * top),)), x.device)
        matrix = inside * self._matrices(x, height, width) * out  # (B, 2, 3)
        size = [*x.shape[:2], 2 * (height + 2 * EDGE), 2 * (width + 2 * EDGE)]
        grid = F.affine_grid(matrix, size, align_corners=False).to(x.dtype)
        x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
        return downsample2d(x, self.wavelet, padding=-2 * EDGE, flip_filter=True)  # (B, 3, H, W)

    def recolour(self, x: Tensor) -> Tensor:
        """Brightness, contrast, hue and saturation, as one matrix of the colour space."""
        grey = torch.full((3, 3), 1 / 3, device=x.device)  # projects onto the axis of greys
        colour = torch.eye(3, device=x.device) - grey
        a = 1 / math.sqrt(3)
        turn = constant(((0.0, -a, a), (a, 0.0, -a), (-a, a, 0.0)), x.device)  # a quarter turn about that axis
        brightness = self._normal(x, BRIGHTNESS)[:, None, None]
        contrast = self._normal(x, CONTRAST).exp2()[:, None, None]
        saturation = self._normal(x, SATURATION).exp2()[:, None, None]
        hue = torch.where(self._chosen(x), torch.rand(len(x), device=x.device) * 2 * math.pi, 0)[:, None, None]
        matrix = contrast * (grey + saturation * (hue.cos() * colour + hue.sin() * turn))  # (B, 3, 3)
        shifted = (contrast * brightness).expand(-1, 3, -1)  # (B, 3, 1)
        return torch.baddbmm(shifted.to(x.dtype), matrix.to(x.dtype), x.flatten(2)).view_as(x)

    def _chosen(self, x: Tensor, p: Tensor | None = None) -> Tensor:
        """(B,) bool: which pictures an operation happens to."""
        return torch.rand(len(x), device=x.device) < (self.p if p is None else p)

    def _normal(self, x: Tensor, deviation: float, p: Tensor | None = None) -> Tensor:
        """(B,) normally distributed, and 0 for the pictures an operation does not happen to."""
        return torch.where(self._chosen(x, p), torch.randn(len(x), device=x.device) * deviation, 0)

    def _shifted(self, x: Tensor, size: int) -> Tensor:
        """(B, size): indices shifted by whole pixels and mirrored at the ends."""
        reach = math.floor(size * SHIFT)
        shift = torch.randint(-reach, reach + 1, (len(x),), device=x.device) * self._chosen(x)
        places = (torch.arange(size, device=x.device) + shift[:, None]).abs()
        return size - 1 - (size - 1 - places).abs()

    def _matrices(self, x: Tensor, height: int, width: int) -> Tensor:
        """(B, 2, 3): from a pixel of the result to one of the source, both counted from the centre."""
        scale, stretch = self._normal(x, SCALE), self._normal(x, SCALE)
        sizes = torch.stack([scale + stretch, scale - stretch], dim=1).exp2()  # (B, 2): along x, along y
        once = 1 - (1 - self.p).sqrt()  # two rotations, one of which happens with probability p
        before, after = (self._turn(self._normal(x, ROTATION, once)) for _ in range(2))
        linear = before @ torch.diag_embed(sizes) @ after  # (B, 2, 2)
        shift = torch.stack([self._normal(x, SHIFT) * width, self._normal(x, SHIFT) * height], dim=1)
        return torch.cat([linear, shift[:, :, None]], dim=2)

    @staticmethod
    def _turn(angle: Tensor) -> Tensor:
        """(B,) radians -> (B, 2, 2)."""
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([torch.stack([cos, -sin], dim=1), torch.stack([sin, cos], dim=1)], dim=1)

    @torch.no_grad()
    def update(self, signs_mean: Tensor | float, pictures: int, target: float = 0.6, horizon: int = 500_000) -> None:
        """Moves p by one step of the controller (section 3).

        signs_mean: mean of sign(D(photograph)) since the last call, 1 when the discriminator is always sure;
        pictures: how many it was shown since; target: the mean to keep; horizon: pictures in which p could go from
        0 to 1. p stays within [0, 0.8].
        """
        direction = torch.as_tensor(signs_mean, device=self.p.device, dtype=self.p.dtype) - target
        self.p.add_(direction.sign() * (pictures / horizon)).clamp_(0, LIMIT)


class Perturb(nn.Module):
    """Light augmentation of every picture (differentiable augmentation, arXiv 2006.10738): colour, shift, cutout.

    For a discriminator on pretrained features, which overfits less. Draws from torch's global random numbers.
    """

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W), RGB in about [-1, 1], on white -> the same shape, not clamped; differentiable."""
        chance = lambda low, high: low + (high - low) * torch.rand(len(pictures), 1, 1, 1, device=pictures.device)  # noqa: E731
        x = pictures + chance(-0.3, 0.3)
        grey = x.mean(1, keepdim=True)
        x = (x - grey) * chance(0.4, 1.6) + grey
        mean = x.mean((1, 2, 3), keepdim=True)
        return self.cut((self.shift(x) - mean) * chance(0.6, 1.4) + mean)

    @staticmethod
    def shift(x: Tensor) -> Tensor:
        """Shifts by up to an eighth of each side; what comes in is as bright as white paper."""
        matrix = torch.eye(2, 3, device=x.device).repeat(len(x), 1, 1)
        matrix[:, :, 2] = (torch.rand(len(x), 2, device=x.device) - 0.5) * 4 * SHIFT
        return F.grid_sample(x - 1, F.affine_grid(matrix, list(x.shape), align_corners=False), align_corners=False) + 1

    @staticmethod
    def cut(x: Tensor) -> Tensor:
        """Blanks a rectangle of a third of each side, half of the pictures being spared."""
        sides = [torch.linspace(0, 1, size, device=x.device) for size in x.shape[2:]]
        middles = torch.rand(2, len(x), 1, device=x.device)
        rows, columns = ((side - middle).abs() < CUT / 2 for side, middle in zip(sides, middles, strict=True))
        hit = (torch.rand(len(x), device=x.device) < 0.5)[:, None, None, None]
        return x.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None] & hit, 0)


def jittered(
    pictures: Tensor,
    rng: np.random.Generator,
    contrast: tuple[float, float],
    saturation: tuple[float, float],
    tint: float,
    soft: float = 0.0,
) -> Tensor:
    """Pictures (B, 3, h, w) float in [0, 1], each with a contrast, brightness, saturation, tint and noise of its own.

    contrast, saturation: factors at least and at most; tint: the deviation of a channel's factor; soft: how often all
    of them are soft, as generated pictures are.
    """
    count = len(pictures)
    column = lambda low, high: torch.tensor(rng.uniform(low, high, (count, 1, 1, 1)), dtype=torch.float32)  # noqa: E731
    mean = pictures.mean((1, 2, 3), keepdim=True)
    pictures = (pictures - mean) * column(*contrast) + mean + column(-0.12, 0.12)
    grey = pictures.mean(1, keepdim=True)
    pictures = grey + (pictures - grey) * column(*saturation)
    pictures = pictures * (1 + tint * torch.tensor(rng.standard_normal((count, 3, 1, 1)), dtype=torch.float32))
    if soft and rng.random() < soft:
        small = F.interpolate(pictures, scale_factor=float(rng.uniform(0.35, 0.8)), mode="bilinear")
        pictures = F.interpolate(small, size=pictures.shape[-2:], mode="bilinear")
    noise = torch.from_numpy(rng.standard_normal(pictures.shape).astype(np.float32))
    return (pictures + noise * column(0, 0.03)).clamp(0, 1)
