"""Pictures of a garment, or its swatch, as a model is shown them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.cloth.tailor import swatch_picture
from fice.diffusion.request import Shown
from fice.plan import Piece
from fice.references.picture import shrunk
from fice.references.reference import Reference
from fice.srgb import gamma_encoded
from fice.wishes import content_of

SIDE = 1024  # pixels of a picture at most: as much as any model looks at
MARGIN = 0.05  # of the garment's longer side, white around it


def shown_of(piece: Piece, where: Tensor) -> Shown | None:
    """What a model is shown of a piece: its pictures, each alone on white, or its swatch; None where it has neither.

    where: (1, 1, H, W) in [0, 1] on the crop, the only place where they count.
    """
    if piece.references:
        keys = tuple(f"{reference.sha256} {reference.kind}" for reference in piece.references)
        return Shown(tuple(map(_alone, piece.references)), where, keys)
    swatch = piece.garment.swatch
    if swatch is None:
        return None
    return Shown((_tensor(gamma_encoded(swatch_picture(swatch))),), where, (content_of(swatch, "swatch"),))


def _alone(reference: Reference) -> Tensor:
    """A garment on a white square, (1, 3, h, h) sRGB in [0, 1]."""
    rows, columns = ((reference.matte > 0.1).any(axis).nonzero()[0] for axis in (1, 0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    matte = reference.matte[part][..., None]
    picture = _tensor(shrunk(gamma_encoded(reference.pixels[part] * matte + 1 - matte), SIDE))
    height, width = picture.shape[2:]
    side = round((1 + 2 * MARGIN) * max(height, width))
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(picture, (left, side - width - left, top, side - height - top), value=1.0)


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture, np.float32)).permute(2, 0, 1)[None].clamp(0, 1)
