"""The networks a bundle may ask for by name. Each is imported when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

NETWORKS = {
    "stylegan2": "fice.nets.stylegan2:Generator",
    "clip": "fice.nets.clip:CLIP",
    "clip-package": "fice.nets.packages:clip",
    "huggingface-clip": "fice.nets.huggingface:HuggingFaceCLIP",
    "segformer": "fice.nets.segformer:SegFormer",
    "densepose-package": "fice.nets.packages:DensePose",
    "parser": "fice.nets.parser:Parser",
    "restyle": "fice.nets.restyle:ReStyle",
    "guess": "fice.nets.guess:Guess",
    "deeplab": "fice.nets.deeplab:DeepLab",
    "densepose": "fice.nets.densepose:DensePose",
    "e4e": "fice.nets.e4e:E4e",
}


def network(name: str) -> type[nn.Module]:
    """The class behind a name in `NETWORKS`; KeyError if there is none."""
    module, _, attribute = NETWORKS[name].partition(":")
    return getattr(import_module(module), attribute)
