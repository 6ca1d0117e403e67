"""New ground: what may lie behind a person, read before work begins and drawn in strips, as photos are large."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from fice.errors import InputError
from fice.language.words import colour_of
from fice.photo.photo import Photo, Window, read_photo
from fice.wishes import BLUR, TRANSPARENT


@dataclass(frozen=True, eq=False)
class Ground:
    """What an order puts behind the person.

    Attributes:
        colour: (3,) float32 sRGB in [0, 1], or None.
        picture: of the photo's size, or None.
        blurred: the photo's own background, out of focus. With none of the three it is transparent.
        notices: what the user should know.
    """

    colour: np.ndarray | None = None
    picture: Photo | None = None
    blurred: bool = False
    notices: tuple[str, ...] = ()

    @property
    def transparent(self) -> bool:
        return self.colour is None and self.picture is None and not self.blurred

    def part(self, window: Window) -> np.ndarray:
        """What is seen of it in a window of the photo, (h, w, 3) float32 sRGB in [0, 1]; white where transparent."""
        if self.picture is not None:
            return self.picture.seen(window)
        y0, x0, y1, x1 = window
        colour = np.ones(3, np.float32) if self.colour is None else self.colour
        return np.broadcast_to(colour, (y1 - y0, x1 - x0, 3))


def read_ground(background: str, size: tuple[int, int]) -> Ground:
    """The ground that an order names, for a photo of (H, W). InputError for what is no colour and no picture."""
    if background == TRANSPARENT:
        return Ground()
    if background == BLUR:
        return Ground(blurred=True)
    if (rgb := colour_of(background)) is not None:
        return Ground(np.asarray(rgb, np.float32) / 255)
    if not Path(background).exists():
        raise InputError(
            f"The background {background[:60]!r} is no colour that fice knows, and no file; "
            'write a colour, as "warm grey", the name of a picture, blur or transparent.'
        )
    picture = read_photo(background)
    notices: tuple[str, ...] = ()
    if max(whole / own for whole, own in zip(size, picture.size, strict=True)) > 1:
        notices = (f"The background {background} is smaller than the photo; it is enlarged, and soft.",)
    return Ground(picture=covering(picture, size), notices=notices)


def covering(picture: Photo, size: tuple[int, int]) -> Photo:
    """A picture in 8 bits, scaled and cut about its middle so that it covers (H, W)."""
    scale = max(whole / own for whole, own in zip(size, picture.size, strict=True))
    high, wide = (min(whole / scale, own) for whole, own in zip(size, picture.size, strict=True))
    top, left = (picture.size[0] - high) / 2, (picture.size[1] - wide) / 2

    def cut(array: np.ndarray) -> np.ndarray:
        shallow = array if array.dtype == np.uint8 else (array // 257).astype(np.uint8)
        box = (left, top, left + wide, top + high)
        return np.asarray(Image.fromarray(shallow).resize((size[1], size[0]), Image.Resampling.LANCZOS, box))

    alpha = None if picture.alpha is None else cut(picture.alpha)
    return replace(picture, pixels=cut(picture.pixels), alpha=alpha, coded=None)
