"""Poses that somebody asks for: photos, parts and keypoints, told apart by their content and laid over a person."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from drawn import REGIONS, person
from PIL import Image

from fice.errors import InputError
from fice.inversion.posing import with_stance
from fice.inversion.terms import Posed
from fice.language.words import parse
from fice.order import Order
from fice.plan import make_plan
from fice.settings import Settings
from fice.subject.pose import PART_CLASSES, Pose
from fice.subject.stance import COCO, NAMES, maps_of, placed, read_stance

UPRIGHT = {
    "nose": (50, 20),
    "shoulder": (10, 32),
    "elbow": (20, 48),
    "wrist": (30, 62),
    "hip": (7, 61),
    "knee": (7, 82),
    "ankle": (7, 102),
}


def keypoints(count, arm=1):
    """Numbers of somebody upright; arm: -1 lifts both. The person's left is at x > 50."""
    found = []
    for name in NAMES[count]:
        side, _, joint = name.rpartition("_")
        if name == "nose":
            found += [50, 20, 1]
        elif joint not in UPRIGHT:
            found += [0, 0, 0]
        else:
            away, y = UPRIGHT[joint]
            y = 32 + arm * (y - 32) if joint in ("elbow", "wrist") else y
            found += [50 + (away if side == "left" else -away), y, 1]
    return found


def written(folder, content):
    path = folder / "pose.json"
    path.write_text(json.dumps(content))
    return path


def as_openpose(numbers):
    return {"people": [{"pose_keypoints_2d": numbers}, {"pose_keypoints_2d": []}]}


def as_coco(numbers):
    return {"images": [], "annotations": [{"keypoints": numbers, "num_keypoints": 13}]}


@pytest.mark.parametrize(
    ("count", "way"),
    [(25, as_openpose), (18, as_openpose), (17, as_coco), (17, lambda n: [as_coco(n)["annotations"][0]])],
)
def test_keypoints_become_a_body(tmp_path, count, way):
    parts = read_stance(written(tmp_path, way(keypoints(count)))).parts
    assert set(np.unique(parts)) == set(range(len(PART_CLASSES)))
    middle = {name: np.argwhere(parts == i).mean(0) for i, name in enumerate(PART_CLASSES)}
    assert middle["head"][0] < middle["torso"][0] < middle["left leg"][0] < middle["left foot"][0]
    assert middle["right arm"][1] < middle["torso"][1] < middle["left arm"][1]


def test_lifted_arms_are_lifted(tmp_path):
    rows = []
    for arm in (1, -1):
        parts = read_stance(written(tmp_path, as_openpose(keypoints(25, arm)))).parts
        arms = np.isin(parts, [PART_CLASSES.index(f"{side} arm") for side in ("left", "right")])
        rows.append(np.argwhere(arms)[:, 0].mean() - np.argwhere(parts == PART_CLASSES.index("torso"))[:, 0].mean())
    assert rows[1] < rows[0] < 40


@pytest.mark.parametrize("mode", ["L", "P"])
def test_densepose_is_told_from_our_own_parts(tmp_path, mode):
    levels = np.zeros((40, 20), np.uint8)
    levels[2:8, 8:12], levels[8:20, 5:15], levels[20:36, 6:9] = 23, 2, 9
    ours = np.select([levels == 2, levels == 9], [2, 6], 0)
    for name, numbers in (("densepose", levels), ("ours", ours)):
        image = Image.fromarray(numbers.astype(np.uint8))
        if mode == "P":
            image = image.convert("P")
            image.putpalette([value for i in range(256) for value in (i, 255 - i, 0)])
        image.save(tmp_path / f"{name}.png")
    parts = read_stance(tmp_path / "densepose.png").parts
    at = lambda name: PART_CLASSES.index(name)  # noqa: E731
    assert (parts[4, 10], parts[10, 10], parts[30, 7], parts[0, 0]) == (at("head"), at("torso"), at("right leg"), 0)
    assert set(np.unique(read_stance(tmp_path / "ours.png").parts)) <= {0, 2, 6}


def test_a_photo_is_looked_at_later(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (64, 48, 3), dtype=np.uint8)).save(tmp_path / "p.png")
    stance = read_stance(tmp_path / "p.png")
    assert stance.parts is None and stance.photo.size == (64, 48)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "nobody's keypoints"),
        ({"people": []}, "nobody's keypoints"),
        ([], "nobody's keypoints"),
        ({"people": [{"pose_keypoints_2d": [1, 2, 3]}]}, "nobody's keypoints"),
        ({"keypoints": ["a"] * 51}, "no json of keypoints"),
        ({"keypoints": [1] * 50}, "no json of keypoints"),
        ({"keypoints": [[1, 2], 3] * 25}, "no json of keypoints"),
        ({"keypoints": [0] * 51}, "lacks a shoulder or a hip"),
        ({"keypoints": [float("nan")] * 51}, "finite pixels"),
        ({"keypoints": [1e300] * 51}, "finite pixels"),
    ],
)
def test_json_without_a_person_is_told_in_a_sentence(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        read_stance(written(tmp_path, content))


def test_what_is_broken_large_or_empty_is_told(tmp_path):
    (tmp_path / "cut.json").write_text('{"people": [')
    (tmp_path / "large.json").write_text("[" + " " * 5_000_000 + "]")
    Image.new("L", (40, 40)).save(tmp_path / "black.png")
    for name, said in (
        ("cut.json", "no json"),
        ("large.json", "far larger"),
        ("black.png", "no part of a body"),
        ("none", "does not exist"),
    ):
        with pytest.raises(InputError, match=said):
            read_stance(tmp_path / name)


def test_stances_meet_at_their_torsos():
    own, wanted = np.zeros((60, 30), np.uint8), np.zeros((120, 90), np.uint8)
    torso, arm = PART_CLASSES.index("torso"), PART_CLASSES.index("left arm")
    own[20:40, 10:20] = torso
    wanted[30:70, 50:70], wanted[30:70, 70:76] = torso, arm
    laid = placed(maps_of(wanted), maps_of(own))
    assert laid.shape == (1, len(PART_CLASSES) - 1, 60, 30)
    rows, columns = np.nonzero(laid[0, torso - 1].numpy() > 0.5)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == pytest.approx((20, 40, 10, 20), abs=1)
    assert laid[0, arm - 1, 22:38, 20:22].min() > 0.5


def test_where_legs_are_seen_they_count_too():
    own, wanted = np.zeros((60, 30), np.uint8), np.zeros((60, 30), np.uint8)
    legs = [PART_CLASSES.index(f"{side} leg") for side in ("left", "right")]
    for parts, hip in ((own, 30), (wanted, 45)):  # a network takes a long skirt for a torso
        parts[10:hip, 10:20] = PART_CLASSES.index("torso")
        parts[hip:50, 15:20], parts[hip:50, 10:15] = legs
    laid = placed(maps_of(wanted), maps_of(own))
    assert (laid - maps_of(wanted)).abs().mean() < 0.01


class Still(torch.nn.Module):
    """A pose network that sees a torso in the middle, whatever it is shown."""

    def forward(self, picture):
        found = torch.zeros(len(picture), len(PART_CLASSES), *picture.shape[2:])
        found[:, 0] = 9
        height, width = picture.shape[2:]
        found[:, 2, height // 4 : height // 2, width // 3 : 2 * width // 3] = 18
        return found


@pytest.mark.parametrize("keep", ["garment", "body"])
def test_the_pose_term_pulls_only_where_something_may_change(tmp_path, keep):
    subject, pose = person().subject, Pose(Still())
    settings = Settings.preset("generated", keep=keep)
    order = Order.of("red shirt", pose=str(written(tmp_path, as_openpose(keypoints(25, -1)))))
    plan = make_plan(subject, order, [(order.garments[0], parse("red shirt")[0])], REGIONS, settings)
    assert plan.pieces[0].reshape
    posed = with_stance(plan, pose, SimpleNamespace(regions=REGIONS), settings)
    own = pose.maps(subject.source)
    moved = (posed.stance - own).abs().amax(1, keepdim=True)
    assert moved.max() > 0.5 and moved[posed.keep == 1].max() == 0
    assert (posed.keep < plan.keep).any() == (keep == "body")
    assert torch.equal(Posed(pose, 1.0).targets(posed, 0, None)["maps"], posed.stance)
    assert torch.equal(Posed(pose, 1.0).targets(plan, 0, None)["maps"], own)


def test_a_network_of_other_parts_wants_a_photo(tmp_path):
    subject, order = (
        person().subject,
        Order.of("red shirt", pose=str(written(tmp_path, as_coco(keypoints(len(COCO.split())))))),
    )
    settings = Settings.preset("generated")
    plan = make_plan(subject, order, [(order.garments[0], parse("red shirt")[0])], REGIONS, settings)
    other = Pose(Still(), names=("background", *(f"part {i}" for i in range(8))))
    with pytest.raises(InputError, match="give a photo"):
        with_stance(plan, other, SimpleNamespace(regions=REGIONS), settings)
