"""sRGB (IEC 61966-2-1), linear light and CIELAB: for numbers in NumPy and in PyTorch, which is not loaded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear red, green and blue
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = (0.95047, 1.0, 1.08883)  # D65


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
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """CIELAB (..., 3) under D65 to sRGB (..., 3) in 0..255; what no screen shows lies beyond."""
    lab = np.asarray(lab, np.float64)
    f = (lab[..., :1] + 16) / 116 + lab[..., [1, 0, 2]] * (1 / 500, 0, -1 / 200)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (3 * (6 / 29) ** 2)) * _WHITE
    linear = xyz @ np.linalg.inv(_TO_XYZ).T
    return np.copysign(gamma_encoded(np.abs(linear)), linear) * 255


def delta_e(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """CIEDE2000 of CIELAB (..., 3) and (..., 3), (...): about 1 is just seen (Sharma, Wu and Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(lab, np.float64), -1, 0) for lab in (one, other))

    def weight(chroma: np.ndarray) -> np.ndarray:
        return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))

    stretch = 1.5 - 0.5 * weight((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2)
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, h2 - h1 - 360 * ((h2 - h1 > 180) * 1.0 - (h2 - h1 < -180)))
    middle = np.where(grey, h1 + h2, h1 + turn / 2)  # of a grey and a colour the colour's hue
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    waves = ((1, 0.17, 30), (2, -0.24, 0), (3, -0.32, -6), (4, 0.2, 63))
    t = 1 - sum(size * np.cos(np.radians(k * middle - shift)) for k, size, shift in waves)
    off = (lightness - 50) ** 2
    dl = (l2 - l1) / (1 + 0.015 * off / np.sqrt(20 + off))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    from_blue = middle % 360 - 275
    twist = -np.sin(np.radians(60 * np.exp(-((from_blue / 25) ** 2)))) * 2 * weight(chroma)
    return np.sqrt(dl**2 + dc**2 + dh**2 + twist * dc * dh)
