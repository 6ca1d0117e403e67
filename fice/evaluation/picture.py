"""Figures of the picture on photographs with labels: `python -m fice.evaluation.picture --data DIR`.

On each held-out labelled photograph the largest garment is re-dressed in a plain colour. Measured are how much of what
lies before garments stayed (hands, hair, bags, jewellery), the colour reached (CIEDE2000), the rim, and, with a design
printed on plain garments first, how much of a known print is left.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from fice.bundle.bundle import load_bundle
from fice.editor import Editor
from fice.errors import InputError
from fice.photo.photo import read_photo
from fice.srgb import LUMINANCE, linear_light
from fice.training.data.folder import is_validation
from fice.training.data.redress import recolour

COLOURS = ("red", "navy", "white", "black", "green", "mustard", "light pink", "teal")
PRINTS = ("striped", "polka-dot", "checked", "floral")
BEFORE = {
    "skin": ("skin",),
    "hair": ("hair",),
    "bags": ("bag", "purse", "wallet"),
    "jewellery": ("bracelet", "necklace", "ring", "watch", "earrings"),
}
CHANGED, BLURRED = 8, 2  # levels from which a pixel changed; pixels by which labels are wrong


def stayed(labelled: np.ndarray, changed: np.ndarray) -> tuple[int, int]:
    """How many labelled pixels did not change, and of how many; both (H, W) bool.

    The labels' outlines are a pixel or two wrong, and thin things have none inside: the whole is counted where nothing
    would be left.
    """
    inner = ndimage.binary_erosion(labelled, iterations=BLURRED)
    inner = inner if inner.any() else labelled
    return int((inner & ~changed).sum()), int(inner.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with photos, labels and tags.json")
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--limit", type=int, help="no more photographs than that")
    args = parser.parse_args()
    classes = json.loads((args.data / "tags.json").read_text())["classes"]
    files = [file for file in sorted((args.data / "labels").glob("*.png")) if is_validation(file.stem)][: args.limit]
    editor = Editor(load_bundle(args.bundle))
    kept: dict[str, list[tuple[int, int]]] = {name: [] for name in BEFORE}
    distances, rims, left = [], [], []
    for number, file in enumerate(tqdm(files, unit="photo")):
        photo, colour = read_photo(args.data / "photos" / f"{file.stem}.jpg"), COLOURS[number % len(COLOURS)]
        try:
            edit = editor.edit(editor.analyse(photo), f"plain {colour} clothes")
        except InputError:
            continue
        distances += [reached["delta_e"] for reached in edit.facts["colours"]]
        rims.append(edit.facts["check"]["rim"])
        labels = np.asarray(Image.open(file))
        if labels.shape != photo.size:
            continue
        changed = np.abs(edit.pixels.astype(int) - photo.pixels).max(2) > CHANGED
        for name, words in BEFORE.items():
            kept[name].append(stayed(np.isin(labels, [classes.index(word) for word in words]), changed))
        printed = recolour(
            photo.pixels, edit.garment, (200, 60, 60), PRINTS[number % len(PRINTS)], np.random.default_rng(number)
        )
        plain = recolour(photo.pixels, edit.garment, (200, 60, 60), "solid", np.random.default_rng(number))
        results = [
            editor.edit(editor.analyse(replace(photo, pixels=pixels, coded=None)), f"plain {colour} clothes").pixels
            for pixels in (plain, printed)
        ]
        logs = [np.log(linear_light(pixels / 255) @ LUMINANCE + 0.01) for pixels in (plain, printed, *results)]
        inside = edit.garment > 0.95
        old, new = (logs[1] - logs[0])[inside], (logs[3] - logs[2])[inside]
        if old.std() > 0.15:
            left.append(abs(float(np.cov(old, new)[0, 1] / old.var())))
    figures = {
        f"{name} kept": round(sum(a for a, _ in pairs) / max(sum(b for _, b in pairs), 1), 4)
        for name, pairs in kept.items()
    }
    figures |= {
        "ΔE within 6": round(float(np.mean(np.array(distances) <= 6)), 4),
        "ΔE median": round(float(np.median(distances)), 2),
        "rim, more than in the photo": round(float(np.median(rims)), 2),
        "print left, median": round(float(np.median(left)), 4),
        "print left, within .15": round(float(np.mean(np.array(left) <= 0.15)), 4),
        "photographs": len(rims),
    }
    print(json.dumps(figures, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
