"""Shading: folds and seams at the photo's own resolution, from the photographed garment into the generated one."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.cloth.prints import DETAIL, without_print
from fice.cloth.prints import FLOOR as DARK
from fice.mask import low_pass
from fice.srgb import luminance, to_gamma, to_linear

DARKEST, BRIGHTEST = 0.25, 2.2  # limits of one pixel's shading
EXPONENT = 0.8  # some of what looks like shading is the old cloth's own
FLOOR = 0.004  # linear light below which there is only noise


def _within(x: Tensor, where: Tensor, radius: float) -> Tensor:
    """Low pass that looks only at the garment, so that nothing beside it leaks in."""
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
    light = light + ((luminance(source) + DARK).log() - whole((luminance(small) + DARK).log())) * (1 - printed)
    light = (light - light[inside].median()) * EXPONENT
    return light.clamp(math.log(DARKEST), math.log(BRIGHTEST))


def carry_light(light: Tensor, generated: Tensor, where: Tensor, radius: float, amount: float = 1.0) -> Tensor:
    """The generated garment with what of the source's light is finer than it draws, where the garment stays.

    light: (B, 1, H, W) of `light_on`; generated: (B, 3, H, W) sRGB in [0, 1] at the photo's resolution; where:
    (B, 1, H, W) in [0, 1], inside the garment before and after; radius: pixels, about that below which the generator
    draws nothing; amount: 0 to 1.
    """
    factor = ((light - _within(light, where, radius)) * where * amount).exp()
    channels = generated.split(1, 1)  # one at a time: photos are large
    return torch.cat([to_gamma((to_linear(channel) * factor).clamp(0, 1)) for channel in channels], 1)


def carry_detail(source: Tensor, generated: Tensor, where: Tensor, radius: float, amount: float = 1.0) -> Tensor:
    """As `carry_light` for cloth that stays: all of the source that is finer than `radius`, colours and print too."""
    finer = (source - _within(source, where, radius)) - (generated - _within(generated, where, radius))
    return (generated + finer * where * amount).clamp(0, 1)
