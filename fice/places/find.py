"""Where on a person the words for a region are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from fice.errors import InputError
from fice.language.lexicon import GARMENTS
from fice.language.places import EVERYTHING, Area, Spot
from fice.mask import decide, grow, main_parts
from fice.places.figure import Figure
from fice.places.parts import PARTS
from fice.subject.colours import continued_cloth
from fice.subject.regions import REGIONS, SEEN_AS, WORN, Regions
from fice.subject.subject import Subject

if TYPE_CHECKING:
    from fice.segmenters.segmenter import Segmenter

CLOTHED = (*REGIONS["full"], "legwear", "shoes")  # what "everything" is
HEMMED = ("dress", "skirt", "outer", "upper", "trousers")  # of which a hem is meant, the first that is worn
LEGS = ("shoes", "legwear", "legs", "hem", "trousers", "jeans", "leggings")  # whose sides are those of the legs
ARMS = ("sleeves", "cuffs")
HALVES = ("upper", "lower")  # regions that are a part of a dress
# what is listed of a picture, by its class or channel
NAMES = {"upper": "top", "outer": "coat"}
NAMES |= {name: name for name in ("dress", "skirt", "trousers", "legwear", "shoes", "bag", "headwear")}
NAMES |= {name: name for name in ("belt", "scarf", "glasses")}
FINER = {"belt": "accessories", "scarf": "accessories", "glasses": "headwear"}  # channels and their classes
LEAST = 12.0  # cm² that are somewhere
LESSER = 0.1  # share of a thing's largest part below which another is an error
RIM = 3  # pixels of the canvas around a garment in which its matte is found
KIND = 0.5  # share of a garment that its kind must be


@dataclass(frozen=True)
class Found:
    """Where words are, on the analysis canvas; maps are (1, 1, h, w) float in [0, 1].

    Attributes:
        where: what they mean.
        whole: the garments and things that it is part of.
        limit: what of these it is; None where it is all of them.
        missing: the places of several that are not there.
        region: the name of what changes, where other words than a region's have said so.
    """

    where: Tensor
    whole: Tensor
    limit: Tensor | None
    missing: tuple[str, ...] = ()
    region: str = ""


class Places:
    """Finds places on the person of a subject.

    segmenter: finds what has a name instead of the regions and the figure, to whom sides and heights are left; or None.
    """

    def __init__(self, subject: Subject, regions: Regions, segmenter: Segmenter | None = None):
        self.subject, self.regions, self.segmenter = subject, regions, segmenter
        self._found: dict[tuple[str, str], Any] = {}  # no cache of bound methods, a circle that lives on for a while
        channels = cache(partial(regions.channels, subject.view))
        self._probability = cache(partial(regions.finer, channels, subject.regions))

    @cached_property
    def figure(self) -> Figure:
        return Figure(self.subject, self.regions)

    def find(self, area: Area) -> Found:
        """Where an area is. InputError, with the nearest that is there, for one that is not in the picture."""
        missing = tuple(_in_words(spot) for spot in area.places if not self._spot(spot))
        if len(missing) == len(area.places):
            seen = ", ".join(self.worn()) or "no clothes"
            raise InputError(f"Not seen here: {', '.join(missing)}, but {seen}; name one of these, or paint a --mask.")
        whole = limit = np.zeros_like(self.figure.along)
        for spot in area.places:
            for each, part in self._spot(spot):
                whole = np.maximum(whole, each)
                limit = np.maximum(limit, part * grow(self._map(each), RIM)[0, 0].cpu().numpy())
        for spot in area.without:
            for each, part in self._spot(spot):
                limit = limit * (1 - part * each)
        if area.without:
            limit = np.where(self._main(whole * limit) > 0, limit, 0)  # no strips between two that are left out
        if not self._is_there(whole * limit):
            raise InputError(f'"{area.said}" leaves nothing in this picture; leave less of it out.')
        all_of_it = bool((limit[whole > 0] > 0.999).all())
        where, limit_of = self._map(whole * limit), None if all_of_it else self._map(limit)
        return Found(where, self._map(whole), limit_of, () if area.either else missing)

    def half(self, region: str) -> Tensor:
        """What of a person is above the waist, or below it, (1, 1, h, w) float in [0, 1]; region: of `HALVES`."""
        down = self.figure.below("waist")
        return self._map(self.figure.soft(down if region == "lower" else -down))

    def wears(self, names: tuple[str, ...]) -> bool:
        """Whether anything of some classes is worn, however little of it is seen."""
        likeliest = self.subject.regions.argmax(1)
        number = [self.regions.names.index(name) for name in names if name in self.regions.names]
        seen = sum((likeliest == each).sum() for each in number)
        return bool(seen > WORN / 2 * self.regions.body(self.subject.regions).sum())

    def worn(self) -> dict[str, Tensor]:
        """Each garment and thing that is seen, by name, (1, 1, h, w) float in [0, 1] on the analysis canvas."""
        found = {name: self._thing(kind) for kind, name in NAMES.items()}
        return {name: self._map(where) for name, where in found.items() if self._is_there(where)}

    def _spot(self, spot: Spot) -> list[tuple[np.ndarray, np.ndarray]]:
        """Each garment or thing on which a place is seen, whole, and what of it is the place, (h, w) in [0, 1]."""
        garments: Sequence[np.ndarray | None]
        if spot.name == EVERYTHING:
            garments = [self._classes(CLOTHED)]
        elif self.segmenter is not None:
            garments = [self._asked(self.segmenter, spot.said)]
        elif spot.name in PARTS:
            garments = [self._garment(spot.of)] if spot.of else self._with(spot.name)
        else:
            is_garment = spot.name in GARMENTS or spot.name in REGIONS
            garments = [self._garment(spot.name) if is_garment else self._thing(spot.name)]
        limit = self._limit(spot)
        part = PARTS[spot.name] if spot.name in PARTS and self.segmenter is None else _all_of_it
        found = [(garment, limit * part(self.figure, garment)) for garment in garments if garment is not None]
        return [(garment, limit) for garment, limit in found if self._is_there(garment * limit)]

    def _limit(self, spot: Spot) -> np.ndarray:
        """The side and the heights that a place is limited to, (h, w) in [0, 1]."""
        figure = self.figure
        limit = np.ones_like(figure.along)
        if spot.side and spot.name in ARMS and not spot.seen:
            limit = figure.sleeves[spot.side][0] if spot.side in figure.sleeves else np.zeros_like(limit)
        elif spot.side:
            left = -figure.aside if spot.seen else figure.left(spot.name in LEGS)
            limit = figure.soft(left if spot.side == "left" else -left)
        for way, level in spot.levels:
            down = figure.below(level)
            limit = limit * figure.soft(down if way == "below" else -down)
        return limit

    def _with(self, part: str) -> Sequence[np.ndarray | None]:
        """The garments that have such a part."""
        if part == "legs":
            return [self._classes(("trousers",))]
        if part == "waist":
            return [self._classes(REGIONS["full"])]
        if part == "hem":
            return [garment for garment in map(self._garment, HEMMED) if garment is not None][:1]
        return [self._garment("outer"), self._classes(("upper", "dress"))]

    def _garment(self, name: str) -> np.ndarray | None:
        return self._once(self._find_garment, name)

    def _thing(self, name: str) -> np.ndarray:
        return self._once(self._find_thing, name)

    def _once(self, find: Callable[[str], Any], name: str) -> Any:
        """What is found of a name, looked for once."""
        key = find.__name__, name
        if key not in self._found:
            self._found[key] = find(name)
        return self._found[key]

    def _find_garment(self, name: str) -> np.ndarray | None:
        """All of a garment by its name or region; None where it is not worn, or one of another kind."""
        region, kind = GARMENTS.get(name, name), SEEN_AS.get(name)
        found = self._map(self._classes(REGIONS[region]))
        found = torch.maximum(found, continued_cloth(found, self.subject.view, self.regions, self.subject.regions))
        if found.sum() < WORN * self.regions.body(self.subject.regions).sum():
            return None
        if kind and float((self._probability(kind) * found).sum()) < KIND * float(found.sum()):
            return None
        return found[0, 0].cpu().numpy()

    def _find_thing(self, name: str) -> np.ndarray:
        """What has a class, or a channel, of its own."""
        share, others = self._probability(name), self._others((name,))
        if name == "headwear":
            share = share - self._probability("glasses")
        elif name in FINER:
            others = torch.maximum(others, self._probability(FINER[name]) - share)
        return self._decided(share, others)

    def _asked(self, segmenter: Segmenter, words: str) -> np.ndarray | None:
        """What a network of the user's own finds on the person."""
        found = segmenter.find(self.subject.view, words, self.regions.body(self.subject.regions))
        return None if found is None else found.mask[0, 0].cpu().numpy()

    def _classes(self, names: tuple[str, ...]) -> np.ndarray:
        return self._decided(self.regions.select(self.subject.regions, names), self._others(names))

    def _others(self, names: tuple[str, ...]) -> Tensor:
        """The probability of the likeliest of all other classes, (1, 1, h, w)."""
        others = [i for i, name in enumerate(self.regions.names) if name not in names and FINER.get(names[0]) != name]
        return self.subject.regions[:, others].amax(1, keepdim=True)

    def _decided(self, share: Tensor, others: Tensor) -> np.ndarray:
        """Where something is likelier than all others, in parts that are no error."""
        return self._main(decide(share / (share + others).clamp(min=1e-6))[0, 0].cpu().numpy())

    def _main(self, where: np.ndarray) -> np.ndarray:
        return main_parts(self._map(where), LESSER)[0, 0].cpu().numpy()

    def _is_there(self, where: np.ndarray) -> bool:
        return float((where > 0.5).sum()) * self.figure.cm**2 >= LEAST

    def _map(self, where: np.ndarray) -> Tensor:
        return torch.from_numpy(where)[None, None].to(self.subject.regions)


def _all_of_it(figure: Figure, garment: np.ndarray) -> np.ndarray:
    return np.ones_like(garment)


def _in_words(spot: Spot) -> str:
    side = f"{spot.side} " if spot.side else ""
    of = f" of the {spot.of}" if spot.of else ""
    seen = " on that side of the picture" if spot.seen else ""
    levels = "".join(f" {way} the {level}" for way, level in spot.levels)
    return f"{side}{spot.name}{of}{seen}{levels}"
