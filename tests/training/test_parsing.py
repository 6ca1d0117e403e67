"""The recipe of the pixel-labelling networks: its loss, its rates."""

from __future__ import annotations

import pytest
import torch

from fice.training.parsing import UNKNOWN, confusion, intersection_over_union, lovasz


def test_lovasz_is_one_minus_iou_where_all_is_sure():
    labels = torch.randint(3, (2, 8, 6), generator=torch.Generator().manual_seed(0))
    found = labels.clone()
    found[0, :2] = (found[0, :2] + 1) % 3
    sure = torch.nn.functional.one_hot(found, 3).movedim(-1, 1).float()
    ious = intersection_over_union(confusion(found, labels, 3))
    assert lovasz(sure, labels).item() == pytest.approx(1 - ious.mean(), rel=1e-5)


def test_lovasz_passes_over_what_is_unknown():
    labels = torch.tensor([[[0, 1, UNKNOWN]]])
    logits = torch.randn(1, 2, 1, 3, requires_grad=True)
    lovasz(logits.softmax(1), labels).backward()
    assert (logits.grad[..., 2] == 0).all() and (logits.grad[..., :2] != 0).all()
