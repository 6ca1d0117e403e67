"""Colour models of one photo: what a network leaves open, the colours of this very person decide.

Each class has the histogram of what is surely of it (C. Rother, V. Kolmogorov, A. Blake, GrabCut, SIGGRAPH 2004, with
histograms for mixtures and a mean over neighbours for the cut). Hands before a garment are often not seen by a network,
as they are seldom in its training labels; the face tells how they look.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from fice.mask import decide, disc, main_parts, mean, steps
from fice.srgb import to_lab
from fice.subject.regions import REGIONS, Region, Regions

BINS = (16, 32, 32)  # of CIELAB: L from 0 to 100, a and b from -64 to 64
BLUR, ANY_LIGHT = (1.0, 1.2, 1.2), (2.5, 1.2, 1.2)  # bins; hands are lit otherwise than faces
SURE, FEWEST = 0.8, 50  # probability from which, and pixels of which, a class's colours are known
BELIEVED = 0.6  # exponent of a colour's likelihood: neighbours are no independent witnesses
ROUNDS, NEAR = 2, 2  # of deciding; pixels of the view around one that are asked too
RARE = 1e-5  # likelihood that any class has for any colour
LIKE_SKIN, CLEARLY = 0.7, 2.0  # log odds of a colour, skin against cloth, in all of a hand, and in its core
TORSO, LEGS = ("upper", "outer", "dress"), REGIONS["lower"]  # one of each is worn where cloth goes on
SPECK, ACROSS = 0.02, 4  # share of a garment that a part of it has at least; pixels of the view over a border
BORDER, SEAMLESS = 0.5, 7.0  # length of it over the root of the part's area; change in CIELAB that is no edge
LESSER = 0.2  # share of a garment's largest part below which another is an error
HAND, LARGEST = 0.006, 0.08  # half a hand's width over the view's height; share of the cloth that hands cover at most


def by_colour(probabilities: Tensor, view: Tensor, names: Sequence[str]) -> Tensor:
    """Region probabilities (1, K, h, w) of a view (1, 3, h, w) sRGB in [0, 1], with this photo's colours considered.

    names: the class of each channel.
    """
    bins = _bins(view)
    found, seen = probabilities, probabilities.clamp(min=1e-4).log()
    for _ in range(ROUNDS):
        found = mean(_likelihood(bins, found), NEAR).mul_(BELIEVED).add_(seen).softmax(1)
    return _with_hands(found, bins, names)


def worn(region: Region, view: Tensor, regions: Regions, probabilities: Tensor) -> Tensor:
    """Where a region's garment is in a view (1, 3, h, w), by its probabilities (1, K, h, w): what is surely of it."""
    wide = main_parts(decide(region.find(probabilities)), LESSER)
    return torch.maximum(wide, continued_cloth(wide, view, regions, probabilities))


def continued_cloth(garment: Tensor, view: Tensor, regions: Regions, probabilities: Tensor) -> Tensor:
    """What goes on as a garment (1, 1, h, w) without any edge, but was taken for another one, (1, 1, h, w) in [0, 1].

    A network calls the left half of a jacket coat and the right half jumper; cloth that ends has an edge there.
    """
    lab = ndimage.gaussian_filter(to_lab(view[0].permute(1, 2, 0).cpu().numpy() * 255), (1, 1, 0))
    mine = garment[0, 0].cpu().numpy() > 0.5
    found = torch.zeros_like(garment)
    shares = [regions.select(probabilities, names) for names in (TORSO, LEGS)]
    share = max(shares, key=lambda each: float((each * garment).sum()))
    other, count = ndimage.label((share[0, 0].cpu().numpy() > 0.5) & ~mine)
    for number in range(1, count + 1):
        part = other == number
        if part.sum() > SPECK * mine.sum() and _runs_on(lab, mine, part):
            found = torch.where(torch.from_numpy(ndimage.binary_dilation(part))[None, None], share, found)
    return found


def _runs_on(lab: np.ndarray, one: np.ndarray, other: np.ndarray) -> bool:
    """Whether colours do not change where two parts meet, along a border of some length."""
    found = np.linalg.norm(steps(lab, one, other, ACROSS), axis=1)
    return len(found) > ACROSS * BORDER * np.sqrt(other.sum()) and float(np.median(found)) < SEAMLESS


def _bins(view: Tensor) -> np.ndarray:
    """The number of each pixel's bin, (h, w)."""
    lab = to_lab(view[0].permute(1, 2, 0).cpu().numpy() * 255)
    at = (lab / (100, 128, 128) + (0, 0.5, 0.5)) * BINS
    return np.ravel_multi_index(tuple(np.moveaxis(at.astype(int), 2, 0)), BINS, mode="clip")


def _likelihood(bins: np.ndarray, probabilities: Tensor, blur: tuple[float, ...] = BLUR) -> Tensor:
    """Log likelihood of each pixel's colour in each class, (1, K, h, w); the mean of the others where unknown."""
    found = []
    for share in probabilities[0].cpu().numpy():
        sure = share > SURE
        if sure.sum() < FEWEST:
            found.append(np.full(bins.shape, np.nan, np.float32))
            continue
        histogram = np.bincount(bins[sure], share[sure], np.prod(BINS)).reshape(BINS)
        histogram = ndimage.gaussian_filter(histogram, blur).ravel()
        found.append(np.log(histogram / histogram.sum() + RARE).astype(np.float32)[bins])
    log = np.stack(found)
    known = ~np.isnan(log).all((1, 2))
    log[~known] = log[known].mean(0) if known.any() else 0
    return torch.from_numpy(log)[None].to(probabilities)


def _with_hands(probabilities: Tensor, bins: np.ndarray, names: Sequence[str]) -> Tensor:
    """Probabilities with what has the skin's colours, and not its cloth's, in pieces as large as a hand, as skin."""
    index = {name: i for i, name in enumerate(names)}
    skins = [index[name] for name in ("skin", "face") if name in index]
    cloths = [index[name] for name in REGIONS["full"] if name in index]
    if not skins or not cloths or not (probabilities[0, skins] > SURE).any():
        return probabilities
    which = probabilities[:, cloths].argmax(1, keepdim=True)
    own = mean(_likelihood(bins, probabilities[:, cloths]).gather(1, which), 1)
    lit = mean(_likelihood(bins, probabilities[:, skins].sum(1, keepdim=True), ANY_LIGHT), 1)
    cloth = probabilities[:, cloths].sum(1, keepdim=True) > 0.5
    like = torch.where(cloth, lit - own, -torch.inf)[0, 0].cpu().numpy()
    hand = disc(max(1, round(HAND * like.shape[0])))
    core = ndimage.binary_opening(like > CLEARLY, hand)
    grown = ndimage.binary_propagation(core, mask=core | (like > LIKE_SKIN))
    parts, count = ndimage.label(ndimage.binary_closing(grown, hand))
    areas = np.bincount(parts.ravel(), minlength=count + 1)
    grown = np.isin(parts, np.flatnonzero(areas < LARGEST * np.isfinite(like).sum())) & (parts > 0)
    skin = torch.zeros_like(probabilities)
    skin[:, index["skin"] if "skin" in index else skins[0]] = 1
    return torch.where(torch.from_numpy(grown).to(probabilities.device), skin, probabilities)
