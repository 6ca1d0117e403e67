"""What a diffusion model drew of one garment, ready for the stitch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fice.subject.frame import Frame, Window


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
