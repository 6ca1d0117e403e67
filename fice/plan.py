"""An order applied to a subject: what changes, piece by piece, and what must stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.errors import InputError
from fice.language.places import is_named
from fice.language.words import Sentence
from fice.mask import grow, union
from fice.order import Garment, Order, Pixels
from fice.photo.photo import Photo, read_mask
from fice.places.choose import choices_of, worn_anew
from fice.places.find import Found, Places
from fice.references.cut import Cut, cut_of
from fice.settings import Settings
from fice.stitch.ground import Ground, read_ground
from fice.subject.colours import worn
from fice.subject.regions import HEAD, Choice, Classes, Fixed, Region, Regions
from fice.subject.subject import Subject

if TYPE_CHECKING:
    from fice.collections.dress import Finding
    from fice.references.reference import Reference
    from fice.segmenters.segmenter import Segmenter

RELEASE = 0.03  # share of the canvas by which a garment may outgrow itself where nothing else is said
UNCUT = "Left out: {}; what is worn is so already, or shows too little of the body to be cut anew."
HALVED = "A dress is worn; its {} half is changed."
LEAST = 0.3  # share of its region that a garment must have for itself beside other ones


@dataclass(frozen=True)
class Piece:
    """One garment of a plan; maps are (1, 1, h, w) float in [0, 1].

    Attributes:
        garment: what is asked of it.
        sentence: what its text says of it.
        region: how to find it again in any picture of this canvas.
        wide: where it is before the edit, on the analysis canvas.
        before: the same on the engine's canvas.
        reshape: the sentence speaks of sleeves or length, or a pose is asked, and the outline may change.
        mask: of the photo's size, (H, W) float in [0, 1], the user's or a part's: nothing else changes; or None.
        place: it is a part or a thing that words for a region name, rather than a garment.
        whole: what it is cut from, as wide, where that is more: the garment of a part; or None.
        references: pictures of the garment itself, the one first that gives the cloth.
        warp: they are laid on the body part by part, rather than as a whole.
        cut: the outline that the sentence gives it, or None where that stays.
    """

    garment: Garment
    sentence: Sentence
    region: Region
    wide: Tensor
    before: Tensor
    reshape: bool
    mask: np.ndarray | None = None
    place: bool = False
    whole: Tensor | None = None
    references: tuple[Reference, ...] = ()
    warp: bool = True
    cut: Cut | None = None

    @property
    def draws(self) -> bool:
        """Whether words or a swatch say what its cloth shall be."""
        return self.sentence.draws or self.garment.swatch is not None

    @property
    def cloth(self) -> Tensor:
        """The garment whose outline, light and direction it shares, as wide: itself, or what it is cut from."""
        return self.wide if self.whole is None else self.whole


@dataclass(frozen=True, eq=False)
class Plan:
    """What an order changes in a subject.

    Attributes:
        subject, order: what it was made of.
        pieces: the garments, none of which covers another.
        keep: where the generated picture must stay, (1, 1, h, w) float in [0, 1] on the engine's canvas.
        notices: what the user should know.
        ground: what is put behind the person, or None where the background stays.
        stance: the part maps that the body shall have, (1, P, h, w) as of `Pose.maps`, or None where it stays.
        found: what a collection had for the garments.
        joints: the keypoints that the body shall have, as of `Subject.points`, for engines that draw by them; or None.
    """

    subject: Subject
    order: Order
    pieces: tuple[Piece, ...]
    keep: Tensor
    notices: list[str]
    ground: Ground | None = None
    stance: Tensor | None = None
    found: tuple[Finding, ...] = ()
    joints: dict[str, tuple[float, float, float]] | None = None

    @property
    def before(self) -> Tensor:
        """All garments on the engine's canvas."""
        return union([piece.before for piece in self.pieces])

    @property
    def told(self) -> list[Piece]:
        """The garments of which words say what they shall be: all but those of which pictures alone do."""
        return [piece for piece in self.pieces if piece.sentence.wanted or not piece.references]

    def candidate(self, number: int) -> Plan:
        """The plan of one of several candidates: of several pictures of a garment each gives its cloth in turn."""
        pieces = tuple(_turned(piece, number) for piece in self.pieces)
        return replace(self, pieces=pieces)

    @property
    def region(self) -> str:
        """The names of the regions that change."""
        return "+".join(piece.region.name for piece in self.pieces)


def make_plan(
    subject: Subject,
    order: Order,
    wanted: Sequence[tuple[Garment, Sentence]],
    regions: Regions,
    settings: Settings,
    segmenter: Segmenter | None = None,
    references: Sequence[tuple[Reference, ...]] = (),
) -> Plan:
    """The plan of an order whose garments' sentences were understood; wanted: each garment with a sentence of it.

    segmenter: finds the words for regions, instead of `regions`; references: pictures of each garment, as
    `fice.references.wardrobe` gives them, or () where there are none of any.

    Raises InputError for a mask that cannot be used or leaves nothing free, and where no garment is in the picture.
    """
    canvas = subject.source.shape[2:]
    masks = [read_painted(garment.mask, subject.photo) for garment, _ in wanted]
    allowed = [None if mask is None else _on_canvas(mask, subject) for mask in masks]
    shown = [pictures[: settings.pictures] for pictures in references] or [()] * len(wanted)
    found_by = Places(subject, regions, segmenter)
    anew = settings.garment == "diffused"
    photographed = settings.garment == "photographed"
    choices = choices_of(wanted, shown, allowed, found_by, anew)
    pieces: list[Piece] = []
    notices: list[str] = []
    covered = torch.zeros_like(subject.regions[:, :1])
    places = any(isinstance(choice, Found) for choice in choices)
    asked = zip(wanted, shown, masks, allowed, choices, strict=True)
    for (garment, sentence), pictures, mask, painted, choice in sorted(
        asked, key=lambda one: type(one[-1]) is not Found
    ):
        region: Region
        if isinstance(choice, InputError):
            why = "nothing of the kind is worn in this picture." if is_named(garment.region) else str(choice)
            notices.append(f"Left out: {sentence.garment or 'a garment'}; {why}")
            continue
        if isinstance(choice, Fixed):
            region, wide = choice, choice.mask
        elif isinstance(choice, Found):
            wide = choice.where if painted is None else choice.where * painted
            region, mask = Fixed(wide, choice.region or garment.region), _limited(mask, choice, subject)
            if wide.max() < 0.5:
                raise InputError(f'The mask leaves nothing of "{region.name}" free: paint it white, too.')
            notices += [f"Not found: {name}; the rest is changed." for name in choice.missing]
            notices += [HALVED.format(choice.region)] if choice.region else []
        else:
            region = Classes(choice.region, choice.classes, regions)
            wide = worn_anew(choice, found_by) if anew else worn(region, subject.view, regions, subject.regions)
            wide = wide if painted is None else wide * painted
        whole = choice.whole if isinstance(choice, Found) else wide if places else None
        shared = bool(pictures) and isinstance(choice, Choice) and choice.region not in (pictures[0].region, "outer")
        free = wide if shared else wide * (1 - covered)  # a top and a skirt may each take their half of a dress
        if len(wanted) > 1 and (wide.max() < 0.5 or free.sum() < LEAST * wide.sum()):
            named = sentence.garment or region.name
            notices.append(f"Left out: {named}; another garment of the sentence takes its place in this picture.")
            continue
        cut = None
        if isinstance(choice, Choice):
            if photographed and not (pictures or choice.half or mask is not None or "legwear" in choice.classes):
                cut = cut_of(sentence, choice.region, free, subject, regions)
            notices += [*choice.notices, *([choice.keeps] if choice.keeps and cut is None else [])]
        if photographed and sentence.shapes and cut is None:
            notices.append(UNCUT.format(" and ".join(f'"{said}"' for said in sentence.shapes)))
        covered = torch.maximum(covered, free)
        before = F.interpolate(free, size=canvas, mode="area")
        shaped = settings.start != "redressed" and bool(sentence.shapes)  # painted cloth keeps its outline
        reshape = shaped or order.pose is not None
        place = isinstance(choice, Found)
        made = Piece(garment, sentence, region, free, before, reshape, mask, place, whole, pictures, settings.warp, cut)
        pieces.append(made)
    if wanted and not pieces:
        raise InputError(
            "No garment that the sentence could change was found: name another --region, or give a --mask."
        )
    ground = None if order.background is None else read_ground(order.background, subject.photo.size)
    if ground is not None:
        notices += ground.notices
        notices += ["Whoever else is in the picture goes with the background."] if subject.others else []
    nothing = torch.zeros_like(subject.source[:, :1])
    released = union([nothing, *(_released(piece, subject, regions) for piece in pieces)])
    if settings.keep == "body":
        small = F.interpolate(subject.regions, size=canvas, mode="area")
        released = regions.body(small) - regions.select(small, HEAD)
    return Plan(subject, order, tuple(pieces), 1 - released, notices, ground)


def check_changes(plan: Plan) -> None:
    """InputError where nothing is asked of a photographed garment that is not so already."""
    asked = (piece.cut or piece.references or piece.draws for piece in plan.pieces)
    if plan.pieces and plan.ground is None and not any(asked):
        named = plan.pieces[0].sentence.garment or "dress"
        why = f'Nothing is left to change; name a colour or a pattern, as in "black {named}".'
        raise InputError(" ".join(dict.fromkeys([why, *plan.notices])))


def _turned(piece: Piece, number: int) -> Piece:
    """A piece whose picture of that number, counted round and round, is the first."""
    count = len(piece.references)
    if count < 2 or not number % count:
        return piece
    first = number % count
    pictures = piece.garment.pictures[first:count] + piece.garment.pictures[:first]
    references = piece.references[first:] + piece.references[:first]
    return replace(piece, references=references, garment=replace(piece.garment, pictures=pictures))


def _released(piece: Piece, subject: Subject, regions: Regions) -> Tensor:
    """Where a garment may be after the edit, on the engine's canvas."""
    canvas = piece.before.shape[2:]
    released = grow(piece.before, max(1, round(RELEASE * canvas[0])))
    if piece.reshape:
        small = F.interpolate(subject.regions, size=canvas, mode="area")
        skin = regions.select(small, ("skin", "legwear"))
        released = torch.maximum(released, grow(skin, max(1, round(RELEASE / 2 * canvas[0]))))
    return released


def read_painted(mask: str | Pixels | None, photo: Photo) -> np.ndarray | None:
    """A mask of an order, (H, W) float in [0, 1]. InputError for one that is not of the photo's size."""
    if mask is None or isinstance(mask, str):
        return None if mask is None else read_mask(mask, photo)
    if mask.array.shape != photo.size:
        shapes = f"the shape {mask.array.shape}, the photo {photo.size}"
        raise InputError(f"The mask has {shapes}: give one of the photo's size.")
    return mask.array


def _limited(mask: np.ndarray | None, found: Found, subject: Subject) -> np.ndarray | None:
    """What a user's mask, (H, W) in [0, 1], and the limits of a place leave free of the photo; None for all of it."""
    if found.limit is None:
        return mask
    limit = subject.frame.to_photo(found.limit, kernel="linear")[0, 0].clamp(0, 1).cpu().numpy()
    return limit if mask is None else np.minimum(mask, limit)


def _on_canvas(mask: np.ndarray, subject: Subject) -> Tensor:
    """What a mask leaves free on the analysis canvas, (1, 1, h, w)."""
    allowed = subject.frame.to_canvas(torch.from_numpy(mask)[None, None].float().to(subject.source.device), fill=0.0)
    if allowed.max() < 0.5:
        raise InputError("The mask leaves nothing of the person free: paint the garment white.")
    return allowed
