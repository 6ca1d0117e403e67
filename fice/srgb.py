"""sRGB (IEC 61966-2-1), linear light and CIELAB: for numbers in NumPy and in PyTorch, which is not loaded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear red, green and blue


def linear_light(unit: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] -> linear light in [0, 1], of any shape."""
    return np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)


def gamma_encoded(linear: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] -> sRGB in [0, 1], of any shape."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def to_linear(picture: Tensor) -> Tensor:
    """`linear_light` of a tensor; its slope is finite everywhere."""
    dark = picture <= 0.04045
    return (picture / 12.92).where(dark, ((picture.clamp(min=0.04) + 0.055) / 1.055) ** 2.4)


def to_gamma(linear: Tensor) -> Tensor:
    """`gamma_encoded` of a tensor; its slope is finite everywhere."""
    dark = linear <= 0.0031308
    return (linear * 12.92).where(dark, 1.055 * linear.clamp(min=0.003) ** (1 / 2.4) - 0.055)


def luminance(picture: Tensor) -> Tensor:
    """sRGB (B, 3, H, W) in [0, 1] -> relative luminance (B, 1, H, W)."""
    light = picture.new_zeros(picture[:, :1].shape)
    for share, channel in zip(LUMINANCE.tolist(), picture.split(1, 1), strict=True):  # one at a time: photos are large
        light += share * to_linear(channel)
    return light


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB (..., 3) in 0..255 to CIELAB (..., 3) under D65."""
    linear = linear_light(np.asarray(rgb, np.float64) / 255)
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = linear @ np.array(matrix).T / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)
