"""Sampling: generated people, what a bundle's generator has learnt."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fice.errors import UsageError
from fice.outputs import save_png
from fice.photo.names import check_output

AT_ONCE = 8  # pictures in one forward pass


def people(generator: Any, count: int, seed: int = 0, truncation: float = 0.7, until: int | None = None) -> np.ndarray:
    """(count, H, W, 3) uint8. Picture i belongs to seed + i, whatever else is made in the same run.

    truncation: 0 is the average person, 1 the full variety (psi of StyleGAN, arXiv 1812.04948, appendix B). until: the
    height of smaller pictures, of a generator that is still growing. Raises UsageError if truncation is not a number
    from -2 to 2.
    """
    import torch

    from fice.inversion.latent import draw_z

    if not -2 <= truncation <= 2:
        raise UsageError(f"The truncation is a number from -2 to 2, not {truncation}; 0.7 is a good one.")

    where = next(generator.parameters())
    made = []
    for start in range(0, count, AT_ONCE):
        seeds = range(seed + start, seed + min(start + AT_ONCE, count))
        z = draw_z(generator.z_dim, seeds)
        with torch.no_grad():
            pictures = generator(z.to(where), psi=truncation, until=until)  # (B, 3, H, W) in about [-1, 1]
        made.append(pictures.mul(127.5).add(128).clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(made)


def sheet(pictures: np.ndarray, columns: int | None = None) -> np.ndarray:
    """(N, H, W, 3) as one picture, in rows; the last row is filled up with white."""
    count, height, width, _ = pictures.shape
    columns = columns or min(count, 8)
    rows = math.ceil(count / columns)
    full = np.full((rows * columns, height, width, 3), 255, np.uint8)
    full[:count] = pictures
    return full.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)


def save_sheet(
    path: str | Path,
    count: int = 8,
    *,
    seed: int = 0,
    truncation: float = 0.7,
    bundle: str | Path = "street",
    device: str = "auto",
    force: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Write a PNG sheet of generated people; tell gets a line about the device. Errors of `fice.errors`."""
    target = check_output(path, force=force, ending=".png")

    from fice.bundle.bundle import load_bundle
    from fice.device import resolve

    chosen, reason = resolve(device)
    tell(f"Computing on {chosen} ({reason}).")
    generator = load_bundle(bundle).part("generator", chosen)
    save_png(sheet(people(generator, count, seed, truncation)), target)
