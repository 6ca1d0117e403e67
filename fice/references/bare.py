"""Bare limbs where cloth was: the person's own skin around a cylinder, in the light of the photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fice.references.figure import Limb
from fice.srgb import to_gamma
from fice.subject.frame import Window
from fice.subject.subject import Subject

if TYPE_CHECKING:
    from fice.references.fit import Shape

DARKER = 0.3  # by how much the edges of a limb are darker than its middle


def skin_on(
    limb: Limb, shape: Shape, subject: Subject, window: Window, light: Tensor, source: Tensor
) -> tuple[Tensor, Tensor]:
    """A limb's skin, (1, 3, H, W) sRGB in [0, 1], and where it is, (1, 1, H, W)."""
    stack = torch.from_numpy(np.stack([limb.aside, limb.radius, limb.bare]).astype(np.float32))[None]
    aside, radius, bare = subject.frame.to_photo(stack.clamp(-100, 100), window=window).split(1, 1)
    pixel = shape.cm * subject.frame.scale
    alpha = ((radius - aside.abs()) / pixel + 0.5).clamp(0, 1) * (bare / pixel + 0.5).clamp(0, 1)
    across = (aside / radius.clamp(min=0.5)).clamp(-1, 1)
    shade = 1 + DARKER * ((1 - (0.93 * across) ** 2).sqrt() - 0.8)
    skin = torch.from_numpy(shape.skin.astype(np.float32)).to(source)[None, :, None, None] * subject.exposure * shade
    return to_gamma(skin.clamp(0, 1)), alpha
