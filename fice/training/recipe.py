"""The training loop of every recipe: options, a run, a clock, one log line a tick."""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from fice.bundle.pack import save_figures, save_part
from fice.device import keep_freed_memory
from fice.errors import FiceError
from fice.training import together
from fice.training.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint

Figures = Mapping[str, Tensor | float]
Batch = TypeVar("Batch", contravariant=True)
Net = TypeVar("Net", bound=nn.Module)


def options(description: str, evaluates: bool = False) -> argparse.ArgumentParser:
    """The options that all recipes understand; evaluates: and those that can find the figures of a bundle again."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the photographs, or the prepared folder")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints and results go")
    parser.add_argument("--minutes", type=float, default=20, help="training time, over all resumptions")
    parser.add_argument("--batch", type=int, default=16, help="pictures a step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: all")
    parser.add_argument("--smoke", action="store_true", help="a few tiny steps, to see that the recipe runs")
    if evaluates:
        parser.add_argument(
            "--evaluate", action="store_true", help="only print the figures of --out: a run or a bundle"
        )
    return parser


def begin(threads: int, seed: int) -> None:
    """Sets this process up for a recipe: its CPU threads (0: all) and its random numbers."""
    keep_freed_memory()
    torch.set_num_threads(threads or torch.get_num_threads())
    torch.manual_seed(seed)


class Side(Protocol[Batch]):
    """What a recipe trains: all that its checkpoints hold, and a step."""

    @property
    def modules(self) -> Mapping[str, nn.Module]: ...

    @property
    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]: ...

    def step(self, number: int, fraction: float, batch: Batch, /) -> Figures:
        """Step `number`, from 0, at a `fraction` of the time; returns the figures of the log, scalars."""
        ...


@dataclass(frozen=True)
class Run:
    """How long a side is trained, and where it is kept; all resumptions count."""

    checkpoint: Path  # a safetensors file, gone on from where it exists
    minutes: float = math.inf
    steps: float = math.inf
    batch: int = 0  # pictures a step, of all processes together, for the log
    seed: int = 0
    tick: float = 30  # seconds between two checkpoints
    compact: bool = False  # several small files, which lose a little (`fice.training.compact`)


def train(side: Side[Batch], draw: Callable[[int], Batch], run: Run, show: Callable[[], None] = lambda: None) -> None:
    """Trains a side until the run's time or steps are over.

    draw: the batch of a step. show: is called after each checkpoint. Each step draws from random numbers seeded by the
    run's seed and its number, so that an interrupted run ends exactly as an uninterrupted one (unless `compact`), where
    `draw` does; the global random numbers are left as they were. Raises FiceError for figures that are not finite.
    """
    done = load_checkpoint(run.checkpoint, side.modules, side.optimisers)
    clock, chief = Clock(run.minutes * 60, done, run.tick, run.steps), together.rank() == 0
    figures: Figures = {}
    groups = [group for optimiser in side.optimisers.values() for group in optimiser.param_groups]
    parameters = [each for group in groups for each in group["params"]]
    if chief:
        print(f"{count(parameters)} parameters, from step {clock.step}", flush=True)

    def keep() -> None:
        save_checkpoint(run.checkpoint, side.modules, side.optimisers, clock.progress, run.compact)
        show()

    gpus = {each.device for each in parameters if each.is_cuda}
    with torch.random.fork_rng(gpus):
        for number in clock.steps():
            if chief and clock.log(figures, run.batch):
                keep()
            own = (run.seed * 10_000_019 + number) * together.size() + together.rank()
            torch.manual_seed(own)  # the CPU uses the lower 32 bits alone
            figures = side.step(number, clock.fraction, draw(number))
    if chief:
        clock.log(figures, run.batch, now=True)
        keep()


def run_of(args: argparse.Namespace) -> Run:
    """The run that the options ask for."""
    return Run(args.out / CHECKPOINT, args.minutes, batch=args.batch, seed=args.seed)


def finish(
    out: Path,
    part: str,
    module: nn.Module,
    network: str,
    arguments: dict[str, Any],
    extra: dict[str, Any],
    figures: dict[str, Any],
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Writes a trained part and its figures into the bundle of its run, and prints these; as of `save_part`."""
    save_part(out, part, module, network, arguments, extra, files)
    save_figures(out, {part: figures})
    print(json.dumps(figures), flush=True)


def lay_out(module: Net, layout: torch.memory_format = torch.channels_last) -> Net:
    """The module, its weights in a memory layout; on CPUs and tensor cores convolutions are faster channels last."""
    return module.to(memory_format=layout)  # type: ignore[call-overload]


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
        most: steps to make, `done` included.
    """

    def __init__(self, seconds: float, done: dict[str, Any] | None = None, tick: float = 30, most: float = math.inf):
        self.budget, self.tick, self.most = seconds, tick, most
        self.step: int = done["step"] if done else 0
        self.seconds: float = done["seconds"] if done else 0.0
        self._last = time.monotonic()
        self._sums: dict[str, Tensor | float] = {}
        self._count, self._since = 0, self.seconds

    @property
    def fraction(self) -> float:
        """The share of the time that is spent, in [0, 1]."""
        return min(self.seconds / self.budget, 1.0)

    @property
    def progress(self) -> dict[str, Any]:
        return {"step": self.step, "seconds": self.seconds}

    def steps(self) -> Iterator[int]:
        """Step numbers until the time is spent; the first process's time, where there are several."""
        while self.step < self.most and not together.first(self.seconds >= self.budget):
            yield self.step
            self.step += 1
            now = time.monotonic()
            self.seconds, self._last = self.seconds + now - self._last, now

    def log(self, figures: Figures, pictures: int = 0, now: bool = False) -> bool:
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


class Average(Generic[Net]):
    """An exponential moving average of a module's parameters; buffers are copied."""

    def __init__(self, module: Net):
        self.module: Net = copy.deepcopy(module).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, source: nn.Module, decay: float) -> None:
        get_ema_multi_avg_fn(decay)([*self.module.parameters()], [*source.parameters()], None)
        for average, value in zip(self.module.buffers(), source.buffers(), strict=True):
            average.copy_(value)


@torch.no_grad()
def between(start: Net, end: Net, share: float) -> Net:
    """`end`, which was trained on from `start`, with a share of its own weights and the rest of the start's.

    The weight-space ensemble of arXiv 2109.01903, which keeps what only one of both can; of generators the network
    interpolation of ESRGAN (arXiv 1809.00219, section 3.4), which keeps their artefacts out.
    """
    own = start.state_dict()
    for name, weight in end.state_dict().items():
        if weight.is_floating_point():
            weight.lerp_(own[name], 1 - share)
    return end


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
