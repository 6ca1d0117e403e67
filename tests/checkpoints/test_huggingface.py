"""Folders of Hugging Face against transformers' own outputs, with small networks made here."""

from __future__ import annotations

import json

import pytest
import torch

from fice.checkpoints.huggingface import read_folder
from fice.errors import WeightsError
from fice.nets.huggingface import FastTokenizer

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
WORDS = ["<pad>", "<end>", "<start>", "a", "red", "floral", "dress", "with", "long", "sleeves"]
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
LABELS = [
    "Background",
    "Hat",
    "Hair",
    "Sunglasses",
    "Upper-clothes",
    "Skirt",
    "Pants",
    "Dress",
    "Belt",
    "Left-shoe",
    "Right-shoe",
    "Face",
    "Left-leg",
    "Right-leg",
    "Left-arm",
    "Right-arm",
    "Bag",
    "Scarf",
]


def _tokenizer(folder):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="a"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 2), ("<end>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))


def _save(folder, model, processor=None, **changes):
    """The folder of a model, with a config that names its type and what differs from the default."""
    torch.manual_seed(3)
    for parameter in model.parameters():  # fresh biases are zero and would hide a wrong name
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    model.eval().requires_grad_(False).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(processor or {}))
    return model


@pytest.fixture
def clip(tmp_path):
    """clip(eos): a folder of a small CLIP and transformers' own network of it."""

    def make(eos=1):
        text = SMALL | {
            "vocab_size": 10,
            "max_position_embeddings": 8,
            "eos_token_id": eos,
            "bos_token_id": 2,
            "pad_token_id": 0,
        }
        vision = SMALL | {"image_size": 24, "patch_size": 8}
        config = transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)
        _tokenizer(tmp_path)
        return tmp_path, _save(tmp_path, transformers.CLIPModel(config))

    return make


@pytest.fixture
def siglip(tmp_path):
    text = SMALL | {"vocab_size": 10, "max_position_embeddings": 8, "pad_token_id": 1}
    vision = SMALL | {"image_size": 24, "patch_size": 8}
    config = transformers.SiglipConfig(text_config=text, vision_config=vision)
    _tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"pad_token": "<pad>"}))
    return tmp_path, _save(tmp_path, transformers.SiglipModel(config))


@pytest.fixture
def segformer(tmp_path):
    config = transformers.SegformerConfig(
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 2, 1, 1],
        num_attention_heads=[1, 2, 3, 4],
        decoder_hidden_size=20,
        id2label=dict(enumerate(LABELS)),
    )
    model = transformers.SegformerForSemanticSegmentation(config)
    model.decode_head.batch_norm.running_mean.normal_()
    return tmp_path, _save(tmp_path, model, {"size": {"height": 64, "width": 64}})


def loaded(found):
    module = found.empty()
    module.load_state_dict(found.state, assign=True)
    assert not any(value.is_meta for value in (*module.parameters(), *module.buffers()))
    return module.eval()


def same(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=0, atol=2e-5)


PICTURE = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(1)) * 2 - 1
TEXTS = ["a red floral dress", "A DRESS"]


def test_clip(clip):
    folder, theirs = clip()
    found = read_folder(folder)
    assert (found.part, found.network, found.unexpected) == ("clip", "huggingface-clip", [])
    assert found.extra["image_resolution"] == 24 and found.extra["context_length"] == 8 and found.extra["pad"] == 0
    assert found.extra["mean"][0] == pytest.approx(0.48145466) and json.dumps([found.arguments, found.extra])
    assert found.files == {"tokenizer.json": (folder / "tokenizer.json").read_bytes()}
    ours = loaded(found)
    ids = FastTokenizer(found.files["tokenizer.json"], 8, 0).encode(TEXTS)
    assert ids.tolist() == [[2, 3, 4, 5, 6, 1, 0, 0], [2, 3, 6, 1, 0, 0, 0, 0]]
    same(ours.encode_image(PICTURE), theirs.get_image_features(PICTURE).pooler_output)
    same(ours.encode_text(ids), theirs.get_text_features(ids, attention_mask=(ids > 0).long()).pooler_output)


def test_an_old_clip_is_read_at_the_highest_token(clip):
    folder, theirs = clip(eos=2)
    ours, ids = loaded(read_folder(folder)), torch.tensor([[2, 3, 4, 9, 5, 6, 0, 0]])
    same(ours.encode_text(ids), theirs.get_text_features(ids).pooler_output)
    same(ours.encode_text(ids), ours.encode_text(torch.tensor([[2, 3, 4, 9, 1, 1, 1, 1]])))


def test_settings_kept_under_the_older_name(clip):
    folder, theirs = clip()
    config = json.loads((folder / "config.json").read_text())
    config["vision_config_dict"] = config["vision_config"]
    config["vision_config"] = {"image_size": 224}
    (folder / "config.json").write_text(json.dumps(config))
    same(loaded(read_folder(folder)).encode_image(PICTURE), theirs.get_image_features(PICTURE).pooler_output)


def test_siglip(siglip):
    folder, theirs = siglip
    found = read_folder(folder)
    assert found.extra["mean"] == found.extra["std"] == [0.5, 0.5, 0.5] and found.extra["pad"] == 0
    ours, ids = loaded(found), FastTokenizer(found.files["tokenizer.json"], 8, 0).encode(TEXTS)
    same(ours.encode_image(PICTURE), theirs.get_image_features(PICTURE).pooler_output)
    same(ours.encode_text(ids), theirs.get_text_features(ids).pooler_output)


def test_segformer(segformer):
    folder, theirs = segformer
    found = read_folder(folder)
    assert (found.part, found.network, found.unexpected) == ("regions", "segformer", [])
    assert found.extra["names"] == [
        "background",
        "headwear",
        "hair",
        "accessories",
        "upper",
        "skirt",
        "trousers",
        "dress",
        "accessories",
        "shoes",
        "shoes",
        "face",
        "skin",
        "skin",
        "skin",
        "skin",
        "bag",
        "accessories",
    ]
    ours = loaded(found)
    mean, std = (torch.tensor(found.arguments[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    logits = theirs((picture - mean) / std).logits
    wanted = torch.nn.functional.interpolate(logits, (64, 64), mode="bilinear", align_corners=False)
    same(ours(picture), wanted)
    assert ours(torch.rand(1, 3, 100, 50)).shape == (1, 18, 100, 50)
    picture.requires_grad_()
    assert torch.autograd.grad(ours(picture).square().sum(), picture)[0].abs().max() > 0


def test_weights_in_pieces_and_in_older_files(segformer):
    from safetensors.torch import load_file, save_file

    folder, _ = segformer
    whole = load_file(folder / "model.safetensors")
    found = read_folder(folder)
    (folder / "model.safetensors").unlink()
    torch.save(whole | {"step": 3}, folder / "pytorch_model.bin")
    older = read_folder(folder)
    assert all(older.state[key].equal(value) for key, value in found.state.items())
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    keys = sorted(whole)
    for name, part in zip(names, (keys[:40], keys[40:]), strict=True):
        save_file({key: whole[key].clone() for key in part}, folder / name)
    index = {"weight_map": {key: names[key not in keys[:40]] for key in keys}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    pieces = read_folder(folder)
    assert all(pieces.state[key].equal(value) for key, value in found.state.items())
    index["weight_map"][keys[0]] = "../elsewhere.safetensors"
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(WeightsError, match="names files elsewhere"):
        read_folder(folder)


def test_left_over_weights_are_named(segformer):
    from safetensors.torch import load_file, save_file

    folder, _ = segformer
    save_file(load_file(folder / "model.safetensors") | {"other": torch.zeros(1)}, folder / "model.safetensors")
    assert read_folder(folder).unexpected == ["other"]


def _change(folder, name, **changes):
    (folder / name).write_text(json.dumps(json.loads((folder / name).read_text()) | changes))


@pytest.mark.parametrize(
    "break_it, said",
    [
        (lambda f: _change(f, "config.json", model_type="llama"), "type 'llama'"),
        (lambda f: _change(f, "config.json", depths="many"), "fit no segformer"),
        (lambda f: _change(f, "config.json", depths=[1, 10**9, 1, 1]), "four numbers from 1 to 100"),
        (lambda f: _change(f, "config.json", depths=[1, 3, 1, 1]), "lacks"),
        (lambda f: _change(f, "config.json", num_attention_heads=[1, 2, 3, 5]), "5 heads do not divide 32"),
        (lambda f: _change(f, "config.json", hidden_sizes=[8, 16, 24, 36]), "does not fit"),
        (lambda f: _change(f, "config.json", id2label={"0": "Background", "1": "Sofa"}), "'Sofa'"),
        (lambda f: _change(f, "config.json", id2label={"0": "Dress"}), "no label background"),
        (lambda f: _change(f, "config.json", id2label={"5": "Dress"}), "KeyError"),
        (lambda f: _change(f, "preprocessor_config.json", image_std=[1, 2]), "fit no segformer"),
        (lambda f: (f / "config.json").write_text("[]"), "damaged"),
        (lambda f: (f / "config.json").write_text("{"), "damaged"),
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "model.safetensors").unlink(), "no model.safetensors"),
        (lambda f: (f / "model.safetensors").write_bytes(b"<html>"), "model.safetensors is damaged"),
        (lambda f: _change(f, "config.json", decoder_hidden_size=float("inf")), "fit no segformer"),
    ],
)
def test_damaged_folders(segformer, break_it, said):
    folder, _ = segformer
    break_it(folder)
    with pytest.raises(WeightsError, match=said) as error:
        read_folder(folder)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "break_it, said",
    [
        (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer.json"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json cannot be read"),
        (lambda f: _change(f, "config.json", text_config={"vocab_size": 5}), "10 words instead of 5"),
        (lambda f: _change(f, "config.json", text_config={"hidden_act": "exec"}), "hidden_act"),
        (lambda f: _change(f, "config.json", vision_config={"hidden_size": "8"}), "hidden_size '8'"),
        (lambda f: _change(f, "config.json", vision_config={"num_hidden_layers": 10**6}), "num_hidden_layers 1000000"),
        (lambda f: _change(f, "config.json", vision_config={"vision_use_head": False}), "vision_use_head"),
    ],
)
def test_damaged_clips(clip, break_it, said):
    folder, _ = clip()
    break_it(folder)
    with pytest.raises(WeightsError, match=said):
        read_folder(folder)
