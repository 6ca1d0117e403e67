"""A garment's cloth laid flat again, part by part and without its light: what a swatch is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from fice.cloth.drape import drape, has_legs
from fice.cloth.shading import contrast, light_on
from fice.mask import grow
from fice.plan import Piece
from fice.srgb import LUMINANCE, to_linear
from fice.subject.frame import Window
from fice.subject.regions import Regions
from fice.subject.subject import Subject

FINEST = 2.0  # times the cm that a photo pixel covers: a side of the flat cloth's pixels
STEEP = 1.6  # times the usual cm in a pixel from which cloth is seen too slantingly
LEAST = 400  # pixels of flat cloth on a part that tell anything
INNER = 2  # pixels of the canvas from the outline that are left out


@dataclass(frozen=True)
class Flat:
    """The cloth of one part of a garment.

    Attributes:
        part: of `fice.cloth.parts`.
        cloth: (n, m, 3) float32 linear reflectance, down and across the part; the mean of `seen` where nothing is.
        seen: (n, m) bool.
        step: cm of a pixel of it.
    """

    part: int
    cloth: np.ndarray
    seen: np.ndarray
    step: float


def unrolled(subject: Subject, regions: Regions, piece: Piece, before: Tensor, after: Tensor) -> list[Flat]:
    """The parts of a garment that are seen well enough.

    before, after: photo and result, (1, 3, H, W) sRGB in [0, 1].
    """
    frame = subject.frame
    garment = frame.to_photo(grow(piece.wide, -INNER), kernel="linear") > 0.9
    window = _window(garment)
    if window is None:
        return []
    top, left, bottom, right = window
    here = (slice(None), slice(None), slice(top, bottom), slice(left, right))
    where = garment[here]
    log = light_on(before[here], where.to(before), frame.box[2] - frame.box[0])
    found, old = (to_linear(picture[here]).clamp(min=1e-4) for picture in (after, before))
    luminances = [
        float((picture[0].permute(1, 2, 0)[where[0, 0]].cpu().numpy() @ LUMINANCE).mean()) for picture in (old, found)
    ]
    lit = found / subject.exposure / (log * contrast(*luminances)).exp()
    on = drape(
        piece.cloth[0, 0].cpu().numpy(),
        frame,
        subject.points,
        has_legs(piece.cloth, subject.regions, regions),
        log[0, 0].cpu().numpy(),
        window,
    )
    inside = where[0, 0].cpu().numpy() & (on.pixel < STEEP * np.median(on.pixel[where[0, 0].cpu().numpy()]))
    step = FINEST * float(np.median(on.pixel[inside])) if inside.any() else 1.0
    colours = lit[0].permute(1, 2, 0).cpu().numpy()
    parts = (_flat(int(part), colours, on.u, on.v, inside & (on.part == part), step) for part in np.unique(on.part))
    return [part for part in parts if part.seen.sum() >= LEAST]


def _flat(part: int, colours: np.ndarray, u: np.ndarray, v: np.ndarray, inside: np.ndarray, step: float) -> Flat:
    """Pixels of a part in the cells of its cloth that they lie in, averaged."""
    down, across = (np.rint(at[inside] / step).astype(int) for at in (v, u))
    down, across = down - down.min(initial=0), across - across.min(initial=0)
    shape = (int(down.max(initial=0)) + 1, int(across.max(initial=0)) + 1)
    cells = np.ravel_multi_index((down, across), shape)
    count = np.bincount(cells, minlength=shape[0] * shape[1])
    sums = [np.bincount(cells, colours[..., i][inside], len(count)) for i in range(3)]
    cloth = np.stack(sums, -1) / np.maximum(count, 1)[:, None]
    seen = count > 0
    cloth[~seen] = cloth[seen].mean(0) if seen.any() else 0
    return Flat(part, cloth.reshape(*shape, 3).astype(np.float32), seen.reshape(shape), step)


def _window(garment: Tensor) -> Window | None:
    rows, columns = garment[0, 0].any(1).nonzero(), garment[0, 0].any(0).nonzero()
    if not len(rows):
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
