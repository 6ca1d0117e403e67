"""Colours: between a photograph's own ICC profile and sRGB, both ways."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np


def usable_profile(icc: bytes | None) -> bytes | None:
    """The profile when it describes RGB colours (bytes 16-20 of an ICC header), else None."""
    return icc if icc is not None and icc[16:20] == b"RGB " else None


@lru_cache(maxsize=8)
def _transform(icc: bytes, to_srgb: bool):
    """A littleCMS transform, or None when the profile is sRGB already or cannot be used."""
    from PIL import ImageCms

    srgb = ImageCms.createProfile("sRGB")
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if "srgb" in ImageCms.getProfileDescription(own).lower():
            return None
        source, target = (own, srgb) if to_srgb else (srgb, own)
        return ImageCms.buildTransform(
            source,
            target,
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return None


def has_own_colours(icc: bytes | None) -> bool:
    """Whether the profile asks for a conversion at all."""
    return icc is not None and _transform(icc, True) is not None


def _convert(colours: np.ndarray, icc: bytes | None, to_srgb: bool) -> np.ndarray:
    transform = None if icc is None else _transform(icc, to_srgb)
    if transform is None:
        return colours
    from PIL import Image, ImageCms

    coarse = np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    image = ImageCms.applyTransform(Image.fromarray(coarse), transform)
    moved = np.asarray(image).astype(np.float32) / 255
    # littleCMS sees 8 bits here: what rounding took away is given back, so that 16-bit pictures stay smooth
    return np.clip(moved + (colours - coarse.astype(np.float32) / 255), 0, 1)


def to_srgb(colours: np.ndarray, icc: bytes | None) -> np.ndarray:
    """(H, W, 3) float32 in [0, 1] in the profile's colours -> the same in sRGB."""
    return _convert(colours, icc, True)


def from_srgb(colours: np.ndarray, icc: bytes | None) -> np.ndarray:
    """(H, W, 3) float32 in [0, 1] in sRGB -> the same in the profile's colours."""
    return _convert(colours, icc, False)


def cmyk_to_rgb(image, icc: bytes | None):
    """A CMYK pillow picture in sRGB, through its own profile where it has a usable one."""
    from PIL import ImageCms

    if icc is not None and icc[16:20] == b"CMYK":
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            return ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # a damaged profile: pillow's plain conversion is the next best
    return image.convert("RGB")
