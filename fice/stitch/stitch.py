"""Compositing: the edit goes back into the photo; everything outside the region stays bit for bit.

Layers, from the back: the photo; for each garment, where the old one was, what it hid (bare skin as generated, else the
background continued), and the new one, with the old one's folds where both are. Each has a matte at the photo's own
resolution that follows the photo's edges. All work is done in the window of the photo that changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.cloth.dress import Dressing
from fice.cloth.shading import carry_detail, carry_light, light_on
from fice.diffusion.inpainted import Inpainted
from fice.fill import fill_background, push_pull
from fice.mask import grow, refine, steepen, union, without_specks
from fice.photo.profiles import has_own_colours
from fice.references.fit import Fitted, rank_of
from fice.stitch.background import lay_behind
from fice.stitch.ground import Ground
from fice.stitch.matting import cut_out, unmix
from fice.stitch.parts import Layer, Stitch, Stitched, Worn, window_of
from fice.stitch.refit import refitted
from fice.subject.frame import Window

if TYPE_CHECKING:
    from fice.photo.photo import Photo

SETTLED = 0.008  # share of the canvas's height by which an outline may wander without having changed
FOLD = 0.02  # share of the person's height: finer shading than this is the photo's, not the generator's
MIXED = 0.3  # share of the garment in a pixel from which its own colour is replaced wholly
STRIP = 1 << 19  # pixels that are laid over each other at a time: photos are large


@dataclass(frozen=True)
class Mattes:
    """How much of a garment's layers is seen, (1, 1, H, W) float in [0, 1]: the new one, over the old one's place.

    changed: where the outline changed. beside: colours next to the old garment, without its own, (1, 3, H, W).
    """

    garment: Tensor
    removed: Tensor
    changed: Tensor
    beside: Tensor


def stitch(parts: Stitch, mode: str = "region", detail: float = 1.0) -> Stitched:
    """Puts a generated picture back into the photo, and new ground behind the person.

    mode: "region" puts back the garments, "head" all of the canvas but the head, as the paper does, "none" all of it.
    detail: how much of the cloth's folds is carried, from 0 to 1.
    """
    if parts.ground is not None:
        return _on_ground(parts, parts.ground, mode, detail)
    if mode == "region" and not parts.garments:
        return Stitched(parts.photo.pixels, np.zeros(parts.photo.size, bool))
    window = window_of(parts, whole=mode != "region")
    with torch.no_grad():
        source = torch.from_numpy(parts.photo.srgb(window)).permute(2, 0, 1)[None].contiguous().to(parts.drawn)
        if mode == "region":
            layers = garment_layers(parts, source, window, detail)
        else:
            layers = iter([_all_but_head(parts, source, window, mode == "head")])
        composed, alpha = compose(source, layers)
    y0, x0, y1, x1 = window
    support = np.zeros(parts.photo.size, bool)
    inside = alpha[0, 0].cpu().numpy() > 0
    support[y0:y1, x0:x1] = inside
    part = composed[0].permute(1, 2, 0).cpu().numpy()
    pixels = paste(parts.photo, part, inside, window)
    return Stitched(pixels, support)


def _on_ground(parts: Stitch, ground: Ground, mode: str, detail: float) -> Stitched:
    """As `stitch`; garments are laid over the new ground, and what comes back with its own is cut out of that."""
    edited = replace(parts, ground=None)
    if mode == "region" and not any(isinstance(worn.cloth, Inpainted) for worn in parts.garments):
        first = lay_behind(parts.photo, parts.frame, parts.body, ground)
        person = np.ceil(first.person) if ground.transparent else first.person
        worn = parts.garments if parts.generated else tuple(_within(each, person) for each in parts.garments)
        grounded = replace(parts.photo, pixels=first.pixels)
        last = stitch(replace(edited, photo=grounded, garments=worn), mode, detail)
        return Stitched(last.pixels, first.mask | last.mask, first.alpha)
    drawn = stitch(edited, mode, detail)
    cut = lay_behind(replace(parts.photo, pixels=drawn.pixels), parts.frame, parts.body_after, ground)
    return Stitched(cut.pixels, drawn.mask | cut.mask, cut.alpha)


def _within(worn: Worn, person: np.ndarray) -> Worn:
    """A garment that is nowhere but on the person."""
    return replace(worn, mask=person if worn.mask is None else np.minimum(worn.mask, person))


def compose(source: Tensor, layers: Iterable[Layer]) -> tuple[Tensor, Tensor]:
    """Layers from the back laid over a picture (1, 3, h, w), and how far the result may be from it, (1, 1, h, w).

    The latter is exactly 0 where no layer is; layers are taken one at a time, as photos are large.
    """
    composed, kept = source, torch.ones_like(source[:, :1])
    rows = max(1, STRIP // source.shape[3])
    for layer in layers:
        if composed is source:
            composed = source.clone()  # not before: a layer takes memory to be made
        instead = composed if layer.instead is None else layer.instead
        for strip, picture, matte, below in zip(
            *(x.split(rows, 2) for x in (composed, *layer[:2], instead)), strict=True
        ):
            strip += matte * (picture - below)
        kept *= 1 - layer.matte
    return composed, 1 - kept


def garment_layers(parts: Stitch, source: Tensor, window: Window, detail: float) -> Iterator[Layer]:
    """For each garment what the old one hid, and the new one."""
    taken = torch.zeros_like(source[:, :1])
    for worn in sorted(parts.garments, key=lambda each: rank_of(each.cloth)):
        if not parts.generated or isinstance(worn.cloth, Fitted):
            if worn.cloth is None:
                continue
            for layer in _photographed(parts, worn, worn.cloth, source, window, 1 - taken):
                taken = torch.maximum(taken, layer.matte)
                yield _drawn(parts, worn, layer, window, detail) if parts.generated else layer
            continue
        mattes = edit_region(parts, worn, source, window)
        yield Layer(_hidden(parts, worn, source, mattes, window), mattes.removed)
        yield Layer(_cloth(parts, worn, source, mattes, window, detail), mattes.garment)


def _drawn(parts: Stitch, worn: Worn, layer: Layer, window: Window, detail: float) -> Layer:
    """A layer of a photographed garment as the generator draws that; what is beside it stays."""
    if layer.instead is None:
        return layer
    cloth = _generated(parts, worn, window)
    radius = FOLD * (parts.frame.box[2] - parts.frame.box[0])
    return layer._replace(picture=carry_detail(layer.picture, cloth, layer.matte, radius, detail))


def _photographed(
    parts: Stitch, worn: Worn, cloth: Dressing | Fitted | Inpainted, source: Tensor, window: Window, free: Tensor
) -> Iterator[Layer]:
    """The garment of the photo in other cloth, or painted anew, where no other has been; (1, 1, h, w) in [0, 1]."""
    if worn.mask is not None:
        y0, x0, y1, x1 = window
        free = free * torch.from_numpy(worn.mask[y0:y1, x0:x1]).to(free).clamp(0, 1)
    if isinstance(cloth, Inpainted):
        picture, matte = cloth.layer(window)
        head = parts.frame.to_photo(parts.head, window=window).clamp(0, 1)
        free = torch.minimum(free, 1 - _sharp(head, source, 1 / parts.frame.scale))
        yield Layer(picture.to(source), torch.minimum(matte.to(source), free))
        return
    if isinstance(cloth, Fitted) and cloth.shape is not None:
        yield from refitted(parts, cloth, cloth.shape, worn.before, source, window, free)
        return
    seen = parts.frame.to_photo(without_specks(worn.before), window=window, kernel="linear").clamp_(0, 1)
    matte, own = cut_out(source, seen, 1 / parts.frame.scale)
    del seen  # photos are large
    yield Layer(cloth.draw(own, matte, window), torch.minimum(matte, free), own)


def stitch_head(generated: Tensor, picture: Tensor, head: Tensor) -> Tensor:
    """The paper's formula: head * picture + (1 - head) * generated, (B, 3, H, W) with head (B, 1, H, W)."""
    return head * picture + (1 - head) * generated


def paste(photo: Photo, composed: np.ndarray, support: np.ndarray, window: Window | None = None) -> np.ndarray:
    """The photo's pixels with `composed` put in where `support` is true; all others are the photo's own, bit for bit.

    composed: (h, w, 3) float sRGB in [0, 1] and support: (h, w) bool, of the photo or of its part `window`. To a photo
    that has a profile the difference is added: colours that sRGB cannot show stay where nothing changes.
    """
    y0, x0, y1, x1 = window or (0, 0, *photo.size)
    pixels = photo.pixels.copy()
    part = pixels[y0:y1, x0:x1]
    most = np.iinfo(part.dtype).max
    rows = max(1, STRIP // max(1, part.shape[1]))
    for top in range(0, len(part), rows):
        strip, inside = part[top : top + rows], support[top : top + rows]
        after = photo.from_srgb(composed[top : top + rows])
        if has_own_colours(photo.icc):
            before = photo.from_srgb(photo.srgb((y0 + top, x0, y0 + top + len(strip), x1)))
            after = np.clip(strip + (after.astype(np.int32) - before), 0, most).astype(strip.dtype)
        np.copyto(strip, after, where=inside[..., None])
    return pixels


def steady_outline(before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
    """Where the outline truly changed, on the canvas.

    Outlines of one garment, found in two pictures, differ by a pixel here and there. Returns the mask after the edit
    with such differences taken back, and a soft map of where it changed.
    """
    reach = max(1, round(SETTLED * before.shape[-2]))
    differs = (steepen(after, 0.1) - steepen(before, 0.1)).abs()
    changed = grow(grow(grow(differs, -reach), 3 * reach), -reach // 2)
    changed = F.avg_pool2d(changed, 2 * reach + 1, 1, reach, count_include_pad=False)
    return before + (after - before) * changed, changed


def edit_region(parts: Stitch, worn: Worn, source: Tensor, window: Window) -> Mattes:
    """A garment's mattes at the photo's resolution, from the maps of the canvas; 0 on the head and outside its mask."""
    before, after = (without_specks(mask) for mask in (worn.before, worn.after))
    after, changed = steady_outline(before, after)
    step = 1 / parts.frame.scale  # photo pixels per canvas pixel
    crisp = min(0.7, 1.3 / step)  # an edge little wider than a photo pixel, on a mask that rises over `step` of them

    maps = torch.cat([before, after, parts.head, changed], 1)
    before, after, head, changed = parts.frame.to_photo(maps, window=window).clamp(0, 1).split(1, 1)
    outline = steepen(refine(before, source, 2 * step), 0.3, 0.45)  # the garment shines into the next pixel
    outline, beside = unmix(source, outline, max(1, round(step / 2)), max(1, round(2 * step)))
    garment = torch.lerp(outline, steepen(after, crisp), changed)
    # takes the old rim along
    removed = torch.lerp((outline / MIXED).clamp(max=1), grow(outline, max(1, round(step))), changed)
    free = 1 - _sharp(head, source, step)
    if worn.mask is not None:
        y0, x0, y1, x1 = window
        free = free * torch.from_numpy(worn.mask[y0:y1, x0:x1]).to(free).clamp(0, 1)
    return Mattes(garment * free, removed * free, changed, beside)


def _sharp(head: Tensor, source: Tensor, step: float) -> Tensor:
    """A head with the photo's own edges, (1, 1, H, W); step: photo pixels of one of the canvas."""
    return torch.maximum(steepen(refine(head, source, 2 * step), 0.3, 0.4), steepen(head, min(0.7, 1.3 / step), 0.4))


def _hidden(parts: Stitch, worn: Worn, source: Tensor, mattes: Mattes, window: Window) -> Tensor:
    """What the old garment hid, (1, 3, H, W): bare skin as generated, else the background continued."""
    to_photo = parts.frame.to_photo
    rest = (parts.body_after - union(each.after for each in parts.garments)).clamp(0, 1)
    rest = without_specks(grow(grow(rest, -1), 1))  # a rim between two masks is nobody's skin
    person = steepen(to_photo(grow(parts.body, 2), window=window, kernel="linear"), 0.2, 0.3)
    under = fill_background(source, torch.maximum(person, grow(mattes.removed, 2)))
    skin, shown = to_photo(torch.cat([_spread(parts.drawn, rest), rest], 1), window=window).clamp(0, 1).split([3, 1], 1)
    under = under.lerp_(skin, steepen(shown, min(0.7, 1.3 * parts.frame.scale)))
    return torch.lerp(mattes.beside, under, mattes.changed)


def _cloth(parts: Stitch, worn: Worn, source: Tensor, mattes: Mattes, window: Window, detail: float) -> Tensor:
    """The new garment, (1, 3, H, W), with the old one's folds where both are."""
    cloth = _generated(parts, worn, window)
    if detail > 0:
        height = parts.frame.box[2] - parts.frame.box[0]
        where, radius = mattes.garment * mattes.removed, FOLD * height
        if isinstance(worn.cloth, Dressing):
            cloth = carry_detail(worn.cloth.draw(source, mattes.removed, window), cloth, where, radius, detail)
        elif worn.same:
            cloth = carry_detail(source, cloth, where, radius, detail)
        else:
            old = parts.frame.to_photo(worn.before, window=window, kernel="linear")
            cloth = carry_light(light_on(source, old, height), cloth, where, radius, detail)
    return cloth


def _generated(parts: Stitch, worn: Worn, window: Window) -> Tensor:
    """A garment as the generator draws it, (1, 3, H, W)."""
    return parts.frame.to_photo(_spread(parts.drawn, worn.after), window=window, kernel="smooth").clamp(0, 1)


def _spread(drawn: Tensor, mask: Tensor) -> Tensor:
    """The drawn colours of a layer, continued beyond its mask: its edge pixels are mixed with what lies beside."""
    inside = grow(mask, -1)
    trusted = steepen(inside, 0.3, 0.8)
    if trusted.max() == 0:
        trusted = mask
    return push_pull(drawn, trusted)


def _all_but_head(parts: Stitch, source: Tensor, window: Window, keep_head: bool) -> Layer:
    """The whole canvas, with the head of the photo or without."""
    generated = parts.frame.to_photo(parts.drawn, window=window)
    head = parts.head if keep_head else torch.zeros_like(parts.head)
    shown = parts.frame.to_photo(torch.ones_like(head), window=window, kernel="linear").clamp(0, 1)
    head = parts.frame.to_photo(head, window=window, kernel="linear").clamp(0, 1)
    kept = 1 - shown * (1 - head)
    masks = [worn.mask for worn in parts.garments if worn.mask is not None]
    if masks and len(masks) == len(parts.garments):
        y0, x0, y1, x1 = window
        allowed = np.maximum.reduce(masks)[y0:y1, x0:x1]
        kept = torch.maximum(kept, 1 - torch.from_numpy(allowed).to(kept))
    return Layer(stitch_head(generated, source, kept), (kept < 1).to(kept))
