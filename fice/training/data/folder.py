"""A folder of photographs to learn from: what it must look like, and a sentence for each thing that is amiss.

    photos/NAME.jpg     also .png and .webp
    labels/NAME.png     palette or grey, of the photograph's size; a pixel's value is an index into `classes`
    tags.json           {"classes": [...]}, and where there are such, {"regions": {...}, "tags": {...}}

`classes` names the values of the labels, from 0, the background. `regions` says which region
(`fice.subject.regions.REGION_CLASSES`) a class belongs to; names in `MERGE`, and the regions' own, are known
without it. `tags` says what is worn in a photograph, which helps where it has no label.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fice.errors import InputError
from fice.files import read_file
from fice.photo import decode
from fice.photo.photo import read_photo
from fice.subject.regions import REGION_CLASSES

MERGE = {
    "hair": "hair",
    "skin": "skin",
    "upper": "blouse bodysuit bra hoodie intimate jumper shirt sweater sweatshirt swimwear t-shirt top vest",
    "outer": "blazer cape cardigan coat jacket suit",
    "dress": "dress romper",
    "skirt": "skirt",
    "trousers": "jeans leggings pants shorts panties",
    "legwear": "socks stockings tights",
    "shoes": "boots clogs flats heels loafers pumps sandals shoes sneakers wedges",
    "bag": "bag purse wallet",
    "headwear": "hat glasses sunglasses earrings",
    "accessories": "accessories belt bracelet gloves necklace ring scarf tie watch",
}
KNOWN = {name: region for region, names in MERGE.items() for name in names.split()}
KNOWN |= {region: region for region in REGION_CLASSES} | {"null": "background"}
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
TAGS = "tags.json"
LARGEST = 1 << 26  # bytes of it
LEAST = 8  # labelled photographs to train on
MOST_CLASSES = 255  # the value 255 means: not known


@dataclass(frozen=True)
class Folder:
    """A folder that was looked through, its pictures not yet read.

    photos: sorted by name. labels: files by the photo's stem. regions: the region of every class. tags: by stem.
    """

    photos: list[Path]
    labels: dict[str, Path]
    classes: list[str]
    regions: dict[str, str]
    tags: dict[str, list[str]]

    @property
    def unlabelled(self) -> int:
        return sum(photo.stem not in self.labels for photo in self.photos)

    def first(self, limit: int | None) -> list[Path]:
        """At most so many photos: labelled ones before others, and one in six of them never trained on."""
        if limit is None or limit >= len(self.photos):
            return self.photos
        order = sorted(self.photos, key=lambda photo: photo.stem not in self.labels)
        held_out = [photo for photo in order if is_validation(photo.stem)][: max(limit // 6, 1)]
        others = [photo for photo in order if not is_validation(photo.stem)]
        return sorted([*held_out, *others[: limit - len(held_out)]])

    def check_enough(self) -> None:
        """InputError where there are too few labelled photographs to learn from and to measure on."""
        held_out = sum(is_validation(name) for name in self.labels)
        if len(self.labels) - held_out < LEAST:
            raise InputError(
                f"{len(self.labels) - held_out} labelled photographs are too few to learn from (at least {LEAST}, and"
                " hundreds for good results): label more of them."
            )
        if not held_out:
            raise InputError(
                f"None of the {len(self.labels)} labelled photographs is kept for measuring (one in ten is, by a hash"
                " of its name): label more of them, or rename some."
            )


def is_validation(name: str) -> bool:
    """One photograph in ten, by a hash of its name."""
    return zlib.crc32(name.encode()) % 10 == 0


def region_of(classes: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The region of every class: as given, else as `MERGE` has it. InputError for a class that nobody places."""
    regions = {name: KNOWN.get(name.lower()) for name in classes} | dict(given or {})
    regions[classes[0]] = regions[classes[0]] or "background"
    if regions[classes[0]] != "background":
        raise InputError(f"The value 0 of labels must be the background, not {classes[0]!r}: put it first in {TAGS}.")
    lost = [name for name, region in regions.items() if region is None]
    if lost:
        raise InputError(
            f'The classes {", ".join(lost)} belong to no region yet: say to which under "regions" of {TAGS}'
            f" ({', '.join(REGION_CLASSES)})."
        )
    return {name: str(region) for name, region in regions.items()}


def read_folder(folder: Path | str) -> Folder:
    """Looks through a folder of photographs. InputError, with a remedy, where it is not as it should be."""
    folder = Path(folder)
    photos = _files(folder / "photos", PICTURES)
    if not photos:
        raise InputError(f"{folder / 'photos'} holds no photographs: put them there, as .jpg, .png or .webp.")
    twins = {photo.stem for photo, after in zip(photos, photos[1:], strict=False) if photo.stem == after.stem}
    if twins:
        raise InputError(f"Several photographs are called {min(twins)}, and a label can belong to one: rename them.")
    card = _read_tags(folder / TAGS)
    names = {photo.stem for photo in photos}
    labels = {file.stem: file for file in _files(folder / "labels", (".png",)) if file.stem in names}
    return Folder(photos, labels, card["classes"], region_of(card["classes"], card["regions"]), card["tags"])


def read_picture(path: Path) -> np.ndarray:
    """A photograph as people see it: upright, sRGB, on white where it is transparent: (H, W, 3) uint8."""
    return np.rint(read_photo(path).seen() * 255).astype(np.uint8)


def read_label(path: Path, size: tuple[int, int], classes: Sequence[str]) -> np.ndarray:
    """The labels (H, W) uint8 of a photograph of `size` (H, W). InputError where they do not fit it or the classes."""
    data = decode.read_bytes(path, "label")
    with decode.readable(path, data):
        image = decode.open_image(data)
        image.load()
    if image.mode not in ("P", "L"):
        raise InputError(f"{path} is in {image.mode}: save labels as a palette or grey PNG, whose values are classes.")
    if image.size != size[::-1]:
        raise InputError(
            f"{path} has {image.width} x {image.height} pixels and its photograph {size[1]} x {size[0]}: make them"
            " the same."
        )
    labels = np.asarray(image)
    if labels.max() >= len(classes):
        raise InputError(
            f"{path} has the value {labels.max()}, and {TAGS} names the classes 0 to {len(classes) - 1}: name the"
            " others too."
        )
    return labels


def _files(folder: Path, endings: Sequence[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    files = [file for file in folder.iterdir() if file.suffix.lower() in endings and not file.name.startswith(".")]
    return sorted(files, key=lambda file: (file.stem, file.suffix))


def _read_tags(path: Path) -> dict:
    """classes, regions and tags of tags.json, checked."""
    try:
        card = json.loads(read_file(path, LARGEST))
    except FileNotFoundError as error:
        raise InputError(
            f'{path} is missing: write {{"classes": ["background", "hair", ...]}} into it, the names of the labels\''
            " values from 0."
        ) from error
    except (ValueError, OSError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}): mend it.") from error
    classes, regions, tags = (
        card.get(key) if isinstance(card, dict) else None for key in ("classes", "regions", "tags")
    )
    regions, tags = {} if regions is None else regions, {} if tags is None else tags
    if not isinstance(classes, list) or not 1 < len(set(map(str, classes))) == len(classes) <= MOST_CLASSES:
        raise InputError(f'{path} needs "classes": a list of 2 to {MOST_CLASSES} names, each once; write it.')
    if not isinstance(regions, dict) or not isinstance(tags, dict):
        raise InputError(f'"regions" and "tags" of {path} must be objects, of class: region and photo: [classes].')
    for name, region in regions.items():
        if name not in classes:
            raise InputError(f'"regions" of {path} places {name!r}, which is not among its classes: correct the name.')
        if region not in REGION_CLASSES:
            raise InputError(
                f'"regions" of {path} puts {name!r} into {region!r}: choose one of {", ".join(REGION_CLASSES)}.'
            )
    for name, worn in tags.items():
        if not isinstance(worn, list) or any(tag not in classes for tag in worn):
            raise InputError(f'"tags" of {path} must list classes for {name!r}: correct them.')
    return {"classes": [str(name) for name in classes], "regions": regions, "tags": tags}
