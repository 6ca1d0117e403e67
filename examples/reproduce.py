"""A small study of the method on generated people, beside the figures that it gave before.

    python examples/reproduce.py [FOLDER]

Four people, two texts, five variants, `--preset paper` with 30 steps: about four minutes on two CPU cores. Stopped and
started again it goes on where it was. The figures come from another machine, whose rounding may differ in Adam's first
steps, so a figure is taken for the same within its tolerance.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

import fice
from fice.inversion.sample import people

TEXTS = ("red floral dress", "blue striped shirt")
SEEDS = (2, 12, 18, 23)  # of the people
VARIANTS = ["no-semantic", "no-pose", "no-latent", "no-stitch"]
EXPECTED = {
    ("full", "gain"): 0.597,
    ("full", "part iou"): 0.753,
    ("full", "head psnr"): 33.576,
    ("no-semantic", "gain"): -0.045,
    ("no-pose", "part iou"): 0.656,
    ("no-latent", "gain"): 0.604,
    ("no-stitch", "head psnr"): 19.935,
    ("no-stitch", "identical"): 0.176,
}
TOLERANCE = {"gain": 0.05, "part iou": 0.04, "head psnr": 1.0, "identical": 0.02}


def photographs(folder: Path) -> Path:
    """Generated people as pictures of 512 x 256, written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = fice.load_bundle("street").part("generator")
    for seed in SEEDS:
        person = Image.fromarray(people(generator, 1, seed=seed)[0])
        person.resize((256, 512), Image.Resampling.BICUBIC).save(folder / f"person-{seed}.png")
    return folder


def main() -> int:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/reproduce")
    settings = fice.Settings.preset("paper", steps=30)
    batch = fice.Batch(photographs(out / "photos"), out / "study", texts=TEXTS, settings=settings)
    study = fice.ablate(batch, variants=VARIANTS, tell=lambda said: print(said, file=sys.stderr))
    print(f"{'variant':<12} {'measure':<10} {'measured':>9} {'expected':>9}")
    apart = 0
    for (run, measure), expected in EXPECTED.items():
        measured = study.table[run][measure].mean
        same = measured is not None and abs(measured - expected) <= TOLERANCE[measure]
        apart += not same
        shown = "-" if measured is None else f"{measured:.3f}"
        print(f"{run:<12} {measure:<10} {shown:>9} {expected:>9.3f}{'' if same else '  differs'}")
    print(f"{out / 'study' / 'index.html'} shows the pictures.")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
