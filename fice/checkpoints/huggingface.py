"""Folders as Hugging Face lays them out: CLIP, FashionCLIP, SigLIP, and SegFormer that labels clothes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from torch import Tensor

from fice.checkpoints.files import read_checkpoint
from fice.checkpoints.folder import colour, read_json, read_part, read_tensors, size_of
from fice.checkpoints.found import Found
from fice.errors import WeightsError
from fice.language.clip import MEAN, STD
from fice.nets.huggingface import FastTokenizer, settings

LABELS = {
    "background": "background",
    "hair": "hair",
    "face": "face",
    **dict.fromkeys(("arm", "leg", "hand", "foot", "neck", "skin", "torso-skin"), "skin"),
    **dict.fromkeys(("upper-clothes", "upper", "top", "shirt"), "upper"),
    **dict.fromkeys(("coat", "jacket", "outer"), "outer"),
    **dict.fromkeys(("dress", "jumpsuit", "jumpsuits"), "dress"),
    "skirt": "skirt",
    **dict.fromkeys(("pants", "trousers", "shorts", "jeans"), "trousers"),
    **dict.fromkeys(("socks", "stockings", "tights", "legwear"), "legwear"),
    **dict.fromkeys(("shoe", "shoes"), "shoes"),
    "bag": "bag",
    **dict.fromkeys(("hat", "cap", "headwear"), "headwear"),
    **dict.fromkeys(
        ("sunglasses", "glasses", "belt", "scarf", "glove", "gloves", "tie", "watch", "accessories"), "accessories"
    ),
}


def read_folder(path: str | Path) -> Found:
    """The network of a folder with config.json, weights, and what its kind needs beside them.

    Raises WeightsError for a folder of another kind, one that is not whole, or where transformers is missing.
    """
    path = Path(path)
    config = read_json(path, "config.json")
    kind = config.get("model_type")
    try:
        if kind in ("clip", "siglip"):
            found = _clip(path, config)
        elif kind == "segformer":
            found = _segformer(path, config)
        else:
            raise WeightsError(
                f"{path} holds a model of type {kind!r}: name the folder of a clip, a siglip or a segformer."
            )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise WeightsError(
            f"The settings in {path} fit no {kind} ({type(error).__name__}: {error}): get the folder again."
        ) from error
    found.state = {key: value for key, value in _weights(path).items() if not key.endswith(".position_ids")}
    module = found.empty()
    wanted = module.state_dict().keys()
    found.unexpected = [key for key in found.state if key not in wanted]
    found.state = {key: found.state[key] for key in wanted}
    millions = sum(parameter.numel() for parameter in module.parameters()) / 1e6
    found.notes = [f"{kind} of Hugging Face: {millions:.0f} M parameters, {found.notes[0]}"]
    return found


def _clip(path: Path, config: dict[str, Any]) -> Found:
    kind = config["model_type"]
    text, vision = (
        (config.get(f"{tower}_config") or {}) | (config.get(f"{tower}_config_dict") or {})
        for tower in ("text", "vision")
    )
    if not vision.get("vision_use_head", True):
        raise ValueError("vision_use_head false")
    arguments = {"kind": kind, "text": settings(text), "vision": settings(vision)}
    if kind == "clip":
        arguments["dimensions"] = int(config.get("projection_dim", 512))
    side = int(vision.get("image_size", 224))
    length = int(text.get("max_position_embeddings", 77 if kind == "clip" else 64))
    content = read_part(path, "tokenizer.json")
    words = FastTokenizer(content, length, 0)
    if words.vocab_size > text.get("vocab_size", words.vocab_size):
        raise ValueError(f"tokenizer.json has {words.vocab_size} words instead of {text['vocab_size']}")
    picture = read_json(path, "preprocessor_config.json")
    half = [0.5, 0.5, 0.5]
    mean, std = (MEAN, STD) if kind == "clip" else (half, half)
    extra = {
        "tokenizer": "huggingface",
        "context_length": length,
        "pad": _pad(path, words, int(text.get("pad_token_id", 1))),
        "image_resolution": side,
        "mean": colour(picture.get("image_mean", mean)),
        "std": colour(picture.get("image_std", std)),
    }
    notes = [f"{side}-pixel pictures, {length} tokens"]
    return Found("clip", "huggingface-clip", arguments, {}, extra, {"tokenizer.json": content}, notes)


def _segformer(path: Path, config: dict[str, Any]) -> Found:
    labels = config["id2label"]
    names = [_region(labels[str(index)]) for index in range(len(labels))]
    if "background" not in names:
        raise ValueError("no label background")
    if config.get("hidden_act", "gelu") != "gelu":
        raise ValueError(f"hidden_act {config['hidden_act']!r}")
    picture = read_json(path, "preprocessor_config.json")
    height, width = size_of(picture, 512)
    arguments = {
        "classes": len(names),
        "size": [height, width],
        "mean": colour(picture.get("image_mean", [0.485, 0.456, 0.406])),
        "std": colour(picture.get("image_std", [0.229, 0.224, 0.225])),
        "widths": _four(config["hidden_sizes"], 4096),
        "depths": _four(config["depths"], 100),
        "heads": _four(config["num_attention_heads"], 256),
        "reductions": _four(config["sr_ratios"], 64),
        "patches": _four(config["patch_sizes"], 64),
        "strides": _four(config["strides"], 64),
        "ratios": _four(config["mlp_ratios"], 64),
        "decoder_width": int(config["decoder_hidden_size"]),
    }
    notes = [f"{len(names)} labels, {height}x{width}-pixel pictures"]
    return Found("regions", "segformer", arguments, {}, {"names": names}, {}, notes)


def _region(label: str) -> str:
    """Our name for a label such as "Left-shoe"."""
    plain = re.sub(r"[\s_]+", "-", label.strip().lower())
    plain = plain.removeprefix("left-").removeprefix("right-")
    if plain not in LABELS:
        raise WeightsError(f"The label {label!r} is none that fice knows: name a network that labels clothes.")
    return LABELS[plain]


def _pad(path: Path, words: FastTokenizer, default: int) -> int:
    """The id with which short texts are filled."""
    name = "tokenizer_config.json"
    token = read_json(path, name).get("pad_token") if (path / name).is_file() else None
    token = token.get("content") if isinstance(token, dict) else token
    number = words.number(token) if isinstance(token, str) else None
    return default if number is None else number


def _four(values: Any, most: int) -> list[int]:
    """A setting of the four stages, checked before a network is made of it."""
    if not isinstance(values, list) or len(values) != 4 or any(type(x) is not int or not 0 < x <= most for x in values):
        raise ValueError(f"{values!r} where four numbers from 1 to {most} should be")
    return values


def _weights(path: Path) -> dict[str, Tensor]:
    """All tensors, mapped from the file or files of the folder."""
    if (tensors := read_tensors(path)) is not None:
        return tensors
    if (path / "pytorch_model.bin").is_file():
        tree = read_checkpoint(path / "pytorch_model.bin")
        return (
            {key: value for key, value in tree.items() if isinstance(value, Tensor)} if isinstance(tree, dict) else {}
        )
    raise WeightsError(f"{path} has no model.safetensors and no pytorch_model.bin: get the folder again.")
