"""EfficientNet-Lite 0, 1 or 2 under the names of the first ports to PyTorch, such as `_blocks.N._expand_conv`."""

from __future__ import annotations

import re
from typing import Any

from fice.checkpoints.found import Found
from fice.checkpoints.tensors import named_tensors, select
from fice.errors import WeightsError
from fice.nets.efficientnet import DEPTHS, TOP, stages

LAYERS = {
    "_expand_conv": "expand.0",
    "_bn0": "expand.1",
    "_depthwise_conv": "depthwise.0",
    "_bn1": "depthwise.1",
    "_project_conv": "project.0",
    "_bn2": "project.1",
}
ENDS = {"_conv_stem": "stem.0", "_bn0": "stem.1", "_conv_head": "top.0", "_bn1": "top.1", "_fc": "classify"}


def convert(tree: Any) -> Found | None:
    """A feature network of a state dict; None where the tree holds another thing.

    Raises WeightsError for an EfficientNet that is none of the three.
    """
    tensors = named_tensors(tree)
    if not {"_conv_stem.weight", "_blocks.0._depthwise_conv.weight", "_fc.weight"} <= tensors.keys():
        return None
    count = 1 + max(int(key.split(".")[1]) for key in tensors if re.match(r"_blocks\.\d+\.", key))
    widest = tensors["_fc.weight"].shape[-1:], tensors[f"_blocks.{count - 1}._project_conv.weight"].shape[:1]
    size = next((size for size in DEPTHS if (count, widest) == _shape(size)), None)
    if size is None:
        raise WeightsError(
            f"This EfficientNet has {count} blocks and is none that fice knows: import EfficientNet-Lite 0, 1 or 2."
        )
    places = [f"stages.{stage}.{block}" for stage, row in enumerate(stages(size)) for block in range(row[0])]
    state = {_name(key.split("."), places): value for key, value in tensors.items()}
    found = Found("features", "efficientnet-lite", {"size": size}, state)
    found.notes = [f"EfficientNet-Lite{size}, a feature network trained on ImageNet"]
    return select(found, state)


def _shape(size: int) -> tuple[int, tuple]:
    """Blocks, and channels at the end, of a published size."""
    rows = stages(size)
    return sum(repeats for repeats, *_ in rows), ((TOP,), (rows[-1][-1],))


def _name(path: list[str], places: list[str]) -> str:
    """The name of an entry in our network; what is not known keeps its own."""
    if path[0] == "_blocks":
        return ".".join([places[int(path[1])], LAYERS.get(path[2], path[2]), *path[3:]])
    return ".".join([ENDS.get(path[0], path[0]), *path[1:]])
