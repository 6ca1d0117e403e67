"""ICC profiles: between a photograph's own colours and sRGB, both ways."""

from __future__ import annotations

import io
import struct
from functools import lru_cache

import numpy as np

SAME = 3  # levels of 255 by which profiles of sRGB differ among themselves
SRGB_CURVE = b"para\0\0\0\0\0\3\0\0"  # how littleCMS's profile of sRGB begins its curves


def usable_profile(icc: bytes | None) -> bytes | None:
    """The profile when it describes RGB colours (bytes 16-20 of an ICC header), else None."""
    return icc if icc is not None and icc[16:20] == b"RGB " else None


@lru_cache(maxsize=8)
def profile_of_gamma(gamma: float) -> bytes | None:
    """The profile of a PNG's gAMA value, with sRGB's primaries; None for one that means sRGB, or nothing."""
    from PIL import ImageCms

    if abs(gamma * 2.2 - 1) < 0.05 or not 0.1 <= gamma <= 10:
        return None
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)  # not made now: equal photos, equal results
    profile[84:100] = bytes(16)  # the checksum of what it was
    for at in [at for at in range(len(profile)) if profile.startswith(SRGB_CURVE, at)]:
        curve = [1 / gamma, 1, 0, 0, 0]  # y = x ** (1 / gamma)
        struct.pack_into(">5i", profile, at + len(SRGB_CURVE), *(round(65536 * x) for x in curve))
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "gAMA".encode("utf-16-be"))


@lru_cache(maxsize=8)
def _transform(icc: bytes, to_srgb: bool):
    """A littleCMS transform, or None when the profile does what sRGB does or cannot be used."""
    from PIL import Image, ImageCms

    srgb = ImageCms.createProfile("sRGB")
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        source, target = (own, srgb) if to_srgb else (srgb, own)
        transform = ImageCms.buildTransform(
            source, target, "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
        colours = (15 * np.indices((18, 18, 18))).reshape(3, 18, -1).transpose(1, 2, 0).astype(np.uint8)
        moved = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), transform))
    except (ImageCms.PyCMSError, OSError):
        return None
    return transform if np.abs(moved.astype(int) - colours).max() > SAME else None


def has_own_colours(icc: bytes | None) -> bool:
    """Whether the profile asks for a conversion at all."""
    return icc is not None and _transform(icc, True) is not None


def _convert(colours: np.ndarray, icc: bytes | None, to_srgb: bool) -> np.ndarray:
    transform = None if icc is None else _transform(icc, to_srgb)
    if transform is None:
        return colours
    levels = np.clip(colours, 0, 1) * np.float32(255)
    low = np.floor(levels + 0.01)  # littleCMS sees 8 bits here: what lies between two levels is interpolated
    between = np.clip(levels - low, 0, 1)
    moved = [_apply(transform, low)]
    if between.max(initial=0) > 0.01:
        moved.append(_apply(transform, np.minimum(low + 1, 255)))
    return moved[0] + (moved[-1] - moved[0]) * between


def _apply(transform, levels: np.ndarray) -> np.ndarray:
    from PIL import Image, ImageCms

    image = ImageCms.applyTransform(Image.fromarray(levels.astype(np.uint8)), transform)
    return np.asarray(image).astype(np.float32) / 255


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
