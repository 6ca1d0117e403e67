"""What a stitch is made of: the garments to be put back, the picture they come from, layers, and the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from torch import Tensor

from fice.cloth.dress import Dressing
from fice.diffusion.inpainted import Inpainted
from fice.mask import union
from fice.references.fit import Fitted
from fice.stitch.ground import Ground
from fice.subject.frame import Frame, Window

if TYPE_CHECKING:
    from fice.photo.photo import Photo

MARGIN = 0.08  # share of the person's height around the garment from which the background is continued
REACH, LARGE = 8, 2.0  # pixels of the canvas at which a matte looks beyond a garment; of a photo in one of a large one


@dataclass(frozen=True)
class Worn:
    """One garment to be put back. Maps are (1, 1, h, w) float in [0, 1] on the frame's canvas.

    Attributes:
        before, after: where it is in the photo, and in the generated picture.
        mask: (H, W) float in [0, 1] of the photo's size: nothing changes where it is 0; or None.
        cloth: in which the garment is seen; of a generated one what is finer than the canvas; what was painted
            anew; or None.
        same: the cloth itself stays, so that all its fine detail does.
    """

    before: Tensor
    after: Tensor
    mask: np.ndarray | None = None
    cloth: Dressing | Fitted | Inpainted | None = None
    same: bool = False

    @property
    def changed(self) -> Tensor:
        """Where anything may look different."""
        painted = [self.cloth.painted] if isinstance(self.cloth, Inpainted) else []
        return union([self.before, self.after, *painted])


@dataclass(frozen=True)
class Stitch:
    """What is put back, and into what. Maps are (1, 1, h, w) float in [0, 1] on the frame's canvas.

    Attributes:
        photo: the photo.
        frame: the person's place on the canvas.
        drawn: the generated picture, (1, 3, h, w) sRGB in [0, 1], or about that where only the head is put back.
        garments: what of it is put back where not all but the head is.
        head: what never changes.
        body: the whole person in the photo.
        body_after: the whole person in the generated picture.
        generated: garments are as drawn; else those of the photo are seen in their cloths.
        ground: what is put behind the person, or None where the background stays.
    """

    photo: Photo
    frame: Frame
    drawn: Tensor
    garments: tuple[Worn, ...]
    head: Tensor
    body: Tensor
    body_after: Tensor
    generated: bool = True
    ground: Ground | None = None


class Layer(NamedTuple):
    """One layer in the window: a picture (1, 3, h, w) sRGB in [0, 1], and its matte (1, 1, h, w) in [0, 1].

    instead: what of the photo it takes the place of, (1, 3, h, w), where that is known better than as what lies below.
    """

    picture: Tensor
    matte: Tensor
    instead: Tensor | None = None


@dataclass(frozen=True)
class Stitched:
    """The result at the photo's size.

    Attributes:
        pixels: (H, W, 3) in the photo's own profile and dtype.
        mask: (H, W) bool, where pixels may differ from the photo's.
        alpha: (H, W) of the same dtype, how opaque the result is where it is another than the photo's; or None.
    """

    pixels: np.ndarray
    mask: np.ndarray
    alpha: np.ndarray | None = None

    def over(self, photo: Photo) -> Photo:
        """The photo with this in the place of what it shows."""
        return replace(photo, pixels=self.pixels, alpha=photo.alpha if self.alpha is None else self.alpha)


def window_of(parts: Stitch, whole: bool) -> Window:
    """The part of the photo that changes, with a margin of its surroundings."""
    if whole:
        return parts.frame.window
    shown = parts.frame.window
    box = parts.frame.around(union(worn.changed for worn in parts.garments)[0, 0] > 0.02)
    if box is None:
        return shown
    y0, x0, y1, x1 = box
    step, margin = 1 / parts.frame.scale, MARGIN * (parts.frame.box[2] - parts.frame.box[0])
    if step > LARGE and not parts.generated and not any(isinstance(worn.cloth, Fitted) for worn in parts.garments):
        margin = REACH * step  # nothing is continued
    return (
        max(int(y0 - margin), shown[0]),
        max(int(x0 - margin), shown[1]),
        min(int(y1 + margin) + 1, shown[2]),
        min(int(x1 + margin) + 1, shown[3]),
    )
