"""Several processes that train one network, each on its share of the batch: `torchrun --nproc-per-node N -m ...`.

Every function does nothing where there is one process.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from torch import Tensor
from torch import distributed as dist

from fice.errors import UsageError


def join(device: str) -> str:
    """Joins the others that torchrun started, if it did; returns this process's device."""
    if "LOCAL_RANK" not in os.environ:
        return device
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    return device


def leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def share(batch: int) -> int:
    """This process's share of a batch; UsageError where the processes cannot share it."""
    if batch % size():
        raise UsageError(f"A batch of {batch} cannot be shared by {size()} processes; change it.")
    return batch // size()


@torch.no_grad()
def average(tensors: Sequence[Tensor]) -> None:
    """Replaces tensors of one dtype and device by their means over the processes."""
    if size() == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    flat /= size()
    for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(mean.view(tensor.shape))


def first(answer: bool) -> bool:
    """The first process's answer, for all: their clocks differ."""
    if size() == 1:
        return answer
    told = torch.tensor(answer)  # on the CPU, so that nobody waits for a GPU
    dist.broadcast(told, 0)
    return bool(told)
