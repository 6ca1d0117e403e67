"""Matting: how much of each at a garment's outline is garment, and what is beside it without the garment's colour.

A pixel of an outline lies on the line between the colours on both sides (Ruzon, Tomasi, CVPR 2000, in its simplest
form: one colour a side, continued from where it is pure).
"""

from __future__ import annotations

import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from fice.fill import continued
from fice.mask import grow, low_pass, mean, refine, steepen
from fice.stitch.closed_form import closed_form, foreground

HUE = 0.7  # share of a colour's lightness that is left out: highlights and rims of light are no mixture
DISTINCT = 0.005  # squared distance of two colours from which a mixture of them can be measured
NOISE = 1.0  # of the unevenness on both sides, against the distance
OFF = 0.02  # squared distance from their line at which it is a third colour

BAND, FAR = 2.0, 6.0  # pixels of the canvas by which an outline may be wrong, and in which a doubt is one of it
DECIDED = 0.4  # a pixel is seldom as much of a garment as a network is sure of it: over so much it goes from 0 to 1
DOUBT = 0.49  # what is nearer to one half than this is in doubt
PRIOR, PATCHY = (
    0.003,
    0.1,
)  # weight of a network's opinion; deviation of a garment's colours that makes it the better one
FINE = 2.0  # pixels of the photo in one of the canvas up to which a matte is solved; beyond, it is enlarged


def cut_out(source: Tensor, probability: Tensor, step: float) -> tuple[Tensor, Tensor]:
    """A garment's matte, (1, 1, H, W) in [0, 1], and its own colours where it is mixed with others, (1, 3, H, W).

    source: (1, 3, H, W) in [0, 1]; probability: (1, 1, H, W) of the garment, as it was seen on a canvas; step: pixels
    of the photo in one of that canvas.
    """
    size = source.shape[2:]
    shrink = max(1.0, step / FINE)
    small = tuple(max(1, round(side / shrink)) for side in size)
    picture, seen = (F.interpolate(x, size=small, mode="area") for x in (source, probability))
    step = step / shrink
    inside = (seen > 0.5).to(seen)
    band, far = (max(1, round(share * step)) for share in (BAND, FAR))
    border = grow(inside, band) - grow(inside, -band) > 0.5
    doubt = ((seen - 0.5).abs() < DOUBT) & (grow(inside, far) > 0.5)
    shown = picture[0].permute(1, 2, 0).cpu().numpy()
    prior, within = (each[0, 0].cpu().numpy() for each in (steepen(seen, DECIDED), inside))
    spread = float(shown[within > 0].std(0).mean()) if within.any() else 0.0
    off = ndimage.distance_transform_edt(within) + ndimage.distance_transform_edt(1 - within)  # from the outline
    weight = PRIOR * (1 + (spread / PATCHY) ** 4) * (1 + (off / band) ** 2)
    solved = closed_form(shown, prior, (border | doubt)[0, 0].cpu().numpy(), weight)
    matte = torch.from_numpy(solved)[None, None].to(source)
    own = foreground(picture, matte)
    if shrink > 1:
        matte = F.interpolate(matte, size=size, mode="bilinear")
        matte = steepen(refine(matte, source, 2 * shrink), 0.96)
        own = F.interpolate(own, size=size, mode="bilinear")
    return matte, own.lerp_(source, steepen(matte, 0.1, 0.94))


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
