"""A model's folder as Hugging Face lays it out: its json files, and its tensors where they lie in safetensors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from torch import Tensor

from fice.checkpoints.files import read_safetensors
from fice.errors import WeightsError
from fice.files import read_file

LARGEST = 1 << 26  # bytes of a json file; the largest known tokenizer has half of that
# settings that would have transformers fetch or run something, or that are our own to choose
FOREIGN = {
    *("auto_map", "attn_implementation", "_attn_implementation", "fusion_config", "transformers_weights"),
    *("_name_or_path", "name_or_path", "dtype", "torch_dtype"),
}
LAYERS = 1000  # in a row, of any network


def read_part(path: Path, name: str) -> bytes:
    """A small file of a folder. Raises WeightsError where it is missing or cannot be read."""
    file = path / name
    if not file.is_file():
        raise WeightsError(f"{path} has no {name}: get the whole folder of the model.")
    try:
        return read_file(file, LARGEST)
    except OSError as error:
        raise WeightsError(f"{file} cannot be read ({error.strerror}): get the folder again.") from error


def read_json(path: Path, name: str) -> dict[str, Any]:
    """A json object of a folder; errors as of `read_part`, also for one that is damaged."""
    try:
        content = json.loads(read_part(path, name))
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path / name} is damaged: get the folder again.") from error
    if not isinstance(content, dict):
        raise WeightsError(f"{path / name} is damaged: get the folder again.")
    return content


def read_tensors(path: Path) -> dict[str, Tensor] | None:
    """All tensors, mapped from the files of the folder; None where it has no safetensors. WeightsError for damage."""
    if (path / "model.safetensors").is_file():
        return read_safetensors(path / "model.safetensors")
    if not (path / "model.safetensors.index.json").is_file():
        return None
    names = sorted(set(read_index(path, "model.safetensors.index.json").values()))
    return {key: value for name in names for key, value in read_safetensors(path / name).items()}


def read_index(path: Path, name: str) -> dict[str, str]:
    """In which file of a folder each tensor is, as an index says. WeightsError for damage, and for files elsewhere."""
    listed = read_json(path, name).get("weight_map")
    if not isinstance(listed, dict) or not listed or not all(isinstance(file, str) for file in listed.values()):
        raise WeightsError(f"{path / name} is damaged: get the folder again.")
    if any(Path(file).name != file or not file.endswith(".safetensors") for file in listed.values()):
        raise WeightsError(f"The index of {path} names files elsewhere: get the folder again.")
    return listed


def colour(values: Sequence[float]) -> list[float]:
    """The mean or deviation of a colour's three parts. Raises ValueError or TypeError for anything else."""
    red, green, blue = (float(value) for value in values)
    if not all(isfinite(value) for value in (red, green, blue)):
        raise ValueError(f"mean or deviation {values}")
    return [red, green, blue]


def size_of(picture: dict[str, Any], default: int) -> tuple[int, int]:
    """The height and width at which preprocessor_config.json has pictures looked at. Raises as `colour`."""
    size = picture.get("size", default)
    if isinstance(size, dict):
        size = [size["height"], size["width"]] if "height" in size else size["shortest_edge"]
    height, width = size if isinstance(size, list) else (size, size)
    return int(height), int(width)


def plain_settings(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Settings without those that reach beyond the folder. Raises WeightsError for those that cannot be left out."""
    if config.get("quantization_config"):
        raise WeightsError(f"The weights in {folder} are quantised, which is not read: get them as they were trained.")
    timm = config.get("use_timm_backbone") or str(config.get("model_type")).startswith("timm")
    if timm or isinstance(config.get("backbone"), str):
        raise WeightsError(f"The network in {folder} takes a part from elsewhere: get one that is whole.")
    taken = {}
    for key, value in config.items():
        numbers = value if isinstance(value, list) else [value]
        if any(word in key for word in ("layers", "depth", "blocks")):
            if sum(number for number in numbers if isinstance(number, int)) > LAYERS:
                raise WeightsError(f"The network in {folder} is too deep ({key} {str(value)[:40]}): get another one.")
        if key not in FOREIGN:
            taken[key] = plain_settings(value, folder) if isinstance(value, dict) else value
    return taken
