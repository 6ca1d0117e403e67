"""Joints drawn as ControlNets expect them."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bodies import CANVAS, framed, joints
from conftest import person_on_a_wall
from diffusion import tiny
from diffusion.people import T_SHIRT, TROUSERS, plan_for, somebody
from PIL import Image

from fice.diffusion.skeleton import COLOURS, LIMBS, NAMES, skeleton, with_joints
from fice.editor import Editor
from fice.errors import InputError
from fice.order import Order
from fice.settings import Settings
from fice.subject.frame import Frame
from fice.subject.regions import HEAD
from fice.subject.stance import BODY_18, EARS

FRAME = framed()
CROP = Frame((100, 0, 500, 400), FRAME.photo_size, (256, 256), fill=1.0)


def colour(picture, x, y):
    """The colour at a point of the analysis canvas, #rrggbb."""
    row, column = CROP.point_to_canvas(*FRAME.point_to_photo(y, x))
    return "#" + "".join(f"{round(255 * value):02x}" for value in picture[0, :, int(row), int(column)].tolist())


def test_every_joint_and_limb_has_the_colour_that_openpose_gives_it():
    at = joints(40.0)
    drawn = skeleton(at, FRAME, CROP)
    assert drawn.shape == (1, 3, 256, 256) and drawn.min() == 0 and len(NAMES) == len(COLOURS) == 18 == len(LIMBS) + 1
    assert colour(drawn, *at["right elbow"][:2]) == "#ffff00" and colour(drawn, *at["left elbow"][:2]) == "#00ff00"
    middle = np.mean([at["right shoulder"][:2], at["right elbow"][:2]], axis=0)
    assert colour(drawn, *middle) == "#996600"  # six tenths of the third colour
    neck = np.mean([at["left shoulder"][:2], at["right shoulder"][:2]], axis=0)
    assert colour(drawn, *neck) == "#ff5500"


def test_joints_that_are_not_seen_are_not_drawn():
    assert skeleton(None, FRAME, CROP).max() == 0
    at = joints(40.0) | {"left elbow": (90.0, 90.0, 0.1)}
    assert colour(skeleton(at, FRAME, CROP), 90.0, 90.0) == "#000000"


def test_lines_are_as_wide_as_the_crop_is_large():
    large = replace(CROP, canvas=(512, 512))
    small, twice = (float((skeleton(joints(), FRAME, crop) > 0.1).any(1).float().mean()) for crop in (CROP, large))
    assert small == pytest.approx(twice, rel=0.2)


@pytest.fixture
def plan(tmp_path):
    return lambda pose: replace(
        plan_for(somebody(trousers=TROUSERS, upper=T_SHIRT), "red shirt"), order=Order.of("red shirt", pose=str(pose))
    )


def written(folder, at, scale=3.0):
    """Keypoints as OpenPose writes them, of a picture that is larger."""
    points = [at.get(name.replace("_", " "), (0, 0, 0)) for name in (BODY_18 + EARS).split()]
    numbers = [float(value) for x, y, sure in points for value in (scale * x, scale * y, sure)]
    (folder / "pose.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": numbers}]}))
    return folder / "pose.json"


def test_keypoints_of_another_picture_are_laid_over_the_person(plan, tmp_path):
    asked = joints(80.0)
    made = with_joints(plan(written(tmp_path, asked)), SimpleNamespace())
    for name in ("left shoulder", "right wrist", "left ankle"):
        assert made.joints[name][:2] == pytest.approx(asked[name][:2], abs=0.6)


def test_a_photo_of_somebody_is_looked_at(plan, tmp_path):
    photo = tmp_path / "pose.png"
    Image.fromarray(np.full((*CANVAS, 3), 200, np.uint8)).save(photo)
    seen = {name: (2 * x, 2 * y, sure) for name, (x, y, sure) in joints(80.0).items()}
    made = with_joints(plan(photo), lambda *_: SimpleNamespace(points=seen))
    assert made.joints["left elbow"][:2] == pytest.approx(joints(80.0)["left elbow"][:2], abs=0.1)


def test_a_pose_without_joints_is_refused(plan, tmp_path):
    parts = tmp_path / "parts.png"
    Image.fromarray(np.full((20, 10), 2, np.uint8)).save(parts)
    with pytest.raises(InputError, match="shows parts, and no joints"):
        with_joints(plan(parts), SimpleNamespace())
    hidden = plan(written(tmp_path, joints()))
    hidden = replace(hidden, subject=replace(hidden.subject, points=None))
    with pytest.raises(InputError, match="is not seen in the photo"):
        with_joints(hidden, SimpleNamespace())


def test_a_skeleton_is_plain_numbers():
    assert torch.isfinite(skeleton(joints(), FRAME, CROP)).all() and skeleton(joints(), FRAME, CROP).max() <= 1


def test_somebody_is_painted_as_another_stands_and_keeps_the_head(tmp_path):
    folders = {"pipeline": tiny.stable_diffusion(tmp_path / "sd"), "controlnet": tiny.controlnet(tmp_path / "control")}
    editor = Editor(tiny.bundle(tmp_path / "bundle", **folders), "cpu", Settings.preset("diffusion", steps=1, side=128))
    subject = editor.prepare(person_on_a_wall(tmp_path, seed=6))
    asked = {name: (x, y, 1.0) for name, (x, y, _) in subject.points.items()}
    x, y, _ = asked["left shoulder"]
    for name, out in (("elbow", 45.0), ("wrist", 70.0)):
        asked[f"left {name}"] = x + out, y - 30, 1.0
    edit = editor.edit(subject, "red coat", pose=str(written(tmp_path, asked, scale=1.0)))
    row, column = map(int, subject.frame.point_to_photo(y - 30, x + 45))
    assert edit.mask[row, column] and not edit.facts["complaints"]
    share = editor.regions.select(subject.regions, HEAD)
    inner = torch.nn.functional.avg_pool2d(share, 5, 1, 2)
    head = subject.frame.to_photo(inner, kernel="linear")[0, 0].numpy() > 0.9
    assert head.any() and np.array_equal(edit.pixels[head], subject.photo.pixels[head])
    assert edit.facts["check"]["painted"] < 0.05 and edit.facts["check"]["spill"] < 0.03
