"""Body parts by keypoints, and the recipe that learns both."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fice.subject.pose import KEYPOINTS, PART_CLASSES, Pose, mirrored
from fice.subject.regions import REGION_CLASSES
from fice.training.parsing import UNKNOWN
from fice.training.parts import parts_by_limbs
from fice.training.recipes.keypoints import Teacher
from fice.training.recipes.pose import heat_loss


def standing():
    """Labels (256, 128) of somebody in a shirt and trousers, and keypoints (K, 3): the person's left is at x > 64."""
    labels = np.zeros((256, 128), np.uint8)
    paint = lambda name, y0, y1, x0, x1: labels.__setitem__((slice(y0, y1), slice(x0, x1)), REGION_CLASSES.index(name))  # noqa: E731
    paint("face", 10, 40, 54, 74)
    paint("upper", 42, 130, 30, 98)
    paint("skin", 116, 130, 30, 38)
    paint("trousers", 130, 236, 44, 84)
    paint("shoes", 236, 250, 44, 84)
    at = {
        "nose": (64, 25),
        "ear": (70, 24),
        "shoulder": (82, 48),
        "elbow": (92, 86),
        "wrist": (94, 118),
        "hand": (94, 127),
        "hip": (74, 130),
        "knee": (75, 185),
        "ankle": (75, 234),
        "toe": (76, 248),
    }
    points = []
    for name in KEYPOINTS:
        side, _, rest = name.partition(" ")
        x, y = at[rest or side]
        points.append((128 - x if side == "right" else x, y, 1.0))
    return labels, np.array(points, np.float32)


def part_at(parts, x, y):
    return PART_CLASSES[parts[y, x]]


def test_parts_are_those_of_the_limbs():
    labels, points = standing()
    parts = parts_by_limbs(labels, points)
    assert part_at(parts, 64, 25) == "head" and part_at(parts, 64, 90) == "torso"
    assert part_at(parts, 94, 100) == "left arm" and part_at(parts, 33, 100) == "right arm"
    assert part_at(parts, 76, 190) == "left leg" and part_at(parts, 52, 190) == "right leg"
    assert part_at(parts, 76, 245) == "left foot" and part_at(parts, 52, 245) == "right foot"
    assert (parts[labels == 0] == 0).all()


def test_an_arm_before_the_body_is_an_arm():
    labels, points = standing()
    for name, place in (("left elbow", (84, 90)), ("left wrist", (60, 104)), ("left hand", (52, 106))):
        points[KEYPOINTS.index(name), :2] = place
    labels[100:108, 50:66] = REGION_CLASSES.index("skin")
    parts = parts_by_limbs(labels, points)
    assert part_at(parts, 60, 104) == "left arm" and part_at(parts, 72, 97) == "left arm"
    assert part_at(parts, 64, 75) == "torso"
    points[[KEYPOINTS.index(f"left {name}") for name in ("elbow", "wrist", "hand")], 2] = 0.1  # behind the back
    assert part_at(parts_by_limbs(labels, points), 72, 97) == "torso"


def test_what_hides_the_body_is_not_known():
    labels, points = standing()
    labels[90:110, 60:80] = REGION_CLASSES.index("bag")
    assert (parts_by_limbs(labels, points)[90:110, 60:80] == UNKNOWN).all()


def test_a_mirrored_left_is_a_right():
    assert [mirrored(name) for name in ("nose", "left hand", "right knee")] == ["nose", "right hand", "left knee"]


def test_heat_is_least_where_the_points_are():
    points = torch.tensor([[[10.5, 30.5, 1.0], [5.0, 5.0, 0.0]]])
    right = torch.full((1, 2, 64, 32), -6.0)
    right[0, 0, 30, 10] = 6
    wrong, unseen = right.roll(9, 2), right.clone()
    unseen[0, 1, 5, 5] = 6
    assert heat_loss(right, points) < heat_loss(wrong, points)
    assert heat_loss(right, points) < heat_loss(unseen, points)


class Bright(nn.Module):
    """Logits of parts, and the heat of two hands: of what is bright, left is to the left."""

    def forward(self, picture):
        parts = torch.full((len(picture), len(PART_CLASSES), *picture.shape[2:]), -5.0)
        heat = picture.mean(1, keepdim=True) * 10 - 5
        left = torch.arange(picture.shape[3]) < picture.shape[3] // 2
        return torch.cat([parts, heat.where(left, -5), heat.where(~left, -5)], 1)


def test_points_are_in_pixels_of_the_picture():
    pose = Pose(Bright(), height=64, keypoints=("left hand", "right hand"))
    picture = torch.zeros(2, 3, 128, 64)
    picture[:, :, 40:42, 16:18] = 1
    picture[:, :, 80:82, 44:46] = 0.6
    found = pose.points(picture)
    assert found["left hand"][0, :2].tolist() == pytest.approx([17, 41])
    assert found["right hand"][1, :2].tolist() == pytest.approx([45, 81])
    assert found["right hand"][1, 2] < found["left hand"][1, 2] < 1
    assert pose.maps(picture).shape[1] == len(PART_CLASSES) - 1
    assert Pose(nn.Conv2d(3, len(PART_CLASSES), 1)).points(picture) == {}


def test_a_point_lies_in_the_middle_of_what_is_warm():
    pose = Pose(Bright(), height=128, keypoints=("left hand", "right hand"))
    picture = torch.zeros(1, 3, 128, 64)
    picture[:, :, 40:51, 20] = 0.5  # a stretch of faint warmth
    picture[:, :, 41, 20] = 0.52  # with a peak beside its middle
    assert pose.points(picture)["left hand"][0, :2].tolist() == pytest.approx([20.5, 45.5], abs=2)


def test_a_teacher_looks_at_the_mirror_image_as_well():
    class OneSided(Teacher):
        """Finds the left hand where the picture is darkest, and all else 4 pixels to the right of it."""

        def __init__(self):
            pass

        def look(self, picture):
            y, x = np.unravel_index(picture[..., 0].argmin(), picture.shape[:2])
            points = np.tile([x + 4.5, y + 0.5, 1.0], (len(KEYPOINTS), 1))
            points[KEYPOINTS.index("left hand"), 0] -= 4
            return points, picture[..., 0]

    picture = np.full((64, 32, 3), 255, np.uint8)
    picture[20, 10] = 0
    points = dict(zip(KEYPOINTS, OneSided()(picture)[0], strict=True))
    assert points["nose"].tolist() == [10.5, 20.5, 1]  # to the right, and to the left in the mirror
    assert points["left hand"].tolist() == [8.5, 20.5, 1]
