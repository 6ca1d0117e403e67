"""A network of transformers from a folder: read from the disk alone, whole or not at all, and nothing executed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.checkpoints.folder import colour, plain_settings, read_json, read_tensors, size_of
from fice.errors import UsageError, WeightsError, first_line, is_out_of_memory
from fice.extras import install, silent
from fice.files import check_ordinary

OLDEST = 5  # transformers that has all of the networks
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")  # one of which any tokenizer has
SIDE = 4096  # pixels of the largest picture that a network is shown
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def load_network(folder: Path, name: str, device: str | torch.device, **settings: Any) -> Any:
    """The network, an nn.Module, of a folder as transformers' class `name`: eval mode, float32, no gradients.

    settings: of config.json that are ours to choose. Raises UsageError where transformers is missing or too old,
    WeightsError for a folder that is not whole, is of another kind, or has its weights as pickles.
    """
    transformers = _transformers()
    kind, config = getattr(transformers, name), read_json(folder, "config.json")
    weights = read_tensors(folder)
    if weights is None:
        raise WeightsError(
            f"{folder} has no model.safetensors, and no other weights are opened: get a folder that has."
        )
    try:
        taken = plain_settings(config, folder)
        taken = taken.get("detector_config", taken)  # SAM 3 comes with its tracker, which is not used
        outline = kind.config_class.from_dict({**taken, **settings})
        with torch.device("meta"):
            wanted = sum(parameter.numel() for parameter in kind(outline).parameters())
        if wanted > sum(tensor.numel() for tensor in weights.values()):
            raise ValueError("the weights are fewer than it has")
        with silent("transformers"):
            network, report = kind.from_pretrained(
                None,
                config=outline,
                state_dict=weights,
                dtype=torch.float32,
                local_files_only=True,
                output_loading_info=True,
            )
    except Exception as error:  # the settings of each network fail in their own way
        if isinstance(error, WeightsError) or is_out_of_memory(error):
            raise
        raise WeightsError(
            f"What {folder} holds fits no {name} ({first_line(error)}): get the folder again."
        ) from error
    if lacking := sorted(report["missing_keys"]):
        raise WeightsError(f"The weights in {folder} lack {len(lacking)} entries ({lacking[0]} ...): get them again.")
    return network.to(device).eval().requires_grad_(False)


def load_tokenizer(folder: Path, name: str, most: int) -> Any:
    """The tokenizer of a folder as transformers' class `name`, of at most so many tokens. Raises as `load_network`."""
    transformers = _transformers()
    try:
        files = [file for file in folder.iterdir() if not file.is_dir()]
        for file in files:
            check_ordinary(file)
        if not any(file.name in VOCABULARIES for file in files):  # transformers would go on without a word
            raise ValueError(f"it has no {' and no '.join(VOCABULARIES)}")
        with silent("transformers"):
            tokenizer = getattr(transformers, name).from_pretrained(folder.absolute(), local_files_only=True)
        if len(tokenizer) > most:
            raise ValueError(f"it has {len(tokenizer)} tokens, the network {most}")
    except Exception as error:  # neither transformers nor tokenizers has a narrower one
        raise WeightsError(
            f"The tokenizer in {folder} cannot be used ({first_line(error)}): get the whole folder of the model."
        ) from error
    return tokenizer


@dataclass(frozen=True)
class Eye:
    """How a network looks at pictures, as the preprocessor_config.json of its folder says.

    Attributes:
        mean, std: of red, green and blue.
    """

    folder: Path
    settings: dict[str, Any]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, folder: Path, usual: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET) -> Eye:
        """The eye of a folder; `usual` is its mean and deviation where nothing is said. WeightsError for nonsense."""
        settings: dict[str, Any] = {}
        if (folder / "preprocessor_config.json").is_file():
            settings = read_json(folder, "preprocessor_config.json")
        elif (folder / "processor_config.json").is_file():
            settings = read_json(folder, "processor_config.json").get("image_processor") or {}
        with _sensible(folder):
            mean = tuple(colour(settings.get("image_mean") or usual[0]))
            std = tuple(colour(settings.get("image_std") or usual[1]))
            if min(std) <= 0:
                raise ValueError("a deviation of zero")
        return cls(folder, settings, mean, std)

    def size(self, usual: int) -> tuple[int, int]:
        """Height and width at which the network is shown pictures. Raises WeightsError for nonsense."""
        with _sensible(self.folder):
            height, width = size_of(self.settings, usual)
            if not all(16 <= side <= SIDE for side in (height, width)):
                raise ValueError("too small, or too large")
        return height, width

    def edges(self, usual: tuple[int, int]) -> tuple[int, int]:
        """The most pixels of a picture's shorter and longer side. Raises WeightsError for nonsense."""
        with _sensible(self.folder):
            edges = self.settings.get("size") or {}
            short, long = int(edges.get("shortest_edge", usual[0])), int(edges.get("longest_edge", usual[1]))
            if not 16 <= short <= long <= SIDE:
                raise ValueError("too small, or too large")
        return short, long

    def __call__(self, picture: Tensor, size: tuple[int, int]) -> Tensor:
        """(1, 3, H, W) float in [0, 1] -> (1, 3, *size), normalised."""
        small = F.interpolate(picture, size=size, mode="bilinear", antialias=True).clamp(0, 1)
        return (small - small.new_tensor(self.mean).view(1, 3, 1, 1)) / small.new_tensor(self.std).view(1, 3, 1, 1)


@contextmanager
def _sensible(folder: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"What {folder} says of pictures makes no sense: get the folder again.") from error


def _transformers() -> Any:
    import transformers

    if int(transformers.__version__.split(".")[0]) < OLDEST:
        old = f"For this transformers {OLDEST} or newer is needed, not {transformers.__version__}"
        raise UsageError(f"{old}: {install('hf', '--upgrade')}.")
    return transformers
