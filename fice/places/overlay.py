"""Regions shown: a photo with each of them tinted, outlined and named."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from torch import Tensor

from fice.subject.subject import Subject

TINTS = ((40, 90, 240), (40, 160, 80), (230, 40, 60), (240, 170, 30), (170, 60, 200), (20, 170, 190), (150, 110, 60))
OPACITY = 0.4
LETTER, LINE = 0.03, 0.003  # height of the names, and width of outlines, over the photo's longer side
LEAST = 12  # pixels of a letter


def overlay(subject: Subject, found: Mapping[str, Tensor]) -> np.ndarray:
    """The photo of a subject, (H, W, 3) uint8, with maps of its analysis canvas tinted and named.

    found: by name, (1, 1, h, w) float in [0, 1].
    """
    shown = subject.photo.seen() * 255
    longer = max(shown.shape[:2])
    width, size = max(1, round(LINE * longer)), max(LEAST, round(LETTER * longer))
    tints = dict(zip(found, cycle(TINTS), strict=False))
    for name, where in found.items():
        mask = subject.frame.to_photo(where, kernel="linear")[0, 0].clamp(0, 1).cpu().numpy()
        inside = mask > 0.5
        outline = inside & ~ndimage.binary_erosion(inside, iterations=width)
        share = np.maximum(OPACITY * mask, outline)
        shown += share[..., None] * (np.array(tints[name], np.float32) - shown)
    image = Image.fromarray(shown.round().astype(np.uint8))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for row, (name, tint) in enumerate(tints.items()):
        at = size // 2, size // 2 + round(1.3 * size) * row
        draw.text(at, name, fill=tint, font=font, stroke_width=max(1, size // 8), stroke_fill=(255, 255, 255))
    return np.asarray(image)
