"""The Inception v3 of published Fréchet Inception Distances, from the file of the pytorch-fid project."""

from __future__ import annotations

from pathlib import Path

import torch

from fice.checkpoints.files import read_checkpoint
from fice.checkpoints.tensors import named_tensors
from fice.errors import WeightsError
from fice.nets.inception import Inception

UNUSED = ("fc.", "num_batches_tracked")  # entries of the file: the classes, and counts of training


def load_inception(path: Path) -> Inception:
    """The network with the weights of a checkpoint, which is read without executing anything in it.

    Raises WeightsError where the file is missing or damaged, or holds another network.
    """
    found = {key: value for key, value in named_tensors(read_checkpoint(path)).items() if not _is_unused(key)}
    with torch.device("meta"):
        network = Inception()
    wanted = network.state_dict()
    odd = [
        key
        for key in wanted.keys() | found.keys()
        if key not in found or key not in wanted or found[key].shape != wanted[key].shape
    ]
    if odd:
        raise WeightsError(
            f"{path.name} is not the Inception v3 that Fréchet Inception Distances are measured with"
            f" ({len(odd)} entries differ, {min(odd)} among them): fetch pt_inception-2015-12-05-6726825d.pth."
        )
    network.load_state_dict({key: value.float() for key, value in found.items()}, assign=True)
    return network.eval().requires_grad_(False)


def _is_unused(key: str) -> bool:
    return key.startswith(UNUSED[0]) or key.endswith(UNUSED[1])
