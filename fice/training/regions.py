"""Trains the region network on labelled photographs: `python -m fice.training.regions --data DIR --out RUN`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fice.bundle import save_figures, save_part
from fice.nets.parser import Parser
from fice.regions import REGION_CLASSES
from fice.training import parsing
from fice.training.data import is_validation, load_street, merge_labels, person_box
from fice.training.recipe import options

COST = {  # rare labels count more
    "background": 0.7, "skirt": 1.7, "dress": 1.2, "headwear": 2.0, "accessories": 1.5, "face": 1.3, "legwear": 2.0,
}  # fmt: skip


def labelled(folder: Path, height: int, limit: int | None):
    """(picture, labels, box, name) of each labelled photograph."""
    street = load_street(folder, height, limit)
    for name, picture, fine in zip(street.names, street.pictures, street.fine, strict=True):
        if fine is not None:
            labels = merge_labels(fine, street.classes)
            yield picture, labels, person_box(labels), name


def without_people(folder: Path, limit: int | None) -> list[np.ndarray]:
    """Pictures that show no person: single garments where the data has them, and drawn gradients."""
    files = sorted(folder.parent.glob("garments/*/*.jpg"))[::4][:limit]
    pictures = [np.asarray(Image.open(file).convert("RGB").resize((160, 192))) for file in files]
    rng = np.random.default_rng(0)
    for _ in range(40):
        coarse = rng.integers(0, 256, (rng.integers(2, 9), rng.integers(2, 9), 3)).astype(np.uint8)
        pictures.append(np.asarray(Image.fromarray(coarse).resize((160, 192), int(rng.integers(0, 4)))))
    return pictures


def validate(network: Parser, samples: list) -> dict[str, float]:
    """Mean IoU and body IoU on framed canvases of 256x128, the frame taken from the labels."""
    pictures, truths = [], []
    for picture, labels, (y0, x0, y1, x1), _ in samples:
        scale = (y1 - y0) / (0.94 * 256)
        left, top = (x0 + x1) / 2 - 64 * scale, (y0 + y1) / 2 - 128 * scale
        window = (left, top, left + 128 * scale, top + 256 * scale)
        view, truth = parsing.crop(picture, window, (256, 128), 255), parsing.crop(labels, window, (256, 128), 0)
        pictures.append(torch.tensor(view).permute(2, 0, 1).float() / 255)
        truths.append(torch.tensor(truth))
    counts = parsing.confusion(network, pictures, truths, len(REGION_CLASSES))
    body = np.array([[counts[0, 0], counts[0, 1:].sum()], [counts[1:, 0].sum(), counts[1:, 1:].sum()]])
    ious = parsing.intersection_over_union(counts)
    figures = {f"iou {name}": round(float(iou), 4) for name, iou in zip(REGION_CLASSES, ious, strict=True)}
    mean, whole = ious[counts.sum(1) > 0].mean(), parsing.intersection_over_union(body)[1]
    return {"mean iou": round(float(mean), 4), "body iou": round(float(whole), 4), **figures}


def main() -> None:
    args = options(__doc__).parse_args()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.manual_seed(args.seed)
    samples = list(labelled(args.data, 384, 60 if args.smoke else None))
    training = [s for s in samples if not is_validation(s[3])]
    pictures, labels, boxes, _ = zip(*training, strict=True)
    views = parsing.Views(
        pictures, labels, boxes, without_people(args.data, 20 if args.smoke else None),
        list(range(len(REGION_CLASSES))), args.seed,
    )  # fmt: skip
    network = Parser(len(REGION_CLASSES))
    cost = torch.tensor([COST.get(name, 1.0) for name in REGION_CLASSES])
    network = parsing.train(network, views, args, cost)
    figures = validate(network, [s for s in samples if is_validation(s[3])])
    print(json.dumps(figures))
    save_part(args.out, "regions", network, "parser", {"classes": len(REGION_CLASSES)}, {"names": REGION_CLASSES})
    save_figures(args.out, {"regions": figures})


if __name__ == "__main__":
    main()
