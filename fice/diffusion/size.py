"""How large a model is and what that means here, from what its files say at their beginning."""

from __future__ import annotations

import time
from collections import Counter
from math import prod
from pathlib import Path

import torch

from fice.bundle.bundle import Bundle
from fice.course import duration
from fice.diffusion.families import family_in
from fice.errors import WeightsError, first_line
from fice.settings import Settings

PATCH = 16  # pixels a side for which a transformer has one token
SHARE = 0.4  # of a U-Net's weights at work for each; counted: 0.46 of Stable Diffusion 1.5, 0.32 of XL
PATIENCE = 60.0  # seconds that need no word


def numbers_of(bundle: Bundle, folder: str) -> dict[str, int]:
    """How many numbers each part of a model has, by the name of its folder. Raises WeightsError for damaged files."""
    root, counts = bundle.tree(folder), Counter[str]()
    for name in map(Path, bundle.folders[folder].files):
        if name.suffix == ".safetensors":
            counts[name.parent.name] += _numbers(root / name)
    return dict(counts)


def _numbers(path: Path) -> int:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"The weights {path} are damaged ({first_line(error)}): get them again.") from error


def outlook(bundle: Bundle, settings: Settings, device: torch.device) -> str | None:
    """What somebody without a GPU should know before a model of a bundle draws here; None where it is quick.

    Raises WeightsError for a bundle that has no model, or a damaged one.
    """
    if device.type != "cpu" or settings.garment != "diffused" or "pipeline" not in bundle.folders:
        return None
    family, counts = family_in(bundle), numbers_of(bundle, "pipeline")
    weights = SHARE * counts["unet"] if "unet" in counts else counts.get("transformer", 0)
    twice = 1 if "Flux" in family.pipeline or settings.guidance == 1 else 2  # with and without the words
    work = 2.0 * weights * ((settings.side or family.side) / PATCH) ** 2 * twice * settings.steps * settings.noise
    seconds = work / _rate()
    if seconds < PATIENCE:
        return None
    return (
        f"On this processor {family.name} takes about {duration(seconds)} for a garment: --preset default re-dresses"
        " the photographed garment without it."
    )


def _rate(side: int = 1024) -> float:
    """Operations a second of a matrix product here."""
    matrix = torch.ones(side, side)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - began)
    return 2 * side**3 / min(seconds)
