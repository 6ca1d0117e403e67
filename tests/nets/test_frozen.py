"""A frozen network gives what it gave, and has no norm left to compute."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from fice.nets import network
from fice.nets.frozen import frozen
from fice.nets.resnet import FrozenNorm

TINY_CLIP = {
    "embed_dim": 16,
    "image_resolution": 64,
    "vision_layers": (1, 2, 1, 1),
    "vision_width": 32,
    "vision_patch_size": None,
    "context_length": 4,
    "vocab_size": 8,
    "transformer_width": 64,
    "transformer_heads": 1,
    "transformer_layers": 1,
}
SEGFORMER = {
    "classes": 4,
    "size": (64, 64),
    "mean": (0.5, 0.5, 0.5),
    "std": (0.2, 0.2, 0.2),
    "widths": (8, 16),
    "depths": (1, 1),
    "heads": (1, 1),
    "reductions": (2, 1),
    "patches": (7, 3),
    "strides": (4, 2),
    "ratios": (2, 2),
    "decoder_width": 8,
}
LEARNT = (nn.BatchNorm2d, FrozenNorm)


def learnt(kind: str, arguments: dict) -> nn.Module:
    """A network whose norms have seen something."""
    torch.manual_seed(0)
    made = network(kind)(**arguments).eval().requires_grad_(False)
    for norm in made.modules():
        if isinstance(norm, LEARNT):
            for value, (low, high) in (
                (norm.weight, (0.5, 1.5)),
                (norm.bias, (-0.5, 0.5)),
                (norm.running_mean, (-0.5, 0.5)),
                (norm.running_var, (0.5, 2)),
            ):
                value.data.uniform_(low, high)
    return made


def given(made: nn.Module, kind: str, picture: Tensor) -> Tensor:
    return made.encode_image(picture) if kind == "clip" else made(picture)


@pytest.mark.parametrize(
    ("kind", "arguments", "kept"),
    [
        ("pyramid", {"classes": 5}, 0),
        ("garment", {"kinds": 3}, 0),
        ("parser", {"classes": 5, "widths": (8, 8, 8, 8, 8)}, 0),
        ("clip", TINY_CLIP, 0),
        ("deeplab", {}, 0),
        ("densepose", {}, 0),
        ("segformer", SEGFORMER, 0),
        ("e4e", {"rows": 2}, 24),  # before a convolution that pads with zeros
    ],
)
def test_a_frozen_network_gives_what_it_gave(kind: str, arguments: dict, kept: int):
    made, picture = learnt(kind, arguments), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = given(made, kind, picture)
        after = given(frozen(made), kind, picture)
    assert (after - before).norm() < 1e-4 * before.norm()
    assert sum(isinstance(module, LEARNT) for module in made.modules()) == kept
    assert not any(value.requires_grad for value in made.parameters())
