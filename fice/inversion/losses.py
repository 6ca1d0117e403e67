"""The terms of FICE (arXiv 2301.02110, section 3.3), and that of a swatch, as pure functions, one value a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

LEAST = 1e-6  # keeps channels apart that are silent in both textures


class View:
    """What several terms see of the picture in work: computed once, a leaf of its own, which one of them pulls at.

    look: pictures (b, 3, H, W) -> what is seen.
    """

    def __init__(self, look: Callable[[Tensor], Tensor]):
        self.look = look
        self._drawn: Tensor | None = None

    def __call__(self, drawn: Tensor) -> Tensor:
        if self._drawn is not drawn:
            self._drawn, self._seen = drawn, self.look(drawn)
            self._leaf = self._seen.detach().requires_grad_(self._seen.requires_grad)
        return self._leaf

    def close(self) -> None:
        """Hands the gradient on to the picture; afterwards it is there to be looked at."""
        if self._drawn is not None and self._leaf.grad is not None:
            self._seen.backward(self._leaf.grad)
            self._seen = self._leaf  # for terms that only look; what led there takes memory


@dataclass(frozen=True)
class Term:
    """One summand of the loss.

    Attributes:
        name: what the reports call it.
        weight: its factor.
        value: (picture (B, 3, H, W), ws (B, R, D), index (B,) int64) -> (B,); `index` says which pictures of the whole
            batch these are, so that a term finds their targets.
        view: what it pulls at of what others see too, if anything; closed after it.
    """

    name: str
    weight: float
    value: Callable[[Tensor, Tensor, Tensor], Tensor]
    view: View | None = None


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


def statistics(maps: Sequence[Tensor], where: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of maps (B, C_i, h_i, w_i) on a garment: (B, sum of C_i) each.

    where: (B, 1, H, W) in [0, 1], of which each map has its share.
    """
    means, deviations = [], []
    for found in maps:
        share = F.interpolate(where, size=found.shape[2:], mode="area")
        share = share / share.sum((2, 3), keepdim=True).clamp(min=1e-6)
        mean = (found * share).sum((2, 3), keepdim=True)
        means.append(mean.flatten(1))
        deviations.append((((found - mean).square() * share).sum((2, 3)) + 1e-8).sqrt())
    return torch.cat(means, 1), torch.cat(deviations, 1)


def texture(found: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]) -> Tensor:
    """One minus the likeness of two textures by their `statistics`, both (B, S): (B,) in [0, 2].

    Of DISTS (K. Ding et al., arXiv 2004.07728, eq. 5 and 6) what does not ask where anything is.
    """
    likeness = [
        (2 * one * other + LEAST) / (one**2 + other**2 + LEAST) for one, other in zip(found, wanted, strict=True)
    ]
    return 1 - torch.stack(likeness).mean((0, 2))
