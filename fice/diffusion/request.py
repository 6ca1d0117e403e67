"""What a model is asked for: one part of one picture, painted anew."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Shown:
    """Pictures of one garment, or its swatch, and where of the crop they count.

    Attributes:
        pictures: (1, 3, h, w) sRGB in [0, 1] each, of any size.
        where: (1, 1, H, W) in [0, 1] on the crop.
        keys: of each picture, equal for the same.
    """

    pictures: tuple[Tensor, ...]
    where: Tensor
    keys: tuple[Hashable, ...]


@dataclass(frozen=True, eq=False)
class Request:
    """One part of one picture.

    Attributes:
        picture: the crop as it is, (1, 3, H, W) sRGB in [0, 1].
        area: what is painted, (1, 1, H, W) in [0, 1].
        prompt: what of.
        generator: where its own random numbers begin, on the CPU.
        negative: what shall not be seen, of models that hear that.
        shown: what it shall look like, or ().
        pose: the body's joints as a ControlNet wants them drawn, (1, 3, H, W) in [0, 1]; or None.
        plugins: FILE[:WEIGHT] each.
    """

    picture: Tensor
    area: Tensor
    prompt: str
    generator: torch.Generator
    negative: str = ""
    shown: tuple[Shown, ...] = ()
    pose: Tensor | None = None
    plugins: tuple[str, ...] = ()

    @property
    def alike(self) -> Hashable:
        """Equal for requests that may be painted together."""
        return self.picture.shape, self.plugins, self.shown == (), self.pose is None
