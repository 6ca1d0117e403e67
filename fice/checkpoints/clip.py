"""OpenAI's CLIP (arXiv 2103.00020), as its TorchScript archives or as a plain state dict."""

from __future__ import annotations

from math import isqrt
from typing import Any

import torch
from torch import Tensor

from fice.checkpoints.files import flatten
from fice.checkpoints.found import Found
from fice.checkpoints.objects import Foreign
from fice.errors import WeightsError
from fice.language.bpe import FILE, find_vocabulary

KNOWN = {  # layers, width, patch, resolution -> name
    ((3, 4, 6, 3), 64, None, 224): "RN50",
    ((3, 4, 23, 3), 64, None, 224): "RN101",
    ((4, 6, 10, 6), 80, None, 288): "RN50x4",
    ((6, 8, 18, 8), 96, None, 384): "RN50x16",
    ((3, 15, 36, 10), 128, None, 448): "RN50x64",
    (12, 768, 32, 224): "ViT-B/32",
    (12, 768, 16, 224): "ViT-B/16",
    (24, 1024, 14, 224): "ViT-L/14",
    (24, 1024, 14, 336): "ViT-L/14@336px",
}
SETTINGS = ("input_resolution", "context_length", "vocab_size")  # numbers that OpenAI keeps among the weights
TOKENS = 49408
HEAD_WIDTH = 64
WIDEST_VIT = 1024  # what open_clip added beyond has other settings, which no shape tells


def convert(tree: Any) -> Found | None:
    """CLIP's networks and its vocabulary; None where the tree holds another thing.

    Raises WeightsError for a CLIP of another architecture, one that is not whole, or where there is no vocabulary.
    """
    state = _state(tree)
    if state is None:
        return None
    if any(key.startswith(("visual.trunk.", "text.")) for key in state):
        raise WeightsError("This CLIP of open_clip has towers that fice does not know: import one of OpenAI's CLIPs.")
    if "token_embedding.weight" not in state or "visual.conv1.weight" not in state:
        return None
    official = any(key in state for key in SETTINGS)
    state = {key: value for key, value in state.items() if key not in SETTINGS}
    arguments = _arguments(state)
    found = Found("clip", "clip", arguments, state)
    module = found.empty()
    wanted = module.state_dict().keys()
    found.unexpected = [key for key in state if key not in wanted]
    found.state = {key: state[key] for key in wanted}
    millions = sum(parameter.numel() for parameter in module.parameters()) / 1e6
    side, layers = arguments["image_resolution"], arguments["vision_layers"]
    patch = arguments["vision_patch_size"]
    name = KNOWN.get((layers, arguments["vision_width"], patch, side), "ViT" if patch else "ResNet")
    found.notes = [f"CLIP {name}: {millions:.0f} M parameters, {side}-pixel pictures, {arguments['embed_dim']} numbers"]
    if any(value.dtype == torch.float64 for value in found.state.values()):
        found.state = {key: _single(value) for key, value in found.state.items()}
        found.notes.append("Its double precision was made single.")
    if not official:
        found.notes.append("It is read as OpenAI's; a CLIP that open_clip trained without QuickGELU would be misread.")
    found.extra = {"tokenizer": "bpe", "context_length": arguments["context_length"], "image_resolution": side}
    vocabulary = find_vocabulary()
    if vocabulary is None:
        raise WeightsError(
            f"CLIP's vocabulary {FILE} was not found: get it with `fice models fetch clip-vocabulary`, or give the"
            " file along."
        )
    found.files = {FILE: vocabulary}
    return found


def _state(tree: Any) -> dict[str, Tensor] | None:
    """The tensors of a tree by their dotted names, wherever in it they lie; None where there are none."""
    if isinstance(tree, Foreign):
        tree = flatten(tree)
    for _ in range(2):
        if isinstance(tree, dict):
            tree = next((tree[key] for key in ("state_dict", "model") if isinstance(tree.get(key), dict)), tree)
    if not isinstance(tree, dict):
        return None
    tensors = {key: value for key, value in tree.items() if isinstance(key, str) and isinstance(value, Tensor)}
    wrapped = tensors and all(key.startswith("module.") for key in tensors)  # trained on several devices
    return {key.removeprefix("module."): value for key, value in tensors.items()} if wrapped else tensors


def _arguments(state: dict[str, Tensor]) -> dict[str, Any]:
    """What fice.nets.clip.CLIP is built from, read off the shapes."""
    tokens, width = _shape(state, "token_embedding.weight", 2)
    context, _ = _shape(state, "positional_embedding", 2)
    _, dimensions = _shape(state, "text_projection", 2)
    if tokens != TOKENS:
        raise WeightsError(f"This CLIP knows {tokens} tokens instead of {TOKENS}: import one of OpenAI's CLIPs.")
    text = {
        "embed_dim": dimensions,
        "context_length": context,
        "vocab_size": tokens,
        "transformer_width": width,
        "transformer_heads": width // HEAD_WIDTH,
        "transformer_layers": _count(state, "transformer.resblocks."),
    }
    channels, _, patch, _ = _shape(state, "visual.conv1.weight", 4)
    vit = "visual.class_embedding" in state
    if width % HEAD_WIDTH or (vit and channels % HEAD_WIDTH):
        raise WeightsError(
            f"This CLIP is {width} and {channels} channels wide, which OpenAI's heads of {HEAD_WIDTH} do not divide:"
            " import one of OpenAI's CLIPs."
        )
    if vit:
        if channels > WIDEST_VIT:
            raise WeightsError(
                f"This CLIP of open_clip has a ViT of {channels} channels (OpenAI's have up to {WIDEST_VIT}), whose"
                " settings the file does not tell: import one of OpenAI's CLIPs, or a folder of Hugging Face."
            )
        side = _side(state, "visual.positional_embedding")
        layers: int | tuple[int, ...] = _count(state, "visual.transformer.resblocks.")
        return text | {
            "image_resolution": side * patch,
            "vision_layers": layers,
            "vision_width": channels,
            "vision_patch_size": patch,
        }
    side = _side(state, "visual.attnpool.positional_embedding")
    layers = tuple(_count(state, f"visual.layer{number}.") for number in range(1, 5))
    return text | {
        "image_resolution": side * 32,
        "vision_layers": layers,
        "vision_width": channels * 2,
        "vision_patch_size": None,
    }


def _count(state: dict[str, Tensor], prefix: str) -> int:
    """How many numbered modules lie under a name."""
    return len({key.removeprefix(prefix).partition(".")[0] for key in state if key.startswith(prefix)})


def _side(state: dict[str, Tensor], key: str) -> int:
    """Height and width of the places that a position embedding tells apart, beside the one for all of them."""
    return isqrt(max(_shape(state, key, 2)[0] - 1, 0))


def _shape(state: dict[str, Tensor], key: str, dimensions: int) -> tuple[int, ...]:
    if key not in state or state[key].dim() != dimensions:
        raise WeightsError(f"This CLIP has no {key} that fits one of OpenAI's: get the checkpoint again.")
    return tuple(state[key].shape)


def _single(value: Tensor) -> Tensor:
    return value.float() if value.dtype == torch.float64 else value
