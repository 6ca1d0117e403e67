"""Inpainting what a picture does not show: push-pull, with the grain of its surroundings."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.mask import grow, low_pass, mean

DETAIL = 768  # pixels: a fill is smooth, so that larger pictures are filled at this size
MOST_GRAIN = 0.02  # standard deviation; more than this is texture, which noise does not imitate


def push_pull(picture: Tensor, known: Tensor) -> Tensor:
    """Fills smoothly from what is known (Gortler et al., The Lumigraph, SIGGRAPH 1996).

    picture: (B, C, H, W); known: (B, 1, H, W) in [0, 1], the trust in each pixel. Fully known pixels stay exactly;
    where nothing at all is known the result is 0.
    """
    height, width = picture.shape[-2:]
    if max(height, width) > 1:
        coarse = (height + 1) // 2, (width + 1) // 2
        trust = F.interpolate(known, size=coarse, mode="area")
        colours = F.interpolate(picture * known, size=coarse, mode="area") / trust.clamp(min=1e-6)
        below = push_pull(colours, (trust * 4).clamp(max=1))
        below = F.interpolate(below, size=(height, width), mode="bilinear")
    else:
        below = torch.zeros_like(picture)
    return picture * known + below * (1 - known)


def continued(picture: Tensor, known: Tensor) -> Tensor:
    """`push_pull` for photographs: what is known is continued at no more than DETAIL, smoothly everywhere."""
    size = picture.shape[-2:]
    shrink = max(1.0, max(size) / DETAIL)
    small = tuple(max(1, round(side / shrink)) for side in size)
    trust = F.interpolate(known, size=small, mode="area")
    colours = F.interpolate(picture * known, size=small, mode="area") / trust.clamp(min=1e-6)
    return F.interpolate(push_pull(colours, (trust * 4).clamp(max=1)), size=size, mode="bilinear")


def fill_background(picture: Tensor, unknown: Tensor, seed: int = 0) -> Tensor:
    """Continues the background behind a person.

    picture: (B, 3, H, W) in [0, 1]; unknown: (B, 1, H, W) in [0, 1], 1 where the person hides it. Known pixels stay
    exactly. Fine grain, as strong as that around the hole, keeps the fill from looking smeared.
    """
    known = (unknown < 1e-3).to(picture)  # a mixed pixel shows the person's colour
    filled = continued(picture, known)
    filled = (filled + _grain(picture, known, grow(unknown, 8), seed)).clamp(0, 1)
    return torch.where(known > 0, picture, filled)


def _grain(picture: Tensor, known: Tensor, near: Tensor, seed: int) -> Tensor:
    """(B, 1, H, W) of noise like that of the known pixels near the hole."""
    grey = picture.mean(1, keepdim=True)
    fine = (grey - low_pass(grey, 3)).abs()
    noise = torch.randn(grey.shape, generator=torch.Generator().manual_seed(seed)).to(grey)
    grain = mean(noise, 1) * 3  # pixels of a photograph are not independent; 3: the mean of nine noises, undone
    for one, (spot, value) in enumerate(zip((known * near) > 0, fine, strict=True)):
        if spot.any():  # the median passes over edges; 1.48 makes it a standard deviation
            grain[one] *= (1.48 * value[spot].median()).clamp(max=MOST_GRAIN)
    return grain
