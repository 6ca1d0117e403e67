"""DeepLab against torchvision's numbers."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from fice.nets.deeplab import DeepLab


@pytest.fixture(scope="module")
def numbers(golden):
    return load_file(golden / "deeplab.safetensors")


@pytest.fixture(scope="module")
def weights(official):
    return official("deeplab")


@pytest.fixture
def network(weights):
    with torch.device("meta"):
        network = DeepLab()
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


def close(actual, expected, atol=1e-4):
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def gradient(network, pictures):
    pictures = pictures.requires_grad_()
    head = network(pictures).softmax(1)[:, 2]
    return torch.autograd.grad(head.square().mean(), pictures)[0][..., ::4, ::4]


def relative(actual, expected):
    return ((actual - expected).norm() / expected.norm()).item()


def test_probabilities_and_layers(numbers, pictures, network):
    seen = {}
    layers = {"layer1": network.backbone.layer1, "layer4": network.backbone.layer4, "aspp": network.classifier[0]}
    for name, layer in layers.items():
        layer.register_forward_hook(lambda module, inputs, output, name=name: seen.update({name: output[:1, :8]}))
    logits = network(pictures.float() / 255)
    close(logits.softmax(1), numbers["probabilities"])
    close(logits[..., ::4, ::4], numbers["logits_stride4"], atol=1e-3)
    close(seen["layer1"][..., ::4, ::4], numbers["layer1_a"])
    close(seen["layer4"], numbers["layer4_a"])
    close(seen["aspp"], numbers["aspp_a"], atol=1e-3)


def test_gradient(numbers, pictures, network):
    found, expected = gradient(network, pictures.float() / 255), numbers["grad_image_stride4"]
    assert relative(found, expected) < 0.03  # ReLU turns rounding into jumps
    assert F.cosine_similarity(found.flatten(), expected.flatten(), dim=0) > 0.999


def test_gradient_in_double_precision(numbers, pictures, network):
    found = gradient(network.double(), pictures.double() / 255)
    assert relative(found, numbers["grad_image_f64_stride4"].double()) < 1e-4


def test_any_size_and_batch(pictures, network):
    picture = pictures[:, :, :65, :97].float() / 255
    logits = network(picture)
    assert logits.shape == (2, 3, 65, 97)
    close(network(picture[1:]), logits[1:])


def test_what_the_norms_compute_needs_no_training_mode(pictures, network):
    picture = pictures[:1, :, :64, :64].float() / 255
    assert torch.equal(network.train()(picture), network.eval()(picture))


def test_number_of_classes():
    with torch.device("meta"):
        assert DeepLab(classes=5).state_dict()["classifier.4.weight"].shape == (5, 256, 1, 1)
