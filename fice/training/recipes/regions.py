"""Trains the region network on labelled photographs: `python -m fice.training.recipes.regions --data DIR --out RUN`.

Half of the people are re-dressed, garment by garment, so that cloth tells nothing and shape and place everything.
With `--teacher RUN` a second network starts from the first and also learns from the photographs without pixel labels:
the first one labels them, among the garments that their tags name (a noisy student, arXiv 1911.04252). Where the
teacher's bundle has a generator, its people are labelled, too: garments are hung on them as on photographs. The result
lies half-way between both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fice.bundle.bundle import load_bundle
from fice.errors import InputError
from fice.files import whole_file
from fice.inversion.sample import people
from fice.nets.pyramid import Pyramid
from fice.nets.stylegan2 import Generator
from fice.subject.analysis import Analysis
from fice.subject.frame import Frame
from fice.subject.person import find_person
from fice.subject.regions import REGION_CLASSES, Regions
from fice.training import parsing
from fice.training.data.captions import Worn
from fice.training.data.dataset import Street, frame_labels, load_street, merge_labels, person_box, to_tensor
from fice.training.data.folder import is_validation, read_folder
from fice.training.data.outfits import random_look
from fice.training.features import FEATURES, load_features
from fice.training.recipe import begin, between, finish, options, run_of

CANVAS = (256, 128)
VIEW = (512, 256)  # at which an edit sees a person
LOOK = 320  # rows at which a person is looked at: of those that are trained on the best
HEIGHT = 512  # pixels to which photographs are reduced
SINGLED = {  # what has a channel of its own beside its region's, for words that name it
    "glasses": ("headwear", ("glasses", "sunglasses")),
    "belt": ("accessories", ("belt",)),
    "scarf": ("accessories", ("scarf",)),
}
CHANNELS = (*REGION_CLASSES, *SINGLED)
MERGED = (*REGION_CLASSES, *(region for region, _ in SINGLED.values()))  # the region of each channel
IMAGINED, IMAGINED_SEED = 256, 1_000_000  # generated people beside the photographs
SURE = 0.5  # probability from which a teacher's label counts
GARMENTS = tuple(REGION_CLASSES.index(name) for name in ("upper", "outer", "dress", "skirt", "trousers", "legwear"))
LEAST = 0.002  # share of the picture from which a garment is re-dressed
COST = {  # rare labels count more
    "background": 0.7,
    "skirt": 1.7,
    "dress": 1.2,
    "headwear": 2.0,
    "accessories": 1.5,
    "face": 1.3,
    "legwear": 2.0,
}


def channel_labels(fine: np.ndarray, street: Street) -> np.ndarray:
    """Fine labels (H, W) -> indices into CHANNELS (H, W) uint8."""
    labels = merge_labels(fine, street.classes, street.regions)
    for name, (_, classes) in SINGLED.items():
        labels[np.isin(fine, [street.classes.index(each) for each in classes if each in street.classes])] = (
            CHANNELS.index(name)
        )
    return labels


def labelled(street: Street):
    """(picture, labels, box, name) of each labelled photograph."""
    for name, picture, fine in zip(street.names, street.pictures, street.fine, strict=True):
        if fine is not None:
            labels = channel_labels(fine, street)
            yield picture, labels, person_box(labels), name


def taught(street: Street, teacher: Regions, folder: Path):
    """(picture, labels, box, name) of each unlabelled photograph with a person, labelled by a teacher of `CHANNELS`.

    folder: where what it says is kept, for a run that is resumed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture, fine, tags in zip(street.names, street.pictures, street.fine, street.tags, strict=True):
        if fine is not None:
            continue
        file = folder / f"{name}.png"
        if file.exists():
            labels = np.asarray(Image.open(file))
        else:
            labels = _told(picture, [street.regions[tag] for tag in tags], "suit" in tags, teacher)
            with whole_file(file) as stream:
                Image.fromarray(labels).save(stream, "PNG")
        yield from _of_somebody(picture, labels, name)


def imagined(generator: Generator, teacher: Regions, count: int):
    """(picture, labels, box, name) of generated people, labelled by a teacher of `CHANNELS`."""
    for index, picture in enumerate(people(generator, count, IMAGINED_SEED)):
        yield from _of_somebody(picture, _told(picture, [], False, teacher), f"imagined {index}")


def _of_somebody(picture: np.ndarray, labels: np.ndarray, name: str):
    """The sample of a picture in which a teacher has seen somebody, or none."""
    person = np.where(labels == parsing.UNKNOWN, 0, labels)
    if person.any():
        yield picture, labels, person_box(person), name


@torch.no_grad()
def _told(picture: np.ndarray, tagged: list[str], suit: bool, teacher: Regions) -> np.ndarray:
    """What a teacher of `CHANNELS` says of a photograph, (H, W) uint8; nothing where it sees nobody.

    A garment that the tags do not name is not there, where there are tags; where the teacher is in doubt the label is
    unknown.
    """
    photo = to_tensor(picture)
    try:
        box = find_person(teacher, photo).box
    except InputError:
        return np.zeros(picture.shape[:2], np.uint8)
    worn = {"background", "hair", "face", "skin", "shoes", "accessories"} | (set(tagged) or set(REGION_CLASSES))
    if suit:
        worn.add("trousers")
    possible = torch.tensor([region in worn for region in MERGED])
    height, width = photo.shape[-2:]
    frame = Frame(box, (height, width), VIEW)
    found = teacher.analyse(frame.to_canvas(photo)) * possible[:, None, None]
    found = frame.to_photo(found / found.sum(1, keepdim=True), kernel="linear")
    found[:, 0] += (1 - found.sum(1)).clamp(min=0)
    sure, labels = found[0].max(0)
    labels[sure < SURE] = parsing.UNKNOWN
    return labels.byte().numpy()


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
def validate(regions: Regions, see: Callable[[Tensor], Tensor], size: tuple[int, int], samples: list) -> dict:
    """Mean IoU, body IoU and that of each class, of people framed by their labels on a canvas of `size` (h, w).

    see: canvas (1, 3, h, w) -> the probabilities of the regions' classes (1, K, h, w).
    """
    count = len(regions.names)
    merged = np.array([REGION_CLASSES.index(region) for region in MERGED])
    counts, body = np.zeros((count, count), np.int64), np.zeros((2, 2), np.int64)
    for picture, labels, box, _ in samples:
        frame = Frame(box, labels.shape, size)
        truth = torch.tensor(frame_labels(frame, merged[labels]))
        found = see(frame.to_canvas(to_tensor(picture)))
        counts = counts + parsing.confusion(found.argmax(1)[0], truth, count)
        body = body + parsing.confusion(regions.body(found)[0, 0] > 0.5, truth > 0, 2)
    ious = parsing.intersection_over_union(counts)
    there = counts.sum(1) > 0
    mean, whole = ious.sum(where=there) / max(there.sum(), 1), parsing.intersection_over_union(body)[1]
    figures = {f"iou {name}": round(float(iou), 4) for name, iou in zip(regions.names, ious, strict=True)}
    return {"mean iou": round(float(mean), 4), "body iou": round(float(whole), 4), **figures}


def figures_of(network: Pyramid, samples: list) -> dict[str, float]:
    """Those of the network alone at the size of the generator's canvas, and, as `edit ...`, of what an edit sees.

    An edit looks at a `VIEW`, in `LOOK` rows, and lets the colours of the photograph decide what is open.
    """
    regions = Regions(network, MERGED, LOOK)
    figures = validate(regions, regions.analyse, CANVAS, samples)
    of_edits = validate(regions, Analysis(regions, CANVAS).of, VIEW, samples)
    return figures | {f"edit {name}": value for name, value in of_edits.items()}


def fresh(features: str | None) -> tuple[Pyramid, dict]:
    """A network on pretrained features, where they are named, and the arguments that build it again."""
    if features is None:
        arguments = {"classes": len(CHANNELS), "size": 0}
        return Pyramid(**arguments), arguments
    pretrained = load_features(features)
    arguments = {"classes": len(CHANNELS), "size": pretrained.size}
    network = Pyramid(**arguments)
    network.backbone.load_state_dict(pretrained.state_dict(), strict=False)  # what tells ImageNet's classes apart goes
    parsing.hold_still(network)
    return network, arguments


def main() -> None:
    parser = options(__doc__, evaluates=True)
    parser.add_argument("--features", default=FEATURES, help="lite0 to lite2, or a bundle that has some; none: fresh")
    parser.add_argument("--teacher", type=Path, help="the run folder of a network trained before")
    args = parser.parse_args()
    begin(args.threads, args.seed)
    read_folder(args.data).check_enough()
    street = load_street(args.data, HEIGHT, 60 if args.smoke else None)
    samples = list(labelled(street))
    training, unseen = ([s for s in samples if is_validation(s[3]) == kept] for kept in (False, True))
    if args.evaluate:
        print(json.dumps(figures_of(load_bundle(str(args.out)).part("regions"), unseen)))
        return
    network, arguments = fresh(None if args.features == "none" else args.features)
    if args.teacher:
        bundle = load_bundle(args.teacher)
        eye = bundle.part("regions")
        network.load_state_dict(eye.state_dict())
        teacher = Regions(eye, CHANNELS, LOOK)
        said = taught(street, teacher, args.out / "taught")
        training += [sample for sample in said if not is_validation(sample[3])]
        if "generator" in bundle.parts:
            training += imagined(bundle.part("generator"), teacher, 8 if args.smoke else IMAGINED)
    pictures, labels, boxes, _ = zip(*training, strict=True)
    mirror = list(range(256))
    negatives = without_people(args.data, 60 if args.smoke else None)
    views = parsing.Views(pictures, labels, boxes, negatives, mirror, args.seed, redressed)
    cost = torch.tensor([COST.get(name, COST.get(region, 1.0)) for name, region in zip(CHANNELS, MERGED, strict=True)])
    cost = cost.to(args.device)
    losses = lambda logits, labels, _: parsing.labelling_losses(logits, labels, cost)  # noqa: E731
    network = parsing.train(network, views, losses, args.device, run_of(args))
    if args.teacher:
        network = between(eye, network, 0.5)  # better than either
    figures = figures_of(network, unseen)
    extra = {"names": MERGED, "channels": CHANNELS, "height": LOOK}
    finish(args.out, "regions", network, "pyramid", arguments, extra, figures)


if __name__ == "__main__":
    main()
