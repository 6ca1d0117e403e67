"""DensePose against detectron2's numbers."""

from __future__ import annotations

import json
from math import floor

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from fice.nets.densepose import BODY, DensePose, pooled

STRIDES = {"stem": 4, "res2": 4, "p2": 4, "res3": 2, "p3": 2, "decoder": 2}  # of the stored slices


@pytest.fixture(scope="module")
def numbers(golden):
    return load_file(golden / "densepose.safetensors")


@pytest.fixture(scope="module")
def settings(golden):
    return json.loads((golden / "densepose.json").read_text())


@pytest.fixture(scope="module")
def weights(official):
    return official("densepose")


@pytest.fixture
def network(weights):
    with torch.device("meta"):
        network = DensePose()
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


def close(actual, expected, atol=1e-4):
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def gradient(network, pictures):
    pictures = pictures.requires_grad_()
    return torch.autograd.grad(network(pictures).square().mean(), pictures)[0][..., ::4, ::4]


def relative(actual, expected):
    return ((actual - expected).norm() / expected.norm()).item()


def test_body(numbers, settings, pictures, network):
    assert list(BODY) == settings["body_channels"]
    close(network(pictures.float() / 255), numbers["body"])


def test_every_stage(numbers, pictures, network):
    seen = {}

    def keep(name, part):
        part.register_forward_hook(lambda module, inputs, output: seen.update({name: output}))

    heads = network.roi_heads
    for level in range(2, 6):
        keep(f"res{level}", network.backbone.bottom_up.get_submodule(f"res{level}"))
        keep(f"p{level}", network.backbone.get_submodule(f"fpn_output{level}"))
    keep("decoder", heads.decoder)
    keep("head", heads.densepose_head)
    keep("logits", heads.densepose_predictor)
    heads.densepose_head.register_forward_pre_hook(lambda module, inputs: seen.update(pooled=inputs[0]))
    network.backbone.bottom_up.res2.register_forward_pre_hook(lambda module, inputs: seen.update(stem=inputs[0]))
    network(pictures.float() / 255)
    ground, parts = seen.pop("logits")
    close(ground[..., ::2, ::2], numbers["coarse_logits"], atol=1e-3)
    close(parts[..., ::4, ::4], numbers["fine_logits_stride4"], atol=1e-3)
    for name, output in seen.items():
        stride = STRIDES.get(name, 1)
        close(output[:1, :4, ::stride, ::stride], numbers[f"{name}_a"], atol=1e-3)
    assert len(seen) == 12


def test_gradient(numbers, pictures, network):
    found, expected = gradient(network, pictures.float() / 255), numbers["grad_image_stride4"]
    assert relative(found, expected) < 0.03  # ReLU turns rounding into jumps
    assert F.cosine_similarity(found.flatten(), expected.flatten(), dim=0) > 0.999


def test_gradient_in_double_precision(numbers, pictures, network):
    found = gradient(network.double(), pictures.double() / 255)
    assert relative(found, numbers["grad_image_f64_stride4"].double()) < 1e-4


def test_any_size_and_batch(pictures, network):
    picture = pictures[:, :, :70, :45].float() / 255
    maps = network(picture)
    assert maps.shape == (2, 14, 112, 112) and maps.sum(1).max() <= 1
    close(network(picture[1:]), maps[1:])


def test_padding_is_the_mean_colour(pictures, network):
    """Of a picture that ends in the mean colour, the box alone says where it ends."""
    mean = torch.tensor([123.675, 116.28, 103.53])[:, None, None] / 255
    filled = mean.repeat(1, 1, 64, 64)
    filled[..., :45] = pictures[:1, :, :64, :45].float() / 255
    seen = []
    network.backbone.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(filled)
    network(filled[..., :45])
    for level, other in zip(*seen, strict=True):
        close(level, other, atol=1e-3)


def one_cell(plane, top, left, height, width):
    """Mean of the four samples of one cell, by the rules of ROIAlign, one number after the other."""
    total = 0.0
    for y in (top + height / 4, top + 3 * height / 4):
        for x in (left + width / 4, left + 3 * width / 4):
            y0, x0 = min(floor(y), plane.shape[0] - 1), min(floor(x), plane.shape[1] - 1)
            y1, x1 = min(y0 + 1, plane.shape[0] - 1), min(x0 + 1, plane.shape[1] - 1)
            dy, dx = y - y0, x - x0
            upper = plane[y0, x0] * (1 - dx) + plane[y0, x1] * dx
            lower = plane[y1, x0] * (1 - dx) + plane[y1, x1] * dx
            total += (upper * (1 - dy) + lower * dy).item() / 4
    return total


@pytest.mark.parametrize("height, width", [(16.0, 8.0), (12.25, 5.5), (40.0, 7.75)])
def test_pooling_one_number_after_the_other(height, width):
    torch.manual_seed(0)
    plane = torch.randn(round(height + 0.5), 8, dtype=torch.float64)
    found = pooled(plane[None, None], height, width)[0, 0]
    h, w = height / 28, width / 28
    expected = [[one_cell(plane, i * h, j * w, h, w) for j in range(28)] for i in range(28)]
    close(found, torch.tensor(expected, dtype=torch.float64), atol=1e-12)


def test_pooling_does_not_shift():
    ramp = torch.arange(64.0, dtype=torch.float64).expand(1, 1, 64, 64)
    found = pooled(ramp, 64, 64)[0, 0, 0, :27]
    close(found, (torch.arange(27, dtype=torch.float64) + 0.5) * 64 / 28, atol=1e-12)
