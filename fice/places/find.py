"""Where on a person the words for a region are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from fice.errors import InputError
from fice.language.lexicon import GARMENTS
from fice.language.places import EVERYTHING, Area, Spot
from fice.mask import decide, grow, main_parts
from fice.places.figure import TORSO, Figure
from fice.places.parts import PARTS, cuffs, sleeves
from fice.subject.colours import worn
from fice.subject.regions import REGIONS, SEEN_AS, Classes, Regions, choose_region
from fice.subject.subject import Subject

CLOTHED = (*REGIONS["full"], "legwear", "shoes")  # what "everything" is
HEMMED = ("dress", "skirt", "outer", "upper", "trousers")  # of which a hem is meant, the first that is worn
LIMBS = ("shoes", "legwear", "legs", "hem", "trousers", "jeans", "leggings")  # whose sides are those of the legs
LEAST = 12.0  # cm² that are somewhere
LESSER = 0.1  # share of a thing's largest part below which another is an error
RIM = 3  # pixels of the canvas around a garment in which its matte is found
KIND = 0.5  # share of a garment that its kind must be
NAMES = {"upper": "top", "outer": "coat"}  # of what may be seen, by its class
NAMES |= {name: name for name in ("dress", "skirt", "trousers", "legwear", "shoes", "bag", "headwear")}
NAMES |= {name: name for name in ("belt", "scarf", "glasses")}


@dataclass(frozen=True)
class Found:
    """Where words are, on the analysis canvas; maps are (1, 1, h, w) float in [0, 1].

    Attributes:
        where: what they mean.
        whole: the garments and things that it is part of.
        limit: what of these it is; None where it is all of them.
        missing: the places of several that are not there.
    """

    where: Tensor
    whole: Tensor
    limit: Tensor | None
    missing: tuple[str, ...] = ()


def find_area(area: Area, subject: Subject, regions: Regions) -> Found:
    """Where an area is. InputError, with the nearest that is there, for one that is not in the picture."""
    figure = Figure(subject, regions)
    seen = _Seen(subject, regions, figure)
    found = {spot: seen.find(spot) for spot in (*area.places, *area.without)}
    there = {spot: [(whole, limit) for whole, limit in found[spot] if seen.is_there(whole * limit)] for spot in found}
    missing = tuple(name_of(spot) for spot in area.places if not there[spot])
    if len(missing) == len(area.places):
        there_are = ", ".join(find_worn(subject, regions)) or "no clothes"
        raise InputError(f"No {' and no '.join(missing)} is found here, but {there_are}; name one, or paint a --mask.")
    whole, limit = np.zeros_like(figure.along), np.zeros_like(figure.along)
    for spot in area.places:
        for each, part in there[spot]:
            whole = np.maximum(whole, each)
            limit = np.maximum(limit, part * grown(each))
    for spot in area.without:
        for each, part in there[spot]:
            limit = limit * (1 - part * each)
    if area.without:  # strips between two that nobody meant
        limit = np.where(seen.main(whole * limit) > 0, limit, 0)
    if not seen.is_there(whole * limit):
        raise InputError(f'"{area.said}" leaves nothing in this picture; take something of it away.')
    maps = [seen.as_map(each) for each in (whole * limit, whole, limit)]
    all_of_it = bool((limit[whole > 0] > 0.999).all())
    return Found(maps[0], maps[1], None if all_of_it else maps[2], () if area.either else missing)


def find_worn(subject: Subject, regions: Regions) -> dict[str, Tensor]:
    """Each garment and thing that is seen, by name, (1, 1, h, w) float in [0, 1] on the analysis canvas."""
    seen = _Seen(subject, regions, Figure(subject, regions))
    found = {name: seen.thing(kind) for kind, name in NAMES.items()}
    return {name: seen.as_map(where) for name, where in found.items() if seen.is_there(where)}


def name_of(spot: Spot) -> str:
    """A place in words."""
    side = f"{spot.side} " if spot.side else ""
    of = f" of the {spot.of}" if spot.of else ""
    seen = " on that side of the picture" if spot.seen else ""
    levels = "".join(f" {way} the {level}" for way, level in spot.levels)
    return f"{side}{spot.name}{of}{seen}{levels}"


def grown(mask: np.ndarray) -> np.ndarray:
    return grow(torch.from_numpy(mask)[None, None], RIM)[0, 0].numpy()


class _Seen:
    """What is seen of a subject: garments and things, and parts of them."""

    def __init__(self, subject: Subject, regions: Regions, figure: Figure):
        self.subject, self.regions, self.figure = subject, regions, figure

    def find(self, spot: Spot) -> list[tuple[np.ndarray, np.ndarray]]:
        """Each garment or thing on which a place is, whole, and what of it is the place, (h, w) in [0, 1]."""
        figure = self.figure
        if spot.name in (*PARTS, "sleeves", "cuffs"):
            garments = [self.garment(spot.of)] if spot.of else self._with(spot.name)
            parts = [(garment, self._part(spot, garment)) for garment in garments if garment is not None]
        elif spot.name == EVERYTHING:
            whole = self._classes(CLOTHED)
            parts = [(whole, np.ones_like(whole))]
        else:
            garment = self.garment(spot.name) if spot.name in (*GARMENTS, *REGIONS) else self.thing(spot.name)
            parts = [] if garment is None else [(garment, np.ones_like(garment))]
        limit = np.ones_like(figure.along)
        if spot.side and (spot.seen or spot.name not in ("sleeves", "cuffs")):
            left = -figure.aside if spot.seen else figure.left(spot.name in LIMBS)
            limit = figure.soft(left if spot.side == "left" else -left)
        for way, level in spot.levels:
            down = figure.below(level)
            limit = limit * figure.soft(down if way == "below" else -down)
        return [(whole, part * limit) for whole, part in parts]

    def is_there(self, where: np.ndarray) -> bool:
        return float((where > 0.5).sum()) * self.figure.cm**2 >= LEAST

    def as_map(self, where: np.ndarray) -> Tensor:
        return torch.from_numpy(where)[None, None].to(self.subject.regions)

    def garment(self, name: str) -> np.ndarray | None:
        """All of a garment by its name or region; None where another one is worn instead."""
        region = GARMENTS.get(name, name)
        kind = SEEN_AS.get(name)
        if name in self.regions.names and name not in REGIONS:
            kind = name
        try:
            choice = choose_region(self.regions, self.subject.regions, region, name)
        except InputError:
            return None
        whole = worn(
            Classes(region, choice.classes, self.regions), self.subject.view, self.regions, self.subject.regions
        )
        found = whole[0, 0].cpu().numpy()
        if kind and float((self.figure.share((kind,)) * found).sum()) < KIND * float(found.sum()):
            return None
        return found if choice.region == region else None

    def thing(self, name: str) -> np.ndarray:
        """What has a class, or a channel, of its own."""
        finer = partial(self.regions.finer, self.subject.view, self.subject.regions)
        share = finer(name) - finer("glasses") if name == "headwear" else finer(name)
        return self.main(decide(share)[0, 0].cpu().numpy())

    def main(self, where: np.ndarray) -> np.ndarray:
        """What is large enough to be no error."""
        return main_parts(self.as_map(where), LESSER)[0, 0].cpu().numpy()

    def _classes(self, names: tuple[str, ...]) -> np.ndarray:
        return self.main(decide(self.regions.select(self.subject.regions, names))[0, 0].cpu().numpy())

    def _with(self, part: str) -> list[np.ndarray]:
        """The garments that have such a part."""
        if part == "legs":
            return [self._classes(("trousers",))]
        if part == "waist":
            return [self._classes(REGIONS["full"])]
        if part == "hem":
            garments = [garment for name in HEMMED if (garment := self.garment(name)) is not None]
            return garments[:1]
        inner = [self._classes(tuple(name for name in TORSO if name != "outer"))]
        coat = self.garment("outer")
        return inner if coat is None else [coat, *inner]

    def _part(self, spot: Spot, garment: np.ndarray) -> np.ndarray:
        if spot.name in ("sleeves", "cuffs"):
            side = None if spot.seen else spot.side
            limit = (sleeves if spot.name == "sleeves" else cuffs)(self.figure, garment, side)
        else:
            limit = PARTS[spot.name](self.figure, garment)
        return limit
