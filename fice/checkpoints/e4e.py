"""Encoders of encoder4editing (arXiv 2102.02766), as that repository and FICE save them, or as a plain state dict."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from fice.checkpoints.found import Found
from fice.checkpoints.limits import plain
from fice.checkpoints.objects import Foreign
from fice.checkpoints.tensors import named_tensors, select
from fice.errors import WeightsError

PREFIX = "encoder."
AVERAGE = "latent_avg"
KIND = "Encoder4Editing"
ROWS = range(8, 20, 2)  # of generators from 32 to 1024 pixels
REMEDY = "import one that encoder4editing trained for W+"


def convert(tree: Any) -> Found | None:
    """The encoder, without the generator beside it; None where the tree holds another thing.

    Raises WeightsError for the other encoders that share its backbone.
    """
    if not isinstance(tree, dict):
        return None
    tensors = named_tensors(tree.get("state_dict", tree))
    prefix = PREFIX if f"{PREFIX}input_layer.0.weight" in tensors else ""
    state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    heads = {key.split(".")[1] for key in state if key.startswith("styles.")}
    single_head = "linear.weight" in state
    if not {"input_layer.0.weight", "body.0.res_layer.1.weight"} <= state.keys() or not (heads or single_head):
        return None
    rows = len(heads)
    if rows not in ROWS:
        raise WeightsError(
            f"This encoder finds {max(rows, 1)} row{'s' * (rows > 1)} of W+, which is no whole latent (14 for 256"
            f" pixels): {REMEDY}."
        )
    kind = _settings(tree).get("encoder_type", KIND)
    if kind != KIND:
        raise WeightsError(
            f"This encoder is a {plain(str(kind))}, whose rows do not build on a main one as in e4e: {REMEDY}."
        )
    average = named_tensors(tree).get(AVERAGE, state.get(AVERAGE))
    if average is None:
        raise WeightsError(
            f"This encoder comes without {AVERAGE}, the mean latent to which its rows are added: import the checkpoint"
            " that encoder4editing wrote, which holds both, and not its encoder alone."
        )
    state[AVERAGE] = _average(average, rows)
    side = 2 ** (rows // 2 + 1)
    found = Found("encoder", "e4e", {"rows": rows}, state, {"canvas": [side, side]})
    found.notes = [f"e4e, {rows} rows of W+, for a generator of {side}x{side} pixels"]
    if "encoder_type" not in _settings(tree):
        found.notes.append("It is read as e4e; one of pixel2style2pixel, whose names are the same, would be misread.")
    return select(found, tensors, prefix)


def _settings(tree: dict) -> dict[str, Any]:
    settings = tree.get("opts")
    settings = settings.state if isinstance(settings, Foreign) else settings
    return settings if isinstance(settings, dict) else {}


def _average(average: Tensor, rows: int) -> Tensor:
    """The mean latent, one for all rows or one for each, as (1, rows, 512)."""
    if average.numel() not in (512, rows * 512):
        raise WeightsError(
            f"The encoder's mean latent is {tuple(average.shape)}, not {rows} rows of 512: get the checkpoint again."
        )
    return average.reshape(1, -1, 512).expand(1, rows, 512).contiguous()
