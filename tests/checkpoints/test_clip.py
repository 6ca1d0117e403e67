"""OpenAI's CLIP checkpoints: what is read off their shapes, and which are refused."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from fice.checkpoints import clip
from fice.checkpoints.clip import convert
from fice.checkpoints.files import read_checkpoint
from fice.checkpoints.objects import Foreign
from fice.errors import WeightsError
from fice.language.bpe import FILE
from fice.nets.clip import CLIP

TEXT = {
    "embed_dim": 64,
    "context_length": 77,
    "vocab_size": 49408,
    "transformer_width": 64,
    "transformer_heads": 1,
    "transformer_layers": 2,
}
RESNET = TEXT | {"image_resolution": 64, "vision_layers": (1, 2, 1, 1), "vision_width": 32, "vision_patch_size": None}
VIT = TEXT | {"image_resolution": 42, "vision_layers": 3, "vision_width": 128, "vision_patch_size": 14}
OFFICIAL = {
    "RN50": (1024, 224, (3, 4, 6, 3), 64, None, 512, 102),
    "RN101": (512, 224, (3, 4, 23, 3), 64, None, 512, 120),
    "RN50x4": (640, 288, (4, 6, 10, 6), 80, None, 640, 178),
    "RN50x16": (768, 384, (6, 8, 18, 8), 96, None, 768, 291),
    "ViT-B/32": (512, 224, 12, 768, 32, 512, 151),
    "ViT-L/14@336px": (768, 336, 24, 1024, 14, 768, 428),
}


@pytest.fixture(autouse=True)
def vocabulary(monkeypatch):
    monkeypatch.setattr(clip, "find_vocabulary", lambda: b"words")


@pytest.fixture
def made(fill):
    """made(arguments): a state dict as OpenAI's files have it."""

    def made(arguments):
        with torch.device("meta"):
            names = CLIP(**arguments).state_dict()
        settings = {"input_resolution": 64, "context_length": 77, "vocab_size": 49408}
        return {key: fill(key, value.shape) for key, value in names.items()} | {
            key: torch.tensor(value) for key, value in settings.items()
        }

    return made


def empty(arguments):
    with torch.device("meta"):
        return CLIP(**arguments).state_dict()


@pytest.mark.parametrize("arguments", [RESNET, VIT])
def test_arguments_are_read_off_and_the_network_gives_the_same(made, arguments):
    state = made(arguments)
    found = convert(state)
    assert (found.part, found.network, found.arguments, found.unexpected) == ("clip", "clip", arguments, [])
    side = arguments["image_resolution"]
    assert found.extra == {"tokenizer": "bpe", "context_length": 77, "image_resolution": side}
    assert found.files == {FILE: b"words"}
    assert all(found.state[key] is state[key] for key in found.state)  # no copies
    ours, theirs = CLIP(**arguments).eval(), found.empty().eval()
    ours.load_state_dict({key: state[key] for key in ours.state_dict()})
    theirs.load_state_dict(found.state, assign=True)
    picture, ids = torch.rand(1, 3, side, side), torch.tensor([[49406, 320, 49407]])
    assert theirs.encode_image(picture).equal(ours.encode_image(picture))
    assert theirs.encode_text(ids).equal(ours.encode_text(ids))


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_sizes_are_named(name):
    dimensions, side, layers, width, patch, text, millions = OFFICIAL[name]
    arguments = {
        "embed_dim": dimensions,
        "image_resolution": side,
        "vision_layers": layers,
        "vision_width": width,
        "vision_patch_size": patch,
        "context_length": 77,
        "vocab_size": 49408,
        "transformer_width": text,
        "transformer_heads": text // 64,
        "transformer_layers": 12,
    }
    found = convert(empty(arguments) | {"vocab_size": torch.tensor(49408)})
    assert found.arguments == arguments
    assert found.notes == [f"CLIP {name}: {millions} M parameters, {side}-pixel pictures, {dimensions} numbers"]


def test_wrapped_state_dicts(made):
    state = made(VIT)
    several = {f"module.{key}": value for key, value in state.items()}
    for tree in (
        {"state_dict": state, "epoch": 3},
        {"model": state},
        {"state_dict": several},
        {"model": {"state_dict": state}},
    ):
        assert convert(tree).arguments == VIT


def test_a_torchscript_archive(made):
    root: dict = {}
    for key, value in made(RESNET).items():
        *modules, last = key.split(".")
        inner = root
        for module in modules:
            inner = inner.setdefault(module, Foreign("__torch__.torch.nn.Module", {})).state
        inner[last] = value
    assert convert(Foreign("__torch__.clip.model.CLIP", root)).arguments == RESNET


@pytest.mark.filterwarnings("ignore:.*trace")  # of TorchScript, on its way out but what the official files are
@pytest.mark.parametrize("kind", ["torchscript", "state dict"])
def test_files(made, tmp_path, kind):
    network = CLIP(**RESNET).eval().requires_grad_(False)
    network.load_state_dict({key: value for key, value in made(RESNET).items() if key not in clip.SETTINGS})
    for key in ("input_resolution", "vocab_size"):
        network.register_buffer(key, torch.tensor(64))
    picture, ids = torch.rand(1, 3, 64, 64), torch.tensor([[49406, 320, 49407]])
    path = tmp_path / "clip.pt"
    if kind == "torchscript":
        torch.jit.trace_module(network, {"encode_image": picture, "encode_text": ids}).save(path)
    else:
        torch.save(network.state_dict(), path)
    found = convert(read_checkpoint(path))
    assert found.arguments == RESNET and found.unexpected == [] and len(found.notes) == 1
    read = found.empty().eval()
    read.load_state_dict(found.state, assign=True)
    assert read.encode_image(picture).equal(network.encode_image(picture))
    assert read.encode_text(ids).equal(network.encode_text(ids))


def test_precisions(made):
    state = made(VIT)
    half = convert({key: value.half() if value.dim() > 1 else value for key, value in state.items()})
    assert half.state["visual.proj"].dtype == torch.float16 and half.state["ln_final.bias"].dtype == torch.float32
    double = convert({key: value.double() for key, value in state.items()})
    assert {value.dtype for value in double.state.values()} == {torch.float32}
    assert any("double" in note for note in double.notes)


def test_where_the_file_does_not_say_that_it_is_official(made):
    state = {key: value for key, value in made(VIT).items() if key not in ("input_resolution", "context_length")}
    assert len(convert(state).notes) == 1
    del state["vocab_size"]
    assert "open_clip" in convert(state).notes[-1]


def test_what_is_left_over_is_named(made):
    found = convert(made(VIT) | {"logit_bias": torch.zeros(())})
    assert found.unexpected == ["logit_bias"] and "logit_bias" not in found.state


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [],
        None,
        "text",
        {"conv1.weight": torch.zeros(3)},
        {"model": 3},
        Foreign("training.networks.Generator", {"weight": torch.zeros(2)}),
    ],
)
def test_other_things_are_not_clip(tree):
    assert convert(tree) is None


def _without(state, *keys):
    return {key: value for key, value in state.items() if key not in keys}


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda s: s | {"visual.trunk.stem.weight": torch.zeros(1)}, "open_clip"),
        (lambda s: {f"text.{k}" if "resblocks" in k else k: v for k, v in s.items()}, "open_clip"),
        (lambda s: s | {"visual.conv1.weight": torch.zeros(1280, 3, 14, 14)}, "ViT of 1280 channels"),
        (lambda s: s | {"token_embedding.weight": torch.zeros(600, 64)}, "600 tokens"),
        (lambda s: s | {"token_embedding.weight": torch.zeros(49408, 40)}, "40 and 128 channels"),
        (lambda s: s | {"token_embedding.weight": torch.zeros(600)}, "token_embedding.weight"),
        (lambda s: _without(s, "text_projection"), "text_projection"),
        (lambda s: _without(s, "visual.positional_embedding"), "visual.positional_embedding"),
        (lambda s: _without(s, "visual.proj"), "lacks 1 of"),
        (lambda s: s | {"visual.positional_embedding": torch.zeros(9, 128)}, "visual.positional_embedding is"),
        (lambda s: s | {"visual.positional_embedding": torch.zeros(0, 128)}, "visual.positional_embedding is"),
        (lambda s: s | {"positional_embedding": torch.zeros(77, 32)}, "positional_embedding is"),
    ],
)
def test_others_are_refused_in_a_sentence(made, change, said):
    with pytest.raises(WeightsError, match=said) as error:
        convert(change(made(VIT)))
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


@pytest.mark.parametrize("tower", ["transformer.resblocks", "visual.transformer.resblocks", "visual.layer3"])
@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_a_host_of_tiny_layers_is_refused_before_it_is_built(made, tmp_path, tower, kind):
    state = {key: value.clone() for key, value in made(RESNET if "layer3" in tower else VIT).items()}
    state |= {f"{tower}.{number}.x": torch.zeros(1) for number in range(6_000)}
    if kind == "pt":
        torch.save(state, tmp_path / "clip.pt")
    else:
        save_file(state, tmp_path / "clip.pt")
    with pytest.raises(WeightsError, match="more than 5000 modules"):
        convert(read_checkpoint(tmp_path / "clip.pt"))


def test_without_a_vocabulary(made, monkeypatch):
    monkeypatch.setattr(clip, "find_vocabulary", lambda: None)
    with pytest.raises(WeightsError, match="fice models fetch clip-vocabulary"):
        convert(made(VIT))
