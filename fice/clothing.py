"""The cloth that a sentence names: where the optimisation begins, and what of it is finer than the canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.plan import Plan
from fice.redress import Cloth, cloth_as, lay
from fice.shading import FLOOR, to_gamma, to_linear
from fice.subject import Subject

FINEST = 8  # times finer than the canvas: a person of 2,000 pixels
UNLIKE = 0.12  # difference of drawn and named cloth, in sRGB, at which the weave is held back


@dataclass(frozen=True)
class Weave:
    """What the named cloth shows between the pixels of the canvas, on the whole canvas.

    Attributes:
        fine: linear light, (1, 3, k * H, k * W), 1 where there is no cloth.
        coarse: the same as the canvas shows it, (1, 3, H, W).
        trust: how far the generator drew this very cloth, (1, 1, H, W) in [0, 1].
    """

    fine: Tensor
    coarse: Tensor
    trust: Tensor


def redressed(subject: Subject, plan: Plan, seed: int) -> Tensor:
    """The subject re-dressed by mask as the sentence says, (1, 3, H, W) float in [0, 1]."""
    source, garment, cloth = _cloth(subject, plan, seed)
    clothed = source if cloth is None else lay(source, garment, cloth)
    return torch.from_numpy(clothed).permute(2, 0, 1)[None].to(subject.source) / 255


def weave(subject: Subject, plan: Plan, seed: int, drawn: Tensor, worn: Tensor) -> Weave | None:
    """The weave of the cloth named; None where there is none.

    drawn, worn: (1, 3, H, W) in about [0, 1], what the generator drew and what `redressed` gave.
    """
    cloth = _cloth(subject, plan, seed)[2]
    if cloth is None or plan.sentence.pattern in (None, "solid"):
        return None
    light, k = torch.from_numpy(cloth.light).permute(2, 0, 1)[None].to(drawn), cloth.finer
    height, width = drawn.shape[2:]
    fine = drawn.new_ones(1, 3, k * height, k * width)
    rows, columns = (slice(k * side.start, k * side.stop) for side in cloth.box)
    fine[:, :, rows, columns] = light
    unlike = F.avg_pool2d((drawn - worn).abs().mean(1, keepdim=True), 3, 1, 1)
    return Weave(fine, F.avg_pool2d(fine, k), (-(unlike / UNLIKE).square()).exp())


def carry_weave(picture: Tensor, fine: Tensor, coarse: Tensor, trust: Tensor) -> Tensor:
    """A picture with what a weave has beyond it; all at the photo's resolution.

    picture: (B, 3, H, W) sRGB in [0, 1], enlarged from the canvas. fine, coarse: (B, 3, H, W) linear light.
    trust: (B, 1, H, W) in [0, 1].
    """
    channels = []
    for drawn, sharp, soft in zip(picture.split(1, 1), fine.split(1, 1), coarse.split(1, 1), strict=True):
        factor = ((sharp.clamp(min=0) + FLOOR) / (soft.clamp(min=0) + FLOOR)).pow(trust)
        channels.append(to_gamma(((to_linear(drawn) + FLOOR) * factor - FLOOR).clamp(0, 1)))
    return torch.cat(channels, 1)


def _cloth(subject: Subject, plan: Plan, seed: int) -> tuple[np.ndarray, np.ndarray, Cloth | None]:
    """The picture on the canvas (H, W, 3) uint8, the garment (H, W), and its cloth as fine as the photo shows it."""
    source = (subject.source[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy()
    garment = plan.before[0, 0].cpu().numpy()
    of_canvas = subject.frame.canvas[0] / source.shape[0] / subject.frame.scale  # photo pixels in one of the canvas
    finer = min(max(math.ceil(of_canvas), 1), FINEST)
    return source, garment, cloth_as(source, garment, plan.sentence, seed, finer)
