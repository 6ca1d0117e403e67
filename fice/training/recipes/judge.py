"""Measures a bundle on photographs it was not trained on.

    python -m fice.training.recipes.judge --data STREET --prepared DIR --bundle DIR --judge DIR

Prints one json object and writes it into the bundle: reconstruction, Fréchet distances, nearest neighbours, and edits
of photo x sentence pairs, as `fice evaluate` measures them, beside recolouring by mask alone.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_figures
from fice.device import keep_freed_memory
from fice.edit import Edit
from fice.editor import Editor
from fice.errors import InputError
from fice.evaluation.measures import psnr_on_person
from fice.evaluation.realism import frechet
from fice.evaluation.run import Judging, evaluate
from fice.inversion.encoder import Encoder
from fice.inversion.engine import FIT_RATE
from fice.inversion.loop import invert
from fice.inversion.sample import people as sample_people
from fice.inversion.terms import fit_terms
from fice.inversion.tuning import render, synthesis_of, tune
from fice.language.clip import Semantics
from fice.language.words import parse
from fice.nets.stylegan2 import Generator
from fice.outputs import save_png
from fice.settings import Settings
from fice.subject.regions import REGION_CLASSES, REGIONS
from fice.training.data.dataset import Framed, load_framed
from fice.training.data.folder import read_folder
from fice.training.data.redress import recolour_to
from fice.training.features import load_features

STUDIES = ("reconstruction", "frechet", "frechet-lite0", "colours", "patterns")
COLOURED = ("red dress", "blue striped shirt", "black coat", "white skirt", "green t-shirt", "yellow floral dress")
PATTERNED = (
    "blue striped shirt",
    "red striped dress",
    "yellow floral dress",
    "pink floral skirt",
    "red checked shirt",
    "green checked skirt",
    "white polka dot dress",
    "navy polka dot blouse",
)
REFINE, TUNING = 10, 40  # steps after which bundles are compared
RUNS = ("edit", "mask")
SHARES = ("right caption", "colour halved", "right pattern")
FIGURES = (*SHARES, "similarity before", "similarity", "colour error", "silhouette iou")
Pair = tuple[Path, str]  # a photograph, and what its person shall wear


def tensors(pictures: np.ndarray, size: tuple[int, int]) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, h, w) float in [0, 1], averaged down or enlarged."""
    stacked = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    if size[0] > stacked.shape[2]:
        return F.interpolate(stacked, size=size, mode="bicubic").clamp(0, 1)
    return F.interpolate(stacked, size=size, mode="area")


def reconstruction(generator: Generator, encoder: Encoder, settings: Settings, framed: Framed) -> dict[str, float]:
    """Median PSNR on the person by the encoder alone, and by the generator fitted to the photograph."""
    canvas = generator.canvas
    found: dict[str, list[float]] = {"encoder": [], "prepared": []}
    pictures = tensors(framed.pictures, canvas)
    body = F.interpolate(torch.from_numpy(framed.labels > 0)[:, None].float(), size=canvas, mode="area")
    draw = synthesis_of(generator)
    for i in tqdm(range(0, len(pictures), 8), desc="reconstruction", leave=False):
        wanted, inside = pictures[i : i + 8], body[i : i + 8]
        with torch.no_grad():
            ws = encoder.latent(wanted)
        fitted = invert(draw, ws, fit_terms(wanted, settings), steps=REFINE, rate=FIT_RATE).ws
        weights = tune(generator, fitted, wanted, TUNING)
        drawn = {"encoder": render(generator, ws), "prepared": render(generator, fitted, weights)}
        for name, picture in drawn.items():
            found[name] += psnr_on_person(picture, wanted, inside).tolist()
    medians = {name: round(float(np.median(values)), 2) for name, values in found.items()}
    return {
        "psnr encoder": medians["encoder"],
        f"psnr prepared ({REFINE} steps of the latent, {TUNING} of the weights)": medians["prepared"],
        "photographs": len(pictures),
    }


@torch.no_grad()
def distances(
    generator: Generator, encode: Callable[[Tensor], Tensor], framed: Framed, samples: int
) -> dict[str, float]:
    """Fréchet distance of samples to the training photographs in the features (B, D) of `encode`, and how new they are.

    The floor is the distance of the validation photographs. Nearest: the median distance to the nearest training
    photograph, on a canvas of 64 x 32, of the samples and of the validation photographs; copies would be far nearer.
    """
    canvas = (256, 128)
    look = lambda pictures: torch.cat(  # noqa: E731
        [encode(tensors(part, canvas)) for part in np.array_split(pictures, -(-len(pictures) // 64))]
    )
    real, unseen = framed.pictures[~framed.validation], framed.pictures[framed.validation]
    made = sample_people(generator, samples, truncation=1.0)
    features = look(real)
    rows = lambda pictures: tensors(pictures, (64, 32)).flatten(1)  # noqa: E731
    nearest = lambda pictures: torch.cdist(rows(pictures), rows(real)).min(1)[0].median().item()  # noqa: E731
    return {
        "frechet samples": round(frechet(look(made), features), 4),
        "frechet validation photographs": round(frechet(look(unseen), features), 4),
        "nearest samples": round(nearest(made[:500]), 2),
        "nearest validation photographs": round(nearest(unseen), 2),
        "samples": samples,
    }


def choose_pairs(photos: Sequence[Path], framed: Framed, sentences: Sequence[str], number: int) -> list[Pair]:
    """The first labelled validation photographs that show what each sentence changes, by their labels."""
    paths, pairs = {path.stem: path for path in photos}, []
    held_out = np.flatnonzero(framed.validation & framed.labelled)
    for sentence in sentences:
        index = [REGION_CLASSES.index(name) for name in REGIONS[parse(sentence)[0].region or "full"]]
        worn = [i for i in held_out if np.isin(framed.labels[i], index).mean() > 0.03]
        pairs += [(paths[framed.names[i]], sentence) for i in worn[:number]]
    return pairs


def recoloured(edit: Edit) -> np.ndarray:
    """The baseline: the photograph re-dressed by mask alone at its own size, (H, W, 3) uint8."""
    photo = np.round(edit.subject.photo.seen() * 255).astype(np.uint8)
    return recolour_to(photo, edit.garment, parse(edit.order.sentence)[0], int(edit.facts["seed"]))


def edits(editor: Editor, judge: str, pairs: Sequence[Pair], folder: Path) -> dict[str, float]:
    """Means over edits of pairs, and over the baseline; pictures, and tables for `fice evaluate`, lie in `folder`.

    A pair that cannot be edited counts as failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, failed = [], []
    for path, text in tqdm(pairs, desc="edits", leave=False):
        try:
            edit = editor.edit(editor.prepare(path), text)
        except InputError as error:
            tqdm.write(f"{path.name}, {text}: {error}")
            failed.append(dict.fromkeys(SHARES if parse(text)[0].pattern else SHARES[:2], 0.0))
            continue
        name = f"{text.replace(' ', '-')}-{path.stem}"
        edit.save(folder / f"{name}-edit.png")
        save_png(recoloured(edit), folder / f"{name}-mask.png")
        table.append((path.resolve(), name, text))
    for run in RUNS:
        with (folder / f"{run}.csv").open("w", newline="", encoding="utf-8") as stream:
            lines = [(source, f"{name}-{run}.png", text) for source, name, text in table]
            csv.writer(stream).writerows([("source", "edit", "text"), *lines])
    runs = {run: [folder / f"{run}.csv"] for run in RUNS}
    rows = evaluate(runs, judging=Judging(editor.bundle, judge)).rows if table else ()
    figures: dict[str, float] = {"pairs": len(pairs)}
    for run, prefix in zip(RUNS, ("", "mask "), strict=True):
        scored = [*(row.values for row in rows if row.run == run), *failed]
        for name in FIGURES:
            if values := [row[name] for row in scored if name in row]:
                figures[prefix + name] = round(float(np.mean(values)), 3)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with photos/")
    parser.add_argument("--prepared", type=Path, required=True, help="what fice.training.recipes.prepare wrote")
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--judge", default="street-judge", help="the bundle whose clip judges")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", nargs="*", default=(), metavar="NAME=VALUE", help="other settings than the preset's")
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--only", nargs="*", choices=STUDIES, default=STUDIES)
    parser.add_argument("--sheets", type=Path, help="a folder that keeps edits and baseline: real people")
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    framed, bundle = load_framed(args.prepared), load_bundle(args.bundle)
    photos = read_folder(args.data).photos
    settings, generator = Settings.asked_for(args.preset, args.set), bundle.part("generator")
    figures = {}
    if "frechet" in args.only:
        encode = Semantics.from_bundle(load_bundle(args.judge)).encode_picture
        figures["frechet"] = distances(generator, encode, framed, args.samples)
    if "frechet-lite0" in args.only:  # no network of the bundle stands on these features
        lite0 = load_features("lite0").pooled
        figures["frechet lite0"] = distances(generator, lite0, framed, args.samples)
    if "reconstruction" in args.only:
        encoder, unseen = Encoder(bundle.part("encoder"), generator), framed.only(framed.validation & framed.labelled)
        figures["reconstruction"] = reconstruction(generator, encoder, settings, unseen)
    for name, sentences, number in (("colours", COLOURED, 5), ("patterns", PATTERNED, 3)):
        if name in args.only:
            with TemporaryDirectory() as scratch:
                pairs = choose_pairs(photos, framed, sentences, number)
                editor = Editor(bundle, settings=settings)
                figures[name] = edits(editor, args.judge, pairs, (args.sheets or Path(scratch)) / name)
    print(json.dumps(figures))
    save_figures(bundle.folder, figures)


if __name__ == "__main__":
    main()
