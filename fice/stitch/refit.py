"""A garment whose outline differs from the photographed one: what that hid, bare limbs, and the new one over them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from fice.cloth.shading import within
from fice.fill import continued, fill_background
from fice.mask import grow, refine, steepen, without_specks
from fice.references.bare import skin_on
from fice.references.fit import Fitted, Shape
from fice.stitch.matting import cut_out
from fice.stitch.parts import Layer, Stitch
from fice.subject.frame import Window

FADE = 12.0  # cm over which folds of a pattern begin beside cloth that stays


def refitted(
    parts: Stitch, cloth: Fitted, shape: Shape, before: Tensor, source: Tensor, window: Window, free: Tensor
) -> Iterator[Layer]:
    """Layers from the back: the background and bare limbs where cloth goes, and the garment.

    before: where the old garment was, (1, 1, h, w) on the canvas; source: the window of the photo, (1, 3, H, W); free:
    where it may change, (1, 1, H, W) in [0, 1].
    """
    frame, step = parts.frame, 1 / parts.frame.scale
    to_photo = lambda x: frame.to_photo(x, window=window, kernel="linear").clamp(0, 1)  # noqa: E731
    crisp = min(0.7, 1.3 / step)
    matte, own = cut_out(source, to_photo(without_specks(shape.body)), step)
    maps = torch.cat([shape.keep, shape.gone, shape.stays, shape.near, shape.solid, before], 1)
    keep, gone, stays, near, solid, old = to_photo(maps).split(1, 1)
    keep, gone, stays = (steepen(each, crisp) for each in (keep, gone, stays))
    ahead = steepen(refine(to_photo(shape.before), source, 2 * step), 0.4)
    colours, warped = cloth.picture.seen(*cloth.at(window))
    warped = torch.maximum(warped.to(source) * near, solid) * (1 - ahead)
    kept = torch.lerp(matte, torch.minimum(matte, warped), gone)
    garment = torch.lerp(warped, kept, keep) * (1 - stays)
    worn = matte * steepen(old, 0.2)
    lit = worn if cloth.cloth is None else worn * keep  # cloth of another cut hangs otherwise
    light = cloth.light(own, lit, window)  # elsewhere it goes on as it is where cloth stays: legs are not the garment's
    known = steepen(lit, 0.2, 0.85)
    light = torch.lerp(continued(light, known), light, known)
    lost = torch.maximum(gone, 1 - keep) * (1 - ahead) * (1 - stays)
    lost = lost * (0.0 if shape.layered else 1.0)
    removed = grow(steepen(matte, 0.6, 0.35), max(1, round(step))) * lost
    hidden = None
    if removed.max() > 0:
        person = steepen(to_photo(grow(parts.body, 2)), 0.2, 0.3)
        under = fill_background(source, torch.maximum(person, grow(removed, 2)))
        hidden = Layer(under, removed * free)
        yield hidden
    below = source if hidden is None else source + hidden.matte * (hidden.picture - source)
    sure = keep * (1 - removed)
    if cloth.cloth is None:
        drawn = cloth.lit(colours, light, own, worn)
    else:
        hanging = colours.to(light).mean(1, keepdim=True).clamp(min=1e-3).log()
        if (garment > 0.5).any():
            hanging = hanging - hanging[garment > 0.5].median()  # as bright as what stays, and not all at once
        light = light + hanging * (1 - 2 * within(lit, garment, FADE / (shape.cm * frame.scale))).clamp(0, 1)
        drawn = cloth.cloth.lit(light, own, lit, torch.maximum(garment, worn), window)
    yield Layer(drawn, garment * free, below + sure * (own - source))
    if hidden is None:
        return
    behind = torch.where(gone > 0.5, torch.lerp(hidden.picture, drawn, garment), hidden.picture)
    for limb in shape.limbs:
        skin, alpha = skin_on(limb, shape, cloth.subject, window, garment, light)
        alpha = alpha * removed * (1 - ahead) * torch.where(gone > 0.5, 1, 1 - garment)
        yield Layer(skin, alpha * free, behind)
