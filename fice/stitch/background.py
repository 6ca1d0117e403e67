"""The background behind a person: the person's matte at the photo's resolution, and new ground around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fice.mask import decide, steepen, without_specks
from fice.stitch.ground import Ground
from fice.stitch.matting import cut_out
from fice.stitch.parts import Stitched

if TYPE_CHECKING:
    from fice.photo.photo import Photo
    from fice.subject.frame import Frame

SPECK = 0.0005  # share of the canvas below which a part, or a hole, is noise
SURE = 0.96  # of a matte's values the span that is mixed
STRIP = 1 << 19  # pixels that are laid at a time


def lay_behind(photo: Photo, frame: Frame, body: Tensor, ground: Ground) -> Stitched:
    """The person of a photo before new ground; a pixel that is all person stays bit for bit.

    body: where the person is on the frame's canvas, (1, 1, h, w) float in [0, 1].
    """
    window = frame.window
    with torch.no_grad():
        source = torch.from_numpy(photo.srgb(window)).permute(2, 0, 1)[None].to(body)
        probability = frame.to_photo(without_specks(decide(body), SPECK), window=window, kernel="linear").clamp(0, 1)
        matte, own = cut_out(source, probability, 1 / frame.scale)
    person = np.zeros(photo.size, np.float32)
    y0, x0, y1, x1 = window
    person[y0:y1, x0:x1] = steepen(matte, SURE)[0, 0].cpu().numpy()
    colours = own[0].permute(1, 2, 0).cpu().numpy()
    most = np.iinfo(photo.pixels.dtype).max
    if photo.alpha is not None:
        person *= photo.alpha / np.float32(most)
    pixels = photo.pixels.copy()
    height, width = photo.size
    rows = max(1, STRIP // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        composed = ground.part((top, 0, bottom, width)).copy()
        share = person[top:bottom]
        first, last = max(top, y0), min(bottom, y1)
        if first < last:
            here = np.s_[first - top : last - top, x0:x1]
            front = share[here][..., None]
            front = np.ceil(front) if ground.transparent else front  # the mixing is left to whoever shows it
            composed[here] += front * (colours[first - y0 : last - y0] - composed[here])
        changed = share < 1
        pixels[top:bottom][changed] = photo.from_srgb(composed)[changed]
    alpha = None
    if ground.transparent:
        alpha = np.rint(person * most).astype(photo.pixels.dtype)
    elif photo.alpha is not None:
        alpha = np.full_like(photo.alpha, most)
    return Stitched(pixels, person < 1, alpha)
