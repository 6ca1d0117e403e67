"""A part of a model's folder as diffusers lays it out: which of its files are taken, and whether they are whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fice.checkpoints.files import read_checkpoint, read_safetensors
from fice.checkpoints.folder import plain_settings, read_index, read_json, read_part
from fice.checkpoints.tensors import named_tensors
from fice.errors import WeightsError, first_line, is_out_of_memory
from fice.extras import missing, silent

Content = bytes | Path | dict[str, Tensor]  # a small file, one taken as it is, or weights yet to be written

NAMES = {"diffusers": "diffusion_pytorch_model", "transformers": "model"}  # of the weights
PICKLED = {"diffusers": "diffusion_pytorch_model", "transformers": "pytorch_model"}
VARIANTS = ("", ".fp16", ".bf16")  # where there are several, the plain one is taken
WORDS = (  # of a tokenizer, or of what prepares pictures and words together
    *("tokenizer.json", "vocab.json", "merges.txt", "spiece.model", "vocab.txt"),
    *("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja"),
    *("preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json", "chat_template.json"),
)
VOCABULARIES = (("tokenizer.json",), ("vocab.json", "merges.txt"), ("spiece.model",), ("vocab.txt",))
NUMBERS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}


def read_network(path: Path, library: str, kind: str) -> dict[str, Content]:
    """The files of a network: its settings and its safetensors, under plain names.

    library: "diffusers" or "transformers", and `kind` its class. What is in pickles comes as tensors. Raises
    WeightsError for a folder that is of another kind, not whole, or quantised.
    """
    config = read_json(path, "config.json")
    named = config.get("_class_name", kind) if library == "diffusers" else kind
    if named != kind:
        raise WeightsError(f"{path} holds a {named} where a {kind} should be: get the whole folder of the model.")
    config = plain_settings(config, path)
    files, tensors = _weights(path, library)
    _check_numbers(path, tensors)
    _check_size(path, library, kind, config, tensors)
    return {"config.json": as_json(config), **files}


def read_words(path: Path) -> dict[str, Content]:
    """The files of a tokenizer or a processor. Raises WeightsError where it has no words."""
    if not any(all((path / name).is_file() for name in names) for names in VOCABULARIES):
        raise WeightsError(f"{path} has no words of a tokenizer: get the whole folder of the model.")
    files: dict[str, Content] = {}
    for name in WORDS:
        if (path / name).is_file():
            content = read_json(path, name) if name.endswith(".json") else {}  # which refuses what is damaged
            ours = as_json({key: value for key, value in content.items() if key != "auto_map"})
            files[name] = ours if name.endswith("_config.json") else read_part(path, name)
    return files


def read_schedule(path: Path) -> dict[str, Content]:
    """The one file of a scheduler."""
    return {"scheduler_config.json": as_json(plain_settings(read_json(path, "scheduler_config.json"), path))}


def _weights(path: Path, library: str) -> tuple[dict[str, Content], Mapping[str, Tensor]]:
    """The files of the weights and what is in them, mapped."""
    name = NAMES[library]
    for variant in VARIANTS:
        if (path / f"{name}{variant}.safetensors").is_file():
            file = path / f"{name}{variant}.safetensors"
            return {f"{name}.safetensors": file}, _read(file)
        if (path / f"{name}.safetensors.index{variant}.json").is_file():
            return _shards(path, name, f"{name}.safetensors.index{variant}.json")
    for variant in VARIANTS:
        file = path / f"{PICKLED[library]}{variant}.bin"
        if file.is_file():
            tensors = named_tensors(_read(file, read_checkpoint))
            return {f"{name}.safetensors": tensors}, tensors
    if any(path.glob("*.bin")):
        raise WeightsError(f"{path} has its weights as pickles in pieces: get them as safetensors.")
    raise WeightsError(f"{path} has no {name}.safetensors: get the whole folder of the model.")


def _read(path: Path, read: Callable[[Path], Any] = read_safetensors) -> Any:
    """What a file holds; errors name its folder, as files have the same name in all."""
    try:
        return read(path)
    except WeightsError as error:
        raise WeightsError(f"In {path.parent} {error}") from error


def _shards(path: Path, name: str, index: str) -> tuple[dict[str, Content], Mapping[str, Tensor]]:
    """Weights in several files, renamed in their order, and an index that says so."""
    listed = read_index(path, index)
    files = sorted(set(listed.values()))
    if lacking := [file for file in files if not (path / file).is_file()]:
        raise WeightsError(f"{path} has no {lacking[0]}, which its index names: get the whole folder of the model.")
    plain = {file: f"{name}-{i + 1:05}-of-{len(files):05}.safetensors" for i, file in enumerate(files)}
    tensors: dict[str, Tensor] = {}
    for file in files:
        held = _read(path / file)
        wanted = [key for key, other in listed.items() if other == file]
        if lacking := [key for key in wanted if key not in held]:
            raise WeightsError(f"{path / file} lacks {lacking[0]}, which the index names: get the folder again.")
        tensors.update(held)
    size = sum(tensor.nbytes for tensor in tensors.values())
    card = {"metadata": {"total_size": size}, "weight_map": {key: plain[file] for key, file in listed.items()}}
    taken: dict[str, Content] = {plain[file]: path / file for file in files}
    return {f"{name}.safetensors.index.json": as_json(card), **taken}, tensors


def _check_numbers(path: Path, tensors: Mapping[str, Tensor]) -> None:
    plain = sum(tensor.numel() for tensor in tensors.values() if tensor.dtype in NUMBERS)
    if not plain:
        raise WeightsError(f"The weights in {path} are none: get the folder again.")
    if 2 * plain < sum(tensor.numel() for tensor in tensors.values()):
        raise WeightsError(f"The weights in {path} are quantised, which is not read: get them as they were trained.")


def _check_size(path: Path, library: str, kind: str, config: dict[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Where the extra is installed: as many numbers as the network has, for the libraries make up those that lack."""
    if missing("diffusion"):
        return
    import diffusers
    import transformers

    try:
        with silent(), torch.device("meta"):
            network = getattr({"diffusers": diffusers, "transformers": transformers}[library], kind, None)
            if network is None:
                return  # one of a newer version, as is said when it is loaded
            outline = (
                network.from_config(config)
                if library == "diffusers"
                else network(network.config_class.from_dict(config))
            )
        wanted = sum(parameter.numel() for parameter in outline.parameters())
    except Exception as error:  # the settings of each network fail in their own way
        if is_out_of_memory(error):
            raise
        raise WeightsError(f"The settings in {path} fit no {kind} ({first_line(error)}): get them again.") from error
    have = sum(tensor.numel() for tensor in tensors.values() if tensor.is_floating_point())
    if have < wanted:
        raise WeightsError(
            f"The weights in {path} are {have:,} numbers where a {kind} of its settings has {wanted:,}: get the folder"
            " again."
        )


def as_json(content: Mapping[str, Any]) -> bytes:
    """What a file of settings holds."""
    return (json.dumps(content, indent=1) + "\n").encode()
