"""What an analysis finds in a drawn photo: a person, and joints where the pose network knows them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fice.photo.photo import read_photo
from fice.subject.analysis import Analysis
from fice.subject.pose import PART_CLASSES, Pose
from fice.subject.regions import Regions

CPU = torch.device("cpu")


class Colours(nn.Module):
    """Red is a face, green clothes, blue shoes."""

    def forward(self, picture):
        return torch.cat([torch.full_like(picture[:, :1], 10.0), 20 * picture], 1)


class Peak(nn.Module):
    """Logits of parts, and heat for one keypoint."""

    def forward(self, picture):
        found = torch.full((len(picture), len(PART_CLASSES) + 1, *picture.shape[2:]), -5.0)
        found[:, -1, 40, 31:33] = 5  # as its mirror image
        return found


@pytest.fixture
def photo(tmp_path):
    pixels = np.zeros((300, 200, 3), np.uint8)
    for channel, (top, bottom), (left, right) in (
        (0, (30, 64), (86, 114)),
        (1, (64, 260), (70, 130)),
        (2, (260, 270), (76, 124)),
    ):
        pixels[top:bottom, left:right, channel] = 255
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return read_photo(tmp_path / "photo.png")


def test_joints_are_on_the_analysis_canvas(photo):
    regions = Regions(Colours(), ("background", "face", "upper", "shoes"))
    pose = Pose(Peak(), keypoints=("nose",))
    subject = Analysis(regions, (128, 64), pose=pose)(photo, CPU)
    assert subject.frame.canvas == (512, 256) and subject.source.shape == (1, 3, 128, 64)
    assert subject.points is not None
    x, y, sure = subject.points["nose"]
    assert abs(x - 4 * 32) <= 2 and y == 4 * 40.5 and sure == pytest.approx(0.9933, abs=1e-3)


def test_joints_are_none_where_the_pose_network_knows_none(photo):
    regions = Regions(Colours(), ("background", "face", "upper", "shoes"))
    for pose in (None, Pose(nn.Identity())):
        assert Analysis(regions, (256, 128), pose=pose)(photo, CPU).points is None
