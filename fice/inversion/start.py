"""Where the optimisation begins: the photographed garments themselves in the cloth that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from fice.cloth.dress import Dressing
from fice.plan import Plan
from fice.references.fit import Fitted
from fice.stitch.parts import Stitch, Worn
from fice.stitch.stitch import stitch
from fice.subject.analysis import Analysis, seen
from fice.subject.regions import HEAD


@torch.no_grad()
def redressed(plan: Plan, cloths: Sequence[Dressing | Fitted | None], analysis: Analysis) -> Tensor:
    """The subject with its photographed garments in new cloths, as the engine's canvas shows it, (1, 3, H, W).

    cloths: one a piece of the plan; None leaves the garment as it is.
    """
    subject = plan.subject
    head, body = (find(subject.regions) for find in (lambda p: analysis.regions.select(p, HEAD), analysis.regions.body))
    garments = tuple(
        Worn(piece.wide, cloth.after if isinstance(cloth, Fitted) else piece.wide, piece.mask, cloth)
        for piece, cloth in zip(plan.pieces, cloths, strict=True)
    )
    parts = Stitch(subject.photo, subject.frame, subject.view, garments, head, body, body, generated=False)
    photo = replace(subject.photo, pixels=stitch(parts).pixels)
    return analysis.person(seen(photo, subject.frame, subject.source.device), subject.regions)
