"""A garment whose outline differs from the photographed one: what that hid, bare limbs, and the new one over them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from fice.cloth.shading import light_on, within
from fice.fill import continued, fill_background
from fice.mask import grow, refine, steepen, without_specks
from fice.references.bare import skin_on
from fice.references.fit import Fitted, Shape
from fice.stitch.matting import cut_out
from fice.stitch.parts import Layer, Stitch
from fice.subject.frame import Window

# cm of the narrowest light that is taken from cloth which goes, whose folds are its own, and from the rest of the body
WIDE = 12.0, 3.0


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
    pixel = shape.cm * frame.scale
    others = [(worn - lit, WIDE[0] / pixel), ((matte - worn).clamp(0, 1), WIDE[1] / pixel)]
    light = _light(cloth, own, lit, others, window)
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
        light = light + colours.to(light).mean(1, keepdim=True).clamp(min=1e-3).log() * (1 - lit)
        drawn = cloth.cloth.lit(light, own, lit, torch.maximum(garment, worn), window)
    yield Layer(drawn, garment * free, below + sure * (own - below))
    if hidden is None:
        return
    behind = torch.where(gone > 0.5, torch.lerp(hidden.picture, drawn, garment), hidden.picture)
    for limb in shape.limbs:
        skin, alpha = skin_on(limb, shape, cloth.subject, window, garment, light)
        alpha = alpha * removed * (1 - ahead) * torch.where(gone > 0.5, 1, 1 - garment)
        yield Layer(skin, alpha * free, behind)


def _light(cloth: Fitted, own: Tensor, old: Tensor, others: list[tuple[Tensor, float]], window: Window) -> Tensor:
    """The log of the light on cloth that stays, and on other parts of the body, and about that elsewhere.

    old: where the cloth stays; others: parts, and the pixels of the narrowest light that counts there; all parts are
    (1, 1, H, W) in [0, 1].
    """
    height = cloth.subject.frame.box[2] - cloth.subject.frame.box[0]
    light, known = old * cloth.light(own, old, window), old
    for part, radius in others:
        if (part > 0.5).any():
            light = light + part * within(light_on(own, part, height), part, radius)
        known = known + part
    light = light / known.clamp(min=1e-3)
    around = continued(light, steepen(known, 0.2, 0.85))
    return torch.lerp(around, light, steepen(known, 0.5, 0.6))
