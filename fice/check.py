"""What people see at once in an edit: how much changed, what should not have, rims, old print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from fice.cloth.dress import Dressing
from fice.cloth.prints import FLOOR, without_print
from fice.language.clip import Semantics
from fice.mask import box_of, union
from fice.plan import Piece
from fice.references.fit import Fitted
from fice.srgb import LUMINANCE, delta_e, gamma_encoded, linear_light, to_lab
from fice.subject.regions import REGIONS, Regions
from fice.subject.subject import Subject
from fice.subject.views import garment_views

NOTICED = 6.0  # CIEDE2000 from which a change is seen at a glance
SURE, NOBODY = 0.7, 0.3  # probabilities of what must not change, and below which there is no person
RIM = 3  # pixels of the canvas around an outline
SMOOTH, ACROSS = 1.2, 4  # pixels of the canvas, blurred and over an outline
EDGE = 9.0  # change in CIELAB that is one
PRINT, PRINTED = 0.2, 0.15  # share of the garment in figures, and deviation of log reflectance, that make a print
LIMITS: dict[str, tuple[float, str]] = {  # of each figure, and what is said beyond it
    "changed": (0.5, "Only {:.0%} of the garment looks different."),
    "spill": (0.03, "{:.0%} of what changed lies beside the person."),
    "painted": (0.05, "{:.0%} of skin and hair were painted over."),
    "rim": (4.0, "A rim is left around the garment ({:.1f} ΔE)."),
    "cut": (0.25, "{:.0%} of the garment's outline runs through cloth; a part of it may be missing."),
    "print_left": (0.3, "{:.0%} of the old print still shows."),
    "doubt": (0.4, "It is doubtful by {:.0%} which garment this is; a --region or a --mask says it."),
    "lost": (0.03, "{:.0%} of the person was taken for background."),
    "instead": (0.5, ""),  # is told where the garment is chosen
}
# what goes with the marks of people (docs/marks); the other figures tell of single faults
DECISIVE = ("painted", "print_left", "doubt", "instead")


def check(
    subject: Subject,
    regions: Regions,
    pieces: Sequence[Piece],
    after: Tensor,
    grounded: bool = False,
    shapes: Sequence[Tensor] = (),
    anew: bool = False,
) -> dict[str, float]:
    """Figures of an edit.

    changed: share of the garments that looks different. spill: share of the changed pixels that lie beside the person.
    painted: share of skin and hair that looks different. rim: by how much colours along the outline lie further from
    those on both sides than they did in the photo, in CIELAB. cut: share of the garments' outline where the photo shows
    no edge. print_left: share of an old print's contrast that is left, where there was one; else left out, as is rim,
    where there is a new print. doubt: share of the garments that is likelier another kind of garment than most of it.
    instead: share of the garments that are others than those named. cut, doubt and instead are left out where only
    parts of garments, or things, were asked for. lost: share of the rest of the person that looks different before new
    ground.

    pieces: the garments; after: the result, (1, 3, h, w) sRGB in [0, 1] on the analysis canvas; grounded: all that is
    not the person was to change; shapes: where garments of pictures are meant to be, or what was painted, (1, 1, h, w)
    each; anew: garments gave way to others, whose outlines and kinds are their own. Figures of garments are left out
    where there are none.
    """
    garments, whole = [piece.wide for piece in pieces], [piece for piece in pieces if not piece.place]
    views = _array(subject.view), _array(after)
    lab = [to_lab(view * 255) for view in views]
    different = delta_e(*lab) > NOTICED
    garment = union([*garments, torch.zeros_like(subject.regions[:, :1])])[0, 0].cpu().numpy() > 0.5
    meant = union([*shapes, torch.zeros_like(subject.regions[:, :1])])[0, 0].cpu().numpy()
    body = np.maximum(regions.body(subject.regions)[0, 0].cpu().numpy(), meant)
    kept = regions.select(subject.regions, ("skin", "face", "hair", "head"))[0, 0].cpu().numpy() > SURE
    kept &= meant <= NOBODY
    inner = ndimage.binary_erosion(garment, iterations=RIM)
    found = {"painted": _share(different, kept & ~garment)}
    if grounded:
        rest = ~ndimage.binary_dilation(garment, iterations=RIM)
        found["lost"] = _share(different, ndimage.binary_erosion(body > SURE, iterations=RIM) & rest)
    else:
        found["spill"] = _share(~ndimage.binary_dilation(body > NOBODY, iterations=RIM), different)
    same = all(piece.cut and not piece.draws for piece in pieces)
    if not same:
        found |= {"changed": _share(different, inner), "rim": _rim(lab[1], garment) - _rim(lab[0], garment)}
    if whole and not anew:
        found["cut"] = _cut(lab[0], union([piece.wide for piece in whole])[0, 0].cpu().numpy() > 0.5)
        found["doubt"] = sum(_doubt(subject, regions, piece.wide) for piece in whole) / len(whole)
        found["instead"] = sum(map(_is_another, whole)) / len(whole)
    if anew or any(
        piece.references or piece.cut or piece.garment.swatch or piece.sentence.design not in (None, "solid")
        for piece in pieces
    ):
        found.pop("rim", None)  # figures of a new print end at the outline
    elif (left := _print_left(*views, inner, subject)) is not None:
        found["print_left"] = left
    return {name: round(float(value), 4) for name, value in found.items()}


def colours_reached(
    subject: Subject, pieces: Sequence[Piece], cloths: Sequence[object], after: Tensor
) -> list[dict[str, Any]]:
    """For each garment in plain cloth of a named colour what was asked and reached, as #rrggbb, and CIEDE2000 of both.

    asked is in the light of the scene: a white shirt at dusk is grey in every photo. after: as of `check`.
    """
    found = []
    for piece, dressing in zip(pieces, cloths, strict=True):
        dressing = dressing.cloth if isinstance(dressing, Fitted) else dressing
        if (
            not isinstance(dressing, Dressing)
            or dressing.same
            or dressing.cloth.design != "solid"
            or dressing.cloth.base is None
        ):
            continue
        inner = ndimage.binary_erosion(piece.wide[0, 0].cpu().numpy() > 0.9, iterations=RIM)
        if piece.sentence.dyes and dressing.cloth.material is None and inner.any():
            asked = gamma_encoded(np.clip(dressing.cloth.base * subject.exposure, 0, 1)) * 255
            reached = np.median(_array(after)[inner], 0) * 255
            apart = float(delta_e(to_lab(asked), to_lab(reached)))
            found.append({"asked": _hex(asked), "reached": _hex(reached), "delta_e": round(apart, 2)})
    return found


def likeness(
    semantics: Semantics, view: Tensor, pieces: Sequence[Piece], garments: Sequence[Tensor], after: Tensor
) -> dict[str, float | None]:
    """Cosine of garments with their words, "before" and "after", the means; None where no words say what is wanted.

    view, after: photo and result, (1, 3, h, w) in [0, 1] on the analysis canvas; garments: each piece's in the result.
    """
    cosines = []
    for piece, now in zip(pieces, garments, strict=True):
        if not piece.sentence.wanted:
            continue
        wanted = semantics.encode_text([piece.sentence.wanted])
        for picture, garment in ((view, piece.wide), (after, torch.maximum(now, piece.wide))):
            features = semantics.encode_picture(garment_views(picture, garment, semantics.size)[:, 0])
            cosines.append(float(F.cosine_similarity(features, wanted)))
    mean = lambda found: round(sum(found) / len(found), 4) if found else None  # noqa: E731
    return {"before": mean(cosines[::2]), "after": mean(cosines[1::2])}


def _hex(rgb: np.ndarray) -> str:
    return "#" + "".join(f"{round(float(value)):02x}" for value in rgb)


def complaints(figures: Mapping[str, float]) -> list[str]:
    """What is to be said of figures that are beyond `LIMITS`."""
    beyond = []
    for name, (limit, text) in LIMITS.items():
        if text and name in figures and (figures[name] < limit if name == "changed" else figures[name] > limit):
            beyond.append(text.format(figures[name]))
    return beyond


def merit(figures: Mapping[str, float]) -> float:
    """One figure to compare edits by, 1 at best.

    Each of `DECISIVE` that reaches its limit takes its share off, each other figure beyond its own as much again.
    """
    worst = [min(figures.get(name, 0.0) / LIMITS[name][0], 2.0) for name in DECISIVE]
    others = complaints({name: value for name, value in figures.items() if name not in DECISIVE})
    return 1 - (sum(worst) + len(others)) / len(DECISIVE)


def _array(view: Tensor) -> np.ndarray:
    return view[0].permute(1, 2, 0).clamp(0, 1).cpu().numpy()


def _share(what: np.ndarray, where: np.ndarray) -> float:
    return float(what[where].mean()) if where.any() else 0.0


def _sides(lab: np.ndarray, garment: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours along a garment's outline, and those inside and beside it `reach` pixels away, (n, 3) each."""
    near = box_of(garment, reach + 2)
    lab, garment = lab[near], garment[near]
    outline = ndimage.binary_dilation(garment, iterations=1) & ~ndimage.binary_erosion(garment, iterations=1)
    found = [lab[outline]]
    for side in (
        ndimage.binary_erosion(garment, iterations=reach),
        ~ndimage.binary_dilation(garment, iterations=reach),
    ):
        if not side.any():
            return (np.zeros((0, 3)),) * 3
        nearest = ndimage.distance_transform_edt(~side, return_distances=False, return_indices=True)
        found.append(lab[tuple(nearest)][outline])
    return found[0], found[1], found[2]


def _cut(lab: np.ndarray, garment: np.ndarray) -> float:
    """The share of an outline at which colours go on."""
    smooth = ndimage.gaussian_filter(lab, (SMOOTH, SMOOTH, 0))
    _, inside, beside = _sides(smooth, garment, ACROSS)
    return float((np.linalg.norm(inside - beside, axis=1) < EDGE).mean()) if len(inside) else 0.0


def _rim(lab: np.ndarray, garment: np.ndarray) -> float:
    """How far colours along an outline are from the line between those on both sides, CIELAB, the mean."""
    own, inside, beside = _sides(lab, garment, RIM)
    if not len(own):
        return 0.0
    line = inside - beside
    share = ((own - beside) * line).sum(1) / np.maximum((line**2).sum(1), 1.0)
    return float(np.linalg.norm(own - beside - np.clip(share, 0, 1)[:, None] * line, axis=1).mean())


def _is_another(piece: Piece) -> bool:
    """Whether a piece is another garment than the one that its sentence names."""
    named = piece.sentence.region
    return named not in (None, "full") and piece.region.name not in (named, "mask")


def _doubt(subject: Subject, regions: Regions, garment: Tensor) -> float:
    """The share of a garment that its likeliest kind does not explain."""
    shares = [float((regions.select(subject.regions, (name,)) * garment).sum()) for name in REGIONS["full"]]
    return 1 - max(shares) / max(sum(shares), 1e-6)


def _print_left(before: np.ndarray, after: np.ndarray, inner: np.ndarray, subject: Subject) -> float | None:
    if not inner.any():
        return None
    height = (subject.frame.box[2] - subject.frame.box[0]) * subject.frame.scale
    light, mixed = without_print(before, inner, height)
    if mixed[inner].mean() < PRINT:
        return None
    logs = [np.log(linear_light(view) @ LUMINANCE + FLOOR)[inner] for view in (before, after)]
    old = logs[0] - light[inner]
    old = old - old.mean()
    if old.std() < PRINTED:
        return None
    return float(abs((logs[1] * old).mean() / (old**2).mean()))
