"""Exposure: how bright a scene is; cloth of a named colour stands in the light that the person stands in."""

from __future__ import annotations

import math

from torch import Tensor

from fice.srgb import luminance

SKIN, BODY, SCENE = (0.9, 0.53), (0.98, 0.74), (0.95, 0.82)  # quantiles of luminance, in 900 photographs by day
USUAL = 0.25  # of log light: by so much photographs by day differ, in which a colour is what its name says
DIMMEST = 0.02
FEWEST = 0.001  # share of the canvas


def exposure_of(view: Tensor, skin: Tensor, body: Tensor) -> float:
    """The factor on linear light from a scene by day to this one, from DIMMEST to 1.

    view: (1, 3, H, W) sRGB in [0, 1]; skin, body: (1, 1, H, W) in [0, 1], where skin and the person are.
    """
    light = luminance(view)

    def cue(where: Tensor, quantile: float, usual: float) -> float:
        if where.sum() < FEWEST * where.numel():
            return -math.inf
        return math.log(max(light[where].quantile(quantile).item() / usual, DIMMEST))

    # skin may be dark, clothes may be dark: the brighter of the two tells; a bright scene makes it doubtful
    person = max(cue(skin > 0.6, *SKIN), cue(body > 0.6, *BODY))
    log = max(person, (person + cue(body < 0.1, *SCENE)) / 2)
    return max(math.exp(min(log + USUAL, 0.0)), DIMMEST) if math.isfinite(log) else 1.0
