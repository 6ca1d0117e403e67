"""The garment network of a bundle: where the garment of a picture is, and of which kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle.bundle import list_bundles, load_bundle
from fice.errors import WeightsError
from fice.nets.frozen import frozen
from fice.references.reference import KINDS

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle
    from fice.nets.garment import GarmentNet

LOOK = 192  # pixels of the longer side at which a picture is looked at, as the network was trained
GREY = 0.5  # beside a picture that is not square


class Seen(NamedTuple):
    """What a picture shows.

    Attributes:
        matte: (1, 1, H, W) float in [0, 1], the probability of the garment.
        kinds: (len(KINDS),) float, that of each of `KINDS`.
    """

    matte: Tensor
    kinds: Tensor


class Garments:
    """The garment network of a bundle.

    Args:
        network: `fice.nets.garment.GarmentNet`.
        kinds: the kind of each of its answers.
    """

    def __init__(self, network: GarmentNet, kinds: Sequence[str] = KINDS):
        self.network = network
        self._order = [kinds.index(kind) for kind in KINDS]

    @classmethod
    def from_bundle(cls, bundle: Bundle, device: str | torch.device = "cpu") -> Garments:
        """The part "garments" of a bundle. Raises WeightsError when it is missing or damaged."""
        if "garments" not in bundle.parts:
            have = ", ".join(name for name in list_bundles() if "garments" in load_bundle(name).parts)
            raise WeightsError(
                f"Bundle {bundle.name} finds no garments in pictures: choose one that does with --bundle"
                f" ({have or 'none is installed'}), or train the part (fice train garments --help)."
            )
        return cls(frozen(bundle.part("garments", device)), bundle.extra("garments")["kinds"])

    @torch.no_grad()
    def see(self, picture: Tensor) -> Seen:
        """A picture (1, 3, H, W) float in [0, 1], looked at as it is and mirrored."""
        height, width = picture.shape[2:]
        scale = LOOK / max(height, width)
        size = max(1, round(height * scale)), max(1, round(width * scale))
        small = F.interpolate(picture, size=size, mode="bilinear", antialias=True)
        top, left = (LOOK - size[0]) // 2, (LOOK - size[1]) // 2
        square = F.pad(small, (left, LOOK - size[1] - left, top, LOOK - size[0] - top), value=GREY)
        logits, kinds = self.network.seen(torch.cat([square, square.flip(3)]))
        matte = (logits.sigmoid()[:1] + logits.sigmoid()[1:].flip(3)) / 2
        own = matte[..., top : top + size[0], left : left + size[1]]
        told = kinds.softmax(1).mean(0)[self._order]
        return Seen(F.interpolate(own, size=(height, width), mode="bilinear"), told)
