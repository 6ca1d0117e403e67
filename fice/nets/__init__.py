"""The networks a bundle may ask for by name. Each is imported when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn

MODULES = 5_000  # of a network, several times what the largest known ones have
NETWORKS = {
    "stylegan2": "fice.nets.stylegan2:Generator",
    "clip": "fice.nets.clip:CLIP",
    "lite-clip": "fice.nets.lite_clip:LiteClip",
    "clip-package": "fice.nets.packages:clip",
    "huggingface-clip": "fice.nets.huggingface:HuggingFaceCLIP",
    "segformer": "fice.nets.segformer:SegFormer",
    "densepose-package": "fice.nets.packages:DensePose",
    "parser": "fice.nets.parser:Parser",
    "pyramid": "fice.nets.pyramid:Pyramid",
    "garment": "fice.nets.garment:GarmentNet",
    "efficientnet-lite": "fice.nets.efficientnet:EfficientNetLite",
    "restyle": "fice.nets.restyle:ReStyle",
    "deeplab": "fice.nets.deeplab:DeepLab",
    "densepose": "fice.nets.densepose:DensePose",
    "e4e": "fice.nets.e4e:E4e",
}


def network(name: str) -> type[nn.Module]:
    """The class behind a name in `NETWORKS`; KeyError if there is none."""
    module, _, attribute = NETWORKS[name].partition(":")
    return getattr(import_module(module), attribute)


@runtime_checkable
class Features(Protocol):
    """What a feature network is to critics, perceptual losses and measures."""

    @property
    def channels(self) -> Sequence[int]:
        """Of each map, from the finest to the coarsest."""
        ...

    @property
    def strides(self) -> Sequence[int]:
        """Pixels of the picture to one of each map."""
        ...

    def features(self, picture: Tensor) -> list[Tensor]:
        """Maps (B, channels[i], H/strides[i], W/strides[i]) of a picture (B, 3, H, W) float in [0, 1], RGB."""
        ...


def outline(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """The network of a name without memory for its weights, on the device "meta".

    Raises TypeError, ValueError, RuntimeError, ArithmeticError or LookupError for arguments that no such network has,
    ValueError also for those that ask for more than `MODULES`.
    """
    import torch

    from fice.nets.initial import Blank

    with torch.device("meta"), Blank(), _counted():
        return network(name)(**arguments)


@contextmanager
def _counted() -> Iterator[None]:
    """Stops this thread where it builds more modules than any network has, before they take all time and memory."""
    from torch.nn.modules.module import register_module_module_registration_hook

    thread, made = get_ident(), 0

    def count(*_: object) -> None:
        nonlocal made
        made += get_ident() == thread
        if made > MODULES:
            raise ValueError(f"more than {MODULES} modules")

    handle = register_module_module_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
