"""What a diffusion model drew of one garment, ready for the stitch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from fice.subject.frame import Frame, Window

SOFT = 4.0  # pixels of the crop over which what is painted goes over into the photo


def softened(area: Tensor, before: Tensor) -> Tensor:
    """How much of what is painted is taken, (1, 1, h, w) in [0, 1]: all but at the area's border, and nothing beyond.

    area: what is painted; before: what lies before it, both (1, 1, h, w) in {0, 1}. Where they meet the border is
    sharp, so that no rim of the old garment is left around hair and hands.
    """
    inside = torch.maximum(area, before)[0, 0].cpu().numpy() > 0.5
    deep = ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"))[1:-1, 1:-1]
    return torch.from_numpy(np.clip(deep / SOFT, 0, 1).astype(np.float32)).to(area) * area


@dataclass(frozen=True, eq=False)
class Inpainted:
    """A part of a photo that was painted anew.

    Attributes:
        frame: where the crop that the model saw lies in the photo.
        picture: the crop as drawn, (1, 3, h, w) sRGB in [0, 1].
        area: what of it is taken, (1, 1, h, w) float in [0, 1], soft along its border.
        after: where the garment is now, (1, 1, h, w) on the analysis canvas.
        painted: what was painted, as `after`.
    """

    frame: Frame
    picture: Tensor
    area: Tensor
    after: Tensor
    painted: Tensor

    def layer(self, window: Window) -> tuple[Tensor, Tensor]:
        """The picture (1, 3, h, w) sRGB and its matte (1, 1, h, w), both in [0, 1], in a window of the photo."""
        shown = self.frame.to_photo(torch.ones_like(self.area), window=window, kernel="linear")
        matte = self.frame.to_photo(self.area, window=window, kernel="linear") * (shown > 0.999)
        return self.frame.to_photo(self.picture, window=window).clamp(0, 1), matte.clamp(0, 1)
