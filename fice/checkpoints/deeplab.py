"""FICE's region network, a DeepLabv3 of torchvision, as the authors trained it or as a plain state dict."""

from __future__ import annotations

from typing import Any

from fice.checkpoints.found import Found
from fice.checkpoints.tensors import named_tensors, select
from fice.errors import WeightsError

NAMES = ("background", "body", "head")
PREFIX = "model."  # FICE's network is a part of what it trained
REMEDY = "import the segmentator of FICE"


def convert(tree: Any) -> Found | None:
    """A DeepLabv3 on a ResNet-50 that tells background, body and head; None where the tree holds another thing.

    Raises WeightsError for a DeepLabv3 with other classes or on another backbone.
    """
    tree = tree.get("state", tree) if isinstance(tree, dict) else tree
    tensors = named_tensors(tree)
    prefix = PREFIX if f"{PREFIX}classifier.4.weight" in tensors else ""
    state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    if not {"backbone.layer1.0.conv1.weight", "classifier.0.project.0.weight", "classifier.4.weight"} <= state.keys():
        return None
    if "backbone.layer3.6.conv1.weight" in state:
        raise WeightsError(f"This DeepLab stands on a ResNet-101, fice knows the one on a ResNet-50: {REMEDY}.")
    (classes,) = state["classifier.4.weight"].shape[:1] or (0,)
    if classes != len(NAMES):
        raise WeightsError(
            f"This DeepLab tells {classes} classes apart, fice knows the three of FICE ({', '.join(NAMES)}): {REMEDY}."
        )
    found = Found("regions", "deeplab", {"classes": classes}, state, {"names": list(NAMES)})
    found.notes = [f"DeepLabv3 on a ResNet-50, for {', '.join(NAMES)}"]
    return select(found, tensors, prefix)
