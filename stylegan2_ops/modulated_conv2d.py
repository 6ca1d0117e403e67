"""The convolution whose weights a style scales (StyleGAN2, arXiv 1912.04958, section 2.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from .conv2d_resample import conv2d_resample

EPSILON = 1e-8


def modulated_conv2d(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    *,
    noise: Tensor | None = None,
    up: int = 1,
    down: int = 1,
    padding: int | Sequence[int] = 0,
    resample_filter: Tensor | None = None,
    demodulate: bool = True,
    flip_weight: bool = True,
    fused: bool | None = None,
) -> Tensor:
    """Convolve each picture with weights scaled by its own style.

    x: (B, I, H, W). weight: (O, I, h, w), or (B, O, I, h, w) where each picture has its own. styles: (B, I), one
    factor per input channel. noise: added to the result, any shape that broadcasts to it. demodulate: divide each
    output channel by the norm of its scaled weights. up, down, padding, resample_filter, flip_weight: as in
    `conv2d_resample`.
    fused: True scales weights (one group per picture), False scales activations; None too,
    which is faster nearly everywhere (README.md).

    Returns (B, O, H', W'). Raises ValueError for styles that do not fit.
    """
    batch, channels = x.shape[:2]
    if styles.shape != (batch, channels):
        raise ValueError(
            f"styles must be ({batch}, {channels}), one per picture and channel, not {tuple(styles.shape)}"
        )
    resample = partial(conv2d_resample, f=resample_filter, up=up, down=down, padding=padding, flip_weight=flip_weight)

    if demodulate and x.dtype == torch.float16:  # demodulation cancels these factors, and half precision overflows
        weight = weight / (weight.abs().amax(dim=(-3, -2, -1), keepdim=True) * weight[..., 0, :, :, :].numel() ** 0.5)
        styles = styles / styles.abs().amax(dim=1, keepdim=True)

    if not fused:
        scaled = x * styles.to(x.dtype)[:, :, None, None]
        y = resample(scaled, weight.to(x.dtype)) if weight.ndim == 4 else grouped(resample, scaled, weight.to(x.dtype))
        if not demodulate:
            return y if noise is None else y + noise.to(x.dtype)
        energy, squares = weight.square().sum(dim=(-2, -1)), styles.square()
        power = squares @ energy.t() if weight.ndim == 4 else (energy @ squares[:, :, None])[..., 0]  # (B, O)
        scale = (power + EPSILON).rsqrt().to(x.dtype)[:, :, None, None]
        return y * scale if noise is None else torch.addcmul(noise.to(x.dtype), y, scale)  # one pass

    w = weight * styles[:, None, :, None, None]  # (B, O, I, h, w)
    if demodulate:
        w = w * (w.square().sum(dim=(2, 3, 4), keepdim=True) + EPSILON).rsqrt()
    y = grouped(resample, x, w.to(x.dtype))
    return y if noise is None else y + noise.to(x.dtype)


def grouped(resample: Callable[..., Tensor], x: Tensor, w: Tensor) -> Tensor:
    """Each picture with its own weights: x (B, I, H, W), w (B, O, I, h, w) -> (B, O, H', W')."""
    batch, channels = x.shape[:2]
    y = resample(x.reshape(1, batch * channels, *x.shape[2:]), w.flatten(0, 1), groups=batch)
    return y.reshape(batch, -1, *y.shape[2:])
