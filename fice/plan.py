"""What one sentence changes in one subject."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.errors import InputError
from fice.language.words import Sentence
from fice.mask import decide, grow
from fice.settings import Settings
from fice.subject.regions import HEAD, Regions, choose_region
from fice.subject.subject import Sight

RELEASE = 0.03  # share of the canvas by which a garment may outgrow itself where nothing else is said


@dataclass
class Plan:
    """What one sentence changes in one subject; maps are (1, 1, h, w) float in [0, 1].

    Attributes:
        sentence: what was understood.
        region: the region's name.
        classes: region classes that the garment may have after the edit.
        wide: the garment before the edit, on the analysis canvas.
        before: the same on the generator's canvas.
        keep: where the generated picture must stay, on the generator's canvas.
        reshape: the sentence speaks of sleeves or length, and the outline may change.
        mask: the user's mask of the photo's size, (H, W), or None.
        notices: what the user should know.
    """

    sentence: Sentence
    region: str
    classes: tuple[str, ...]
    wide: Tensor
    before: Tensor
    keep: Tensor
    reshape: bool
    mask: np.ndarray | None
    notices: list[str]


def make_plan(
    subject: Sight, sentence: Sentence, region: str, mask: np.ndarray | None, regions: Regions, settings: Settings
) -> Plan:
    """The plan of an edit; region is a name or "auto", mask (H, W) float in [0, 1] of the photo's size or None.

    Raises InputError for a mask that leaves nothing free and for a garment that is not in the picture.
    """
    canvas = subject.source.shape[2:]
    allowed = None
    if mask is not None:
        painted = torch.from_numpy(mask)[None, None].float().to(subject.source.device)
        allowed = subject.frame.to_canvas(painted, fill=0.0)
        if allowed.max() < 0.5:
            raise InputError("The mask leaves nothing of the person free: paint the garment white.")
    wanted, garment = (sentence.region, sentence.garment) if region == "auto" else (region, None)
    choice = choose_region(regions, subject.regions, wanted, garment)
    wide = allowed if allowed is not None else decide(regions.select(subject.regions, choice.classes))
    before = F.interpolate(wide, size=canvas, mode="area")
    small = F.interpolate(subject.regions, size=canvas, mode="area")
    reach = max(1, round(RELEASE * canvas[0]))
    released = grow(before, reach)
    reshape = settings.start != "redressed" and bool(sentence.shapes)  # painted cloth keeps its outline
    if reshape:
        skin = regions.select(small, ("skin", "legwear"))
        released = torch.maximum(released, grow(skin, max(1, round(RELEASE / 2 * canvas[0]))))
    if settings.keep == "body":
        released = regions.body(small) - regions.select(small, HEAD)
    notices = list(choice.notices) if mask is None else []
    return Plan(sentence, choice.region, choice.classes, wide, before, 1 - released, reshape, mask, notices)
