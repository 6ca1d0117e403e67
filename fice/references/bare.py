"""Bare limbs where cloth was: the person's own skin around a cylinder, in the light of the photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fice.mask import low_pass
from fice.references.figure import Limb
from fice.srgb import to_gamma
from fice.subject.frame import Window
from fice.subject.subject import Subject

if TYPE_CHECKING:
    from fice.references.fit import Shape

SHADOW, REACH = 0.6, 5.0  # how dark a garment's shadow on skin is at most, and cm that it reaches
FOLLOWS, ROUND, MOST = 0.7, 2.0, 0.35  # share of the light on the old cloth, without folds of so many cm; log, at most
DARKER = 0.3  # by how much the edges of a limb are darker than its middle


def skin_on(
    limb: Limb, shape: Shape, subject: Subject, window: Window, garment: Tensor, light: Tensor
) -> tuple[Tensor, Tensor]:
    """A limb's skin, (1, 3, H, W) sRGB in [0, 1], and where it is, (1, 1, H, W).

    garment: what throws a shadow on it, (1, 1, H, W); light: the log of that on what covered it, (1, 1, H, W).
    """
    stack = torch.from_numpy(np.stack([limb.aside, limb.radius, limb.bare]).astype(np.float32))[None]
    aside, radius, bare = subject.frame.to_photo(stack.clamp(-100, 100), window=window).split(1, 1)
    pixel = shape.cm * subject.frame.scale
    alpha = ((radius - aside.abs()) / pixel + 0.5).clamp(0, 1) * (bare / pixel + 0.5).clamp(0, 1)
    across = (aside / radius.clamp(min=0.5)).clamp(-1, 1)
    shade = 1 + DARKER * ((1 - (0.93 * across) ** 2).sqrt() - 0.8)
    shade = shade * (1 - SHADOW * low_pass(garment, REACH / pixel))
    wide = FOLLOWS * low_pass(light, ROUND / pixel)
    if (alpha > 0.5).any():
        wide = wide - wide[alpha > 0.5].median()  # old cloth that shone or lay in the shade says nothing of the skin
    shade = shade * wide.clamp(-MOST, MOST).exp()
    skin = torch.from_numpy(limb.skin.astype(np.float32))[None, :, None, None].to(garment) * subject.exposure * shade
    return to_gamma(skin.clamp(0, 1)), alpha
