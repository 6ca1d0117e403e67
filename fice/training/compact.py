"""Checkpoints that are small: weights in half precision, Adam's memory in bytes, in several files of limited size.

What is lost is small against what a step changes: weights are off by a ten thousandth or so, as those of unit variance
are in half precision; the length of a step by a few per cent, and that only until Adam has seen another hundred steps
(8 bits do for optimisers: arXiv 2110.02861).
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

LARGEST = 15_500_000  # bytes of a file
FEW = 4096  # entries of a tensor that is kept as it is
ERROR = 1e-3  # root mean square that may be lost: Adam's steps are no longer for large weights than for small ones
CODES = 255  # of the bytes; 0 stands for zero
OCTAVES = 48  # below the largest entry; smaller ones count as this small
SQUARES, CODED, RANGE = "exp_avg_sq", "exp_avg_sq.log", "exp_avg_sq.range"


def pack(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors named as `recipe.save_checkpoint` does, made small and brought to the CPU."""
    packed = {}
    for name, value in tensors.items():
        if name.endswith(f"/{SQUARES}") and value.numel() >= FEW:
            stem = name.removesuffix(SQUARES)
            packed[stem + CODED], packed[stem + RANGE] = (part.cpu() for part in to_bytes(value))
        elif value.is_floating_point() and value.numel() >= FEW:
            packed[name] = halved(value, torch.bfloat16 if "//" in name else torch.float16).cpu()
        else:
            packed[name] = value.cpu()
    return packed


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `pack`, in float32 where it was floating point."""
    tensors = {name: value.float() if value.is_floating_point() else value for name, value in packed.items()}
    for name in [name for name in tensors if name.endswith(f"/{CODED}")]:
        stem = name.removesuffix(CODED)
        tensors[stem + SQUARES] = from_bytes(tensors.pop(name), tensors.pop(stem + RANGE))
    return tensors


def halved(value: Tensor, dtype: torch.dtype) -> Tensor:
    """The tensor in a dtype of half the bits, or as it is where that loses too much."""
    half = value.to(dtype)
    error = (half.to(value.dtype) - value).square().mean().sqrt()
    return half if error <= ERROR else value


def to_bytes(squares: Tensor) -> tuple[Tensor, Tensor]:
    """Non-negative numbers as bytes on a logarithmic scale, and the scale's two ends as (2,) float32 octaves."""
    octaves = squares.float().log2()
    top = octaves.max().clamp(min=-126)
    low = octaves[octaves.isfinite()].min() if squares.any() else top
    low = torch.maximum(low, top - OCTAVES)
    codes = 1 + (octaves.clamp(min=low) - low) / (top - low).clamp(min=1e-6) * (CODES - 1)
    return torch.where(squares > 0, codes.round(), 0).byte(), torch.stack([low, top])


def from_bytes(codes: Tensor, ends: Tensor) -> Tensor:
    """The inverse of `to_bytes`, within (top - low) / 508 octaves."""
    low, top = ends
    values = (low + (codes.float() - 1) * ((top - low) / (CODES - 1))).exp2()
    return torch.where(codes > 0, values, 0)


def save_set(path: Path, tensors: dict[str, Tensor], progress: dict) -> None:
    """Writes `<stem>-<step>-<k>of<n>.safetensors` beside `path`; the set before goes when all are there."""
    shards: list[dict[str, Tensor]] = [{}]
    room = LARGEST
    for name, value in pack(tensors).items():
        size = value.nbytes + 200  # and its line in the header
        if size > room and shards[-1]:
            shards.append({})
            room = LARGEST
        shards[-1][name] = value
        room -= size
    before = {old for ending in ("safetensors", "part") for old in path.parent.glob(f"{path.stem}-*of*.{ending}")}
    for index, shard in enumerate(shards, 1):
        target = path.with_name(f"{path.stem}-{progress['step']:08d}-{index}of{len(shards)}.safetensors")
        temporary = target.with_suffix(".part")
        save_file({name: value.contiguous() for name, value in shard.items()}, temporary, _note(progress))
        os.replace(temporary, target)
        before -= {target}
    path.unlink(missing_ok=True)  # a checkpoint of the other kind would be read first
    for old in before:
        old.unlink(missing_ok=True)


def load_set(path: Path) -> tuple[dict[str, Tensor], dict] | None:
    """Tensors and progress of the newest set that is whole; None where there is none."""
    sets: dict[tuple[int, int], list[Path]] = {}
    for file in sorted(path.parent.glob(f"{path.stem}-*.safetensors")):
        if match := re.fullmatch(r"(\d+)-\d+of(\d+)", file.stem.removeprefix(f"{path.stem}-")):
            sets.setdefault((int(match[1]), int(match[2])), []).append(file)
    whole = [key for key, files in sets.items() if len(files) == key[1]]
    if not whole:
        return None
    files = sets[max(whole)]
    packed = {name: value for file in files for name, value in load_file(file).items()}
    with safe_open(files[0], "pt") as file:
        progress = json.loads(file.metadata()["progress"])
    return unpack(packed), progress


def _note(progress: dict) -> dict[str, str]:
    return {"progress": json.dumps(progress)}
