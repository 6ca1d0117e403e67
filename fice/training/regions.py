"""Trains the region network on labelled photographs: `python -m fice.training.regions --data DIR --out RUN`.

Half of the people are re-dressed, garment by garment, so that cloth tells nothing and shape and place everything.
With `--teacher RUN` a second network starts from the first and also learns from the photographs without pixel labels:
the first one labels them, among the garments that their tags name (a noisy student, arXiv 1911.04252).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fice.bundle import load_bundle
from fice.errors import InputError
from fice.frame import Frame
from fice.nets.parser import Parser
from fice.pack import save_figures, save_part
from fice.person import find_person
from fice.regions import REGION_CLASSES, Regions
from fice.training import parsing
from fice.training.captions import Worn
from fice.training.data import frame_labels, load_street, merge_labels, person_box, to_tensor
from fice.training.folder import is_validation, read_folder
from fice.training.outfits import random_look
from fice.training.recipe import options

SURE = 0.5  # probability from which a teacher's label counts
GARMENTS = tuple(REGION_CLASSES.index(name) for name in ("upper", "outer", "dress", "skirt", "trousers", "legwear"))
LEAST = 0.002  # share of the picture from which a garment is re-dressed
COST = {  # rare labels count more
    "background": 0.7, "skirt": 1.7, "dress": 1.2, "headwear": 2.0, "accessories": 1.5, "face": 1.3, "legwear": 2.0,
}  # fmt: skip


def labelled(folder: Path, height: int, limit: int | None):
    """(picture, labels, box, name) of each labelled photograph."""
    street = load_street(folder, height, limit)
    for name, picture, fine in zip(street.names, street.pictures, street.fine, strict=True):
        if fine is not None:
            labels = merge_labels(fine, street.classes, street.regions)
            yield picture, labels, person_box(labels), name


@torch.no_grad()
def taught(folder: Path, height: int, limit: int | None, teacher: Regions):
    """(picture, labels, box, name) of each unlabelled photograph with a person, labelled by the teacher.

    A garment that the tags do not name is not there, where there are tags; where the teacher is in doubt the label is
    unknown.
    """
    street = load_street(folder, height, limit)
    always = {"background", "hair", "face", "skin", "shoes", "accessories"}
    for name, picture, fine, tags in zip(street.names, street.pictures, street.fine, street.tags, strict=True):
        if fine is not None:
            continue
        photo = to_tensor(picture)
        try:
            box = find_person(teacher, photo).box
        except InputError:
            continue
        worn = always | ({street.regions[tag] for tag in tags} or set(teacher.names))
        if "suit" in tags:
            worn.add("trousers")
        possible = torch.tensor([region in worn for region in teacher.names])
        frame = Frame(box, photo.shape[-2:], (256, 128))
        found = teacher.analyse(frame.to_canvas(photo)) * possible[:, None, None]
        found = frame.to_photo(found / found.sum(1, keepdim=True), kernel="linear")
        found[:, 0] += (1 - found.sum(1)).clamp(min=0)
        sure, labels = found[0].max(0)
        labels[sure < SURE] = parsing.UNKNOWN
        yield picture, labels.byte().numpy(), tuple(round(edge) for edge in box), name


def redressed(picture: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A person (H, W, 3) uint8 with labels (H, W) in other clothes: most garments in random colours and patterns."""
    for label in GARMENTS:
        mask = labels == label
        if mask.mean() > LEAST and rng.random() < 0.8:
            picture, _ = random_look(picture, Worn(mask, (), None, None), rng)
    return picture


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
    count = len(regions.names)
    counts, body = np.zeros((count, count), np.int64), np.zeros((2, 2), np.int64)
    for picture, labels, box, _ in samples:
        frame = Frame(box, labels.shape, (256, 128))
        view = frame.to_canvas(to_tensor(picture))
        truth = torch.tensor(frame_labels(frame, labels))
        found = regions.analyse(view)
        counts = counts + parsing.confusion(found.argmax(1)[0], truth, count)
        body = body + parsing.confusion(regions.body(found)[0, 0] > 0.5, truth > 0, 2)
    ious = parsing.intersection_over_union(counts)
    there = counts.sum(1) > 0
    mean, whole = ious.sum(where=there) / max(there.sum(), 1), parsing.intersection_over_union(body)[1]
    figures = {f"iou {name}": round(float(iou), 4) for name, iou in zip(regions.names, ious, strict=True)}
    return {"mean iou": round(float(mean), 4), "body iou": round(float(whole), 4), **figures}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--teacher", type=Path, help="the run folder of a network trained before")
    args = parser.parse_args()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    torch.manual_seed(args.seed)
    read_folder(args.data).check_enough()
    limit, network = 60 if args.smoke else None, Parser(len(REGION_CLASSES))
    samples = list(labelled(args.data, 384, limit))
    training = [s for s in samples if not is_validation(s[3])]
    if args.teacher:
        teacher = load_bundle(args.teacher).part("regions")
        network.load_state_dict(teacher.state_dict())
        training += [s for s in taught(args.data, 384, limit, Regions(teacher)) if not is_validation(s[3])]
    pictures, labels, boxes, _ = zip(*training, strict=True)
    mirror = list(range(256))
    views = parsing.Views(pictures, labels, boxes, without_people(args.data, limit), mirror, args.seed, redressed)
    cost = torch.tensor([COST.get(name, 1.0) for name in REGION_CLASSES])
    network = parsing.train(network, views, args, cost)
    figures = validate(Regions(network), [s for s in samples if is_validation(s[3])])
    print(json.dumps(figures))
    extra = {"names": REGION_CLASSES, "height": parsing.TALLEST}
    save_part(args.out, "regions", network, "parser", {"classes": len(REGION_CLASSES)}, extra)
    save_figures(args.out, {"regions": figures})


if __name__ == "__main__":
    main()
