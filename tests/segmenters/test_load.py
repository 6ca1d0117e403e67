"""Which folders are segmenters, and which are refused with a sentence."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from fice.errors import UsageError, WeightsError
from fice.segmenters.load import load_segmenter


@pytest.fixture
def copy(folders, tmp_path):
    """copy(kind, ...): a folder of a kind that a test may change, with these settings changed."""

    def make(kind, **changes):
        folder = shutil.copytree(folders(kind), tmp_path / "copy")
        config = json.loads((folder / "config.json").read_text()) | changes
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    return make


def refused(folder, match, error=WeightsError):
    with pytest.raises(error, match=match) as caught:
        load_segmenter(folder)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_a_name_is_a_folder_below_the_users_own(folders, tmp_path, monkeypatch, picture):
    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    refused("mine", "no segmenter 'mine': name a folder, or .*none yet")
    shutil.copytree(folders("clipseg"), tmp_path / "segmenters" / "mine")
    assert load_segmenter("mine").find(picture, "bag") is not None
    refused("other", r"segmenters \(mine\)")
    refused("", "no segmenter ''")
    refused("..", "^.. has no config.json")


def test_boxes_alone_are_no_masks(folders):
    refused(folders("dino"), "finds boxes, which are no masks: make one folder .* detector/ .* segmenter/")


def test_a_sam_alone_knows_no_words(folders):
    refused(folders("sam"), "knows no words: make one folder")


def test_both_folders_of_a_pair_have_to_be_there_and_in_their_places(folders, tmp_path):
    (tmp_path / "detector").symlink_to(folders("dino"))
    refused(tmp_path, "has no segmenter/: put a SAM")
    (tmp_path / "segmenter").symlink_to(folders("clipseg"))
    refused(tmp_path, "segmenter holds a model of type 'clipseg': put a SAM")


def test_another_kind_and_no_kind_are_refused(copy, tmp_path):
    refused(copy("clipseg", model_type="bert"), "type 'bert', which finds no words: name one of clipseg")
    refused(tmp_path, "has no config.json")
    refused("nowhere/at/all", "no segmenter 'nowhere/at/all'")


def test_pickled_weights_are_not_opened(copy, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    folder = copy("clipseg")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    refused(folder, "no model.safetensors, and no other weights are opened")
    assert not (tmp_path / "executed").exists()


def test_code_that_a_folder_brings_is_not_run(copy, picture, tmp_path):
    folder = copy("clipseg", auto_map={"AutoModel": "modeling.Bomb"}, _attn_implementation="somebody/kernel")
    (folder / "modeling.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\nclass Bomb: pass\n")
    assert load_segmenter(folder).find(picture, "bag") is not None
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"use_timm_backbone": True}, "takes a part from elsewhere"),
        ({"backbone_config": {"model_type": "timm_backbone"}}, "takes a part from elsewhere"),
        ({"backbone": "resnet50"}, "takes a part from elsewhere"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised"),
        ({"depths": [1, 1, 1, 10**9]}, "too deep"),
        ({"decoder_hidden_size": 10**6}, "fits no Segformer"),
        ({"decoder_hidden_size": 24}, "fits no Segformer"),
        ({"detector_config": 3}, "fits no Segformer"),
        ({"hidden_act": "nothing"}, "fits no Segformer"),
        ({"id2label": {str(index): f"LABEL_{index}" for index in range(7)}}, "labels .* have no names"),
    ],
)
def test_settings_that_fit_no_weights_or_reach_elsewhere_are_refused(copy, changes, match):
    refused(copy("segformer", **changes), match)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("config.json", "{", "config.json is damaged"),
        ("model.safetensors", "nothing", "model.safetensors is damaged"),
        ("preprocessor_config.json", '{"size": 10000000}', "says of pictures makes no sense"),
        ("preprocessor_config.json", '{"image_std": [0, 1, 1]}', "says of pictures makes no sense"),
        ("preprocessor_config.json", '{"image_mean": "grey"}', "says of pictures makes no sense"),
        ("tokenizer.json", "{", "tokenizer .* cannot be used"),
    ],
)
def test_damage_is_said(copy, name, content, match):
    folder = copy("clipseg")
    (folder / name).write_text(content)
    refused(folder, match)


def test_edges_that_make_no_sense_are_said_before_anything_is_looked_at(copy, folders, tmp_path):
    (tmp_path / "detector").symlink_to(copy("dino"))
    (tmp_path / "segmenter").symlink_to(folders("sam"))
    (tmp_path / "copy" / "preprocessor_config.json").write_text('{"size": {"shortest_edge": 800, "longest_edge": 9}}')
    refused(tmp_path, "says of pictures makes no sense")


@pytest.mark.parametrize("kind", ["clipseg", "sam3"])
def test_a_tokenizer_that_is_missing_or_of_another_network_is_said(kind, copy, folders):
    folder = copy(kind)
    (folder / "tokenizer.json").unlink()
    refused(folder, "tokenizer .* has no tokenizer.json")
    shutil.copy(folders("dino") / "tokenizer.json", folder)
    refused(folder, "it has [0-9]+ tokens, the network 514")


def test_a_pipe_is_no_tokenizer(copy):
    folder = copy("clipseg")
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")
    refused(folder, "tokenizer .* pipe")


def test_weights_that_are_not_whole_are_refused(copy):
    folder = copy("clipseg")
    weights = load_file(folder / "model.safetensors")
    weights["spare"] = torch.zeros(1_000_000)  # as many numbers as the network has, but not its own
    del weights["decoder.film_mul.bias"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    refused(folder, r"lack 1 entries \(decoder.film_mul.bias")
    del weights["spare"], weights["decoder.film_mul.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    refused(folder, "weights are fewer than it has")


def test_sam_3_is_found_within_its_tracker(folders, copy, picture):
    folder = copy("sam3")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({"model_type": "sam3_video", "detector_config": config}))
    weights = {f"detector_model.{name}": value for name, value in load_file(folder / "model.safetensors").items()}
    weights["tracker_model.memory"] = torch.zeros(3)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    found, alone = (load_segmenter(each).find(picture, "bag") for each in (folder, folders("sam3")))
    assert torch.equal(found.mask, alone.mask)


def test_without_transformers_the_extra_is_named(folders, monkeypatch):
    folder = folders("clipseg")
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused(folder, r"pip install '.\[hf\]'", UsageError)


def test_a_transformers_that_is_too_old_is_said(folders, monkeypatch):
    folder = folders("sam3")
    monkeypatch.setattr(sys.modules["transformers"], "__version__", "4.57.1")
    refused(folder, r"transformers 5 or newer .* 4.57.1: `pip install --upgrade '.\[hf\]'`", UsageError)


def test_loading_says_nothing_on_the_terminal(folders, capfd):
    load_segmenter(folders("sam3"))
    assert capfd.readouterr() == ("", "")
