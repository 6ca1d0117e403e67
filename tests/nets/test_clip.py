"""CLIP against the official code's numbers, and small enough to be trained here."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from fice.nets.clip import CLIP

MODELS = ["rn", "vit", "vit_odd"]


@pytest.fixture(scope="module")
def numbers(golden):
    tensors = load_file(golden / "clip_tiny.safetensors")
    return tensors, json.loads((golden / "clip_tiny.json").read_text())["models"]


@pytest.fixture
def built(numbers, fill):
    """build(name): the golden network with made-up weights; names and shapes must be the official ones."""

    def build(name, dtype=torch.float32):
        settings = numbers[1][name]
        network = CLIP(**settings["init"]).eval().requires_grad_(False)
        state = network.state_dict()
        assert {key: list(value.shape) for key, value in state.items()} == settings["state_dict"]
        network.load_state_dict({key: fill(key, value.shape) for key, value in state.items()})
        return network.to(dtype)

    return build


def small():
    torch.manual_seed(0)
    return CLIP(
        embed_dim=32,
        image_resolution=32,
        vision_layers=(1, 1, 1, 1),
        vision_width=32,
        vision_patch_size=None,
        context_length=8,
        vocab_size=20,
        transformer_width=32,
        transformer_heads=4,
        transformer_layers=2,
    )


def close(actual, expected, atol=2e-5):
    torch.testing.assert_close(actual, expected, rtol=0, atol=atol)


def gradient(network, pictures, texts):
    """Of sum(1 - cosine(picture i, text i)) with respect to the pictures; the texts stay at float32 values."""
    pictures = pictures.clone().requires_grad_()
    loss = (1 - F.cosine_similarity(network.encode_image(pictures), texts)).sum()
    return torch.autograd.grad(loss, pictures)[0]


def relative(actual, expected):
    return ((actual - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize("name", MODELS)
def test_features_and_cosines(numbers, built, name):
    tensors, _ = numbers
    network, ids = built(name), tensors["tokens"].long()
    pictures, texts = network.encode_image(tensors[f"{name}.image"]), network.encode_text(ids)
    close(pictures, tensors[f"{name}.image_features"])
    close(texts, tensors[f"{name}.text_features"])
    close(F.normalize(pictures, dim=1) @ F.normalize(texts, dim=1).t(), tensors[f"{name}.cosine"])
    logits, back = network(tensors[f"{name}.image"], ids)
    close(logits, tensors[f"{name}.logits_per_image"], atol=3e-4)  # 14 times the cosine
    assert torch.equal(logits.t(), back)


@pytest.mark.parametrize("name", MODELS)
def test_gradient(numbers, built, name):
    tensors, _ = numbers
    expected = tensors[f"{name}.grad_image"]
    found = gradient(built(name), tensors[f"{name}.image"], tensors[f"{name}.text_features"][:2])
    assert relative(found, expected) < (0.03 if name == "rn" else 1e-5)  # ReLU turns rounding into jumps
    assert F.cosine_similarity(found.flatten(), expected.flatten(), dim=0) > 0.999


def test_resnet_in_double_precision(numbers, built):
    tensors, _ = numbers
    network, pictures = built("rn", torch.float64), tensors["rn.image"].double()
    close(network.encode_image(pictures), tensors["rn.image_features_f64"], atol=1e-9)
    found = gradient(network, pictures, tensors["rn.text_features"][:2].double())
    assert relative(found, tensors["rn.grad_image_f64"].double()) < 1e-4


def test_layers(numbers, built):
    tensors, _ = numbers
    network, seen = built("rn"), {}
    for name in ("layer1", "layer4"):
        layer = getattr(network.visual, name)
        layer.register_forward_hook(lambda module, inputs, output, name=name: seen.update({name: output}))
    network.encode_image(tensors["rn.image"])
    close(seen["layer1"][:, :4], tensors["rn.layer1_first4ch"])
    close(seen["layer4"][:1], tensors["rn.layer4"])


def test_nothing_after_the_end_of_the_text_counts():
    network = small().eval()
    ids = torch.tensor([[18, 3, 4, 19, 0, 0, 0, 0]])
    other = torch.tensor([[18, 3, 4, 19, 7, 8, 9, 10]])
    swapped = torch.tensor([[18, 4, 3, 19, 0, 0, 0, 0]])
    close(network.encode_text(ids), network.encode_text(other), atol=1e-6)
    close(network.encode_text(ids), network.encode_text(ids[:, :4]), atol=1e-6)
    assert (network.encode_text(ids) - network.encode_text(swapped)).abs().max() > 1e-4


def test_a_small_one_learns_to_tell_colours_apart():
    network = small().train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    colours = torch.eye(3)[:, :, None, None] * 2 - 1  # red, green, blue
    ids = torch.tensor([[18, 1 + i, 19, 0, 0, 0, 0, 0] for i in range(3)])
    for _ in range(12):
        pictures = colours + 0.3 * torch.randn(3, 3, 32, 32)
        logits, back = network(pictures, ids)
        loss = F.cross_entropy(logits, torch.arange(3)) + F.cross_entropy(back, torch.arange(3))
        optimiser.zero_grad()
        loss.backward()
        assert [name for name, value in network.named_parameters() if value.grad is None] == []
        optimiser.step()
    assert logits.argmax(1).tolist() == [0, 1, 2] and loss < 0.5


def test_wrong_sizes_are_named():
    network = small()
    with pytest.raises(ValueError, match=r"\(B, 3, 32, 32\)"):
        network.encode_image(torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="8 tokens, not 9"):
        network.encode_text(torch.zeros(1, 9, dtype=torch.int64))


@pytest.mark.parametrize("layers, patch, side", [((1, 1, 1, 1), None, 96), (2, 16, 96)])
def test_sizes_of_the_bundle(layers, patch, side):
    network = CLIP(
        embed_dim=256,
        image_resolution=side,
        vision_layers=layers,
        vision_width=64 if patch else 32,
        vision_patch_size=patch,
        context_length=24,
        vocab_size=300,
        transformer_width=192,
        transformer_heads=4,
        transformer_layers=3,
    ).eval()
    with torch.no_grad():
        assert network.encode_image(torch.randn(2, 3, side, side)).shape == (2, 256)
        assert network.encode_text(torch.randint(300, (5, 24))).shape == (5, 256)
