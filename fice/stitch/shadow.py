"""The shadow at a person's feet, as the photo shows it: what holds them on new ground."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from fice.fill import push_pull
from fice.srgb import LUMINANCE, linear_light

FEET = 0.15  # share of the person's height, from below, in which they may touch the ground
CUT = 0.01  # of the height: who ends nearer to the photo's lower edge stands beyond it
WIDE, TALL = 0.16, 0.05  # shares of the height that the shadow reaches aside, and up and down
AROUND = 2.5  # times so far the ground is looked at for its own light
COARSE = 0.008  # share of the height: finer than this is the ground's own texture
FAINT, DEEP = 0.15, 0.25  # share of the light from which it is a shadow, and what of it is left at least


def contact_shadow(view: Tensor, figure: Tensor, shown: Tensor) -> Tensor | None:
    """What the ground near the feet has of the light of the ground around, (1, 1, h, w) in (0, 1]; None without feet.

    view: on the canvas, (1, 3, h, w) sRGB in [0, 1]; figure, shown: the person, and what is of the photo, (1, 1, h, w).
    """
    person, there = (x[0, 0].cpu().numpy() > 0.5 for x in (figure, shown))
    rows = np.flatnonzero(person.any(1))
    if not len(rows):
        return None
    height, lowest = rows[-1] + 1 - rows[0], rows[-1]
    if np.flatnonzero(there.any(1))[-1] - lowest <= CUT * height:
        return None
    touching = person & ~np.roll(person, -1, 0)
    touching[: int(lowest - FEET * height)] = False
    rise = lambda times: ndimage.distance_transform_edt(  # noqa: E731
        ~touching, sampling=(1 / (times * TALL * height), 1 / (times * WIDE * height))
    )
    ground = there & ~ndimage.binary_dilation(person, iterations=2)
    light = linear_light(view[0].permute(1, 2, 0).cpu().numpy()) @ LUMINANCE
    around = ground & (rise(AROUND) < 1) & (rise(1) >= 1)
    if not around.any():
        return None
    usual = max(float(np.median(light[around])), 1e-3)
    coarse = COARSE * height
    known = ndimage.gaussian_filter(ground.astype(float), coarse)
    smooth = ndimage.gaussian_filter(light * ground, coarse) / np.maximum(known, 1e-3)
    dark = 1 - np.clip(smooth / usual / (1 - FAINT), DEEP, 1)
    filled = push_pull(*(torch.from_numpy(x.astype(np.float32))[None, None] for x in (dark, ground)))
    near = np.clip(1 - rise(1), 0, 1)
    across = np.arange(person.shape[1]) + 0.5
    near = np.minimum(near, np.minimum(across, across[::-1]) / (WIDE / 2 * height))  # it ends before the canvas does
    near = near * near * (3 - 2 * near)
    return 1 - (filled * torch.from_numpy(near.astype(np.float32))).to(view)
