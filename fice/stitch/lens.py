"""The photo's own background out of focus: the person is taken out of it first, so that nothing bleeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fice.fill import DETAIL, continued
from fice.mask import disc, grow
from fice.photo.photo import Photo
from fice.srgb import gamma_encoded, linear_light
from fice.subject.frame import Frame

RADIUS = 0.016  # of the disc, share of the photo's longer side
FRINGE = 0.008  # share of the same by which the person is taken out more widely than seen
FINE = 1.5  # times DETAIL: the longer side of the copy that is blurred


def out_of_focus(photo: Photo, frame: Frame, figure: Tensor) -> Photo:
    """The photo without its person behind a wide lens, in 8 bits sRGB; figure: (1, 1, h, w) on the frame's canvas."""
    from scipy.signal import fftconvolve  # takes a second, and few edits need it

    shrink = max(1.0, max(photo.size) / (FINE * DETAIL))
    picture = torch.from_numpy(photo.small(photo.size[0] / shrink)).permute(2, 0, 1)[None].to(figure)
    size = picture.shape[2], picture.shape[3]
    person = frame.to_photo(figure, size=size, kernel="linear").clamp(0, 1)
    unknown = grow((person > 0.02).to(person), max(1, round(FRINGE * max(size))))
    filled = torch.where(unknown > 0, continued(picture, 1 - unknown), picture)
    radius = max(1, round(RADIUS * max(size)))
    lens = disc(radius) / disc(radius).sum()
    light = linear_light(filled[0].permute(1, 2, 0).cpu().numpy())
    wide = np.pad(light, ((radius, radius), (radius, radius), (0, 0)), mode="symmetric")
    soft = gamma_encoded(np.clip(fftconvolve(wide, lens[..., None], mode="valid", axes=(0, 1)), 0, 1))
    shown = Image.fromarray(np.rint(soft * 255).astype(np.uint8))
    pixels = np.asarray(shown.resize((photo.size[1], photo.size[0]), Image.Resampling.BICUBIC))
    return replace(photo, pixels=pixels, alpha=None, icc=None, coded=None)
