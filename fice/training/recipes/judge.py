"""Measures a bundle on photographs it was not trained on.

    python -m fice.training.recipes.judge --data STREET --prepared DIR --bundle DIR --judge DIR

Prints one json object and writes it into the bundle: reconstruction, Fréchet distances, nearest neighbours, and edits
of photo x sentence pairs in the eyes of a CLIP that did not guide them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_figures
from fice.device import keep_freed_memory
from fice.editor import FIT_RATE, Editor
from fice.evaluation.realism import frechet
from fice.inversion.loop import invert
from fice.inversion.sample import people as sample_people
from fice.inversion.terms import fit_terms
from fice.inversion.tuning import drawing, drawn_once, tune
from fice.language.clip import Semantics
from fice.nets.stylegan2 import Generator
from fice.settings import Settings
from fice.training.data.dataset import Framed, load_framed
from fice.training.features import load_features
from fice.training.recipes.judge_edits import COLOURED, PATTERNED, edits, pairs

STUDIES = ("reconstruction", "frechet", "frechet-lite0", "colours", "patterns")


def tensors(pictures: np.ndarray, size: tuple[int, int]) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, h, w) float in [0, 1], averaged down or enlarged."""
    stacked = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    if size[0] > stacked.shape[2]:
        return F.interpolate(stacked, size=size, mode="bicubic").clamp(0, 1)
    return F.interpolate(stacked, size=size, mode="area")


def psnr_on_person(drawn: Tensor, wanted: Tensor, body: Tensor) -> Tensor:
    """Peak signal to noise ratio in dB over the pixels of the body (B, 1, H, W): (B,)."""
    error = ((drawn.clamp(0, 1) - wanted).square() * body).sum((1, 2, 3)) / (3 * body.sum((1, 2, 3)))
    return -10 * error.log10()


def reconstruction(editor: Editor, framed: Framed) -> dict[str, float]:
    """Median PSNR on the person by the encoder alone, and as an edit prepares it before any text is known."""
    canvas, settings = editor.engine.canvas, editor.settings
    found: dict[str, list[float]] = {"encoder": [], "prepared": []}
    pictures = tensors(framed.pictures, canvas)
    body = F.interpolate(torch.from_numpy(framed.labels > 0)[:, None].float(), size=canvas, mode="area")
    draw = drawing(editor.engine.generator)
    for i in tqdm(range(0, len(pictures), 8), desc="reconstruction", leave=False):
        wanted, inside = pictures[i : i + 8], body[i : i + 8]
        with torch.no_grad():
            ws = editor.engine.load_encoder().latent(wanted)
        fitted = invert(draw, ws, fit_terms(wanted, settings), steps=settings.refine, rate=FIT_RATE).ws
        weights = tune(editor.engine.generator, {}, fitted, wanted, settings.tuning)
        drawn = {"encoder": drawn_once(editor.engine.generator, ws),
                 "prepared": drawn_once(editor.engine.generator, fitted, weights)}  # fmt: skip
        for name, picture in drawn.items():
            found[name] += psnr_on_person(picture, wanted, inside).tolist()
    medians = {name: round(float(np.median(values)), 2) for name, values in found.items()}
    return {
        "psnr encoder": medians["encoder"],
        f"psnr prepared ({settings.refine} steps of the latent, {settings.tuning} of the weights)": medians["prepared"],
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with photos/")
    parser.add_argument("--prepared", type=Path, required=True, help="what fice.training.recipes.prepare wrote")
    parser.add_argument("--bundle", default="street")
    parser.add_argument("--judge", default="street-judge", help="the bundle whose clip judges")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--only", nargs="*", choices=STUDIES, default=STUDIES)
    parser.add_argument("--sheets", type=Path, help="a folder for photograph | mask alone | edit: real people")
    args = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(args.threads or torch.get_num_threads())
    framed, bundle = load_framed(args.prepared), load_bundle(args.bundle)
    judge = Semantics.from_bundle(load_bundle(args.judge))
    figures = {}
    if "frechet" in args.only:
        figures["frechet"] = distances(bundle.part("generator"), judge.encode_picture, framed, args.samples)
    if "frechet-lite0" in args.only:  # no network of the bundle stands on these features
        lite0 = load_features("lite0").pooled
        figures["frechet lite0"] = distances(bundle.part("generator"), lite0, framed, args.samples)
    editor = Editor(bundle, settings=Settings.preset(args.preset))
    if "reconstruction" in args.only:
        figures["reconstruction"] = reconstruction(editor, framed.only(framed.validation & framed.labelled))
    for name, sentences, photos in (("colours", COLOURED, 5), ("patterns", PATTERNED, 3)):
        if name in args.only:
            figures[name] = edits(editor, judge, pairs(editor, args.data, framed, sentences, photos), args.sheets)
    print(json.dumps(figures))
    save_figures(bundle.folder, figures)


if __name__ == "__main__":
    main()
