"""How many pictures should be edited together on this machine: the fewest that are nearly fastest, and fit."""

from __future__ import annotations

import time

import torch

from fice.device import free_memory, most_held
from fice.engine import Engine, Run

WIDEST = {"cpu": 16, "cuda": 64, "mps": 16}
WORTH = 1.1  # more pictures must be so many times as fast, or they are not worth their memory
SHARE = 0.6  # of the free memory
REPEATS = 2


def best_batch_size(engine: Engine, run: Run, device: torch.device) -> int:
    """The batch's size that measuring a step of 1, 2, 4, ... copies of a run suggests.

    One doubling may bring nothing where the next does; after two the search is over.
    """
    rates: dict[int, float] = {}
    before, width = most_held(device) or 0, 1
    while True:
        rates[width] = rate_of(engine, run, width, device)
        each = ((most_held(device) or 0) - before) / width
        idle = rates[width] < WORTH * rates.get(width // 4, 0.0)
        width *= 2
        if idle or width > WIDEST[device.type] or each * width > SHARE * free_memory(device):
            return min(width for width, rate in rates.items() if WORTH * rate > max(rates.values()))


def rate_of(engine: Engine, run: Run, count: int, device: torch.device) -> float:
    """Pictures a second in one step of `count` at once."""
    seconds = []
    copies = [engine.again(run) for _ in range(count)]
    for _ in range(REPEATS + 1):  # the first one warms up
        began = time.perf_counter()
        engine.step(copies)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - began)
    return count / min(seconds[1:])
