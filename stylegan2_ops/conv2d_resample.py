"""A convolution that also changes the size, with the filter that keeps it free of aliasing."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from .filters import extent, margins
from .upfirdn2d import pad, upfirdn2d


def conv2d_resample(
    x: Tensor,
    w: Tensor,
    f: Tensor | None = None,
    *,
    up: int = 1,
    down: int = 1,
    padding: int | Sequence[int] = 0,
    groups: int = 1,
    flip_weight: bool = True,
    flip_filter: bool = False,
) -> Tensor:
    """Upsample, convolve, downsample.

    x: (B, I, H, W). w: (O, I/groups, h, w). f: low-pass filter of `setup_filter`. padding: pixels of the
    upsampled picture, one number, [x, y] or [x0, x1, y0, y1]; w // 2 keeps the size at up = down = 1.
    flip_weight: True correlates as torch does, False convolves. flip_filter: as in `upfirdn2d`.

    Returns (B, O, H*up/down, W*up/down) where the padding keeps the size. Raises ValueError for weights that
    do not fit.
    """
    if w.ndim != 4 or w.shape[1] * groups != x.shape[1]:
        raise ValueError(f"weights {tuple(w.shape)} in {groups} groups do not fit x of shape {tuple(x.shape)}")
    kh, kw = w.shape[2:]
    (fw, fh), (x0, x1, y0, y1) = extent(f), margins(padding)
    if up > 1:
        x0, x1 = x0 + (fw + up - 1) // 2, x1 + (fw - up) // 2
        y0, y1 = y0 + (fh + up - 1) // 2, y1 + (fh - up) // 2
    if down > 1:
        x0, x1 = x0 + (fw - down + 1) // 2, x1 + (fw - down) // 2
        y0, y1 = y0 + (fh - down + 1) // 2, y1 + (fh - down) // 2
    pads = (x0, x1, y0, y1)

    if up == 1 and down == 1:
        inner = (max(min(y0, y1), 0), max(min(x0, x1), 0))  # what the convolution pads itself, without a copy
        x = pad(x, (x0 - inner[1], x1 - inner[1], y0 - inner[0], y1 - inner[0]))
        return conv(x, w, flip_weight, groups, padding=inner)
    if (kh, kw) == (1, 1) and up == 1:  # fewer pixels first
        x = upfirdn2d(x, f, down=down, padding=pads, flip_filter=flip_filter)
        return conv(x, w, flip_weight, groups)
    if (kh, kw) == (1, 1) and down == 1:  # fewer pixels first
        x = conv(x, w, flip_weight, groups)
        return upfirdn2d(x, f, up=up, padding=pads, gain=up**2, flip_filter=flip_filter)
    if up == 1:
        x = upfirdn2d(x, f, padding=pads, flip_filter=flip_filter)
        return conv(x, w, flip_weight, groups, stride=down)

    # Convolution and filter commute: a transposed convolution works on the small picture, then the filter.
    x0, x1, y0, y1 = x0 - (kw - 1), x1 - (kw - up), y0 - (kh - 1), y1 - (kh - up)
    crop_x, crop_y = max(min(-x0, -x1), 0), max(min(-y0, -y1), 0)
    x = transposed(x, w, flip_weight, groups, stride=up, padding=(crop_y, crop_x))
    pads = (x0 + crop_x, x1 + crop_x, y0 + crop_y, y1 + crop_y)
    x = upfirdn2d(x, f, padding=pads, gain=up**2, flip_filter=flip_filter)
    return upfirdn2d(x, f, down=down, flip_filter=flip_filter) if down > 1 else x


def conv(
    x: Tensor, w: Tensor, flip_weight: bool, groups: int, stride: int = 1, padding: tuple[int, int] = (0, 0)
) -> Tensor:
    if not flip_weight and w.shape[2:] != (1, 1):
        w = w.flip([2, 3])
    return F.conv2d(x, w, stride=stride, padding=padding, groups=groups)


def transposed(x: Tensor, w: Tensor, flip_weight: bool, groups: int, stride: int, padding: tuple[int, int]) -> Tensor:
    """The transposed convolution, which convolves where `conv2d` correlates."""
    out, inner, kh, kw = w.shape
    if flip_weight:
        w = w.flip([2, 3])
    w = w.reshape(groups, out // groups, inner, kh, kw).transpose(1, 2)  # (G, I/G, O/G, h, w)
    w = w.reshape(groups * inner, out // groups, kh, kw)
    return F.conv_transpose2d(x, w, stride=stride, padding=padding, groups=groups)
