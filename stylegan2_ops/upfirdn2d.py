"""Pad, upsample, filter, downsample: the one resampling primitive of StyleGAN2 (arXiv 1912.04958, section 4)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .choice import use_compiled
from .filters import extent, margins, pair

Pair = int | Sequence[int]


def upfirdn2d(
    x: Tensor,
    f: Tensor | None,
    *,
    up: Pair = 1,
    down: Pair = 1,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1,
    impl: str = "auto",
) -> Tensor:
    """Insert zeros, pad, filter and keep every down-th pixel, for each channel alone.

    x: (B, C, H, W), floating point, any memory layout. f: a filter of `setup_filter`, (n,) run along x and then
    y, or (h, w); None is a single tap of 1. up, down: a factor or [x, y]. padding: pixels of the upsampled
    picture, one number, [x, y] or [x0, x1, y0, y1]; negative numbers crop. flip_filter: False convolves,
    True correlates. gain: multiplies the result. impl: "auto", "ref" or "compiled".

    Returns (B, C, (H*up + y0 + y1 - h) // down + 1, the same for W), dtype of x; differentiable twice in x.
    Raises ValueError for shapes that do not fit and OpsError where impl="compiled" is not available.
    """
    factors, strides, pads = pair(up, "up"), pair(down, "down"), margins(padding)
    check(x, f, factors, pads)
    supported = f is None or not f.requires_grad
    if use_compiled(impl, x, supported=supported, faster=worthwhile(x, factors, strides)):
        return compiled(x, f, factors, strides, pads, flip_filter, gain)
    return reference(x, f, factors, strides, pads, flip_filter, gain)


def worthwhile(x: Tensor, up: tuple[int, int], down: tuple[int, int]) -> bool:
    """Where the compiled op beats the reference; the measurements are in README.md."""
    if x.is_cuda or x.dtype in (torch.float64, torch.float16):
        return True
    channels_last = not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
    if x.dtype == torch.bfloat16:
        return channels_last or up != (1, 1) or down != (1, 1)
    if up != (1, 1):
        return not channels_last
    return channels_last or x.shape[3] // down[0] >= 32  # short rows cost more than they save


def check(x: Tensor, f: Tensor | None, up: tuple[int, int], pads: tuple[int, int, int, int]) -> None:
    """ValueError, as a sentence, unless the filter fits into the padded picture."""
    if x.ndim != 4 or not x.is_floating_point():
        raise ValueError(f"x must be floating point of shape (B, C, H, W), not {x.dtype} {tuple(x.shape)}")
    fw, fh = extent(f)
    width = x.shape[3] * up[0] + pads[0] + pads[1]
    height = x.shape[2] * up[1] + pads[2] + pads[3]
    if width < fw or height < fh:
        raise ValueError(f"a {fh}x{fw} filter does not fit into {height}x{width} pixels; add padding")


def reference(
    x: Tensor,
    f: Tensor | None,
    up: tuple[int, int],
    down: tuple[int, int],
    pads: tuple[int, int, int, int],
    flip_filter: bool,
    gain: float,
) -> Tensor:
    """`upfirdn2d` in plain torch; arguments are checked and complete."""
    if f is None:
        f = torch.ones(1, 1, dtype=x.dtype, device=x.device)
    f = f.to(x.dtype) * gain ** (f.ndim / 2)
    if not flip_filter:
        f = f.flip(list(range(f.ndim)))  # conv2d correlates
    x0, x1, y0, y1 = pads
    if f.ndim == 2:
        return resample(x, f, up, down, pads)
    x = resample(x, f[None, :], (up[0], 1), (down[0], 1), (x0, x1, 0, 0))
    return resample(x, f[:, None], (1, up[1]), (1, down[1]), (0, 0, y0, y1))


def compiled(
    x: Tensor,
    f: Tensor | None,
    up: tuple[int, int],
    down: tuple[int, int],
    pads: tuple[int, int, int, int],
    flip_filter: bool,
    gain: float,
) -> Tensor:
    """`upfirdn2d` by the compiled op; arguments are checked and complete."""
    op = torch.ops.stylegan2_ops.upfirdn2d
    if f is None:
        f = torch.ones(1, 1, device=x.device)
    if f.ndim == 2:
        return op(x, f, *up, *down, *pads, flip_filter, gain)
    x0, x1, y0, y1 = pads
    x = op(x, f[None, :], up[0], 1, down[0], 1, x0, x1, 0, 0, flip_filter, gain**0.5)
    return op(x, f[:, None], 1, up[1], 1, down[1], 0, 0, y0, y1, flip_filter, gain**0.5)


def resample(
    x: Tensor, f: Tensor, up: tuple[int, int], down: tuple[int, int], pads: tuple[int, int, int, int]
) -> Tensor:
    """Correlate the zero-stuffed, padded x with the (h, w) table f and keep every down-th pixel."""
    c = x.shape[1]
    (fh, fw), (x0, x1, y0, y1) = f.shape, pads
    if up == (1, 1):
        inner = (max(min(y0, y1), 0), max(min(x0, x1), 0))  # what the convolution pads itself, without a copy
        x = pad(x, (x0 - inner[1], x1 - inner[1], y0 - inner[0], y1 - inner[0]))
        return F.conv2d(x, f.expand(c, 1, fh, fw), stride=(down[1], down[0]), padding=inner, groups=c)
    # A strided transposed convolution never touches the inserted zeros; its output is the filter's full overlap.
    x0, x1, y0, y1 = x0 - fw + 1, x1 - fw + up[0], y0 - fh + 1, y1 - fh + up[1]
    inner = (max(min(-y0, -y1), 0), max(min(-x0, -x1), 0))  # what it crops itself
    f = f.flip([0, 1]).expand(c, 1, fh, fw)
    y = F.conv_transpose2d(x, f, stride=(up[1], up[0]), padding=inner, groups=c)
    y = pad(y, (x0 + inner[1], x1 + inner[1], y0 + inner[0], y1 + inner[0]))
    return y[:, :, :: down[1], :: down[0]]


def pad(x: Tensor, pads: tuple[int, int, int, int]) -> Tensor:
    """Zeros around x, or a crop where negative; x itself when there is nothing to do."""
    return F.pad(x, pads) if any(pads) else x


def filter2d(
    x: Tensor, f: Tensor | None, *, padding: Pair = 0, flip_filter: bool = False, gain: float = 1, impl: str = "auto"
) -> Tensor:
    """Filter without changing the size; `padding` adds to the margins that keep it. See `upfirdn2d`."""
    (fw, fh), (x0, x1, y0, y1) = extent(f), margins(padding)
    pads = (x0 + fw // 2, x1 + (fw - 1) // 2, y0 + fh // 2, y1 + (fh - 1) // 2)
    return upfirdn2d(x, f, padding=pads, flip_filter=flip_filter, gain=gain, impl=impl)


def upsample2d(
    x: Tensor,
    f: Tensor | None,
    *,
    up: Pair = 2,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1,
    impl: str = "auto",
) -> Tensor:
    """Enlarge `up` times and keep the brightness; `padding` counts pixels of the result. See `upfirdn2d`."""
    (fw, fh), (ux, uy), (x0, x1, y0, y1) = extent(f), pair(up, "up"), margins(padding)
    pads = (x0 + (fw + ux - 1) // 2, x1 + (fw - ux) // 2, y0 + (fh + uy - 1) // 2, y1 + (fh - uy) // 2)
    return upfirdn2d(x, f, up=up, padding=pads, flip_filter=flip_filter, gain=gain * ux * uy, impl=impl)


def downsample2d(
    x: Tensor,
    f: Tensor | None,
    *,
    down: Pair = 2,
    padding: Pair = 0,
    flip_filter: bool = False,
    gain: float = 1,
    impl: str = "auto",
) -> Tensor:
    """Shrink `down` times; `padding` counts pixels of the source. See `upfirdn2d`."""
    (fw, fh), (dx, dy), (x0, x1, y0, y1) = extent(f), pair(down, "down"), margins(padding)
    pads = (x0 + (fw - dx + 1) // 2, x1 + (fw - dx) // 2, y0 + (fh - dy + 1) // 2, y1 + (fh - dy) // 2)
    return upfirdn2d(x, f, down=down, padding=pads, flip_filter=flip_filter, gain=gain, impl=impl)
