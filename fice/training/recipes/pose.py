"""Trains the pose network: `python -m fice.training.recipes.pose --data PREPARED --out RUN --regions RUN`.

It starts from the region network, which knows people already, or from another one of its kind. Where PREPARED has the
keypoints of a teacher (`fice.training.recipes.keypoints`) it learns these too, and body parts are those of its limbs;
without them parts are derived from the proportions of a standing body (`fice.training.parts`).
"""

from __future__ import annotations

import json

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle.bundle import load_bundle
from fice.nets.pyramid import Pyramid
from fice.subject.limbs import SEEN
from fice.subject.pose import KEYPOINTS, MIRRORED, PART_CLASSES, Pose, swapped
from fice.training import parsing
from fice.training.data.dataset import Framed, load_framed, person_box, to_tensor
from fice.training.parts import body_parts, parts_by_limbs
from fice.training.recipe import begin, finish, options, run_of, take_over
from fice.training.recipes.keypoints import FILE, load_taught

RARE, HEAT = 40.0, 10.0  # extra weight of a bell's pixels; weight of the keypoints


def heat_loss(logits: Tensor, points: Tensor) -> Tensor:
    """Binary cross-entropy of heat maps (B, K, h, w) with bells at points (B, K, 3), as high as these can be seen.

    A bell is as wide as a hundredth of the picture is high; its pixels weigh more, for they are few.
    """
    rows, columns = (torch.arange(size, device=logits.device) + 0.5 for size in logits.shape[2:])
    squares = (rows[:, None] - points[..., 1, None, None]) ** 2 + (columns - points[..., 0, None, None]) ** 2
    bells = torch.exp(-squares / (2 * (0.01 * logits.shape[2]) ** 2)) * points[..., 2, None, None]
    return F.binary_cross_entropy_with_logits(logits, bells, 1 + RARE * bells, reduction="mean") * HEAT


@torch.no_grad()
def validate(pose: Pose, pictures: np.ndarray, parts: np.ndarray, points: np.ndarray | None) -> dict[str, float]:
    """IoU of each part, how often left is taken for right, and the share of keypoints that are right.

    pictures: canvases (N, H, W, 3) uint8. A keypoint that the teacher sees is right within a tenth of the length of the
    torso (PCK, Yang and Ramanan, TPAMI 2013).
    """
    counts, hits = np.zeros((len(PART_CLASSES),) * 2, np.int64), []
    for index, (picture, part) in enumerate(zip(pictures, parts, strict=True)):
        maps = pose.maps(to_tensor(picture))[0]
        found = torch.cat([1 - maps.sum(0, keepdim=True), maps]).argmax(0)
        counts = counts + parsing.confusion(found, torch.tensor(part), len(PART_CLASSES))
        if points is not None:
            known = dict(zip(KEYPOINTS, points[index], strict=True))
            middle = lambda name: (known[f"left {name}"] + known[f"right {name}"])[:2] / 2  # noqa: E731,B023
            reach = 0.1 * np.linalg.norm(middle("shoulder") - middle("hip"))
            for name, point in pose.points(to_tensor(picture)).items():
                if known[name][2] >= SEEN:
                    hits.append(np.linalg.norm(point[0, :2].numpy() - known[name][:2]) <= reach)
    ious = parsing.intersection_over_union(counts)
    sided = range(3, len(PART_CLASSES))
    wrong, right = sum(counts[i, MIRRORED[i]] for i in sided), sum(counts[i, i] for i in sided)
    confused = wrong / max(wrong + right, 1)
    figures = {f"iou {name}": round(float(iou), 4) for name, iou in zip(PART_CLASSES, ious, strict=True)}
    if hits:
        figures["keypoints"] = round(float(np.mean(hits)), 4)
    return {"mean iou": round(float(ious.mean()), 4), "left taken for right": round(float(confused), 4), **figures}


def figures_of(network: Pyramid, framed: Framed, parts: np.ndarray, points: np.ndarray | None) -> dict[str, float]:
    """What `validate` finds on the labelled people that were never trained on."""
    held_out = framed.validation & framed.labelled
    pose = Pose(network, height=parsing.TALLEST, keypoints=() if points is None else KEYPOINTS)
    return validate(pose, framed.pictures[held_out], parts[held_out], None if points is None else points[held_out])


def losses(logits: Tensor, labels: Tensor, points: Tensor) -> dict[str, Tensor]:
    """Parts, and keypoints where there are any, of views in which a teacher sees somebody."""
    found = parsing.labelling_losses(logits[:, : len(PART_CLASSES)], labels)
    if points.shape[1]:
        found["keypoints"] = heat_loss(logits[:, len(PART_CLASSES) :], points)
    return found


def main() -> None:
    parser = options(__doc__, evaluates=True)
    parser.add_argument("--regions", default="street", help="a bundle or run folder that has regions; street")
    parser.add_argument("--start", help="another one, whose pose is gone on from")
    args = parser.parse_args()
    begin(args.threads, args.seed)
    framed = load_framed(args.data)
    points = load_taught(args.data).points if (args.data / FILE).is_file() else None
    if points is None:
        parts = np.stack([body_parts(labels) for labels in framed.labels])
    else:
        parts = np.stack([parts_by_limbs(*each) for each in zip(framed.labels, points, strict=True)])
    keypoints = () if points is None else KEYPOINTS
    if args.evaluate:
        print(json.dumps(figures_of(load_bundle(str(args.out)).part("pose"), framed, parts, points)))
        return
    chosen = np.flatnonzero(~framed.validation)[: 40 if args.smoke else None]
    boxes = [person_box(framed.labels[i]) for i in chosen]
    mirror = list(range(256))
    mirror[: len(MIRRORED)] = MIRRORED
    seen, order = None if points is None else points[chosen], swapped(keypoints)
    views = parsing.Views(
        framed.pictures[chosen], parts[chosen], boxes, [], mirror, args.seed, points=seen, mirrored_points=order
    )
    regions = load_bundle(args.regions)
    arguments = {**regions.parts["regions"].arguments, "classes": len(PART_CLASSES) + len(keypoints)}
    network = Pyramid(**arguments)
    take_over(network, load_bundle(args.start).part("pose") if args.start else regions.part("regions"))
    parsing.hold_still(network)
    network = parsing.train(network, views, losses, args.device, run_of(args))
    extra = {"names": PART_CLASSES, "keypoints": keypoints, "height": parsing.TALLEST}
    finish(args.out, "pose", network, "pyramid", arguments, extra, figures_of(network, framed, parts, points))


if __name__ == "__main__":
    main()
