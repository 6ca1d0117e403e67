"""The recipe of the pixel-labelling networks: its loss, its rates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fice.training import parsing
from fice.training.parsing import UNKNOWN, Views, confusion, intersection_over_union, lovasz


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


def test_keypoints_stay_on_what_they_mark(monkeypatch):
    """Cropped, enlarged and mirrored with the picture; one outside of the view cannot be seen."""
    monkeypatch.setattr(parsing, "VIEWS", (((96, 48), (0.8, 1.0), 1.0),))
    picture, labels = np.zeros((200, 100, 3), np.uint8), np.zeros((200, 100), np.uint8)
    points = np.zeros((1, 2, 3), np.float32)
    for index, (y, x) in enumerate(((60, 30), (150, 70))):  # "left" and "right"
        labels[y - 8 : y + 8, x - 8 : x + 8] = index + 1
        points[0, index] = x, y, 1
    views = Views([picture], [labels], [(20, 20, 180, 80)], [], [0, 2, 1], 0, points=points, mirrored_points=[1, 0])
    _, found, marks = views.draw(32)
    seen = 0
    for label, mark in zip(found, marks, strict=True):
        for index, (x, y, chance) in enumerate(mark.tolist()):
            if chance:
                assert label[int(y), int(x)] == index + 1
                seen += 1
    assert 40 < seen <= 64
