"""Shading: folds and seams at the photo's own resolution, from the photographed garment into the generated one."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.cloth.prints import DETAIL, without_print
from fice.cloth.prints import FLOOR as DARK
from fice.mask import low_pass
from fice.srgb import luminance, to_gamma, to_linear

DARKEST, BRIGHTEST = 0.1, 3.0  # limits of one pixel's shading
# standard deviation of log luminance on plain garments of such a luminance, in 900 photographs by day
LUMINANCES = (0.004, 0.009, 0.018, 0.035, 0.07, 0.14, 0.27, 0.44, 0.72)
SPREADS = (0.42, 0.49, 0.54, 0.60, 0.75, 0.66, 0.49, 0.40, 0.24)
LEAST, MOST = 0.6, 1.5  # limits of a change of contrast


def within(x: Tensor, where: Tensor, radius: float) -> Tensor:
    """`low_pass` of x (B, C, H, W) that looks only at a garment (B, 1, H, W), so that nothing beside it leaks in."""
    weight = where + 1e-6
    return low_pass(x * weight, radius) / low_pass(weight, radius)


def light_on(source: Tensor, where: Tensor, height: float) -> Tensor:
    """Light and folds of a garment without its print: log of the factor on linear light, (1, 1, H, W), median 0.

    source: (1, 3, H, W) sRGB in [0, 1]; where: (1, 1, H, W) in [0, 1], the garment; height: the person's, in pixels.
    What is finer than the print can be told from is taken from the photo where the cloth is plain.
    """
    inside = where > 0.5
    if not inside.any():
        return torch.zeros_like(where)
    shrink = max(1.0, height / DETAIL)
    size = tuple(max(1, round(side / shrink)) for side in where.shape[2:])
    small, mask = (F.interpolate(x, size=size, mode="area") for x in (source, where))
    mask = mask > min(0.5, float(mask.max()) / 2)
    picture = small[0].permute(1, 2, 0).cpu().numpy()
    found = without_print(picture, mask[0, 0].cpu().numpy(), height / shrink)
    whole = lambda x: F.interpolate(x, size=where.shape[2:], mode="bilinear")  # noqa: E731
    light, printed = (whole(torch.from_numpy(x)[None, None].to(source)) for x in found)
    finer = luminance(source).add_(DARK).log_()  # in place: photos are large
    finer.sub_(whole((luminance(small) + DARK).log())).mul_(printed.neg_().add_(1))
    light = light.add_(finer)
    light.sub_(light[inside].median())
    return light.clamp_(math.log(DARKEST), math.log(BRIGHTEST))


def contrast(old: float, new: float) -> float:
    """The exponent that gives light on cloth of the luminance `old` the contrast that it has on `new`, both linear."""
    spread = [float(np.interp(math.log(max(y, 1e-4)), np.log(LUMINANCES), SPREADS)) for y in (old, new)]
    return min(max(spread[1] / spread[0], LEAST), MOST)


def carry_light(light: Tensor, generated: Tensor, where: Tensor, radius: float, amount: float = 1.0) -> Tensor:
    """The generated garment with what of the source's light is finer than it draws, where the garment stays.

    light: (B, 1, H, W) of `light_on`; generated: (B, 3, H, W) sRGB in [0, 1] at the photo's resolution; where:
    (B, 1, H, W) in [0, 1], inside the garment before and after; radius: pixels, about that below which the generator
    draws nothing; amount: 0 to 1.
    """
    factor = ((light - within(light, where, radius)) * where * amount).exp()
    channels = generated.split(1, 1)  # one at a time: photos are large
    return torch.cat([to_gamma((to_linear(channel) * factor).clamp(0, 1)) for channel in channels], 1)


def carry_detail(source: Tensor, generated: Tensor, where: Tensor, radius: float, amount: float = 1.0) -> Tensor:
    """As `carry_light` for cloth that stays: all of the source that is finer than `radius`, colours and print too."""
    finer = (source - within(source, where, radius)) - (generated - within(generated, where, radius))
    return (generated + finer * where * amount).clamp(0, 1)
