"""Matting: how much of each at a garment's outline is garment, and what is beside it without the garment's colour.

A pixel of an outline lies on the line between the colours on both sides (Ruzon, Tomasi, CVPR 2000, in its simplest
form: one colour a side, continued from where it is pure).
"""

from __future__ import annotations

import torch
from torch import Tensor

from fice.fill import continued
from fice.mask import grow, low_pass, mean

HUE = 0.7  # share of a colour's lightness that is left out: highlights and rims of light are no mixture
DISTINCT = 0.005  # squared distance of two colours from which a mixture of them can be measured
NOISE = 1.0  # of the unevenness on both sides, against the distance
OFF = 0.02  # squared distance from their line at which it is a third colour


def unmix(source: Tensor, outline: Tensor, within: int, beyond: int) -> tuple[Tensor, Tensor]:
    """A matte by colour, (1, 1, H, W) in [0, 1], and the colours beside the garment, (1, 3, H, W).

    source: (1, 3, H, W) in [0, 1]; outline: (1, 1, H, W) in [0, 1], right but for `within` and `beyond` pixels on its
    sides. Where the colours of both sides are alike, or a pixel has another, the outline stays.
    """
    pure, clear = grow(outline, -within), 1 - grow(outline, beyond)
    inside, beside = (continued(source, (part > 0.9).to(source)) for part in (pure, clear))
    apart, own = _hued(inside - beside), _hued(source - beside)
    distance = apart.square().sum(1, keepdim=True)
    share = ((own * apart).sum(1, keepdim=True) / distance.clamp(min=1e-6)).clamp(0, 1)
    off = (own - share * apart).square().sum(1, keepdim=True)
    uneven = _variance(source - inside, pure, 4 * beyond) + _variance(source - beside, clear, 4 * beyond)
    mixed = (torch.maximum(pure, clear) < 0.9).to(source)
    trust = distance / (distance + DISTINCT + NOISE * uneven) * (-mean(off, 1) / OFF).exp() * mixed
    return torch.lerp(outline, share, trust), beside


def _variance(difference: Tensor, where: Tensor, radius: int) -> Tensor:
    square = _hued(difference).square().sum(1, keepdim=True)
    return low_pass(square * where, radius) / low_pass(where, radius).clamp(min=1e-3)


def _hued(difference: Tensor) -> Tensor:
    return difference - HUE * difference.mean(1, keepdim=True)
