"""Trains the region network on labelled photographs: `python -m fice.training.regions --data DIR --out RUN`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fice.bundle import save_figures, save_part
from fice.frame import Frame
from fice.nets.parser import Parser
from fice.regions import REGION_CLASSES, Regions
from fice.training import parsing
from fice.training.data import frame_labels, is_validation, load_street, merge_labels, person_box
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


@torch.no_grad()
def validate(regions: Regions, samples: list) -> dict[str, float]:
    """Mean IoU and body IoU on framed canvases of 256x128, framed by the labels and looked at as an edit does."""
    count, counts, body = len(regions.names), 0, 0
    for picture, labels, box, _ in samples:
        frame = Frame(box, labels.shape, (256, 128))
        view = frame.to_canvas(torch.tensor(picture).permute(2, 0, 1)[None].float() / 255)
        truth = torch.tensor(frame_labels(frame, labels))
        found = regions.analyse(view)
        counts = counts + parsing.confusion(found.argmax(1)[0], truth, count)
        body = body + parsing.confusion(regions.body(found)[0, 0] > 0.5, truth > 0, 2)
    ious = parsing.intersection_over_union(counts)
    mean, whole = ious[counts.sum(1) > 0].mean(), parsing.intersection_over_union(body)[1]
    figures = {f"iou {name}": round(float(iou), 4) for name, iou in zip(regions.names, ious, strict=True)}
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
    figures = validate(Regions(network), [s for s in samples if is_validation(s[3])])
    print(json.dumps(figures))
    save_part(args.out, "regions", network, "parser", {"classes": len(REGION_CLASSES)}, {"names": REGION_CLASSES})
    save_figures(args.out, {"regions": figures})


if __name__ == "__main__":
    main()
