"""Measures a bundle on photographs it was not trained on.

    python -m fice.training.judge --data STREET --prepared DIR --bundle DIR

Prints one json object and writes it into the bundle's card: reconstruction, Fréchet distance, and edits of thirty
photo x sentence pairs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from scipy import linalg
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from fice.bundle import load_bundle
from fice.edit import Edit
from fice.editor import Editor
from fice.errors import InputError
from fice.guidance import fit_terms
from fice.inversion import invert
from fice.pack import save_figures
from fice.regions import REGIONS
from fice.sample import people as sample_people
from fice.settings import Settings
from fice.training.data import Framed, load_framed
from fice.tuning import drawing
from fice.words import COLOURS, parse, to_lab

SENTENCES = (
    "red dress", "blue striped shirt", "black coat", "white skirt", "green t-shirt", "yellow floral dress",
)  # fmt: skip
PHOTOS = 5  # for each sentence


def tensors(pictures: np.ndarray, size: tuple[int, int]) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, h, w) float in [0, 1], averaged down."""
    stacked = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    return F.interpolate(stacked, size=size, mode="area")


def psnr_on_person(drawn: Tensor, wanted: Tensor, body: Tensor) -> Tensor:
    """Peak signal to noise ratio in dB over the pixels of the body (B, 1, H, W): (B,)."""
    error = ((drawn.clamp(0, 1) - wanted).square() * body).sum((1, 2, 3)) / (3 * body.sum((1, 2, 3)))
    return -10 * error.log10()


def frechet(first: Tensor, second: Tensor) -> float:
    """Fréchet distance of two sets of features (N, D) seen as Gaussians (arXiv 1706.08500)."""
    (m1, m2), (c1, c2) = [x.mean(0).numpy() for x in (first, second)], [np.cov(x.numpy().T) for x in (first, second)]
    root = linalg.sqrtm(c1 @ c2).real
    return float(((m1 - m2) ** 2).sum() + np.trace(c1 + c2 - 2 * root))


def reconstruction(editor: Editor, framed: Framed, steps: int) -> dict[str, float]:
    """Median PSNR on the person by the encoder alone and after `steps` of fitting the latent."""
    canvas, before, after = editor.generator.canvas, [], []
    pictures = tensors(framed.pictures, canvas)
    body = F.interpolate(torch.from_numpy(framed.labels > 0)[:, None].float(), size=canvas, mode="area")
    draw = drawing(editor.generator)
    for i in tqdm(range(0, len(pictures), 8), desc="reconstruction", leave=False):
        wanted, inside = pictures[i : i + 8], body[i : i + 8]
        with torch.no_grad():
            ws = editor.encoder.latent(wanted)
            before += psnr_on_person(draw(ws, torch.arange(len(ws))), wanted, inside).tolist()
        found = invert(draw, ws, fit_terms(wanted, editor.settings), steps=steps, rate=editor.settings.rate)
        after += psnr_on_person(found.picture, wanted, inside).tolist()
    return {
        "psnr encoder": round(float(np.median(before)), 2),
        f"psnr after {steps} steps": round(float(np.median(after)), 2),
        "photographs": len(pictures),
    }


@torch.no_grad()
def distances(editor: Editor, framed: Framed, samples: int) -> dict[str, float]:
    """Fréchet distance to the training photographs, in features of the CLIP, which the generator never saw.

    Of samples, and as a floor of validation photographs of the same canvas.
    """
    look = lambda pictures: torch.cat([editor.semantics.encode_picture(part) for part in pictures.split(64)])  # noqa: E731
    real = look(tensors(framed.pictures[~framed.validation], editor.generator.canvas))
    unseen = look(tensors(framed.pictures[framed.validation], editor.generator.canvas))
    made = sample_people(editor.generator, samples, truncation=1.0)
    drawn = look(tensors(made, editor.generator.canvas))
    return {
        "frechet samples": round(frechet(drawn, real), 4),
        "frechet validation photographs": round(frechet(unseen, real), 4),
        "samples": samples,
    }


def pairs(editor: Editor, folder: Path, framed: Framed) -> list[tuple[Path, str]]:
    """The first labelled validation photographs that show what each sentence changes, by their labels."""
    chosen = []
    held_out = np.flatnonzero(framed.validation & framed.labelled)
    for sentence in SENTENCES:
        region = parse(sentence).region or "full"
        index = [editor.regions.names.index(name) for name in REGIONS[region]]
        worn = [i for i in held_out if np.isin(framed.labels[i], index).mean() > 0.03]
        chosen += [(folder / "photos" / f"{framed.names[i]}.jpg", sentence) for i in worn[:PHOTOS]]
    return chosen


def judge_edit(editor: Editor, edit: Edit) -> dict[str, float]:
    """Colour distances to the named colour, before and after, and the silhouette that should have stayed."""
    colour = parse(edit.text).colour
    target = to_lab(np.array(COLOURS[colour], float))
    photo = edit.subject.photo
    inside = edit.garment > 0.5
    before, after = (
        np.median(to_lab(picture[inside] * 255.0), axis=0) for picture in (photo.srgb(), edit.picture)
    )  # fmt: skip
    bodies = []
    with torch.no_grad():
        for picture in (photo.seen(), edit.picture):
            view = edit.subject.frame.to_canvas(torch.from_numpy(picture).permute(2, 0, 1)[None].float())
            bodies.append(editor.regions.body(editor.regions.probabilities(view)) > 0.5)
        outside = edit.subject.frame.to_canvas(torch.from_numpy(edit.mask)[None, None].float(), fill=0.0) < 0.5
    first, second = (body & outside for body in bodies)
    return {
        "before": float(np.linalg.norm(before - target)),
        "after": float(np.linalg.norm(after - target)),
        "silhouette": float((first & second).sum() / (first | second).sum().clamp(min=1)),
    }


def edits(editor: Editor, folder: Path, framed: Framed, keep: Path | None) -> dict[str, float]:
    """What thirty edits did; a sheet of them goes to `keep`/NAME.png for the eye."""
    rows = []
    for path, sentence in tqdm(pairs(editor, folder, framed), desc="edits", leave=False):
        try:
            edit = editor.edit(editor.prepare(path), sentence)
        except InputError as error:
            tqdm.write(f"{path.name}, {sentence}: {error}")
            rows.append({"halved": 0.0, "silhouette": 0.0, "risen": 0.0})
            continue
        row = judge_edit(editor, edit)
        similarity = edit.facts["similarity"]
        row["halved"] = float(row["after"] <= row["before"] / 2)
        row["risen"] = float(similarity["after"] > similarity["before"])
        rows.append(row)
        tqdm.write(f"{path.stem}  {sentence:20}" + "".join(f"  {name} {value:.2f}" for name, value in row.items()))
        if keep:
            from fice.report import compare

            keep.mkdir(parents=True, exist_ok=True)
            compare(edit, keep / f"{sentence.replace(' ', '-')}-{path.stem}.png")
    mean = lambda name, rows=rows: round(float(np.mean([row[name] for row in rows])), 3)  # noqa: E731
    return {
        "pairs": len(rows),
        "colour distance halved": mean("halved"),
        "similarity risen": mean("risen"),
        "silhouette iou": mean("silhouette"),
        "silhouette iou at least 0.9": round(float(np.mean([row["silhouette"] >= 0.9 for row in rows])), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with photos/")
    parser.add_argument("--prepared", type=Path, required=True, help="what fice.training.prepare wrote")
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--only", nargs="*", choices=["reconstruction", "frechet", "edits"])
    parser.add_argument("--sheets", type=Path, help="a folder for before/after pictures; they show real people")
    args = parser.parse_args()
    framed, editor = load_framed(args.prepared), Editor(args.bundle, settings=Settings.preset(args.preset))
    wanted, figures = args.only or ["reconstruction", "frechet", "edits"], {}
    if "reconstruction" in wanted:
        figures["reconstruction"] = reconstruction(editor, framed.only(framed.validation & framed.labelled), 60)
    if "frechet" in wanted:
        figures["frechet"] = distances(editor, framed, args.samples)
    if "edits" in wanted:
        figures["edits"] = edits(editor, args.data, framed, args.sheets)
    print(json.dumps(figures))
    save_figures(load_bundle(args.bundle).folder, figures)


if __name__ == "__main__":
    main()
