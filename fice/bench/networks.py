"""FLOPs, and each network alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from fice.bench.machine import shortest
from fice.editor import Editor
from fice.inversion.engine import Inversion

BATCHES = (1, 2, 4, 8)


class Counting(TorchDispatchMode):
    """Adds up the FLOPs of products and convolutions. (torch's own FlopCounterMode fails in autograd.grad.)"""

    flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula:
            self.flops += formula(*args, **(kwargs or {}), out_val=made)
        return made


def flops_of(work: Callable[[], Any]) -> int:
    with Counting() as counter:
        work()
    return counter.flops


def networks_of(editor: Editor) -> dict[str, tuple[Callable[[Tensor], Tensor], Tensor]]:
    """The networks of a loop as functions, each with an input of batch 1; {} where there is no such loop."""
    engine = editor.engine
    if not isinstance(engine, Inversion):
        return {}
    picture = torch.rand(1, 3, *engine.canvas, device=editor.device)
    ws = engine.generator.mapping.w_avg.expand(1, engine.generator.num_ws, -1).clone()
    encoder = {"encoder": (engine.load_encoder().latent, picture)} if "encoder" in editor.bundle.parts else {}
    view = torch.rand(1, 3, *[editor.semantics.size] * 2).to(picture)
    return {
        "generator": (engine.generator.synthesis, ws),
        **encoder,
        "regions": (editor.regions.network, picture),
        "pose": (engine.pose.network, picture),
        "clip (one view)": (editor.semantics.encode_picture, view),
    }


def measure_network(forward: Callable[[Tensor], Tensor], one: Tensor, rate: float) -> dict[str, float]:
    """Seconds and FLOPs of a network at batch 1, and the batch at which a picture costs least."""

    def both(given: Tensor) -> None:
        given = given.detach().requires_grad_(True)
        torch.autograd.grad(forward(given).sum(), given)

    with torch.no_grad():
        ahead = shortest(lambda: forward(one), one.device)
    costs = {}
    for batch in BATCHES:
        given = one.expand(batch, *one.shape[1:]).contiguous()
        costs[batch] = shortest(partial(both, given), one.device) / batch
    flops = flops_of(lambda: both(one))
    best = min(costs, key=lambda batch: costs[batch])
    return {
        "forward": ahead,
        "backward": costs[1] - ahead,
        "flops": flops,
        "floor_seconds": flops / rate,
        "best_batch": best,
        "best_seconds": costs[best],
    }
