"""Regions of a person: what each pixel is, and which pixels a sentence may change."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fice.errors import InputError

REGION_CLASSES = (
    "background", "hair", "face", "skin", "upper", "outer", "dress", "skirt",
    "trousers", "legwear", "shoes", "bag", "headwear", "accessories",
)  # fmt: skip
HEAD = ("hair", "face", "headwear")
REGIONS: dict[str, tuple[str, ...]] = {
    "upper": ("upper",),
    "outer": ("outer",),
    "dress": ("dress",),
    "lower": ("skirt", "trousers"),
    "full": ("upper", "outer", "dress", "skirt", "trousers"),
}
SUBSTITUTES = {  # what is changed when the wanted garment is not worn
    "upper": ("dress", "outer"),
    "lower": ("dress",),
    "dress": (),
    "outer": ("upper", "dress"),
    "full": (),
}
WORN = 0.02  # share of the body's area from which a garment counts as worn
TOP = 0.4  # share of a dress's area from which a top is more than an error of the network
DOMINANT = 3  # a dress so many times as large as a top or skirt is all there is
CONFUSED = 0.2  # share of the garment below which a garment that takes its place elsewhere is an error of the network
MISTAKEN = {"upper": ("outer", "dress"), "outer": ("upper", "dress"), "lower": ("dress",), "dress": (), "full": ()}


class Regions:
    """The region network of a bundle.

    Args:
        network: maps (B, 3, H, W) float in [0, 1] to logits (B, len(names), H, W).
        names: the label of each channel.
    """

    def __init__(self, network: nn.Module, names: tuple[str, ...] = REGION_CLASSES):
        self.network = network
        self.names = names

    def probabilities(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns (B, K, H, W), summing to 1 over K."""
        return self.network(picture).softmax(1)

    def analyse(self, picture: Tensor) -> Tensor:
        """As `probabilities`, averaged with the mirrored picture: twice the time, for what is looked at once."""
        return (self.probabilities(picture) + self.probabilities(picture.flip(3)).flip(3)) / 2

    def select(self, probabilities: Tensor, names: tuple[str, ...]) -> Tensor:
        """The probability of any of `names`: (B, K, H, W) -> (B, 1, H, W)."""
        index = torch.tensor([self.names.index(name) for name in names], device=probabilities.device)
        return probabilities.index_select(1, index).sum(1, keepdim=True)

    def body(self, probabilities: Tensor) -> Tensor:
        """The probability of anything but background: (B, 1, H, W)."""
        return 1 - self.select(probabilities, ("background",))


@dataclass(frozen=True)
class Choice:
    """The region that an edit changes, the classes it covers in this photo, and what to tell the user."""

    region: str
    classes: tuple[str, ...]
    notices: tuple[str, ...] = ()


def choose_region(regions: Regions, probabilities: Tensor, wanted: str | None) -> Choice:
    """The region to change in a person with these probabilities (1, K, H, W).

    None takes the largest garment. A dress takes the place of all below the neck but a coat. A garment that is not worn
    is replaced by what covers its place, with a notice. Raises InputError when nothing is there to change.
    """
    likeliest = probabilities.argmax(1).flatten()
    shares = torch.bincount(likeliest, minlength=len(regions.names)) / len(likeliest)
    areas = dict(zip(regions.names, shares.tolist(), strict=True))
    least = WORN * (1 - areas["background"])
    place = REGIONS | {"dress": (*REGIONS["upper"], *REGIONS["dress"], *REGIONS["lower"])}
    if areas["upper"] > TOP * areas["dress"]:  # nobody wears a dress under a top: it is a skirt or trousers
        place["lower"] = (*REGIONS["lower"], "dress")
    area = lambda region: sum(areas[name] for name in place[region])  # noqa: E731
    if wanted is None:
        wanted = max(("upper", "lower", "outer", "dress"), key=lambda region: sum(areas[n] for n in REGIONS[region]))
    hidden = wanted in ("upper", "lower") and areas["dress"] > DOMINANT * area(wanted)
    for region in (*(() if hidden else (wanted,)), *SUBSTITUTES[wanted]):
        if area(region) >= least:
            spare = [name for name in MISTAKEN[region] if name not in place[region]]
            mistaken = [name for name in spare if areas[name] < CONFUSED * area(region)]
            notice = f"No garment for the region {wanted} was found; the region {region} is changed."
            return Choice(region, (*place[region], *mistaken), () if region == wanted else (notice,))
    raise InputError("No garment that the sentence could change was found: name another --region, or give a --mask.")
