"""Generated people: each belongs to its seed, and the sheet holds them in order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fice.errors import UsageError
from fice.inversion.sample import people, sheet


class Painter(nn.Module):
    """A generator whose pictures are of one colour, read off z."""

    z_dim = 3

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, z, psi, until=None):
        return (z * psi)[:, :, None, None].expand(-1, -1, 4, 2)


def test_a_person_belongs_to_its_seed():
    many = people(Painter(), 11, seed=5)
    assert many.shape == (11, 4, 2, 3) and many.dtype == np.uint8
    for i in (0, 7, 8, 10):
        assert np.array_equal(people(Painter(), 1, seed=5 + i)[0], many[i])
    assert len(np.unique(many[:, 0, 0], axis=0)) > 8


def test_truncation_zero_is_the_average():
    assert np.unique(people(Painter(), 3, truncation=0.0)).tolist() == [128]


@pytest.mark.parametrize("truncation", [float("nan"), float("inf"), -3, 50])
def test_truncation_is_a_sensible_number(truncation):
    with pytest.raises(UsageError, match="truncation"):
        people(Painter(), 1, truncation=truncation)


@pytest.mark.parametrize(
    ("count", "columns", "size"), [(1, None, (4, 2)), (8, None, (4, 16)), (9, None, (8, 16)), (4, 2, (8, 4))]
)
def test_the_sheet_holds_all_in_order(count, columns, size):
    pictures = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 2, 3), np.uint8)
    made = sheet(pictures, columns)
    assert made.shape == (*size, 3)
    across = size[1] // 2
    for i in range(count):
        row, column = divmod(i, across)
        assert (made[row * 4 : row * 4 + 4, column * 2 : column * 2 + 2] == i).all()
    assert count % across == 0 or (made[-1, -1] == 255).all()
