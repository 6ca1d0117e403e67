"""IP-Adapters, which show pictures to a diffusion model: a file of weights, and the encoder that it was made for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from fice.checkpoints.components import Content, read_network
from fice.checkpoints.files import read_checkpoint, read_safetensors
from fice.checkpoints.folder import read_json
from fice.checkpoints.limits import plain
from fice.checkpoints.origin import licence_of, origin_of
from fice.checkpoints.tensors import named_tensors
from fice.checkpoints.tree import Tree
from fice.errors import WeightsError

FILE, ENCODER = "ip_adapter.safetensors", "image_encoder"  # in the bundle's folder
KIND, SEES = "IPAdapter", "CLIPVisionModelWithProjection"
SHARES = ("image_proj", "ip_adapter")
SEEING = ("proj", "proj_in", "proj.3")  # layers of those that see a picture, plain, "plus" and "full"
WIDTHS = {  # what the projection of pictures begins with, and the setting of the encoder that it takes
    "image_proj.proj.weight": "projection_dim",
    "image_proj.proj_in.weight": "hidden_size",
    "image_proj.proj.0.weight": "hidden_size",
}


def find_adapter(path: Path) -> list[Tree]:
    """The adapter and the encoder of a folder that has both, there or one folder below; [] where it has no adapter.

    Raises WeightsError where it has several.
    """
    places = [path, *sorted(below for below in path.iterdir() if below.is_dir())]
    files = [
        file
        for place in places
        for file in sorted(place.iterdir())
        if file.name.lower().startswith(("ip-adapter", "ip_adapter")) and file.suffix in (".safetensors", ".bin")
    ]
    encoders = [place / ENCODER for place in places if (place / ENCODER).is_dir()]
    if len(names := {file.stem for file in files}) > 1 or (files and len(encoders) > 1):
        raise WeightsError(
            f"{path} has several adapters ({', '.join(sorted(map(plain, names)))}): name one file, and the folder"
            f" {ENCODER} that belongs to it."
        )
    if not files:
        return []
    file = max(files, key=lambda file: file.suffix)  # safetensors
    adapter = as_adapter(file, read_checkpoint(file))
    trees = [*([adapter] if adapter else []), *map(read_encoder, encoders)]
    for tree in trees:
        tree.licence, tree.origin = licence_of(path, KIND), origin_of(path)
    return trees


def as_adapter(path: Path, content: Any) -> Tree | None:
    """The adapter of a file, None for something else. Raises WeightsError for one that sees faces alone."""
    tensors = named_tensors(content)
    if isinstance(content, dict) and set(SHARES) <= content.keys():
        shares = {share: named_tensors(content[share]) for share in SHARES}
        tensors = {f"{share}.{key}": value for share, part in shares.items() for key, value in part.items()}
    if not all(any(key.startswith(f"{share}.") for key in tensors) for share in SHARES):
        return None
    if not any(f"image_proj.{key}.weight" in tensors for key in SEEING) or any("lora" in key for key in tensors):
        raise WeightsError(f"{path.name} is an adapter for faces: get one that sees whole pictures.")
    _widths(path, tensors)
    taken = {key: value for key, value in tensors.items() if key.startswith(tuple(f"{share}." for share in SHARES))}
    ready = path.suffix == ".safetensors" and len(taken) == len(tensors)
    files: dict[str, Content] = {FILE: path if ready else taken}
    return Tree("adapter", KIND, files, licence_of(path, KIND), origin_of(path), below=FILE, notes=["an IP-Adapter"])


def read_encoder(path: Path) -> Tree:
    """The encoder of pictures of a folder. Raises WeightsError where it is not whole."""
    files: dict[str, Content] = {
        f"{ENCODER}/{name}": content for name, content in read_network(path, "transformers", SEES).items()
    }
    licence, origin = licence_of(path, KIND), origin_of(path)
    return Tree("adapter", SEES, files, licence, origin, "image encoder", ENCODER, ["the encoder of pictures"])


def adapter_widths(folder: Path) -> tuple[int, tuple[str, int]]:
    """What a bundle's adapter is made for: features of the words, and the encoder's setting with its value."""
    return _widths(folder / FILE, read_safetensors(folder / FILE))


def _widths(path: Path, tensors: Mapping[str, Tensor]) -> tuple[int, tuple[str, int]]:
    heard = [tensor for key, tensor in tensors.items() if key.endswith("to_k_ip.weight")]
    seen = [key for key in WIDTHS if key in tensors]
    if not heard or not seen or heard[0].ndim != 2 or tensors[seen[0]].ndim != 2:
        raise WeightsError(f"{path.name} is no whole adapter: download it again.")
    return heard[0].shape[1], (WIDTHS[seen[0]], tensors[seen[0]].shape[1])


def encoder_settings(folder: Path) -> dict[str, Any]:
    """The settings of a bundle's encoder of pictures."""
    return read_json(folder / ENCODER, "config.json")
