"""The joints of a body as ControlNets of poses expect them drawn: the 18 keypoints of OpenPose on black."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from fice.errors import InputError
from fice.plan import Plan
from fice.subject.analysis import Analysis
from fice.subject.frame import Frame
from fice.subject.limbs import TRUNK
from fice.subject.stance import looked_at, read_stance
from fice.subject.subject import Subject

Joints = Mapping[str, tuple[float, float, float]]  # x, y in pixels of the analysis canvas, and how sure

SIDES = ("right", "left")
NAMES = ("nose", "neck") + tuple(f"{side} {name}" for side in SIDES for name in ("shoulder", "elbow", "wrist"))
NAMES += tuple(f"{side} {name}" for side in SIDES for name in ("hip", "knee", "ankle"))
NAMES += ("right eye", "left eye", "right ear", "left ear")
# which two each limb joins, in the order of its colours; joints have the same colours in the order of their names
LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)
HEXES = "ff0000 ff5500 ffaa00 ffff00 aaff00 55ff00 00ff00 00ff55 00ffaa 00ffff 00aaff 0055ff 0000ff 5500ff aa00ff"
COLOURS = tuple(f"#{each}" for each in f"{HEXES} ff00ff ff00aa ff0055".split())
DIM = 0.6  # of a joint's colour a limb has
WIDTH = 4 / 512  # half a limb's width and a disc's radius over the root of the picture's area
EYE = 0.45  # of the way from the nose to an ear an eye lies aside
LIKELY = 0.3  # chance from which a joint counts
FINE = 4  # pixels drawn for one that is shown
HEAD = ("nose", "left ear", "right ear")


def skeleton(joints: Joints | None, canvas: Frame, crop: Frame) -> Tensor:
    """The joints drawn in a crop, (1, 3, h, w) in [0, 1]; black where none are known.

    joints: on the canvas of the frame `canvas`; crop: where what a model is shown lies in the same photo.
    """
    height, width = crop.canvas
    image = Image.new("RGB", (FINE * width, FINE * height))
    pen, at = ImageDraw.Draw(image), {}
    for name, (x, y, sure) in _named(joints or {}).items():
        if sure >= LIKELY:
            row, column = crop.point_to_canvas(*canvas.point_to_photo(y, x))
            at[NAMES.index(name)] = FINE * column, FINE * row
    radius = max(1.0, FINE * WIDTH * (height * width) ** 0.5)
    for (first, last), colour in zip(LIMBS, COLOURS, strict=False):
        if first in at and last in at:
            pen.polygon(_ellipse(at[first], at[last], radius), fill=_dimmed(colour))
    for number, (x, y) in at.items():
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[number])
    small = np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float32) / 255
    return torch.from_numpy(small).permute(2, 0, 1)[None]


def with_joints(plan: Plan, analysis: Analysis) -> Plan:
    """The plan, whose body shall stand as its order's pose shows: its trunk over the person's, the head as it is.

    InputError for a pose that cannot be used, and where shoulders or hips of either are not seen.
    """
    path, subject = str(plan.order.pose), plan.subject
    stance = read_stance(path)
    shown: Joints | None = stance.points
    if stance.photo is not None:
        shown = looked_at(stance.photo, path, analysis, subject.view.device).points
    elif shown is None:
        raise InputError(f"The pose {path} shows parts, and no joints: a diffusion model wants keypoints, or a photo.")
    for who, points in ((f"in the pose {path}", shown), ("in the photo", subject.points)):
        if points is None or any(points[name][2] < LIKELY for name in TRUNK):
            raise InputError(f"A shoulder or a hip is not seen {who}; give a picture that shows both of both.")
    return replace(plan, joints=_laid_over(shown or {}, subject))


def _laid_over(shown: Joints, subject: Subject) -> dict[str, tuple[float, float, float]]:
    """Joints moved so that their shoulders are the subject's, as large as that trunk; the head is the subject's own."""
    own = subject.points or {}
    middles = [[_middle(points, part) for part in ("shoulder", "hip")] for points in (shown, own)]
    (shoulders, hips), (own_shoulders, own_hips) = middles
    scale = np.linalg.norm(own_hips - own_shoulders) / max(float(np.linalg.norm(hips - shoulders)), 1e-6)
    moved = {}
    for name, (x, y, sure) in shown.items():
        x, y = own_shoulders + scale * (np.array([x, y]) - shoulders)
        moved[name] = (float(x), float(y), float(sure >= LIKELY))
    return moved | {name: own[name] for name in HEAD if name in own}


def _named(joints: Joints) -> dict[str, tuple[float, float, float]]:
    """The joints that OpenPose has: with a neck between the shoulders, and eyes between nose and ears."""
    found = {name: point for name, point in joints.items() if name in NAMES}
    pair = [joints[name] for name in TRUNK[:2] if name in joints]
    if len(pair) == 2:
        x, y = _middle(joints, "shoulder")
        found["neck"] = float(x), float(y), min(point[2] for point in pair)
    for side in SIDES:
        if "nose" in joints and f"{side} ear" in joints:
            (x, y, sure), (ear_x, ear_y, heard) = joints["nose"], joints[f"{side} ear"]
            found[f"{side} eye"] = x + EYE * (ear_x - x), min(y, ear_y), min(sure, heard)
    return found


def _middle(joints: Joints, part: str) -> np.ndarray:
    return np.mean([joints[f"{side} {part}"][:2] for side in SIDES], axis=0)


def _ellipse(start: tuple[float, float], end: tuple[float, float], radius: float) -> list[tuple[float, float]]:
    """The outline of an ellipse whose long axis is a limb."""
    (x0, y0), (x1, y1) = start, end
    turn = np.linspace(0, 2 * np.pi, 48)
    angle, half = np.arctan2(y1 - y0, x1 - x0), np.hypot(x1 - x0, y1 - y0) / 2
    along, across = half * np.cos(turn), radius * np.sin(turn)
    x = (x0 + x1) / 2 + along * np.cos(angle) - across * np.sin(angle)
    y = (y0 + y1) / 2 + along * np.sin(angle) + across * np.cos(angle)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _dimmed(colour: str) -> tuple[int, ...]:
    return tuple(round(DIM * int(colour[at : at + 2], 16)) for at in (1, 3, 5))
