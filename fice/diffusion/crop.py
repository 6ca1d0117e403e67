"""What a model is shown: the part of the photo around what changes, at the resolution that it was trained on."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from fice.photo.photo import Photo
from fice.subject.frame import ENOUGH, Frame

MARGIN = 0.2  # of the area's longer side, around it: a model wants to see what its garment goes with
LEAST = 0.35  # of the person's height that a crop shows, however small what changes is
RATIOS = (0.5, 2 / 3, 1.0, 1.5, 2.0)  # of height and width: few, so that orders can be painted together


def crop_of(area: Tensor, frame: Frame, side: int, multiple: int) -> Frame:
    """Where the crop around an area lies in the photo.

    area: (1, 1, h, w) on the frame's canvas, what changes; side: pixels of a square as large as the crop is to be;
    multiple: of how many pixels both its sides are. The crop stays inside the photo where that is large enough.
    """
    box, ends = frame.around(area[0, 0] > 0.5) or frame.box, []
    for size, low, high in zip(frame.photo_size, box[:2], box[2:], strict=True):
        ends.append((min(max(low, 0.0), size - 1.0), max(min(high, float(size)), 1.0)))  # what of it the photo shows
    (y0, y1), (x0, x1) = ends
    margin = MARGIN * max(y1 - y0, x1 - x0)
    least = LEAST * (frame.box[2] - frame.box[0])
    height, width = (
        min(max(length + 2 * margin, least), max(length, size))
        for length, size in zip((y1 - y0, x1 - x0), frame.photo_size, strict=True)
    )
    ratio = min(RATIOS, key=lambda each: abs(math.log(each * width / height)))
    canvas = _canvas(ratio, side, multiple)
    # the box takes the canvas's own shape, so that it fills it
    scale = max(height / canvas[0], width / canvas[1])
    height, width = scale * canvas[0], scale * canvas[1]
    top = _inside((y0 + y1 - height) / 2, height, frame.photo_size[0])
    left = _inside((x0 + x1 - width) / 2, width, frame.photo_size[1])
    return Frame((top, left, top + height, left + width), frame.photo_size, canvas, fill=1.0)


def _canvas(ratio: float, side: int, multiple: int) -> tuple[int, int]:
    """Height and width in the multiple of pixels, of about that ratio and about side² pixels."""
    height = max(multiple, round(side * math.sqrt(ratio) / multiple) * multiple)
    width = max(multiple, round(side / math.sqrt(ratio) / multiple) * multiple)
    return height, width


def _inside(start: float, length: float, size: int) -> float:
    """Where a stretch starts that reaches as little as possible beyond 0 and size."""
    return (size - length) / 2 if length > size else min(max(start, 0.0), size - length)


def shown_in(photo: Photo, frame: Frame) -> Tensor:
    """What the canvas of a frame shows of its photo, (1, 3, h, w) sRGB in [0, 1]; of nothing else a copy is made.

    Beyond the photo its edge goes on: white would be a wall to a model, and part of the scene.
    """
    part = replace(photo, alpha=None).small(ENOUGH * frame.scale * photo.size[0], frame.sampled)
    small = torch.from_numpy(part).permute(2, 0, 1)[None]
    there = torch.ones_like(small[:, :1])
    picture, covered = (frame.to_canvas(each, fill=0.0, window=frame.sampled) for each in (small, there))
    covered = covered[0, 0]
    for axis, line in ((2, covered.amax(1)), (3, covered.amax(0))):
        whole = (line > 0.999).nonzero()
        if len(whole):
            picture = picture.index_select(axis, torch.arange(len(line)).clamp(int(whole[0]), int(whole[-1])))
    return picture.clamp(0, 1)


def onto(source: Frame, target: Frame) -> Frame:
    """The frame that takes maps of one canvas to another canvas of the same photo, without a copy of the photo."""
    y0, x0, y1, x1 = target.box
    box = (*source.point_to_canvas(y0, x0), *source.point_to_canvas(y1, x1))
    return Frame(box, source.canvas, target.canvas, target.fill)
