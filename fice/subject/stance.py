"""A stance that somebody asks for: a photo, a picture of body parts, or keypoints, told apart by their content."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.errors import InputError
from fice.photo import decode
from fice.photo.photo import Photo, read_photo
from fice.subject.analysis import Analysis
from fice.subject.limbs import SEEN, TRUNK, drawn_body
from fice.subject.pose import KEYPOINTS, PART_CLASSES
from fice.subject.subject import Subject

MOST_BYTES = 4_000_000  # of keypoints in json
MOST_LEVELS = 24  # of DensePose's parts: a picture with brighter values is a photo
CANVAS = 512  # pixels of the longer side on which keypoints are drawn
MARGIN, FAR = 0.15, 1e6  # share of the keypoints' spread around them; pixels beyond which they are an error
BODY = 0.29  # of the body's height lies between shoulders and hips
HAND, TOE = 0.35, 0.05  # length of a hand over the forearm's, of a foot over the body's
MEETING = (("torso", "left leg", "right leg"), ("torso",))  # by what two stances are laid over each other
SPAN = (0.05, 0.95)  # quantiles of its rows

COCO = "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist"
COCO += " right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle"
OPENPOSE = "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist"
BODY_18 = f"{OPENPOSE} right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye"
BODY_25 = f"{OPENPOSE} middle_hip right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye"
EARS, TOES = " right_ear left_ear", " left_toe left_small left_heel right_toe right_small right_heel"
NAMES = {len(names.split()): names.split() for names in (COCO, BODY_18 + EARS, BODY_25 + EARS + TOES)}
# DensePose's numbers of each of PART_CLASSES
CHARTS = {
    "torso": (1, 2),
    "right arm": (3, 16, 18, 20, 22),
    "left arm": (4, 15, 17, 19, 21),
    "left foot": (5,),
    "right foot": (6,),
    "right leg": (7, 9, 11, 13),
    "left leg": (8, 10, 12, 14),
    "head": (23, 24),
}


@dataclass(frozen=True, eq=False)
class Stance:
    """How somebody stands.

    Attributes:
        parts: indices into PART_CLASSES, (H, W) uint8, or None of a photo.
        photo: of somebody, to be looked at, or None.
        points: x, y in pixels of the parts, and how sure, of each of KEYPOINTS, where the file tells them; or None.
    """

    parts: np.ndarray | None = None
    photo: Photo | None = None
    points: dict[str, tuple[float, float, float]] | None = None


def read_stance(path: str | Path) -> Stance:
    """The stance that a file shows. InputError for what cannot be read, and where nobody is in parts or keypoints."""
    path = Path(path)
    data = decode.read_bytes(path, "pose")
    if data.lstrip()[:1] in (b"{", b"["):
        return _of_keypoints(path, data)
    parts = _of_parts(path, data)
    return Stance(photo=read_photo(path, data)) if parts is None else Stance(parts)


def looked_at(photo: Photo, path: str, analysis: Analysis, device: torch.device) -> Subject:
    """What is seen in the photo of a stance, which lies at a path. InputError for one of no use."""
    try:
        return analysis(photo, device)
    except InputError as error:
        raise InputError(f"The pose {path} is of no use: {error}") from error


def placed(wanted: Tensor, own: Tensor) -> Tensor:
    """Maps of a stance laid over a person's so that their bodies meet: (1, P, h, w) and (1, P, H, W) -> (1, P, H, W).

    Both are probabilities of PART_CLASSES but the background. They meet at torso and legs, at the torso where legs are
    not seen, and with all that there is where no torso is.
    """
    meeting = next((names for names in MEETING if all(_sees(each, names) for each in (wanted, own))), PART_CLASSES[1:])
    index = [PART_CLASSES.index(name) - 1 for name in meeting]
    spans = (_span(each[:, index].sum(1, keepdim=True)) for each in (wanted, own))
    (top, bottom, middle), (own_top, own_bottom, own_middle) = spans
    scale = (bottom - top) / (own_bottom - own_top)  # pixels of the stance in one of the person's
    height, width = own.shape[2:]
    y = (torch.arange(height) + 0.5 - own_top) * scale + top
    x = (torch.arange(width) + 0.5 - own_middle) * scale + middle
    y, x = 2 * y / wanted.shape[2] - 1, 2 * x / wanted.shape[3] - 1
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None].to(wanted)
    return F.grid_sample(wanted, grid, align_corners=False)


def _sees(maps: Tensor, names: Sequence[str]) -> bool:
    return all(float(maps[:, PART_CLASSES.index(name) - 1].max()) >= SEEN for name in names)


def maps_of(parts: np.ndarray) -> Tensor:
    """Indices into PART_CLASSES (H, W) as maps (1, P, H, W) float, without background."""
    numbers = torch.from_numpy(parts.astype(np.int64))
    return F.one_hot(numbers, len(PART_CLASSES)).movedim(-1, 0)[None, 1:].float()


def _span(mask: Tensor) -> tuple[float, float, float]:
    """Top, bottom and middle column of a map (1, 1, h, w), without what sticks out."""
    rows, columns = (mask[0, 0].double().sum(axis) for axis in (1, 0))
    at = lambda mass, share: float((mass.cumsum(0) < share * mass.sum()).sum()) + 0.5  # noqa: E731
    top, bottom = (at(rows, share) for share in SPAN)
    return top, max(bottom, top + 1), at(columns, 0.5)


def _of_parts(path: Path, data: bytes) -> np.ndarray | None:
    """A picture of body parts as indices into PART_CLASSES; None for a photo. InputError where it shows nobody."""
    with decode.readable(path, data):
        image = decode.open_image(data)
        if image.mode not in ("L", "P") or image.format not in ("PNG", "TIFF", "GIF", "BMP"):
            return None
        if image.width * image.height > decode.MOST_PIXELS:
            raise decode.too_large(path)
        levels = np.asarray(image)
    if levels.max() > MOST_LEVELS:
        return None
    if levels.max() >= len(PART_CLASSES):
        table = np.zeros(MOST_LEVELS + 1, np.uint8)
        for name, numbers in CHARTS.items():
            table[list(numbers)] = PART_CLASSES.index(name)
        levels = table[levels]
    if not levels.any():
        raise InputError(f"The pose {path} shows no part of a body; give a picture of somebody.")
    factor = max(1, math.ceil(max(levels.shape) / CANVAS))
    return levels[factor // 2 :: factor, factor // 2 :: factor]


def _of_keypoints(path: Path, data: bytes) -> Stance:
    """Keypoints in json, and drawn. InputError for json without a person of whom shoulders and hips are known."""
    if len(data) > MOST_BYTES:
        raise InputError(f"The pose {path} is far larger than keypoints are; write those of one person.")
    try:
        numbers = _numbers(json.loads(data))
        points = None if numbers is None else np.asarray(numbers, float).reshape(-1, 3)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InputError(f"The pose {path} is no json of keypoints; write it as OpenPose or COCO does.") from error
    if points is None or len(points) not in NAMES:
        raise InputError(f"The pose {path} holds nobody's keypoints; write 17, 18 or 25 of x, y and how sure.")
    if not (np.isfinite(points).all() and np.abs(points[:, :2]).max() < FAR):
        raise InputError(f"The pose {path} holds keypoints that lie nowhere; write finite pixels.")
    at = {name.replace("_", " "): tuple(point) for name, point in zip(NAMES[len(points)], points, strict=True)}
    return _drawn(path, {name: at.get(name, (0.0, 0.0, 0.0)) for name in KEYPOINTS})


def _numbers(content: Any) -> Sequence[Any] | None:
    """The keypoints of the first person in OpenPose's or COCO's json, or None."""
    found = content
    for name in ("people", "annotations"):
        if isinstance(found, Mapping) and name in found:
            found = found[name]
    if isinstance(found, list):
        found = found[0] if found else None
    if not isinstance(found, Mapping):
        return None
    return found.get("pose_keypoints_2d", found.get("keypoints"))


def _drawn(path: Path, points: dict[str, tuple[float, float, float]]) -> Stance:
    sure = lambda *names: all(points[name][2] >= SEEN for name in names)  # noqa: E731
    if not sure(*TRUNK):
        raise InputError(f"The pose {path} lacks a shoulder or a hip; give a pose that shows both of both.")
    places = {name: np.array(point[:2]) for name, point in points.items()}
    shoulders, hips = (sum(places[name] for name in pair) / 2 for pair in (TRUNK[:2], TRUNK[2:]))
    tall = float(np.linalg.norm(shoulders - hips)) / BODY
    for side in ("left", "right"):
        elbow, wrist, knee, ankle = (f"{side} {name}" for name in ("elbow", "wrist", "knee", "ankle"))
        if sure(elbow, wrist):
            points[f"{side} hand"] = (*(places[wrist] + HAND * (places[wrist] - places[elbow])), 1.0)
        if sure(knee, ankle) and not sure(f"{side} toe"):
            down = places[ankle] - places[knee]
            points[f"{side} toe"] = (*(places[ankle] + TOE * tall * down / max(np.linalg.norm(down), 1e-6)), 1.0)
    seen = np.array([point[:2] for point in points.values() if point[2] >= SEEN])
    low, high = seen.min(0) - MARGIN * tall, seen.max(0) + MARGIN * tall
    scale = CANVAS / max(float((high - low).max()), 1e-6)
    size = tuple(max(1, round(side * scale)) for side in (high - low)[::-1])
    moved = {name: (*(scale * (np.array(point[:2]) - low)), point[2]) for name, point in points.items()}
    return Stance(drawn_body(size, moved, tall * scale), points=moved)
