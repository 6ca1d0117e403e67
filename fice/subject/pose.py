"""Pose: where the body's parts are, which an edit must not move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.subject.looking import Looking
from fice.subject.regions import at_most

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle

PART_CLASSES = (
    "background",
    "head",
    "torso",
    "left arm",
    "right arm",
    "left leg",
    "right leg",
    "left foot",
    "right foot",
)
MIRRORED = (0, 1, 2, 4, 3, 6, 5, 8, 7)  # each part's index in a mirrored picture; left is the person's own left
_SIDED = ("ear", "shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "toe")
KEYPOINTS = ("nose", *(f"{side} {name}" for name in _SIDED for side in ("left", "right")))  # the person's own left
BLUR = 0.04  # of the height: the box that smooths heat maps
SOFT = ("densepose", "densepose-package")  # kinds that give probabilities themselves


def mirrored(name: str) -> str:
    """The keypoint that one becomes in a mirrored picture."""
    side, _, rest = name.partition(" ")
    return f"{dict(left='right', right='left')[side]} {rest}" if rest else name


def swapped(keypoints: Sequence[str]) -> list[int]:
    """For each keypoint the index of the one that it becomes in a mirrored picture."""
    return [keypoints.index(mirrored(name)) for name in keypoints]


class Pose(Looking):
    """The pose network of a bundle, with DensePose's interface: soft maps, one a part.

    Args:
        network: maps (B, 3, H, W) float in [0, 1] to logits (B, len(names), H, W), background first; or, when
            `soft`, to part probabilities without background (B, len(names) - 1, h, w) itself, as DensePose does.
        names: the part of each channel; channels beyond them are heat maps of `keypoints`, logits.
        height: pixels of height beyond which the network was not trained; larger pictures are looked at this high.
    """

    def __init__(
        self,
        network: nn.Module | Callable[[], nn.Module],
        names: Sequence[str] = PART_CLASSES,
        soft: bool = False,
        height: int | None = None,
        keypoints: Sequence[str] = (),
    ):
        super().__init__(network)
        self.names, self.soft, self.height = tuple(names), soft, height
        self.keypoints = tuple(keypoints)

    @classmethod
    def from_bundle(cls, bundle: Bundle, device: str | torch.device = "cpu", network: str | None = None) -> Pose:
        """The part "pose" of a bundle; network takes another kind of the same entries than the part names.

        Raises WeightsError when the part is missing or damaged.
        """
        extra = bundle.extra("pose")
        soft = bundle.parts["pose"].network in SOFT
        found = bundle.later("pose", device, kind=network)
        return cls(found, extra["names"], soft, extra.get("height"), extra.get("keypoints", ()))

    def maps(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns part probabilities (B, P, h, w) without background."""
        found = self.network(at_most(picture, self.height)).to(picture.dtype)
        return found if self.soft else found[:, : len(self.names)].softmax(1)[:, 1:]

    @torch.no_grad()
    def points(self, picture: Tensor) -> dict[str, Tensor]:
        """Each of `keypoints` in a picture (B, 3, H, W) float in [0, 1]; none for a network that knows none.

        Returns (B, 3) each: x and y in pixels of the picture, of which pixel i covers i to i + 1, and how sure, 0 to 1.
        They lie in the middle of what is warm in the picture and in its mirror image: knees and elbows under cloth are
        long stretches of faint peaks.
        """
        if not self.keypoints:
            return {}
        shown = at_most(picture, self.height)
        looks = self._heat(shown), self._heat(shown.flip(3)).flip(3)[:, swapped(self.keypoints)]
        sure = torch.stack([look.flatten(2).max(2)[0] for look in looks]).mean(0)
        heat = looks[0] + looks[1]
        rows, columns = heat.shape[2:]
        scale = heat.new_tensor([picture.shape[3] / columns, picture.shape[2] / rows])
        wide = round(rows * BLUR) | 1
        for _ in range(3):  # nearly a Gaussian
            heat = F.avg_pool2d(heat, wide, 1, wide // 2)
        where = heat.flatten(2).max(2)[1]
        found = torch.stack([where % columns + 0.5, where // columns + 0.5], 2) * scale
        return dict(zip(self.keypoints, torch.cat([found, sure[..., None]], 2).unbind(1), strict=True))

    def _heat(self, picture: Tensor) -> Tensor:
        """How warm each pixel is for each of `keypoints`, 0 to 1."""
        return self.network(picture)[:, len(self.names) :].sigmoid()
