"""Where the person of a photo stands, on drawn people whose colours are their parts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fice.errors import InputError
from fice.subject.person import find_person
from fice.subject.regions import Regions

NAMES = ("background", "face", "upper", "shoes")


class Colours(nn.Module):
    """Red is a face, green clothes, blue shoes."""

    def forward(self, picture):
        return torch.cat([torch.full_like(picture[:, :1], 10.0), 20 * picture], 1)


REGIONS = Regions(Colours(), NAMES)


def photo(height, width, *people, feet=True):
    """(1, 3, H, W) with people of a height, each at (top, middle)."""
    picture = torch.zeros(1, 3, height, width)
    for top, middle, tall in people:
        for channel, first, last, wide in ((1, 0.14, 0.96, 0.26), (0, 0, 0.14, 0.12), (2, 0.96, 1, 0.2)):
            rows = slice(round(top + first * tall), round(top + last * tall))
            columns = slice(max(round(middle - wide / 2 * tall), 0), round(middle + wide / 2 * tall))
            picture[:, :, rows, columns] = 0
            picture[:, channel if feet or channel < 2 else 1, rows, columns] = 1
    return picture


def test_somebody_from_head_to_foot_is_not_cut_off_whether_or_not_the_feet_are_seen():
    for feet in (True, False):
        person = find_person(REGIONS, photo(512, 340, (30, 170, 450), feet=feet))
        assert not person.cut and person.others == 0
        assert person.box[0] == pytest.approx(30, abs=8) and 470 < person.box[2] <= 512
        assert not person.elsewhere.any()


def test_a_long_neck_of_hair_makes_nobody_taller_than_the_photo():
    picture = photo(512, 340, (30, 170, 450), feet=False)
    picture[:, :, 30:200, 150:190] = torch.tensor([1.0, 0, 0])[None, :, None, None]
    assert find_person(REGIONS, picture).box[2] <= 512


def test_somebody_without_legs_is_cut_off_and_reaches_below_the_photo():
    person = find_person(REGIONS, photo(300, 340, (30, 170, 500)))
    assert person.cut and 450 < person.box[2] < 620


def test_somebody_in_a_very_wide_photo_is_found():
    person = find_person(REGIONS, photo(300, 1800, (20, 1205, 260)))
    assert person.box == pytest.approx((20, 1171, 280, 1239), abs=10) and not person.cut
    assert person.area < 0.05


def test_of_two_people_who_touch_one_is_meant():
    picture = photo(500, 500, (30, 180, 440), (40, 290, 430))
    person = find_person(REGIONS, picture)
    assert person.others == 1
    assert person.box[1] == pytest.approx(123, abs=10) and person.box[3] == pytest.approx(237, abs=10)
    other = person.elsewhere[0, 0, person.elsewhere.shape[2] // 2]
    assert not other[: int(0.45 * len(other))].any() and other[int(0.5 * len(other)) :].all()


def test_where_somebody_else_is_nobody_is_seen():
    probabilities = REGIONS.probabilities(photo(100, 60, (5, 30, 90)))
    where = torch.zeros(1, 1, 100, 60, dtype=torch.bool)
    where[..., 30:] = True
    emptied = REGIONS.empty(probabilities, where)
    assert emptied[..., :30].equal(probabilities[..., :30])
    assert (emptied[..., 30:].argmax(1) == 0).all() and emptied.sum(1).allclose(torch.ones(1, 100, 60))


@pytest.mark.parametrize(
    ("quarters", "turn"), [(1, "a quarter turn to the right"), (2, "half round"), (3, "a quarter turn to the left")]
)
def test_a_photo_that_is_not_upright_is_to_be_turned(quarters, turn):
    class Upright(Colours):
        """Sees people on their feet only, as a network does that was trained on such."""

        def forward(self, picture):
            stands = picture[:, 0].mean((1, 2)) > 0 and _first_row(picture[:, 0]) < _first_row(picture[:, 1])
            return super().forward(picture if stands else torch.zeros_like(picture))

    lying = torch.rot90(photo(512, 340, (30, 170, 450)), quarters, (2, 3))
    with pytest.raises(InputError, match=f"turn it {turn} first"):
        find_person(Regions(Upright(), NAMES), lying)


def _first_row(channel):
    return (channel[0] > 0.5).any(1).nonzero().min().item()


def test_a_photo_of_nobody_is_refused():
    with pytest.raises(InputError, match="No person was found"):
        find_person(REGIONS, torch.zeros(1, 3, 300, 200))
