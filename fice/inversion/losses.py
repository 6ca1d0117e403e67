"""The terms of FICE (arXiv 2301.02110, section 3.3) as pure functions, each one value per picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Term:
    """One summand of the loss.

    Attributes:
        name: what the reports call it.
        weight: its factor.
        value: (picture (B, 3, H, W), ws (B, R, D), who (B,) int64) -> (B,); `who` says which pictures of the whole
            batch these are, so that a term finds their targets.
    """

    name: str
    weight: float
    value: Callable[[Tensor, Tensor, Tensor], Tensor]


def semantic(picture: Tensor, text: Tensor) -> Tensor:
    """One minus the cosine of picture and text features, both (B, D): (B,)."""
    return 1 - F.cosine_similarity(picture, text, dim=1)


def image(generated: Tensor, source: Tensor, keep: Tensor) -> Tensor:
    """Mean squared difference of the masked pictures (B, 3, H, W); keep (B, 1, H, W) in [0, 1]: (B,)."""
    return (keep * generated - keep * source).square().mean((1, 2, 3))


def pose(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference of body-part maps (B, P, h, w): (B,)."""
    return (wanted - found).square().mean((1, 2, 3))


def head(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean squared difference of head probabilities (B, 1, H, W): (B,)."""
    return (wanted - found).square().mean((1, 2, 3))


def latent(ws: Tensor) -> Tensor:
    """Mean squared distance of rows 1... from row 0 of W+ (B, R, D): (B,). Keeps W+ near W."""
    return (ws[:, :1] - ws[:, 1:]).square().mean((1, 2))
