"""Whether words change outlines: `python -m fice.evaluation.shapes --data DIR`.

On held-out photographs each word of `WORDS` is asked of what is worn, where that is not so already, and each garment of
`OTHERS` where one of another kind is worn. The edit is looked at anew by a region network, the one that looked before:
how far cloth covers the arms, how far down the legs it hangs, by the photograph's own keypoints, and what kind it is.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from fice.bundle.bundle import load_bundle
from fice.editor import Editor
from fice.errors import InputError
from fice.outputs import save_png
from fice.photo.photo import read_photo
from fice.settings import Settings
from fice.subject.analysis import seen
from fice.subject.regions import Regions
from fice.subject.subject import Subject
from fice.training.data.folder import is_validation

WORDS = {"sleeveless": -1, "long-sleeved": 1, "mini": -1, "maxi": 1}  # word -> which way sleeves or hems shall go
SO = {
    "sleeveless": 0.35,
    "long-sleeved": 0.7,
    "mini": 0.45,
    "maxi": 0.8,
}  # cover or reach beyond which it is so already
MOVED = 0.1  # of an arm or a leg, by which an outline must move
OTHERS = {"trousers": ("skirt",), "skirt": ("trousers",), "dress": ("trousers",)}  # what is asked, and what is worn
LEAST, SURE = 0.03, 0.5  # share of the person from which a garment is worn; chance to be seen from which a joint counts
ALONG = 40  # places along an arm


def sleeves(subject: Subject, labels: np.ndarray, regions: Regions) -> float:
    """The share of both arms, from shoulder to wrist, that cloth covers; nan where a joint is not known.

    labels: (h, w), the region at each place of the subject's frame.
    """
    cloth = np.isin(labels, [regions.names.index(name) for name in ("upper", "outer", "dress")])
    found = []
    for side in ("left", "right"):
        line = _joints(subject, [f"{side} {joint}" for joint in ("shoulder", "elbow", "wrist")])
        x, y = (np.interp(np.linspace(0, 2, ALONG), range(3), axis) for axis in line.T)
        if np.isnan(line).any():
            return float("nan")
        found.append(cloth[y.astype(int).clip(0, len(cloth) - 1), x.astype(int).clip(0, cloth.shape[1] - 1)].mean())
    return float(np.mean(found))


def hem(subject: Subject, labels: np.ndarray, regions: Regions) -> float:
    """How far down the legs a skirt or a dress hangs, 0 at the hips to 1 at the ankles; nan where none is worn."""
    hips, ankles = (_joints(subject, [f"left {name}", f"right {name}"])[:, 1].mean() for name in ("hip", "ankle"))
    hanging = np.isin(labels, [regions.names.index(name) for name in ("dress", "skirt")])
    if hanging.sum() < LEAST * (labels > 0).sum():
        return float("nan")
    return float((np.quantile(np.nonzero(hanging)[0], 0.98) - hips) / (ankles - hips))


def worn(labels: np.ndarray, regions: Regions) -> str:
    """What is worn below the waist: "trousers", "skirt", "dress", or "" where hardly anything is."""
    areas = {name: (labels == regions.names.index(name)).sum() for name in ("trousers", "skirt", "dress")}
    most = max(areas, key=lambda name: areas[name])
    return most if areas[most] > LEAST * (labels > 0).sum() else ""


def _joints(subject: Subject, names: Sequence[str]) -> np.ndarray:
    """(n, 2) x and y on the canvas, nan where a joint is not seen."""
    found = [(subject.points or {}).get(name, (0.0, 0.0, 0.0)) for name in names]
    return np.array([(x, y) if sure >= SURE else (np.nan, np.nan) for x, y, sure in found])


def asked(subject: Subject, labels: np.ndarray, regions: Regions) -> Iterator[tuple[str, str]]:
    """What can be asked of a photograph: (word of `WORDS` or `OTHERS`, sentence)."""
    below = worn(labels, regions)
    hanging = "dress" if below == "dress" else "skirt"
    arms, legs = sleeves(subject, labels, regions), hem(subject, labels, regions)
    for word, way in WORDS.items():
        now = arms if "sleeve" in word else legs
        if (now - SO[word]) * way < 0:
            yield word, word if "sleeve" in word else f"{word} {hanging}"
    for garment, instead in OTHERS.items():
        if below in instead:
            yield garment, f"navy {garment}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with photos")
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="*", default=(), metavar="NAME=VALUE", help="other settings than the preset's")
    parser.add_argument("--each", type=int, default=10, help="photographs of each word")
    parser.add_argument("--sheets", type=Path, help="a folder for photographs beside their edits")
    args = parser.parse_args()
    editor = Editor(load_bundle(args.bundle), settings=Settings.asked_for(args.preset, args.set))
    regions = editor.regions
    scores: dict[str, list[bool]] = {name: [] for name in (*WORDS, *OTHERS)}
    files = [file for file in sorted((args.data / "photos").glob("*.jpg")) if is_validation(file.stem)]
    for file in tqdm(files, unit="photo"):
        if min(map(len, scores.values())) >= args.each:
            break
        photo = read_photo(file)
        try:
            subject = editor.analyse(photo)
        except InputError:
            continue
        before = _labels(subject.regions)
        for word, sentence in asked(subject, before, regions):
            if len(scores[word]) >= args.each:
                continue
            try:
                edit = editor.edit(subject, sentence)
            except InputError:
                scores[word].append(False)
                continue
            with torch.no_grad():
                after = _labels(regions.analyse(seen(replace(photo, pixels=edit.pixels), subject.frame, editor.device)))
            scores[word].append(_done(word, subject, before, after, regions))
            if args.sheets is not None:
                args.sheets.mkdir(parents=True, exist_ok=True)
                pair = np.concatenate([photo.pixels, edit.pixels], 1)
                save_png(pair, args.sheets / f"{word}-{file.stem}-{'yes' if scores[word][-1] else 'no'}.png")
    print(json.dumps({name: [sum(done), len(done)] for name, done in scores.items()}))


def _labels(probabilities: Tensor) -> np.ndarray:
    return probabilities[0].argmax(0).cpu().numpy()


def _done(word: str, subject: Subject, before: np.ndarray, after: np.ndarray, regions: Regions) -> bool:
    if word in OTHERS:
        return worn(after, regions) in (("skirt", "dress") if word == "dress" else (word,))  # its skirt, of one cloth
    measure = sleeves if "sleeve" in word else hem
    return WORDS[word] * (measure(subject, after, regions) - measure(subject, before, regions)) >= MOVED


if __name__ == "__main__":
    main()
