"""Checkpoints without pickles: modules, optimisers and progress in safetensors files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from fice.errors import WeightsError
from fice.training.compact import load_set, save_set

CHECKPOINT = "checkpoint.safetensors"  # of a run's folder


def save_checkpoint(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    progress: dict[str, Any],
    compact: bool = False,
) -> None:
    """Writes modules, optimiser states and `progress` (plain json values) to one safetensors file, atomically.

    compact: to several small ones instead, which lose a little (`fice.training.compact`).
    """
    tensors = {}
    for name, module in modules.items():
        tensors.update({f"{name}/{key}": value.contiguous() for key, value in module.state_dict().items()})
    for name, optimiser in optimisers.items():
        for index, state in optimiser.state_dict()["state"].items():
            tensors.update({f"{name}//{index}/{key}": value.contiguous() for key, value in state.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    if compact:
        forgetful = [name for name, optimiser in optimisers.items() if optimiser.defaults.get("betas", (1,))[0] == 0]
        dropped = tuple(f"{name}//" for name in forgetful)  # their first moment is the last gradient, never used again
        kept = {k: v for k, v in tensors.items() if not (k.startswith(dropped) and k.endswith("/exp_avg"))}
        save_set(path, kept, progress)
        return
    temporary = path.with_suffix(".part")
    save_file({key: value.clone() for key, value in tensors.items()}, temporary, {"progress": json.dumps(progress)})
    os.replace(temporary, path)


def load_checkpoint(
    path: Path, modules: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]
) -> dict[str, Any] | None:
    """The inverse of `save_checkpoint`, of either kind; None when there is nothing to resume from.

    Raises WeightsError for a checkpoint of modules of another shape.
    """
    found = _read(path) if path.exists() else load_set(path)
    if found is None:
        return None
    tensors, progress = found
    for name, module in modules.items():
        prefix = f"{name}/"
        state = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix) and f"{name}//" not in k}
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsError(
                f"The checkpoint in {path.parent} is of other options: go on with those, or give another --out."
            ) from error
    for name, optimiser in optimisers.items():
        held = optimiser.state_dict()
        parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
        for key, value in tensors.items():
            if key.startswith(f"{name}//"):
                index, field = key[len(name) + 2 :].split("/")
                held["state"].setdefault(int(index), {})[field] = _laid_out(value, parameters[int(index)])
        for entries in held["state"].values():
            if "exp_avg_sq" in entries:
                entries.setdefault("exp_avg", torch.zeros_like(entries["exp_avg_sq"]))
        optimiser.load_state_dict(held)
    return progress


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    with safe_open(path, "pt") as file:
        progress = json.loads(file.metadata()["progress"])
    return load_file(path), progress


def _laid_out(value: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """An optimiser's tensor in its parameter's memory layout, without which steps are slow."""
    return torch.empty_like(parameter, device="cpu").copy_(value) if value.shape == parameter.shape else value
