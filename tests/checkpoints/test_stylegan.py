"""Generators out of foreign files draw the pictures that the official code draws."""

from __future__ import annotations

import json
import math
import pickle

import pytest
import torch
from checkpoints.crafting import SOURCE, nvidia_pickle, rosinality_state
from safetensors.torch import load_file, save
from torch.nn import functional as F

from fice.checkpoints.files import read_checkpoint
from fice.checkpoints.stylegan import convert
from fice.errors import WeightsError
from fice.nets.stylegan2 import Generator

SETTINGS = {"img_resolution": 16, "z_dim": 8, "w_dim": 8, "synthesis_kwargs": {"channel_base": 128, "channel_max": 8}}


@pytest.fixture(scope="module")
def numbers(golden):
    """Settings and expected tensors of a golden generator, by name."""

    def numbers(config):
        if config == "rect":
            meta = json.loads((golden / "stylegan2_rect.json").read_text())
            return meta["init_kwargs"], load_file(golden / "stylegan2_rect.safetensors")
        meta = json.loads((golden / "stylegan2.json").read_text())["configs"][config]
        prefix = f"{config}."
        tensors = load_file(golden / "stylegan2.safetensors")
        own = {key.removeprefix(prefix): value for key, value in tensors.items()}
        return meta["init_kwargs"], own

    return numbers


@pytest.fixture(scope="module")
def weights(fill):
    """weights(settings): the made-up weights under the official names."""

    def weights(settings):
        with torch.device("meta"):
            shapes = {key: value.shape for key, value in Generator(**settings).state_dict().items()}
        return {key: fill(key, shape) for key, shape in shapes.items()}

    return weights


@pytest.fixture
def imported(tmp_path):
    """imported(content): the converter's answer to a file of these bytes, or saved by torch."""

    def imported(content):
        path = tmp_path / "foreign.bin"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path)
        return convert(read_checkpoint(path))

    return imported


def small(**more):
    torch.manual_seed(0)
    return {key: torch.randn_like(value) for key, value in Generator(**SETTINGS, **more).state_dict().items()}


def generator(found):
    module = found.empty()
    assert found.state.keys() == module.state_dict().keys()
    module.load_state_dict(found.state, assign=True)
    return module.eval().requires_grad_(False)


def draws_the_golden_pictures(found, tensors):
    assert (found.part, found.network, found.extra) == ("generator", "stylegan2", {})
    json.dumps(found.arguments)
    assert save(found.state)  # refuses tensors that share their memory or have gaps
    network = generator(found)
    torch.testing.assert_close(network.synthesis(tensors["ws"]), tensors["image_const"], rtol=0, atol=1e-5)
    if "w_psi0.7" in tensors:
        torch.testing.assert_close(network.mapping(tensors["z"], psi=0.7), tensors["w_psi0.7"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("config", ["map2", "clamp1", "rect"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_nvidia(numbers, weights, imported, tmp_path, config, protocol):
    settings, tensors = numbers(config)
    trap = tmp_path / "executed"
    hostile = SOURCE.format(path=str(trap))
    found = imported(nvidia_pickle(weights(settings), settings, source=hostile, protocol=protocol))
    draws_the_golden_pictures(found, tensors)
    assert not trap.exists() and found.unexpected == []


def test_nvidia_needs_no_settings(numbers, weights, imported):
    settings, tensors = numbers("rect")
    found = imported(nvidia_pickle(weights(settings), {}))
    draws_the_golden_pictures(found, tensors)
    assert found.arguments == {key: value for key, value in settings.items() if key not in ("c_dim", "img_channels")}


def test_nvidia_settings_in_a_row(imported):
    state = small()
    content = nvidia_pickle(state, {}, arguments=(8, 0, 8, 16, 3, {"lr_multiplier": 0.1}, {"conv_clamp": 5}))
    arguments = imported(content).arguments
    assert arguments["mapping_kwargs"]["lr_multiplier"] == 0.1 and arguments["synthesis_kwargs"]["conv_clamp"] == 5
    for odd in (None, 3, "x", {"a": 1}):
        assert imported(nvidia_pickle(state, {}, arguments=odd)).arguments["img_resolution"] == 16


def test_notes_tell_what_was_found(imported):
    settings = {**SETTINGS, "synthesis_kwargs": {"num_fp16_res": 4, "conv_clamp": 256}, "dream": 1}
    state = small(square=False) | {"synthesis.b8.torgb.ghost": torch.ones(2)}
    state["synthesis.b16.conv1.weight"] = state["synthesis.b16.conv1.weight"].half()
    found = imported(nvidia_pickle(state, settings, augment_pipe={"p": 1}, D={"x": 1}))
    told = " ".join(found.notes)
    for part in ("16 x 8 pixels", "6 rows of W+", "M parameters", "num_fp16_res", "D, augment_pipe", "single", "dream"):
        assert part in told
    assert found.unexpected == ["synthesis.b8.torgb.ghost"]
    assert found.arguments["synthesis_kwargs"]["conv_clamp"] == 256
    assert all(value.dtype == torch.float32 and value.data_ptr() % 4 == 0 for value in found.state.values())


def test_fice(numbers, weights, imported):
    settings, tensors = numbers("map2")
    found = imported({"G_kwargs": {**settings, "to_01": True}, "G": weights(settings)})
    draws_the_golden_pictures(found, tensors)


@pytest.mark.parametrize("config", ["map2", "rect"])
def test_rosinality(numbers, weights, imported, config):
    settings, tensors = numbers(config)
    state = weights(settings)
    found = imported({"g_ema": rosinality_state(state), "latent_avg": state["mapping.w_avg"], "d_optim": {}})
    draws_the_golden_pictures(found, tensors)
    assert found.unexpected == [] and "d_optim" in " ".join(found.notes)


def fir(x, kernel, up, before, after):
    """Insert zeros, pad, convolve: what rosinality's code means by upfirdn2d."""
    B, C, H, W = x.shape
    spread = x.new_zeros(B, C, H * up, W * up)
    spread[..., ::up, ::up] = x
    padded = F.pad(spread, (before, after, before, after))
    return F.conv2d(padded, kernel.flip(0, 1).expand(C, 1, 4, 4), groups=C)


def modulated(x, p, old, w, up=False, demodulate=True):
    """Section 2.2 of arXiv 1912.04958, one picture at a time, with weights scaled at run time."""
    weight, modulation = p[f"{old}.conv.weight"][0], p[f"{old}.conv.modulation.weight"]
    style = w @ modulation.t() / math.sqrt(w.shape[1]) + p[f"{old}.conv.modulation.bias"]
    out = []
    for picture, one in zip(x, style, strict=True):
        own = weight / math.sqrt(weight[0].numel()) * one[:, None, None]
        if demodulate:
            own = own * (own.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        if up:
            wide = F.conv_transpose2d(picture[None], own.transpose(0, 1), stride=2)
            out.append(fir(wide, p[f"{old}.conv.blur.kernel"], 1, 1, 1))
        else:
            out.append(F.conv2d(picture[None], own, padding=own.shape[2] // 2))
    return torch.cat(out)


def rosinality_forward(p, ws):
    """ws (B, rows, w_dim) -> pictures, in rosinality's layout."""

    def layer(x, number, old, row, up):
        x = modulated(x, p, old, ws[:, row], up) + p[f"noises.noise_{number}"] * p[f"{old}.noise.weight"]
        return F.leaky_relu(x + p[f"{old}.activate.bias"][:, None, None], 0.2) * math.sqrt(2)

    def rgb(x, old, row):
        return modulated(x, p, old, ws[:, row], demodulate=False) + p[f"{old}.bias"]

    x = layer(p["input.input"].expand(len(ws), -1, -1, -1), 0, "conv1", 0, False)
    picture = rgb(x, "to_rgb1", 1)
    for k in range((ws.shape[1] - 2) // 2):
        x = layer(x, 2 * k + 1, f"convs.{2 * k}", 2 * k + 1, True)
        x = layer(x, 2 * k + 2, f"convs.{2 * k + 1}", 2 * k + 2, False)
        picture = fir(picture, p[f"to_rgbs.{k}.upsample.kernel"], 2, 2, 1) + rgb(x, f"to_rgbs.{k}", 2 * k + 3)
    return picture


def test_rosinality_computes_what_the_official_code_does(numbers, weights):
    settings, tensors = numbers("rect")
    found = rosinality_forward(rosinality_state(weights(settings)), tensors["ws"])
    torch.testing.assert_close(found, tensors["image_const"], rtol=0, atol=1e-5)


def test_rosinality_filters_keep_their_orientation(imported):
    state = small()
    lopsided = torch.rand(4, 4, dtype=torch.float64)
    for key in state:
        if key.endswith("resample_filter"):
            state[key] = (lopsided / lopsided.sum()).float()
    old = rosinality_state(state)
    ws = torch.randn(2, 6, 8)
    network = generator(imported({"g_ema": old, "latent_avg": state["mapping.w_avg"]}))
    torch.testing.assert_close(network.synthesis(ws), rosinality_forward(old, ws), rtol=1e-5, atol=1e-5)


def test_rosinality_without_average(imported):
    found = imported({"g_ema": rosinality_state(small())})
    network = generator(found)
    drawn = network.mapping(torch.randn(20_000, 8))[:, 0].mean(dim=0)
    assert (found.state["mapping.w_avg"] - drawn).abs().max() < 0.1 * network.mapping.w_avg.norm()
    assert "latent_avg" in " ".join(found.notes)


@pytest.mark.parametrize(
    "settings, extra, words",
    [
        ({"c_dim": 10}, {}, "class labels"),
        ({}, {"mapping.embed.weight": torch.ones(8, 10)}, "class labels"),
        ({"synthesis_kwargs": {"architecture": "resnet"}}, {}, "architecture = 'resnet'"),
        ({"synthesis_kwargs": {"use_noise": False}}, {}, "use_noise"),
        ({"synthesis_kwargs": {"magic": 3}}, {}, "magic"),
        ({"synthesis_kwargs": {"conv_clamp": {"a": 1}}}, {}, "conv_clamp"),
        ({"mapping_kwargs": [1]}, {}, "mapping_kwargs"),
        ({"mapping_kwargs": {"lr_multiplier": "fast"}}, {}, "lr_multiplier = 'fast'"),
        ({"mapping_kwargs": {"activation": "relu"}}, {}, "activation = 'relu' instead of 'lrelu'"),
        ({"synthesis_kwargs": {"kernel_size": torch.ones(2)}}, {}, "kernel_size"),
        ({"synthesis_kwargs": {"resample_filter": [1, "x"]}}, {}, "resample_filter"),
        ({}, {"synthesis.input.freqs": torch.ones(3)}, "StyleGAN3"),
        ({}, {"synthesis.b4.torgb.weight": torch.ones(1, 8, 1, 1)}, "1 channels"),
        ({}, {"synthesis.b4.const": torch.ones(8, 4, 7)}, "4 x 7"),
        ({}, {"synthesis.b4.const": torch.ones(8)}, "synthesis.b4.const"),
        ({}, {"synthesis.b64.torgb.weight": torch.ones(3, 8, 1, 1)}, "other layers"),
    ],
)
def test_what_it_refuses(imported, settings, extra, words):
    with pytest.raises(WeightsError, match=words) as caught:
        imported(nvidia_pickle(small() | extra, settings))
    assert str(caught.value).endswith(".") and str(caught.value).count(". ") == 0


def test_missing_layers_are_named(imported):
    state = small()
    del state["synthesis.b8.conv0.affine.bias"]
    with pytest.raises(WeightsError, match="synthesis.b8.conv0.affine.bias"):
        imported(nvidia_pickle(state, {})).empty()
    old = rosinality_state(small())
    for key in ("noises.noise_1", "style.2.bias", "convs.0.noise.weight"):
        broken = {name: value for name, value in old.items() if name != key}
        with pytest.raises(WeightsError):
            imported({"g_ema": broken}).empty()
        with pytest.raises(WeightsError):
            imported({"g_ema": old | {key: torch.ones(2, 3)}}).empty()


@pytest.mark.parametrize("tree", [None, [], {}, {"state_dict": {}}, {"G_ema": 1}, {"G": {}}, {"g_ema": torch.ones(1)}])
def test_other_checkpoints_are_left_alone(tree):
    assert convert(tree) is None


def test_tensorflow_days(tmp_path):
    path = tmp_path / "old.pkl"
    path.write_bytes(b"\x80\x03cdnnlib.tflib.network\nNetwork\n)\x81.")
    with pytest.raises(WeightsError, match="dnnlib.tflib.network.Network.*legacy.py"):
        read_checkpoint(path)


def test_a_generator_object_of_another_kind(imported):
    found = pickle.dumps({"G_ema": None})
    assert imported(found) is None
