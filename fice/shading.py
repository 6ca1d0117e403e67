"""Folds and seams at the photo's own resolution, carried from the photographed garment into the generated one."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.mask import low_pass

DARKEST, BRIGHTEST = 0.25, 2.2  # limits of one pixel's shading
EXPONENT, EXPONENT_BLACK = 0.8, 0.45  # nearly black cloth glistens and is noisy: less of it is carried
BLACK, NOT_BLACK = 0.01, 0.06  # linear luminance from ... to which cloth counts as nearly black
FOLDS = 0.16  # the spread of log luminance that folds have; what spreads more is a print
TINTED = 0.015  # the variance of chromaticity at which a print is half suppressed
FLOOR = 0.004  # linear light below which there is only noise


def to_linear(picture: Tensor) -> Tensor:
    """sRGB in [0, 1] -> linear light in [0, 1] (IEC 61966-2-1)."""
    return torch.where(picture <= 0.04045, picture / 12.92, ((picture.clamp(min=0.04) + 0.055) / 1.055) ** 2.4)


def to_gamma(linear: Tensor) -> Tensor:
    """Linear light in [0, 1] -> sRGB in [0, 1]."""
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=0.003) ** (1 / 2.4) - 0.055)


def luminance(linear: Tensor) -> Tensor:
    """(B, 3, H, W) linear light -> (B, 1, H, W)."""
    red, green, blue = linear.split(1, 1)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _within(x: Tensor, where: Tensor, radius: float) -> Tensor:
    """Low pass that looks only at the garment, so that nothing beside it leaks in."""
    weight = where + 1e-6
    return low_pass(x * weight, radius) / low_pass(weight, radius)


def shading_of(source: Tensor, where: Tensor, radius: float) -> Tensor:
    """The shading of a garment that is finer than `radius`: log of the factor on linear light, (B, 1, H, W).

    source: (B, 3, H, W) sRGB in [0, 1]; where: (B, 1, H, W) in [0, 1], the garment; radius in pixels. A print is
    recognised by its contrast and by its changing chromaticity, which folds do not have, and is held down.
    """
    light = luminance(torch.cat([to_linear(channel) for channel in source.split(1, 1)], 1))
    log_light = (light + FLOOR).log()
    coarse = _within(log_light, where, radius)
    fine = log_light - coarse
    blackness = ((NOT_BLACK + FLOOR - coarse.exp()) / (NOT_BLACK - BLACK)).clamp(0, 1)
    exponent = EXPONENT + (EXPONENT_BLACK - EXPONENT) * blackness
    spread = _within(fine.square(), where, 2 * radius).sqrt()
    trust = (FOLDS / spread.clamp(min=1e-4)).clamp(max=1) * _plainness(source, where, radius)
    return (fine * exponent * trust).clamp(math.log(DARKEST), math.log(BRIGHTEST))


def _plainness(source: Tensor, where: Tensor, radius: float) -> Tensor:
    """1 where the chromaticity of a garment is even, towards 0 where it changes within `radius`: (B, 1, H, W)."""
    size = source.shape[-2:]
    shrink = max(1.0, radius / 12)  # colours are coarser than folds
    small = tuple(max(1, round(side / shrink)) for side in size)
    linear, weight = to_linear(F.interpolate(source, size=small, mode="area")), F.interpolate(where, small, mode="area")
    light = luminance(linear)
    tint = (linear[:, ::2] + 5 * FLOOR).log() - (light + 5 * FLOOR).log()  # red and blue against luminance
    uneven = (tint - _within(tint, weight, radius / shrink)).square().sum(1, keepdim=True)
    changing = _within(uneven, weight, 2 * radius / shrink)
    return F.interpolate(1 / (1 + changing / TINTED), size=size, mode="bilinear")


def carry_shading(source: Tensor, generated: Tensor, where: Tensor, radius: float, amount: float = 1.0) -> Tensor:
    """The generated garment with the source's fine shading where the garment stays.

    source, generated: (B, 3, H, W) sRGB in [0, 1] at the photo's resolution; where: (B, 1, H, W) in [0, 1], inside
    the garment before and after; radius: pixels, about that below which the generator draws nothing; amount: 0 to 1.
    """
    factor = (shading_of(source, where, radius) * where * amount).exp()
    channels = generated.split(1, 1)  # one at a time: photos are large
    return torch.cat([to_gamma((to_linear(channel) * factor).clamp(0, 1)) for channel in channels], 1)
