"""Cloth of a sentence: where the optimisation begins, and what of it is finer than the canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.cloth.prints import DETAIL
from fice.cloth.redress import Cloth, apply_cloth, cloth_of
from fice.cloth.shading import light_on
from fice.fill import push_pull
from fice.mask import grow, mean
from fice.plan import Piece, Plan
from fice.srgb import LUMINANCE, to_gamma, to_linear
from fice.subject.subject import Subject

FINEST = 8  # times finer than the canvas: a person of 2,000 pixels
UNLIKE = 0.12  # difference of drawn and named cloth, in sRGB, at which the weave is held back
AROUND = 3  # pixels of the canvas around one that show which light the generator drew there: more than it blurs
BRIGHTEST = 0.95  # linear light of all but a tenth of new cloth: white has folds, too


@dataclass(frozen=True)
class Weave:
    """The named cloth, finer than the canvas shows it, on the whole canvas.

    Attributes:
        fine: linear light without folds, (1, 3, k * H, k * W).
        light: the factor on it that the generator drew, (1, 1, H, W); smooth.
        trust: how far the generator drew this very cloth, (1, 1, H, W) in [0, 1].
    """

    fine: Tensor
    light: Tensor
    trust: Tensor


def recolour_subject(plan: Plan, seed: int) -> Tensor:
    """The subject re-dressed by mask, garment after garment, (1, 3, H, W) float in [0, 1]."""
    source = _levels(plan.subject)
    clothed = source
    for piece in plan.pieces:
        cloth = _cloth(plan.subject, piece, seed)
        if cloth is not None:
            clothed = apply_cloth(clothed, _garment(piece), cloth, _shade(plan.subject, piece, cloth))
    return torch.from_numpy(clothed).permute(2, 0, 1)[None].to(plan.subject.source) / 255


def weave(subject: Subject, piece: Piece, seed: int, drawn: Tensor, recoloured: Tensor) -> Weave | None:
    """The weave of the cloth that a garment's sentence names; None where there is none.

    drawn, recoloured: (1, 3, H, W) in about [0, 1], what the generator drew and what `recolour_subject` gave.
    """
    cloth = _cloth(subject, piece, seed)
    if cloth is None or piece.sentence.pattern in (None, "solid"):
        return None
    light, k = torch.from_numpy(cloth.light).permute(2, 0, 1)[None].to(drawn), cloth.finer
    height, width = drawn.shape[2:]
    (top, bottom), (left, right) = ((side.start, side.stop) for side in cloth.box)
    beyond = (left, width - right, top, height - bottom)
    fine = F.pad(light, [k * pixels for pixels in beyond], mode="replicate")
    inside = grow(piece.before, -1)  # pixels of the outline are mixed
    lit, shown = (
        mean(x.sum(1, keepdim=True) * inside, AROUND) for x in (to_linear(drawn.clamp(0, 1)), F.avg_pool2d(fine, k))
    )
    lit = push_pull(lit / shown.clamp(min=1e-4), (mean(inside, AROUND) > 0.1).to(drawn))
    unlike = F.avg_pool2d((drawn - recoloured).abs().mean(1, keepdim=True), 3, 1, 1)
    return Weave(fine, lit, (-(unlike / UNLIKE).square()).exp())


def add_weave(picture: Tensor, fine: Tensor, light: Tensor, trust: Tensor) -> Tensor:
    """A picture with the weave that it is too coarse for; all at the photo's resolution.

    picture: (B, 3, H, W) sRGB in [0, 1], enlarged from the canvas. fine: (B, 3, H, W), a cloth in linear light; light:
    (B, 1, H, W), the factor on it. trust: (B, 1, H, W) in [0, 1].
    """
    channels = []
    for drawn, cloth in zip(picture.split(1, 1), fine.split(1, 1), strict=True):
        channels.append(to_gamma(torch.lerp(to_linear(drawn), (cloth * light).clamp(0, 1), trust)))
    return torch.cat(channels, 1)


def _shade(subject: Subject, piece: Piece, cloth: Cloth) -> np.ndarray:
    """Light and folds of the garment on the canvas as they fall on new cloth, (H, W): a factor on linear light."""
    frame, photo = subject.frame, subject.photo
    height = frame.box[2] - frame.box[0]
    shrink = max(1.0, height / DETAIL)
    size = round(photo.size[0] / shrink), round(photo.size[1] / shrink)
    picture = torch.from_numpy(photo.seen()).permute(2, 0, 1)[None].to(subject.source)
    picture = F.interpolate(picture, size=size, mode="area")
    light = light_on(picture, frame.to_photo(piece.wide, size, kernel="linear"), height / shrink)
    shade = F.interpolate(frame.to_canvas(light, fill=0.0).exp(), size=subject.source.shape[2:], mode="area")[0, 0]
    bright = shade[piece.before[0, 0] > 0.5].quantile(0.9).item() * float((cloth.light @ LUMINANCE).max())
    return (shade * subject.exposure * min(1.0, BRIGHTEST / bright)).cpu().numpy()


def _cloth(subject: Subject, piece: Piece, seed: int) -> Cloth | None:
    """The cloth of a garment, as fine as the photo shows it."""
    of_canvas = subject.frame.canvas[0] / subject.source.shape[2] / subject.frame.scale  # photo pixels in one of them
    finer = min(max(math.ceil(of_canvas), 1), FINEST)
    return cloth_of(_levels(subject), _garment(piece), piece.sentence, seed, finer)


def _levels(subject: Subject) -> np.ndarray:
    """What the engine's canvas shows of the photo, (H, W, 3) uint8."""
    return (subject.source[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy()


def _garment(piece: Piece) -> np.ndarray:
    """A garment on the engine's canvas, (H, W) float in [0, 1]."""
    return piece.before[0, 0].cpu().numpy()
