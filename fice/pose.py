"""Where the body's parts are: what an edit must not move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from fice.regions import at_most

if TYPE_CHECKING:
    from fice.bundle import Bundle

PART_CLASSES = (
    "background", "head", "torso", "left arm", "right arm", "left leg", "right leg", "left foot", "right foot",
)  # fmt: skip
MIRRORED = (0, 1, 2, 4, 3, 6, 5, 8, 7)  # each part's index in a mirrored picture; left is the person's own left
SOFT = ("densepose", "densepose-package")  # kinds that give probabilities themselves


class Pose:
    """The pose network of a bundle, with DensePose's interface: soft maps, one a part.

    Args:
        network: maps (B, 3, H, W) float in [0, 1] to logits (B, len(names), H, W), background first; or, when
            `soft`, to part probabilities without background (B, len(names) - 1, h, w) itself, as DensePose does.
        names: the part of each channel.
        height: pixels of height beyond which the network was not trained; larger pictures are looked at this high.
    """

    def __init__(
        self, network: nn.Module, names: Sequence[str] = PART_CLASSES, soft: bool = False, height: int | None = None
    ):
        self.network, self.names, self.soft, self.height = network, tuple(names), soft, height

    @classmethod
    def from_bundle(cls, bundle: Bundle, device: str | torch.device = "cpu", network: str | None = None) -> Pose:
        """The part "pose" of a bundle; network takes another kind of the same entries than the part names.

        Raises WeightsError when the part is missing or damaged.
        """
        extra = bundle.extra("pose")
        soft = bundle.parts["pose"].network in SOFT
        return cls(bundle.part("pose", device, kind=network), extra["names"], soft, extra.get("height"))

    def maps(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns part probabilities (B, P, h, w) without background."""
        found = self.network(at_most(picture, self.height))
        return found if self.soft else found.softmax(1)[:, 1:]
