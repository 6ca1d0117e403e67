"""A part of `scripts/gpu_check.sh`: `python -m fice.bench.check PART --device cuda --out FOLDER`.

Prints a table and writes FOLDER/PART.json. --tiny: everything as small as it can be, to try the script itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from torch import nn

from fice.batch.batch import Batch
from fice.batch.batch_size import rate_of
from fice.batch.run import run_batch
from fice.bench.machine import facts, shortest
from fice.bench.measure import measure
from fice.bench.ops import differences, told_differences
from fice.bench.table import table
from fice.bundle.bundle import load_bundle
from fice.device import most_held, resolve
from fice.editor import Editor
from fice.inversion.engine import Inversion
from fice.inversion.sample import people
from fice.order import Order
from fice.settings import Settings

TEXT = "red floral dress"
WAYS = ("eager", "bf16", "compiled", "graphs")
TOLD = tuple[dict[str, Any], str]  # for json, for people


def ops(device: torch.device, tiny: bool) -> TOLD:
    """The ops in all dtypes, with gradients of two orders, against references in float64."""
    found = differences(device, tiny)
    wrong = [row for row in found if not row["right"]]
    return {"ops": found, "wrong": len(wrong)}, told_differences(found)


def bench(device: torch.device, tiny: bool, preset: str, bundle: str) -> TOLD:
    """`fice bench`."""
    steps = 1 if tiny and preset != "default" else 10 if preset == "paper" else None
    told = measure(None, TEXT, bundle=bundle, device=str(device), preset=preset, steps=steps)
    return told, table(told)


def loop(device: torch.device, tiny: bool, way: str, folder: Path) -> TOLD:
    """A step of the loop of some pictures at once, as it is or in another way."""
    brief = {"refine": 0, "tuning": 0, "views": 1} if tiny else {}
    editor = Editor("street", device, Settings.preset("generated", **brief))
    subject = editor.prepare(_people(device, 1, folder)[0])
    (run,) = editor.engine.begin([editor.plan(subject, TEXT)], [0])
    if way in ("compiled", "graphs"):
        engine, looks = cast(Inversion, editor.engine), (editor.regions.network, editor.semantics.network)
        for network in (engine.generator.synthesis, engine.pose.network, *looks):
            cast(nn.Module, network).compile(mode="reduce-overhead" if way == "graphs" else None)
    half: Callable[[], AbstractContextManager] = lambda: torch.autocast(device.type, torch.bfloat16)  # noqa: E731
    rows: list[dict[str, Any]] = []
    for width in (1, 2) if tiny else (1, 64, 8):
        with half() if way == "bf16" else nullcontext():
            rate = rate_of(editor.engine, run, width, device)
        row = {"width": width, "step_seconds": width / rate, "rate": rate, "peak_bytes": most_held(device)}
        step = f"{width / rate * 1e3:.1f} ms a step, {rate:.1f} of a picture a second"
        print(f"{width:4} at once: {step}{_held(row)}", flush=True)  # now, as the next may not end
        rows.append(row)
    return {"way": way, "steps": rows}, ""


def batch(device: torch.device, tiny: bool, preset: str, folder: Path) -> TOLD:
    """One order again and again in a process that has begun, and many photos as a batch."""
    settings = Settings.preset(
        preset, **({"steps": 1, "refine": 1, "tuning": 3} if tiny and preset != "default" else {})
    )
    photos = _people(device, 2 if tiny else 64, folder)
    editor = Editor("street", device, settings)
    warm = shortest(lambda: editor.edit(editor.analyse(photos[0]), TEXT), device)
    lines: list[str] = []
    asked = Batch(photos[0].parent, folder / "out", Order.of(TEXT), settings=settings, device=str(device))
    summary = run_batch(asked, tell=lines.append).as_dict()
    told: dict[str, Any] = {"preset": preset, "warm_seconds": warm, "batch": summary, "told": lines}
    told["peak_bytes"] = most_held(device)
    return told, (
        f"{preset}: one edit in {warm:.2f} s where all is loaded; {summary['done']} of {len(photos)} photos in"
        f" {summary['seconds']:.1f} s, {summary['per_hour']:.0f} an hour, start included{_held(told)}"
    )


def _people(device: torch.device, count: int, folder: Path) -> list[Path]:
    """Photos of people whom the generator draws, 512 x 256."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    paths = [folder / "photos" / f"{number:03}.jpg" for number in range(count)]
    for path, pixels in zip(paths, people(load_bundle("street").part("generator", device), count), strict=True):
        picture = Image.fromarray(pixels)
        picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC).save(path, quality=95)
    return paths


def _held(told: dict[str, Any]) -> str:
    return "" if told["peak_bytes"] is None else f", at most {told['peak_bytes'] / 2**20:.0f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description="A part of scripts/gpu_check.sh.")
    presets = ("default", "generated", "paper")
    parts = ["ops", *presets, *(f"loop-{way}" for way in WAYS), *(f"batch-{preset}" for preset in presets[:2])]
    parser.add_argument("part", choices=parts)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bundle", default="street", help="of the presets default, generated and paper")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    device, work = resolve(options.device)[0], options.out / f"{options.part}-work"
    kind, _, which = options.part.partition("-")
    if kind == "ops":
        told, shown = ops(device, options.tiny)
    elif kind == "loop":
        told, shown = loop(device, options.tiny, which, work)
    elif kind == "batch":
        told, shown = batch(device, options.tiny, which, work)
    else:
        told, shown = bench(device, options.tiny, kind, options.bundle)
    (options.out / f"{options.part}.json").write_text(json.dumps({"machine": facts(device)} | told), "utf-8")
    print(shown)
    if told.get("wrong"):
        sys.exit(f"{told['wrong']} figures are wrong")


if __name__ == "__main__":
    main()
