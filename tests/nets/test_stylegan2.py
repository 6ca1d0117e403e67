"""The generator against the official code's numbers, and what the interface promises beyond them."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from fice.errors import UsageError
from fice.nets.stylegan2 import Generator


@pytest.fixture(scope="module")
def numbers(golden):
    return load_file(golden / "stylegan2.safetensors"), json.loads((golden / "stylegan2.json").read_text())


@pytest.fixture(scope="module")
def rect(golden):
    meta = json.loads((golden / "stylegan2_rect.json").read_text())
    return load_file(golden / "stylegan2_rect.safetensors"), meta


def build(settings, fill):
    """A generator from golden settings and made-up weights; names and shapes must be the official ones."""
    generator = Generator(**settings["init_kwargs"]).eval().requires_grad_(False)
    state = generator.state_dict()
    if "state_dict" in settings:  # the clamped configurations do not list their names again
        assert {name: list(value.shape) for name, value in state.items()} == settings["state_dict"]
    generator.load_state_dict({name: fill(name, value.shape) for name, value in state.items()})
    return generator


def small(**more):
    torch.manual_seed(0)
    channels = dict(channel_base=128, channel_max=8)
    return Generator(z_dim=8, w_dim=8, img_resolution=16, synthesis_kwargs=channels, **more)


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)


def relative(actual, expected):
    return ((actual - expected).norm() / expected.norm()).item()


def gradient(generator, ws):
    ws = ws.clone().requires_grad_()
    return torch.autograd.grad(generator.synthesis(ws).square().mean(), ws)[0]


@pytest.mark.parametrize("config", ["map2", "map8"])
def test_mapping_and_picture_from_z(numbers, fill, config):
    tensors, meta = numbers
    generator = build(meta["configs"][config], fill)
    z = tensors["z"]
    close(generator.mapping(z), tensors[f"{config}.w_psi1"])
    close(generator.mapping(z, psi=0.7), tensors[f"{config}.w_psi0.7"])
    close(generator.mapping(z, psi=0.5, cutoff=4), tensors[f"{config}.w_psi0.5_cutoff4"])
    close(generator(z[:1], psi=0.7), tensors[f"{config}.z_image_psi0.7"])


@pytest.mark.parametrize("config", ["map2", "clamp256", "clamp1"])
def test_picture_and_gradient(numbers, fill, config):
    tensors, meta = numbers
    generator = build(meta["configs"][config], fill)
    close(generator.synthesis(tensors["ws"]), tensors[f"{config}.image_const"])
    assert relative(gradient(generator, tensors["ws"]), tensors[f"{config}.grad_ws"]) < 1e-5


def test_no_noise_blocks_and_running_rgb(numbers, fill):
    tensors, meta = numbers
    generator = build(meta["configs"]["map2"], fill)
    features = []
    generator.synthesis.b8.register_forward_hook(lambda module, inputs, outputs: features.append(outputs[0]))
    close(generator.synthesis(tensors["ws"], noise="none"), tensors["map2.image_none"])
    for height in (4, 8, 16, 32):
        close(generator.synthesis(tensors["ws"][:1], until=height), tensors[f"map2.rgb_b{height}"])
    close(features[1], tensors["map2.features_b8"])
    whole = generator.synthesis(tensors["ws"])
    assert torch.equal(generator.synthesis(tensors["ws"], until=64), whole)


def test_tall_canvas(rect, fill):
    tensors, meta = rect
    generator = build(meta, fill)
    assert generator.canvas == (64, 32) and generator.num_ws == meta["num_ws"]
    close(generator.mapping(tensors["z"], psi=0.7), tensors["w_psi0.7"])
    close(generator.synthesis(tensors["ws"]), tensors["image_const"])
    close(generator.synthesis(tensors["ws"], noise="none"), tensors["image_none"])
    assert relative(gradient(generator, tensors["ws"]), tensors["grad_ws"]) < 1e-5


@pytest.mark.parametrize("square, canvas", [(True, (16, 16)), (False, (16, 8))])
def test_fresh_generator_starts_as_in_the_paper(square, canvas):
    generator = small(square=square)
    picture = generator(torch.randn(4, 8))
    assert generator.canvas == canvas and picture.shape == (4, 3, *canvas)
    assert torch.isfinite(picture).all() and 0.1 < picture.std() < 10
    assert all((value == 0).all() for name, value in generator.named_parameters() if "noise_strength" in name)
    for name, value in generator.named_parameters():
        if name.startswith("mapping.fc") and name.endswith("weight"):
            assert 70 < value.std() < 130  # unit variance over the learning-rate multiplier 0.01
        if ".affine.bias" in name:
            assert (value == 1).all()


def test_noise_kinds():
    generator = small().eval()
    ws = generator.mapping(torch.randn(2, 8))
    assert torch.equal(generator.synthesis(ws, noise="random"), generator.synthesis(ws, noise="none"))
    for name, value in generator.named_parameters():
        if "noise_strength" in name:
            value.data.fill_(0.5)
    const = generator.synthesis(ws)
    assert torch.equal(const, generator.synthesis(ws))
    assert not torch.equal(const, generator.synthesis(ws, noise="none"))
    assert not torch.equal(generator.synthesis(ws, noise="random"), generator.synthesis(ws, noise="random"))


def test_average_w_follows_only_in_training():
    generator = small(mapping_kwargs=dict(num_layers=2, w_avg_beta=0.5)).eval()
    z = torch.randn(16, 8)
    w = generator.mapping(z)[:, 0]
    assert (generator.mapping.w_avg == 0).all()
    generator.train().mapping(z)
    close(generator.mapping.w_avg, w.mean(0) / 2)
    close(generator.eval().mapping(z, psi=0)[0, 0], generator.mapping.w_avg)


def test_pictures_do_not_depend_on_their_neighbours():
    generator = small().eval()
    ws = generator.mapping(torch.randn(3, 8))
    close(generator.synthesis(ws)[1:2], generator.synthesis(ws[1:2]))


def test_every_parameter_learns():
    generator = small()
    for name, value in generator.named_parameters():
        if "noise_strength" in name:
            value.data.fill_(0.1)
    generator(torch.randn(2, 8)).square().mean().backward()
    assert [name for name, value in generator.named_parameters() if value.grad.abs().sum() == 0] == []


def test_what_it_refuses():
    with pytest.raises(UsageError, match="power of two"):
        Generator(img_resolution=48)
    with pytest.raises(UsageError, match="class labels"):
        Generator(c_dim=10)
    generator = small()
    ws = torch.zeros(1, generator.num_ws, 8)
    with pytest.raises(UsageError, match="const, random, none"):
        generator.synthesis(ws, noise="white")
    with pytest.raises(UsageError, match="no block of height 12"):
        generator.synthesis(ws, until=12)
