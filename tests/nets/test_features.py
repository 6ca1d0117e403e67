"""Networks whose maps critics, perceptual losses and measures look at: one protocol."""

from __future__ import annotations

import pytest
import torch

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_part
from fice.errors import WeightsError
from fice.nets import Features
from fice.nets.efficientnet import EfficientNetLite
from fice.nets.parser import Parser
from fice.nets.pyramid import Pyramid
from fice.nets.stylegan2 import Generator
from fice.training.features import features_of


@pytest.mark.parametrize("network", [EfficientNetLite(0), Pyramid(2, 0), Parser(2)], ids=lambda net: type(net).__name__)
def test_maps_have_the_channels_and_strides_they_say(network):
    assert isinstance(network, Features)
    picture = torch.rand(2, 3, 64, 96, requires_grad=True)
    maps = network.eval().features(picture)
    said = [(2, width, 64 // step, 96 // step) for width, step in zip(network.channels, network.strides, strict=True)]
    assert [tuple(each.shape) for each in maps] == said
    sum(each.sum() for each in maps).backward()
    assert picture.grad.abs().sum() > 0


def test_a_network_without_maps_is_refused(tmp_path):
    shape = {"z_dim": 4, "w_dim": 4, "img_resolution": 4, "synthesis_kwargs": {"channel_base": 16, "channel_max": 4}}
    save_part(tmp_path, "regions", Generator(**shape), "stylegan2", shape)
    with pytest.raises(WeightsError, match="a stylegan2, give no features: name a bundle"):
        features_of(load_bundle(tmp_path), "regions", "cpu")
