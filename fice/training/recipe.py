"""What every recipe shares: options, checkpoints without pickles, a clock, one log line a tick."""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fice.errors import FiceError
from fice.training.compact import load_set, save_set


def options(description: str) -> argparse.ArgumentParser:
    """The options that all recipes understand."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the photographs, or the prepared folder")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints and results go")
    parser.add_argument("--minutes", type=float, default=20, help="training time, over all resumptions")
    parser.add_argument("--batch", type=int, default=16, help="pictures a step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--smoke", action="store_true", help="a few tiny steps, to see that the recipe runs")
    return parser


def save_checkpoint(
    path: Path,
    modules: dict[str, nn.Module],
    optimisers: dict[str, torch.optim.Optimizer],
    progress: dict,
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
    path: Path, modules: dict[str, nn.Module], optimisers: dict[str, torch.optim.Optimizer]
) -> dict | None:
    """The inverse of `save_checkpoint`, of either kind; None when there is nothing to resume from."""
    found = _read(path) if path.exists() else load_set(path)
    if found is None:
        return None
    tensors, progress = found
    for name, module in modules.items():
        prefix = f"{name}/"
        state = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix) and f"{name}//" not in k}
        module.load_state_dict(state)
    for name, optimiser in optimisers.items():
        state = optimiser.state_dict()
        parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
        for key, value in tensors.items():
            if key.startswith(f"{name}//"):
                index, field = key[len(name) + 2 :].split("/")
                state["state"].setdefault(int(index), {})[field] = _laid_out(value, parameters[int(index)])
        for entries in state["state"].values():
            if "exp_avg_sq" in entries:
                entries.setdefault("exp_avg", torch.zeros_like(entries["exp_avg_sq"]))
        optimiser.load_state_dict(state)
    return progress


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    with safe_open(path, "pt") as file:
        progress = json.loads(file.metadata()["progress"])
    return load_file(path), progress


def _laid_out(value: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """An optimiser's tensor in its parameter's memory layout, without which steps are slow."""
    return torch.empty_like(parameter, device="cpu").copy_(value) if value.shape == parameter.shape else value


def take_over(module: nn.Module, other: nn.Module) -> None:
    """Gives a module the weights of another that have the same name and shape."""
    state, found = module.state_dict(), other.state_dict()
    module.load_state_dict({k: found[k] if k in found and found[k].shape == v.shape else v for k, v in state.items()})


class Clock:
    """Counts steps and seconds over all resumptions, and prints one line a tick.

    Args:
        seconds: training time to spend, `done` included.
        done: progress of an earlier run ({"step", "seconds"}), if any.
        tick: seconds between two lines.
    """

    def __init__(self, seconds: float, done: dict | None = None, tick: float = 30):
        self.budget, self.tick = seconds, tick
        self.step, self.seconds = (done["step"], done["seconds"]) if done else (0, 0.0)
        self._last = time.monotonic()
        self._sums, self._count, self._since = {}, 0, self.seconds

    @property
    def fraction(self) -> float:
        """The share of the time that is spent, in [0, 1]."""
        return min(self.seconds / self.budget, 1.0)

    @property
    def progress(self) -> dict:
        return {"step": self.step, "seconds": self.seconds}

    def steps(self) -> Iterator[int]:
        """Step numbers until the time is spent."""
        while self.seconds < self.budget:
            yield self.step
            self.step += 1
            now = time.monotonic()
            self.seconds, self._last = self.seconds + now - self._last, now

    def log(self, figures: dict[str, float], pictures: int = 0, now: bool = False) -> bool:
        """Averages `figures`; at a tick, or `now`, prints them and says True: a good moment for a checkpoint.

        pictures: in a step, to print how many a second have been seen since the last tick. Raises FiceError for
        figures that are not finite: on a CPU at that step, on a GPU at the next tick.
        """
        on_gpu = False
        for name, value in figures.items():  # as tensors: to ask a GPU for a number is to wait for it
            self._sums[name] = self._sums.get(name, 0.0) + (value.detach() if torch.is_tensor(value) else value)
            on_gpu |= torch.is_tensor(value) and value.is_cuda
        self._count += bool(figures)
        passed = self.seconds - self._since
        due = (passed >= self.tick or now) and self._count > 0
        if due or not on_gpu:
            self._check()
        if not due:
            return False
        means = "  ".join(f"{name} {float(value) / self._count:.4f}" for name, value in self._sums.items())
        rate = f"  {self._count * pictures / passed:.1f} pictures/s" if pictures and passed else ""
        print(f"step {self.step}  minute {self.seconds / 60:.1f}{rate}  {means}", flush=True)
        self._sums, self._count, self._since = {}, 0, self.seconds
        return True


    def _check(self) -> None:
        """FiceError where a figure is not finite any more."""
        lost = [name for name, value in self._sums.items() if not math.isfinite(value)]
        if lost:
            raise FiceError(
                f"{' and '.join(lost)} is not finite at step {self.step}; the last checkpoint is. Run the command again"
                " to go on from it, with a lower rate if this comes back, and see what fice doctor says of bfloat16."
            )


class Average:
    """An exponential moving average of a module's parameters; buffers are copied."""

    def __init__(self, module: nn.Module):
        self.module = copy.deepcopy(module).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, source: nn.Module, decay: float) -> None:
        get_ema_multi_avg_fn(decay)([*self.module.parameters()], [*source.parameters()], None)
        for average, value in zip(self.module.buffers(), source.buffers(), strict=True):
            average.copy_(value)


def cosine(fraction: float, warm: float = 0.02) -> float:
    """A learning-rate factor: linear warm-up over `warm`, then half a cosine to zero."""
    if fraction < warm:
        return max(fraction / warm, 0.01)
    return 0.5 * (1 + torch.tensor(torch.pi * (fraction - warm) / (1 - warm)).cos().item())


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The rate of all parameters; of a group that has a share, that share of it."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("share", 1.0)


def count(parameters: Iterable[torch.Tensor]) -> int:
    return sum(p.numel() for p in parameters)
