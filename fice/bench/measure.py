"""One edit measured: as processes and by part, its floor, and each network alone."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from fice.bench.edits import edits
from fice.bench.machine import bandwidth, facts, matrix_rate
from fice.bench.networks import Counting, measure_network, networks_of
from fice.bundle.bundle import Bundle, load_bundle
from fice.device import resolve
from fice.editor import Editor
from fice.inversion.sample import save_sheet
from fice.photo.photo import read_photo
from fice.settings import Settings

TOUCHED = {"read": 1, "stitch": 2, "write": 1}  # how often a stage reads or writes the photo's pixels at least


def measure(
    photo: str | Path | None = None,
    text: str = "red dress",
    *,
    bundle: str | Path = "street",
    device: str = "auto",
    preset: str | None = None,
    steps: int | None = None,
) -> dict[str, Any]:
    """Time edits of a photo as processes of their own and by part, and each network alone.

    photo: defaults to a generated person. preset: by default the usual one of the bundle. steps: of garments that are
    generated or drawn by a diffusion model, by default the preset's. Returns seconds, bytes and FLOPs as json, which
    `fice.bench.table.compared` compares. Raises the errors of `fice.errors`.
    """
    where, weights = resolve(device)[0], load_bundle(bundle)
    settings = Settings.preset(preset or weights.preset, **({"steps": steps} if steps else {}))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = _person(weights, folder, device) if photo is None else Path(photo)
        shown = read_photo(photo)
        options = ["--bundle", str(bundle), "--device", str(where), "--preset", settings.name]
        options += ["--steps", str(steps)] if steps else []
        runs = edits(photo, text, options, folder, large=settings.garment == "photographed")
    flops: Counter[str] = Counter()
    with Counting() as counter:

        def count(stage: str) -> None:
            flops[stage] += counter.flops - flops.total()

        editor = Editor(weights, where, settings, count)
        editor.edit(editor.analyse(shown), text)
    rate, moved = matrix_rate(where), bandwidth(where)
    first = runs["first"]
    return {
        "machine": facts(where),
        "asked": {"text": text, "size": [*shown.size], "preset": settings.name, "steps": editor.engine.steps},
        "matrix_rate": rate,
        "bandwidth": moved,
        "edits": runs,
        "step_seconds": first["parts"]["loop"] / editor.engine.steps,
        "flops": flops,
        "floor": {
            part: {
                "share": seconds / first["seconds"],
                "seconds": (least := max(flops[part] / rate, TOUCHED.get(part, 0) * shown.pixels.nbytes / moved)),
                "distance": seconds / least if least else None,
            }
            for part, seconds in first["parts"].items()
        },
        "networks": {name: measure_network(*each, rate) for name, each in networks_of(editor).items()},
    }


def _person(weights: Bundle, folder: Path, device: str) -> Path:
    """Somebody whom a generator draws."""
    path, own = folder / "person.png", "generator" in weights.parts
    save_sheet(path, 1, seed=1, bundle=str(weights.folder) if own else "street", device=device)
    return path
