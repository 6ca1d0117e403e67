"""Segmentation: what each pixel of a person is, and which pixels a sentence may change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.errors import InputError
from fice.subject.looking import Looking

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle

REGION_CLASSES = (
    "background",
    "hair",
    "face",
    "skin",
    "upper",
    "outer",
    "dress",
    "skirt",
    "trousers",
    "legwear",
    "shoes",
    "bag",
    "headwear",
    "accessories",
)
HEAD = ("hair", "face", "headwear", "head")
BODY = "body"  # all below the head, to networks that know no garments
REGIONS: dict[str, tuple[str, ...]] = {
    "upper": ("upper",),
    "outer": ("outer",),
    "dress": ("dress",),
    "lower": ("skirt", "trousers"),
    "full": ("upper", "outer", "dress", "skirt", "trousers"),
}
SEEN_AS = {  # garments whose kind can be told from others of their region by the network
    "skirt": "skirt",
    "trousers": "trousers",
    "jeans": "trousers",
    "shorts": "trousers",
    "dress": "dress",
    "gown": "dress",
}
SUBSTITUTES = {  # what is changed when the wanted garment is not worn: the larger one
    "upper": ("dress", "outer"),
    "lower": ("dress",),
    "dress": ("outer",),
    "outer": ("upper", "dress"),
    "full": (),
}
WORN = 0.02  # share of the body's area from which a garment counts as worn
LEGS = 0.5  # of the trousers' area, from which a dress is a dress and no top of a jumpsuit
TOP = 0.4  # share of a dress's area from which a top is more than an error of the network
SMALL_TOP, BESIDE = 0.1, 0.3  # the same of a top beside which hardly any of the dress is, and how much that is
DOMINANT = 3  # a dress so many times as large as a top or skirt is all there is
COVERING = 10  # a coat so many times as large as what it covers is closed
CONFUSED = 0.2  # share of the garment below which a garment that takes its place elsewhere is an error of the network
OF_ITS_KIND = 0.3  # share of the changed area from which the named kind of garment counts as worn
SAID = {"upper": "top", "legwear": "tights"}  # classes that have another name in a sentence
MISTAKEN = {"upper": ("outer", "dress"), "outer": (), "lower": ("dress",), "dress": (), "full": ()}


class Regions(Looking):
    """The region network of a bundle.

    Args:
        network: maps (B, 3, H, W) float in [0, 1] to logits (B, len(channels), H, W).
        channels: the class of each channel; channels of one class are added up.
        height: pixels of height at which larger pictures are looked at: of all that a network was trained on the best.
        own: a name for each channel, of which some are finer than its class.
    """

    def __init__(
        self,
        network: nn.Module | Callable[[], nn.Module],
        channels: Sequence[str] = REGION_CLASSES,
        height: int | None = None,
        own: Sequence[str] = (),
    ):
        super().__init__(network)
        self.height = height
        self.names = tuple(dict.fromkeys(channels))
        self._classes = [self.names.index(name) for name in channels]
        self._own = tuple(own)

    @classmethod
    def from_bundle(cls, bundle: Bundle, device: str | torch.device = "cpu") -> Regions:
        """The part "regions" of a bundle. Raises WeightsError when it is missing or damaged."""
        extra = bundle.extra("regions")
        more = extra.get("height"), extra.get("channels", ())
        return cls(bundle.later("regions", device), extra["names"], *more)

    def probabilities(self, picture: Tensor) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns (B, K, H, W), summing to 1 over K."""
        found = self.network(at_most(picture, self.height)).to(picture.dtype).softmax(1)
        if len(self._classes) > len(self.names):
            index = torch.tensor(self._classes, device=found.device)
            found = found.new_zeros(len(found), len(self.names), *found.shape[2:]).index_add(1, index, found)
        return resized_to(found, picture)

    def analyse(self, picture: Tensor, mirrored: bool = True) -> Tensor:
        """As `probabilities`, averaged with those of the mirrored picture, for what is looked at once."""
        view = at_most(picture, self.height)
        seen = self.probabilities(view)
        if mirrored:
            seen = (seen + self.probabilities(view.flip(3)).flip(3)) / 2
        return resized_to(seen, picture)

    def select(self, probabilities: Tensor, names: tuple[str, ...]) -> Tensor:
        """The probability of any of `names`: (B, K, H, W) -> (B, 1, H, W); a class not known here is nowhere."""
        known = [self.names.index(name) for name in names if name in self.names]
        index = torch.tensor(known, dtype=torch.long, device=probabilities.device)
        return probabilities.index_select(1, index).sum(1, keepdim=True)

    @torch.no_grad()
    def channels(self, picture: Tensor) -> Tensor:
        """The probability of each channel in a picture (1, 3, H, W), (1, len(channels), H, W)."""
        return resized_to(self.network(at_most(picture, self.height)).softmax(1), picture)

    def finer(self, channels: Callable[[], Tensor], probabilities: Tensor, name: str) -> Tensor:
        """The probability of a class, or of what has a channel of its own within one, (1, 1, H, W); 0 where unknown.

        channels: gives those of the picture, as `channels` sees them, of which probabilities (1, K, H, W) are.
        """
        if name in self.names or name not in self._own:
            return self.select(probabilities, (name,))
        channel = self._own.index(name)
        kind, seen = self._classes[channel], channels()
        within = seen[:, [i for i, each in enumerate(self._classes) if each == kind]].sum(1, keepdim=True)
        share = seen[:, channel : channel + 1] / within.clamp(min=1e-6)
        return self.select(probabilities, (self.names[kind],)) * share

    def body(self, probabilities: Tensor) -> Tensor:
        """The probability of anything but background: (B, 1, H, W)."""
        return 1 - self.select(probabilities, ("background",))

    def empty(self, probabilities: Tensor, where: Tensor) -> Tensor:
        """Probabilities (B, K, H, W) with nobody `where` (B, 1, H, W) is True."""
        background = torch.zeros_like(probabilities)
        background[:, self.names.index("background")] = 1
        return torch.where(where, background, probabilities)


def at_most(picture: Tensor, height: int | None) -> Tensor:
    """(B, 3, H, W), shrunk to `height` rows where it is higher."""
    if height is None or picture.shape[2] <= height:
        return picture
    size = (height, round(picture.shape[3] * height / picture.shape[2]))
    return F.interpolate(picture, size=size, mode="bilinear", antialias=True)


def resized_to(maps: Tensor, picture: Tensor) -> Tensor:
    """Maps (B, K, h, w) at the size of a picture (B, 3, H, W)."""
    if maps.shape[2:] == picture.shape[2:]:
        return maps
    return F.interpolate(maps, size=picture.shape[2:], mode="bilinear", align_corners=False)


class Region(Protocol):
    """How to find a garment again in any picture of the subject's canvas."""

    @property
    def name(self) -> str: ...

    def find(self, probabilities: Tensor) -> Tensor:
        """Region probabilities of pictures (B, K, h, w) -> (B, 1, h, w) float in [0, 1]."""
        ...


@dataclass(frozen=True)
class Classes:
    """A region that is made of classes of the region network."""

    name: str
    classes: tuple[str, ...]
    regions: Regions

    def find(self, probabilities: Tensor) -> Tensor:
        return self.regions.select(probabilities, self.classes)


@dataclass(frozen=True)
class Fixed:
    """A region that somebody has painted: the same in every picture. mask: (1, 1, H, W) float in [0, 1]."""

    mask: Tensor
    name: str = "mask"

    def find(self, probabilities: Tensor) -> Tensor:
        here = F.interpolate(self.mask, size=probabilities.shape[2:], mode="area")
        return here.to(probabilities).expand(len(probabilities), -1, -1, -1)


@dataclass(frozen=True)
class Choice:
    """The region that an edit changes, the classes it covers in this photo, and what to tell the user.

    half: of a dress, only what lies in that region.
    keeps: what to tell the user where a garment of another kind than the named one keeps its outline, or "".
    """

    region: str
    classes: tuple[str, ...]
    notices: tuple[str, ...] = ()
    half: bool = False
    keeps: str = ""


def choose_region(
    regions: Regions,
    probabilities: Tensor,
    wanted: str | None,
    garment: str | None = None,
    shaped: bool = True,
    among: Sequence[str] = ("upper", "lower", "outer", "dress"),
) -> Choice:
    """The region to change in a person with these probabilities (1, K, H, W); garment: the word for what is wanted.

    None takes the largest garment of those in `among`. A dress that hangs below a top is a skirt; another takes the
    place of all below the neck but an open coat.
    A garment that is not worn, or of which hardly anything is seen, is replaced by what covers its place, with a
    notice, as are trousers where a skirt is named; shaped: which may then keep their shape. A network that knows no
    garments gives all below the head. Raises InputError when nothing is there to change.
    """
    if BODY in regions.names:
        notice = f"This bundle knows no garments, so all below the head may change, not only the region {wanted}."
        return Choice("full", (BODY,), () if wanted in (None, "full") else (notice,))
    likeliest = probabilities[0].argmax(0)
    shares = torch.bincount(likeliest.flatten(), minlength=len(regions.names)) / likeliest.numel()
    areas = dict.fromkeys(REGION_CLASSES, 0.0) | dict(zip(regions.names, shares.tolist(), strict=True))
    least = WORN * (1 - areas["background"])
    place = REGIONS | {"dress": (*REGIONS["upper"], *REGIONS["dress"], *REGIONS["lower"])}
    hanging = areas["dress"] + areas["skirt"]
    if garment != "jumpsuit" and hanging > LEGS * areas["trousers"]:  # tights are often taken for trousers
        place["dress"] = (*REGIONS["upper"], *REGIONS["dress"], "skirt")
    topped = areas["upper"] > TOP * areas["dress"]  # nobody wears a dress under a top: it is a skirt or trousers
    topped = topped or (areas["upper"] > SMALL_TOP * areas["dress"] and _hangs(regions, likeliest))
    if topped:
        place["lower"] = (*REGIONS["lower"], "dress")
    if wanted == "lower" and areas["legwear"] >= least and _is_of_tights(garment, areas, least):
        place["lower"] = ("legwear",)
    area = lambda region: sum(areas[name] for name in place[region])  # noqa: E731
    own = lambda region: sum(areas[name] for name in REGIONS[region])  # noqa: E731
    kinds = lambda kind: areas[kind] + (areas["dress"] if topped and kind == "skirt" else 0)  # noqa: E731
    if wanted is None:
        wanted = max(among, key=own)
    hidden = wanted in ("upper", "lower") and not topped and areas["dress"] > DOMINANT * area(wanted)
    hidden = hidden or (wanted in ("upper", "dress") and areas["outer"] > COVERING * area(wanted))
    likely = lambda region: own(region) * (region != "dress" or not topped)  # noqa: E731
    for region in (*(() if hidden else (wanted,)), *sorted(SUBSTITUTES[wanted], key=likely, reverse=True)):
        if area(region) >= least:
            spare = [name for name in MISTAKEN[region] if name not in place[region]]
            mistaken = [name for name in spare if areas[name] < CONFUSED * area(region)]
            notices, keeps = [], ""
            if region != wanted:
                notices.append(f"No garment for the region {wanted} was found; the region {region} is changed.")
            elif shaped and garment in SEEN_AS and kinds(SEEN_AS[garment]) < OF_ITS_KIND * area(region):
                seen = " and ".join(SAID.get(name, name) for name in place[region] if areas[name] >= least)
                keeps = f"No {garment} is worn: {seen} change in colour and pattern, and keep their shape."
            return Choice(region, (*place[region], *mistaken), tuple(notices), keeps=keeps)
    raise InputError("No garment that the sentence could change was found: name another --region, or give a --mask.")


def _is_of_tights(garment: str | None, areas: dict[str, float], least: float) -> bool:
    """Whether tights are what is meant: by leggings, and by trousers where nothing else is worn below the waist."""
    nothing = max(areas[name] for name in ("dress", "skirt", "trousers")) < least
    return garment == "leggings" or (nothing and SEEN_AS.get(garment or "") == "trousers" and garment != "shorts")


def _hangs(regions: Regions, likeliest: Tensor) -> bool:
    """Whether what is taken for a dress hangs below the top, by the class of each pixel (H, W)."""
    top, dress = ((likeliest == regions.names.index(name)).sum(1).float() for name in ("upper", "dress"))
    along = top.cumsum(0) / top.sum().clamp(min=1)
    rows = (along > 0.1) & (along < 0.9)
    return bool(dress[rows].sum() < BESIDE * (dress + top)[rows].sum())
