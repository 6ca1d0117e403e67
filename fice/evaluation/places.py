"""How well words find places: `python -m fice.evaluation.places --data DIR [--keypoints PREPARED] [--limit 60]`.

Measured on labelled photographs that no network was trained on: the intersection over union of what is found and what
is labelled. Parts have no labels. What is taken for their truth is made of the labels of garments and of another
network's keypoints (`fice.training.recipes.keypoints`), by rules that are coarser than those of `fice.places`:

- sleeves: what of a top, coat or dress is nearer to a covered arm than to the trunk, and within `ARM` of it;
- collar: what of it is within `RING` of the base of the neck;
- hem: the lowest `HEM` of each column of the garment that ends near its lowest point;
- sides: a sleeve is left where it lies nearer to the left arm than to the right one; so are shoes, by the feet.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from fice.cloth.body import TALL
from fice.editor import Editor
from fice.errors import InputError
from fice.language.places import read_area
from fice.places.find import Places
from fice.subject.colours import TORSO
from fice.subject.frame import Frame
from fice.subject.pose import KEYPOINTS
from fice.subject.regions import REGION_CLASSES
from fice.subject.subject import Subject
from fice.training.data.dataset import frame_labels, load_framed, merge_labels, person_box
from fice.training.data.folder import Folder, is_validation, read_folder, read_label
from fice.training.recipes.keypoints import load_taught

# words, and the regions or classes of the labels that they mean
LABELLED: dict[str, str | tuple[str, ...]] = {
    "trousers": "trousers",
    "skirt": "skirt",
    "dress": "dress",
    "coat": "outer",
    "top": "upper",
    "bag": "bag",
}
LABELLED |= {"shoes": "shoes", "legwear": "legwear", "hat": ("hat",), "belt": ("belt",), "scarf": ("scarf",)}
LABELLED |= {"glasses": ("glasses", "sunglasses")}
CANVAS = (256, 128)  # on which keypoints were taught
HEMMED = ("dress", "skirt", "outer", "upper")
LEAST = 40.0  # cm² of a label that count
ARM, HEM, NEAR = 9.0, 0.08, 0.15  # cm, shares of a garment's height
RING = 10.0  # cm: half a neck, and a collar
COVERED = 0.4  # share of an upper arm, from the shoulder, that a sleeve covers
SURE = 0.5  # chance to be seen from which a keypoint counts


def truths(fine: np.ndarray, labels: np.ndarray, classes: list[str]) -> dict[str, np.ndarray]:
    """Where each of `LABELLED` is on the canvas, (h, w) bool. fine, labels: of classes and of regions, (h, w)."""
    found = {}
    for words, names in LABELLED.items():
        if isinstance(names, str):
            found[words] = labels == REGION_CLASSES.index(names)
        else:
            found[words] = np.isin(fine, [classes.index(name) for name in names if name in classes])
    return found


def parts(labels: np.ndarray, points: Mapping[str, np.ndarray], cm: float) -> dict[str, np.ndarray]:
    """What is taken for the truth of parts, (h, w) bool; points: those that are sure, (2,) in pixels of the canvas."""
    of = lambda *names: np.isin(labels, [REGION_CLASSES.index(name) for name in names])  # noqa: E731
    found = {}
    torso = ("left shoulder", "right shoulder", "left hip", "right hip")
    if all(name in points for name in torso):
        trunk = np.min([_far(labels.shape, *_middle(points, share), cm) for share in np.linspace(0, 1, 9)], 0)
        arms = {side: _arm(of(*TORSO), points, side, cm) for side in ("left", "right")}
        nearest = np.min([*arms.values()], 0)
        found["sleeves"] = of(*TORSO) & (nearest < ARM) & (nearest < trunk)
        for side, other in (("left", "right"), ("right", "left")):
            found[f"{side} sleeve"] = found["sleeves"] & (arms[side] < arms[other])
        if "nose" in points:
            middle = (points["left shoulder"] + points["right shoulder"]) / 2
            neck = middle + 0.25 * (points["nose"] - middle)
            y, x = np.indices(labels.shape) + 0.5
            found["collar"] = of(*TORSO) & (np.hypot(x - neck[0], y - neck[1]) * cm < RING)
    worn = next((name for name in HEMMED if of(name).sum() * cm**2 > 10 * LEAST), None)
    if worn:
        found["hem"] = _lowest(of(worn) & ~found.get("sleeves", np.zeros_like(labels, bool)))
    feet = {
        side: [points[f"{side} {joint}"] for joint in ("ankle", "toe") if f"{side} {joint}" in points]
        for side in ("left", "right")
    }
    if all(feet.values()):
        y, x = np.indices(labels.shape) + 0.5
        near = {side: np.min([np.hypot(x - px, y - py) for px, py in at], 0) for side, at in feet.items()}
        found["left shoe"] = of("shoes") & (near["left"] < near["right"])
        found["right shoe"] = of("shoes") & (near["left"] >= near["right"])
    return found


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of (h, w) bool."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def measure(places: Places, truth: Mapping[str, np.ndarray]) -> dict[str, float | None]:
    """For each of some words that are labelled there the overlap, 0 where nothing is found; None for a false find."""
    cm = places.figure.cm
    found: dict[str, float | None] = {}
    for words, where in truth.items():
        try:
            seen = places.find(read_area(words)).where[0, 0].cpu().numpy() > 0.5
        except InputError:
            seen = np.zeros_like(where)
        if where.sum() * cm**2 >= LEAST:
            found[words] = overlap(seen, where)
            other = words.replace("left", "*").replace("right", "left").replace("*", "right")
            if other != words and other in truth and seen.any():
                found[f"{words}: side"] = float((seen & where).sum() >= (seen & truth[other]).sum())
        elif seen.any():
            found[words] = None
    return found


def _middle(points: Mapping[str, np.ndarray], share: float) -> tuple[np.ndarray, np.ndarray]:
    """A line down the trunk, from the shoulders to the hips, that share of its width from the left."""
    ends = [points[f"left {j}"] + share * (points[f"right {j}"] - points[f"left {j}"]) for j in ("shoulder", "hip")]
    return ends[0], ends[1]


def _arm(cloth: np.ndarray, points: Mapping[str, np.ndarray], side: str, cm: float) -> np.ndarray:
    """cm from an arm below its uppermost fifth, (h, w); far away where it is not seen, or bare below the shoulder."""
    joints = [points.get(f"{side} {joint}") for joint in ("shoulder", "elbow", "wrist")]
    if joints[0] is None or joints[1] is None:
        return np.full(cloth.shape, 1e3)
    start, covered = (joints[0] + share * (joints[1] - joints[0]) for share in (0.2, COVERED))
    column, row = (int(np.clip(at, 0, size - 1)) for at, size in zip(covered, cloth.shape[::-1], strict=True))
    if not cloth[row, column]:
        return np.full(cloth.shape, 1e3)
    upper = _far(cloth.shape, start, joints[1], cm)
    return upper if joints[2] is None else np.minimum(upper, _far(cloth.shape, joints[1], joints[2], cm))


def _far(size: tuple[int, ...], one: np.ndarray, other: np.ndarray, cm: float) -> np.ndarray:
    """cm from a line between two points, (h, w)."""
    y, x = np.indices(size) + 0.5
    way = other - one
    share = np.clip(((x - one[0]) * way[0] + (y - one[1]) * way[1]) / max(float(way @ way), 1e-6), 0, 1)
    return np.hypot(x - one[0] - share * way[0], y - one[1] - share * way[1]) * cm


def _lowest(garment: np.ndarray) -> np.ndarray:
    """The lowest part of each column of a garment (h, w) bool that ends near its lowest point."""
    rows = np.flatnonzero(garment.any(1))
    if not len(rows):
        return garment
    height, y = np.ptp(rows) + 1, np.arange(len(garment))[:, None]
    ends = np.where(garment.any(0), len(garment) - 1 - garment[::-1].argmax(0), -1)
    ends = np.where(ends > rows[-1] - NEAR * height, ndimage.median_filter(ends, 5), len(garment) + height)
    return garment & (y > ends - HEM * height)


def looked_at(subject: Subject, label: Path, data: Folder, points: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All truths of a photograph on the analysis canvas; points: in its pixels, (2,) each, those that are sure."""
    fine = read_label(label, subject.photo.size, data.classes)
    frame = subject.frame
    labels = frame_labels(frame, merge_labels(fine, data.classes, data.regions))
    on_canvas = {name: np.array(frame.point_to_canvas(y, x))[::-1] for name, (x, y) in points.items()}
    cm = TALL / (frame.scale * (frame.box[2] - frame.box[0]))
    return truths(frame_labels(frame, fine), labels, data.classes) | parts(labels, on_canvas, cm)


def taught_points(prepared: Path | None, data: Folder) -> Callable[[str], dict[str, np.ndarray]]:
    """Of each photograph another network's keypoints, (2,) in its pixels, those that are sure."""
    if prepared is None:
        return lambda _: {}
    taught, names = load_taught(prepared).points, load_framed(prepared).names

    def points(name: str) -> dict[str, np.ndarray]:
        if name not in names:
            return {}
        with Image.open(data.labels[name]) as image:
            fine = np.asarray(image)
        labels = merge_labels(fine, data.classes, data.regions)
        frame = Frame(person_box(labels), labels.shape, CANVAS)
        found = {}
        for joint, (x, y, sure) in zip(KEYPOINTS, taught[names.index(name)], strict=True):
            if sure >= SURE:
                found[joint] = np.array(frame.point_to_photo(float(y), float(x)))[::-1]
        return found

    return points


def table(rows: Sequence[Mapping[str, float | None]]) -> str:
    """The mean overlap of each of the words, how often they were found where they are, and where they are not."""
    lines = [f"{'':16}{'photos':>8}{'IoU':>8}{'found':>8}{'false':>8}"]
    for words in dict.fromkeys(words for row in rows for words in row):
        there = [value for row in rows if (value := row.get(words)) is not None]
        false = sum(words in row and row[words] is None for row in rows)
        mean, found = (np.mean(values or [np.nan]) for values in (there, [value > 0 for value in there]))
        lines.append(f"{words:16}{len(there):8}{mean:8.3f}{found:8.1%}{false:8}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder as of fice.training.data.folder")
    parser.add_argument("--keypoints", type=Path, help="the prepared folder with another network's keypoints")
    parser.add_argument("--limit", type=int, default=60, help="photographs at most")
    parser.add_argument("--seen", action="store_true", help="photographs that were trained on, to choose by")
    args = parser.parse_args()
    data, editor = read_folder(args.data), Editor()
    points = taught_points(args.keypoints, data)
    photos = [photo for photo in data.photos if photo.stem in data.labels and is_validation(photo.stem) != args.seen]
    rows = []
    for photo in tqdm(photos[:: max(1, len(photos) // args.limit)][: args.limit], unit="photo"):
        subject = editor.analyse(photo)
        truth = looked_at(subject, data.labels[photo.stem], data, points(photo.stem))
        rows.append(measure(Places(subject, editor.regions), truth))
    print(table(rows))


if __name__ == "__main__":
    main()
