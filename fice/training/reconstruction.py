"""How far drawn people are from the photographs that they should be: in pixels, and in features."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

MAPS = 3  # feature maps that are compared, from the finest


def pixel_loss(drawn: Tensor, wanted: Tensor) -> Tensor:
    """How far `drawn` is from `wanted`, both (B, 3, H, W) in [0, 1], in pixels at three scales: a scalar.

    The person counts three times as much as the white around it; large errors count more than L1 lets them.
    """
    person = (wanted < 0.98).any(1, keepdim=True).float()
    weight = (1 + 2 * F.max_pool2d(person, 3, 1, 1)) / 2
    difference = drawn - wanted
    loss = ((difference.abs() + 5 * difference.square()) * weight).mean()
    for scale in (2, 4):
        loss = loss + F.avg_pool2d(difference, scale).abs().mean() * 2
    return loss


def feature_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Distance of the finest maps, each scaled to unit deviation (perceptual loss, arXiv 1603.08155): a scalar."""
    distances = [(f - w).abs().mean() / w.std() for f, w in zip(found[:MAPS], wanted[:MAPS], strict=True)]
    return sum(distances[1:], distances[0])
