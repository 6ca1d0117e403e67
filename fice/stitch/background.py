"""The background behind a person: the person's matte at the photo's resolution, and new ground around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fice.mask import steepen
from fice.srgb import gamma_encoded, linear_light
from fice.stitch.figure import whole_figure
from fice.stitch.ground import Ground
from fice.stitch.lens import out_of_focus
from fice.stitch.matting import cut_out
from fice.stitch.parts import Stitched
from fice.stitch.shadow import contact_shadow
from fice.subject.analysis import seen

if TYPE_CHECKING:
    from fice.photo.photo import Photo
    from fice.subject.frame import Frame

SURE = 0.96  # of a matte's values the span that is mixed
STRIP = 1 << 19  # pixels that are laid at a time: photos are large


@dataclass(frozen=True, kw_only=True)
class Grounded(Stitched):
    """A person on new ground; person: how much of each pixel is of them, (H, W) float32 in [0, 1]."""

    person: np.ndarray


def lay_behind(photo: Photo, frame: Frame, body: Tensor, ground: Ground) -> Grounded:
    """The person of a photo before new ground; a pixel that is all person stays bit for bit.

    body: a network's probability of the person on the frame's canvas, (1, 1, h, w) float in [0, 1].
    """
    y0, x0, y1, x1 = window = frame.window
    with torch.no_grad():
        view = seen(photo, frame, body.device)
        figure = whole_figure(view, body)
        source = torch.from_numpy(photo.srgb(window)).permute(2, 0, 1)[None].to(body)
        probability = frame.to_photo(figure, window=window, kernel="linear").clamp(0, 1)
        matte, own = cut_out(source, probability, 1 / frame.scale)
        shade = None
        if ground.blurred:
            ground = Ground(picture=out_of_focus(photo, frame, figure))
        elif not ground.transparent:
            shade = contact_shadow(view, figure, frame.to_canvas(torch.ones_like(body[..., :1, :1]), fill=0.0))
    person = np.zeros(photo.size, np.float32)
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
        composed = np.array(ground.part((top, 0, bottom, width)))
        share = person[top:bottom]
        first, last = max(top, y0), min(bottom, y1)
        if first < last:
            here = np.s_[first - top : last - top, x0:x1]
            if shade is not None:
                dark = frame.to_photo(1 - shade, window=(first, x0, last, x1), kernel="linear")[0, 0, :, :, None]
                composed[here] = gamma_encoded(linear_light(composed[here]) * (1 - dark.cpu().numpy()))
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
    return Grounded(pixels, person < 1, alpha, person=person)
