"""Trains the pose network: `python -m fice.training.pose --data PREPARED --out RUN --regions RUN`.

Body parts are derived from region labels and the proportions of a standing body: the head is hair and face, feet are
shoes, legs and skirts part at each row's middle, cloth far from the spine is an arm. It starts from the region
network, which knows people already.
"""

from __future__ import annotations

import json

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from fice.bundle import load_bundle
from fice.nets.pyramid import Pyramid
from fice.pack import save_figures, save_part
from fice.pose import MIRRORED, PART_CLASSES
from fice.regions import REGION_CLASSES
from fice.training import parsing
from fice.training.data import load_framed, person_box, to_tensor
from fice.training.recipe import options, take_over

HIP, ANKLE, TRUNK = 0.52, 0.94, 0.095  # shares of the body's height: hip and ankle from the top, half the trunk's width


def body_parts(labels: np.ndarray) -> np.ndarray:
    """Region labels (H, W) -> indices into PART_CLASSES (H, W) uint8, 255 where unknown."""
    is_a = lambda *names: np.isin(labels, [REGION_CLASSES.index(name) for name in names])  # noqa: E731
    parts = np.zeros(labels.shape, np.uint8)
    if not labels.any():
        return parts
    y0, _, y1, _ = person_box(labels)
    tall, (y, x) = y1 - y0, np.indices(labels.shape)
    cloth, skin = is_a("upper", "outer", "dress", "skirt", "trousers"), is_a("skin")
    upper_half = (y > y0 + 0.15 * tall) & (y < y0 + HIP * tall)
    spine = np.median(x[(cloth | skin) & upper_half]) if ((cloth | skin) & upper_half).any() else x[labels > 0].mean()
    sideways = abs(x - spine) > TRUNK * tall
    legs = (is_a("trousers", "legwear") & (y > y0 + 0.4 * tall)) | ((cloth | skin) & (y >= y0 + HIP * tall))
    legs &= ~(skin & sideways & (y < y0 + 0.66 * tall))  # hands hang beside the hips
    feet = is_a("shoes") | ((skin | is_a("legwear")) & (y > y0 + ANKLE * tall))
    arms = (skin & ~legs & (sideways | (y > y0 + 0.3 * tall))) | (cloth & ~legs & sideways)
    left = x > spine
    left_leg = x > _middles(legs | feet, spine)[:, None]

    parts[(cloth | skin) & ~legs & ~arms] = PART_CLASSES.index("torso")
    for where, name, side in ((arms, "arm", left), (legs & ~feet, "leg", left_leg), (feet, "foot", left_leg)):
        parts[where & side] = PART_CLASSES.index(f"left {name}")
        parts[where & ~side] = PART_CLASSES.index(f"right {name}")
    parts[is_a("hair", "face", "headwear")] = PART_CLASSES.index("head")
    parts[is_a("bag", "accessories")] = parsing.UNKNOWN  # they hide what lies behind them
    return parts


def _middles(mask: np.ndarray, default: float) -> np.ndarray:
    """The middle column of each row of a mask (H, W), smoothed over rows: (H,)."""
    left, right = mask.argmax(1), mask.shape[1] - 1 - mask[:, ::-1].argmax(1)
    middles = np.where(mask.any(1), (left + right) / 2, default)
    return ndimage.median_filter(middles, size=max(3, len(middles) // 24), mode="nearest")


@torch.no_grad()
def validate(network: nn.Module, pictures: np.ndarray, parts: np.ndarray) -> dict[str, float]:
    """IoU of each part, and how often left is taken for right, on canvases (N, H, W, 3) uint8."""
    counts = np.zeros((len(PART_CLASSES),) * 2, np.int64)
    for picture, part in zip(pictures, parts, strict=True):
        found = network(to_tensor(picture)).argmax(1)[0]
        counts = counts + parsing.confusion(found, torch.tensor(part), len(PART_CLASSES))
    ious = parsing.intersection_over_union(counts)
    sided = range(3, len(PART_CLASSES))
    wrong, right = sum(counts[i, MIRRORED[i]] for i in sided), sum(counts[i, i] for i in sided)
    confused = wrong / max(wrong + right, 1)
    figures = {f"iou {name}": round(float(iou), 4) for name, iou in zip(PART_CLASSES, ious, strict=True)}
    return {"mean iou": round(float(ious.mean()), 4), "left taken for right": round(float(confused), 4), **figures}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--regions", required=True, help="a bundle or run folder that has regions")
    args = parser.parse_args()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.manual_seed(args.seed)
    framed = load_framed(args.data)
    parts = np.stack([body_parts(labels) for labels in framed.labels])
    chosen = np.flatnonzero(~framed.validation)[: 40 if args.smoke else None]
    boxes = [person_box(framed.labels[i]) for i in chosen]
    mirror = list(range(256))
    mirror[: len(MIRRORED)] = MIRRORED
    views = parsing.Views(framed.pictures[chosen], parts[chosen], boxes, [], mirror, args.seed)
    regions = load_bundle(args.regions)
    arguments = {**regions.parts["regions"].arguments, "classes": len(PART_CLASSES)}
    network = Pyramid(**arguments)
    take_over(network, regions.part("regions"))
    network = parsing.train(network, views, args, torch.ones(len(PART_CLASSES)))
    held_out = framed.validation & framed.labelled
    figures = validate(network, framed.pictures[held_out], parts[held_out])
    print(json.dumps(figures))
    extra = {"names": PART_CLASSES, "height": parsing.TALLEST}
    save_part(args.out, "pose", network, "pyramid", arguments, extra)
    save_figures(args.out, {"pose": figures})


if __name__ == "__main__":
    main()
