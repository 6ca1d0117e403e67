"""The photographs: labels merged into regions, people framed onto a white canvas."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from fice.subject.frame import Frame
from fice.subject.regions import REGION_CLASSES
from fice.training.data.folder import is_validation, read_folder, read_label, read_picture, region_of


@dataclass
class Street:
    """Photographs with their pixel labels, as they are (unequal sizes)."""

    names: list[str]
    pictures: list[np.ndarray]  # (H, W, 3) uint8
    fine: list[np.ndarray | None]  # (H, W) uint8, index into classes; None where unlabelled
    classes: list[str]
    regions: dict[str, str]  # of each class
    tags: list[list[str]]


@dataclass
class Framed:
    """People framed at 0.94 of a white canvas."""

    names: list[str]
    pictures: np.ndarray  # (N, H, W, 3) uint8
    labels: np.ndarray  # (N, H, W) uint8, index into REGION_CLASSES
    fine: np.ndarray  # (N, H, W) uint8, index into classes; meaningful where labelled
    labelled: np.ndarray  # (N,) bool
    classes: list[str]
    tags: list[list[str]]

    @property
    def validation(self) -> np.ndarray:
        """(N,) bool: never trained on."""
        return np.array([is_validation(name) for name in self.names])

    def only(self, keep: np.ndarray) -> Framed:
        """The people where `keep` (N,) bool is true."""
        chosen = np.flatnonzero(keep)
        return Framed(
            [self.names[i] for i in chosen],
            self.pictures[keep],
            self.labels[keep],
            self.fine[keep],
            self.labelled[keep],
            self.classes,
            [self.tags[i] for i in chosen],
        )

    def resized(self, canvas: tuple[int, int]) -> Framed:
        """The same people on a canvas of another size (H, W)."""
        size = canvas[::-1]
        shrink = lambda arrays, how: np.stack([np.asarray(Image.fromarray(a).resize(size, how)) for a in arrays])  # noqa: E731
        pictures = shrink(self.pictures, Image.Resampling.BOX)
        labels, fine = (shrink(arrays, Image.Resampling.NEAREST) for arrays in (self.labels, self.fine))
        return dataclasses.replace(self, pictures=pictures, labels=labels, fine=fine)


def to_tensor(picture: np.ndarray) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float in [0, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


def load_street(folder: Path, height: int = 512, limit: int | None = None) -> Street:
    """Reads a folder as `fice.training.data.folder` describes it, scaled to `height`; at most `limit` photographs.

    InputError, with a remedy, where the folder, a photograph or a label cannot be used.
    """
    found = read_folder(folder)
    files = found.first(limit)
    pictures, fine = [], []
    for file in files:
        photo = read_picture(file)
        size = (round(photo.shape[1] * height / photo.shape[0]), height)
        label = found.labels.get(file.stem)
        labels = None if label is None else read_label(label, photo.shape[:2], found.classes)
        if labels is not None and not (merge_labels(labels, found.classes, found.regions) > 0).any():
            labels = None  # a label that names nothing is no label
        pictures.append(np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX)))
        nearest = Image.Resampling.NEAREST
        fine.append(None if labels is None else np.asarray(Image.fromarray(labels).resize(size, nearest)))
    names = [file.stem for file in files]
    return Street(names, pictures, fine, found.classes, found.regions, [found.tags.get(name, []) for name in names])


def merge_labels(fine: np.ndarray, classes: list[str], regions: Mapping[str, str] | None = None) -> np.ndarray:
    """Fine labels (H, W) -> indices into REGION_CLASSES (H, W); regions: of the classes, where `MERGE` does not say.

    `skin` is split by place where no class is a face: near the head it is the face. `suit` is split at the hip into
    outer and trousers.
    """
    of = region_of(classes, regions)
    merged = np.array([REGION_CLASSES.index(of[name]) for name in classes], np.uint8)[fine]
    rows = np.flatnonzero(merged.any(1))
    if len(rows) == 0:
        return merged
    top, tall = rows[0], rows[-1] - rows[0] + 1
    places = np.indices(fine.shape)
    y, x = places[0], places[1]
    head = np.isin(merged, [REGION_CLASSES.index("hair"), REGION_CLASSES.index("headwear")])
    skin = merged == REGION_CLASSES.index("skin")
    upper_part = (head | skin) & (y < top + 0.2 * tall)
    if upper_part.any() and "face" not in of.values():
        middle = np.median(x[upper_part & (head if (head & upper_part).any() else skin)])
        merged[skin & (y < top + 0.165 * tall) & (abs(x - middle) < 0.1 * tall)] = REGION_CLASSES.index("face")
    if of.get("suit") == "outer":
        merged[(fine == classes.index("suit")) & (y > top + 0.5 * tall)] = REGION_CLASSES.index("trousers")
    return merged


def person_box(labels: np.ndarray) -> tuple[int, int, int, int]:
    """The box (y0, x0, y1, x1) of the largest connected person in a label map."""
    parts: np.ndarray
    parts, count = ndimage.label(ndimage.binary_dilation(labels > 0, iterations=2))
    if count > 1:
        parts = parts == 1 + np.argmax(ndimage.sum_labels(labels > 0, parts, range(1, count + 1)))
    rows, columns = np.flatnonzero((parts > 0).any(1)), np.flatnonzero((parts > 0).any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def frame_labels(frame: Frame, labels: np.ndarray) -> np.ndarray:
    """Labels (H, W) -> the label that covers most of each canvas pixel (h, w)."""
    values = np.union1d(0, labels)
    layers = torch.from_numpy(labels[None] == values[:, None, None]).float()[None]
    covered = frame.to_canvas(layers, fill=0.0)[0]
    covered[0] += (1 - covered.sum(0)).clamp(min=0)
    return values[covered.argmax(0).numpy()]


def save_framed(folder: Path, framed: Framed) -> None:
    """Writes framed.npz and framed.json; pictures as lossless WebP, half of what deflating them takes."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [_webp(picture) for picture in framed.pictures]
    arrays = {name: getattr(framed, name) for name in ("labels", "fine", "labelled")}
    arrays["pictures"] = np.frombuffer(b"".join(files), np.uint8)
    arrays["ends"] = np.cumsum([len(file) for file in files])  # of each picture's file
    np.savez_compressed(folder / "framed.npz", **arrays)
    meta = {"names": framed.names, "classes": framed.classes, "tags": framed.tags}
    (folder / "framed.json").write_text(json.dumps(meta))


def load_framed(folder: Path | str) -> Framed:
    """What `python -m fice.training.recipes.prepare` wrote, now or when pictures were still an array."""
    with np.load(Path(folder) / "framed.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    meta = json.loads((Path(folder) / "framed.json").read_text())
    if "ends" in arrays:
        files = np.split(arrays["pictures"], arrays.pop("ends")[:-1])
        pictures = [Image.open(io.BytesIO(file.tobytes())).convert("RGB") for file in files]
        arrays["pictures"] = np.stack([np.asarray(picture) for picture in pictures])
    return Framed(**meta, **arrays)


def _webp(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "WEBP", lossless=True, method=2, quality=50)
    return stream.getvalue()
