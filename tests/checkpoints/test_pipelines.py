"""Folders of diffusion models into a bundle: what is taken, what is refused, and nothing of it executed or fetched."""

from __future__ import annotations

import json
import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from fice.bundle.bundle import load_bundle, verify
from fice.checkpoints.importing import import_files
from fice.diffusion.adapter import has_adapter
from fice.diffusion.model import Model
from fice.errors import UsageError, WeightsError
from fice.files import downloads, own_bundles
from fice.models.catalogue import fetch_model
from fice.models.sources import File, Recipe, Source, Sources, load_sources
from fice.settings import Settings

pytest.importorskip("diffusers", reason="diffusers is not installed")
from diffusion import tiny
from diffusion.asked import bare, model, request

NETWORK, INDEX = "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors.index.json"
UNET = f"unet/{NETWORK}"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders as the library writes them."""
    place = tmp_path_factory.mktemp("made")
    return SimpleNamespace(
        pipeline=tiny.stable_diffusion(place / "inpainting"),
        control=tiny.controlnet(place / "control"),
        large=tiny.stable_diffusion_xl(place / "large"),
        **_adapter(place / "IP-Adapter"),
    )


def _adapter(folder):
    """An adapter and its encoder, in a repository with several."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=20,
        intermediate_size=24,
        projection_dim=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder / "models" / "image_encoder")
    state = {
        "image_proj": {"proj.weight": torch.rand(4 * tiny.WIDTH, 16), "proj.bias": torch.rand(4 * tiny.WIDTH)},
        "ip_adapter": {f"{i}.to_{name}_ip.weight": torch.rand(32, tiny.WIDTH) for i in (1, 3) for name in "kv"},
    }
    flat = {f"{share}.{key}": value for share, part in state.items() for key, value in part.items()}
    save_file(flat, folder / "models" / "ip-adapter_sd15.safetensors")
    torch.save(state, folder / "models" / "ip-adapter_sd15.bin")
    return {"adapters": folder, "encoder": folder / "models" / "image_encoder", "flat": flat}


@pytest.fixture
def pipeline(made, tmp_path):
    """A folder of a test's own."""
    shutil.copytree(made.pipeline, tmp_path / "sd")
    return tmp_path / "sd"


def edited(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refused(match, *files, error=WeightsError):
    """That the files are refused in such a sentence, with nothing left behind."""
    before = sorted(own_bundles().rglob("*")) if own_bundles().exists() else []
    with pytest.raises(error, match=match) as caught:
        import_files(files, "sd")
    assert sorted(own_bundles().rglob("*")) == before and "\n" not in str(caught.value)
    assert str(caught.value).endswith(".") and ": " in str(caught.value)


def loaded(bundle):
    from diffusers import StableDiffusionInpaintPipeline

    return StableDiffusionInpaintPipeline.from_pretrained(
        bundle.tree("pipeline"), local_files_only=True, use_safetensors=True
    )


def state_of(folder):
    return load_file(folder / UNET)


def test_a_pipeline_becomes_a_bundle_that_edits(made):
    said = []
    bundle = import_files([made.pipeline], "sd", tell=said.append)
    assert bundle.preset == "diffusion" and set(bundle.parts) == {"regions", "pose", "clip", "garments"}
    assert said[0] == "pipeline: Stable Diffusion 1.5 and 2 (StableDiffusionInpaintPipeline)"
    assert not any("cannot edit" in line for line in said) and verify(bundle) == []
    folder = bundle.folders["pipeline"]
    assert folder.kind == "StableDiffusionInpaintPipeline" and folder.origin == "inpainting"
    assert folder.licence == "not stated, usually CreativeML OpenRAIL-M: see its publisher"
    for name, value in loaded(bundle).unet.state_dict().items():
        assert torch.equal(value, state_of(made.pipeline)[name])


@pytest.mark.parametrize("name", ["sd-base", "xl", "flux", "fill", "kontext", "klein", "qwen", "z-image"])
def test_every_family_paints_from_a_bundle_as_from_its_own_folder(name):
    bundle = import_files([bare(name).folder / "pipeline"], "own", lender=None)
    painter = Model(bundle, torch.device("cpu"), Settings.preset("diffusion", steps=2), lambda: None)
    assert torch.equal(painter.paint([request()])[0], model(name).paint([request()])[0])


def test_weights_are_the_same_files_where_the_disk_has_links(made, monkeypatch):
    folder = import_files([made.pipeline], "linked").folder / "pipeline"
    assert os.path.samefile(folder / UNET, made.pipeline / UNET)
    assert not os.path.samefile(folder / "unet/config.json", made.pipeline / "unet/config.json")

    def no_links(*_):
        raise OSError("this disk has none")

    monkeypatch.setattr(os, "link", no_links)
    bundle = import_files([made.pipeline], "copied")
    assert (bundle.folder / "pipeline" / UNET).read_bytes() == (made.pipeline / UNET).read_bytes()
    assert not os.path.samefile(bundle.folder / "pipeline" / UNET, made.pipeline / UNET) and verify(bundle) == []


def test_room_is_looked_for_before_weights_are_copied(made, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("none")))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    refused("needs .* has 1.0 kB left: free some space", made.pipeline)


def test_a_cache_of_links_is_followed_and_says_the_models_name(made, tmp_path):
    snapshot = tmp_path / "models--somebody--painter" / "snapshots" / "abc"
    blobs = tmp_path / "models--somebody--painter" / "blobs"
    blobs.mkdir(parents=True)
    for number, file in enumerate(path for path in made.pipeline.rglob("*") if path.is_file()):
        shutil.copy(file, blobs / str(number))
        place = snapshot / file.relative_to(made.pipeline)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(blobs / str(number))
    bundle = import_files([snapshot], "sd")
    assert bundle.folders["pipeline"].origin == "somebody/painter"
    shutil.rmtree(tmp_path / "models--somebody--painter")
    assert verify(load_bundle("sd")) == []


def test_the_card_says_whose_it_is_and_under_which_licence(pipeline):
    text = "---\nlicense: other\nlicense_name: 'a-licence'\nbase_model:\n- somebody/base\ntags:\n- x\n---\n# A model\n"
    (pipeline / "README.md").write_text(text)
    folder = import_files([pipeline], "sd").folders["pipeline"]
    assert (folder.licence, folder.origin) == ("a-licence, as its card says", "sd, made from somebody/base")
    assert load_bundle("sd").licence.startswith("pipeline: a-licence")


def test_only_what_a_pipeline_needs_is_taken(pipeline):
    edited(
        pipeline / "model_index.json",
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
        feature_extractor=["transformers", "CLIPFeatureExtractor"],
        _name_or_path="somebody/else",
    )
    for name in ("safety_checker", "feature_extractor"):
        (pipeline / name).mkdir()
        (pipeline / name / "config.json").write_text("{}")
    for name in (
        "sd.ckpt",
        "evil.py",
        "unet/model.onnx",
        "unet/evil.py",
        "unet/diffusion_pytorch_model.fp16.safetensors",
    ):
        (pipeline / name).write_bytes(b"nothing")
    edited(pipeline / "unet/config.json", auto_map={"AutoModel": "evil.Model"}, _name_or_path="somebody/else")
    said = []
    bundle = import_files([pipeline], "sd", tell=said.append)
    assert "left out evil.py, feature_extractor, safety_checker, sd.ckpt" in said[0]
    assert {path.split("/")[-1].split(".")[-1] for path in bundle.folders["pipeline"].files} == {"json", "safetensors"}
    assert "auto_map" not in (bundle.folder / "pipeline/unet/config.json").read_text()
    index = json.loads((bundle.folder / "pipeline/model_index.json").read_text())
    assert index["safety_checker"] == index["feature_extractor"] == [None, None] and "_name_or_path" not in index
    assert loaded(bundle).safety_checker is None


def test_a_variant_is_taken_where_there_is_no_other(pipeline):
    plain, halves = pipeline / UNET, pipeline / "unet/diffusion_pytorch_model.fp16.safetensors"
    save_file({key: value.half() for key, value in load_file(plain).items()}, halves)
    plain.unlink()
    bundle = import_files([pipeline], "sd")
    assert load_file(bundle.folder / "pipeline" / UNET)["conv_in.weight"].dtype == torch.float16
    loaded(bundle)


def test_words_of_older_folders_are_taken(pipeline):
    words = json.loads((pipeline / "tokenizer/tokenizer.json").read_text())["model"]["vocab"]
    (pipeline / "tokenizer/tokenizer.json").unlink()
    (pipeline / "tokenizer/vocab.json").write_text(json.dumps(words))
    (pipeline / "tokenizer/merges.txt").write_text("#version: 0.2\n")
    bundle = import_files([pipeline], "sd")
    ids = loaded(bundle).tokenizer("red").input_ids
    assert len(ids) == 5 and ids[0] == words["<|startoftext|>"] and ids[1] == words["r"]


def in_pieces(folder):
    """The U-Net in two files, as a variant."""
    state = load_file(folder / UNET)
    (folder / UNET).unlink()
    keys, files = sorted(state), ["diffusion_pytorch_model.fp16-00001-of-00002.safetensors", "b.safetensors"]
    parts = {files[0]: keys[:20], files[1]: keys[20:]}
    for file, names in parts.items():
        save_file({key: state[key] for key in names}, folder / "unet" / file)
    index = folder / "unet/diffusion_pytorch_model.safetensors.index.fp16.json"
    index.write_text(json.dumps({"weight_map": {key: file for file, names in parts.items() for key in names}}))
    return state, index, files


def test_weights_in_pieces_stay_in_pieces(pipeline):
    state, _, _ = in_pieces(pipeline)
    bundle = import_files([pipeline], "sd")
    assert f"unet/{INDEX}" in bundle.folders["pipeline"].files
    unet = loaded(bundle).unet.state_dict()
    assert all(torch.equal(unet[key], value) for key, value in state.items())


def test_pickles_are_read_without_running_them(pipeline, tmp_path):
    state = load_file(pipeline / UNET)
    (pipeline / UNET).unlink()
    torch.save(state, pipeline / "unet/diffusion_pytorch_model.bin")
    bundle = import_files([pipeline], "sd")
    assert torch.equal(loaded(bundle).unet.conv_in.weight, state["conv_in.weight"])

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"a": Evil()}, pipeline / "unet/diffusion_pytorch_model.bin")
    shutil.rmtree(own_bundles() / "sd")
    refused("mkdir", pipeline)
    assert not (tmp_path / "ran").exists()


def truncated(folder):
    (folder / UNET).write_bytes((folder / UNET).read_bytes()[:-100])


def lying(folder):
    content = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes((1 << 60).to_bytes(8, "little") + content[8:])


def an_entry_less(folder):
    state = load_file(folder / UNET)
    del state["conv_in.bias"]
    save_file(state, folder / UNET)


def a_shard_less(folder):
    (folder / "unet" / in_pieces(folder)[2][1]).unlink()


def pointing_out(folder):
    _, index, files = in_pieces(folder)
    index.write_text(index.read_text().replace(files[1], "../../b.safetensors"))


def an_index_that_lies(folder):
    _, index, _ = in_pieces(folder)
    listed = json.loads(index.read_text())["weight_map"]
    edited(index, weight_map=listed | {"more": "b.safetensors"})


def no_words(folder):
    (folder / "tokenizer/tokenizer.json").unlink()


def integers(folder):
    state = load_file(folder / UNET)
    save_file({key: value.to(torch.int8) for key, value in state.items()}, folder / UNET)


def pickles_in_pieces(folder):
    (folder / UNET).rename(folder / "unet/diffusion_pytorch_model-00001-of-00002.bin")


def changed(name, **changes):
    return lambda folder: edited(folder / name, **changes)


def removed(name):
    return lambda folder: shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()


def written(name, text):
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (truncated, "unet diffusion_pytorch_model.safetensors is damaged or cut short"),
        (lying, "damaged or cut short"),
        (an_entry_less, "numbers where a UNet2DConditionModel of its settings has"),
        (pickles_in_pieces, "pickles in pieces: get them as safetensors"),
        (a_shard_less, "has no b.safetensors, which its index names"),
        (pointing_out, "names files elsewhere"),
        (an_index_that_lies, "lacks more"),
        (no_words, "no words of a tokenizer"),
        (integers, "quantised|are none"),
        (written(UNET, POINTER), "git lfs pull"),
        (written("tokenizer/tokenizer.json", POINTER), "tokenizer.json is damaged"),
        (removed("unet"), "no folder unet"),
        (removed(UNET), "no diffusion_pytorch_model.safetensors"),
        (removed("scheduler/scheduler_config.json"), "no scheduler_config.json"),
        (removed("vae/config.json"), "no config.json"),
        (written("vae/config.json", "{"), "damaged"),
        (written("model_index.json", "[]"), "damaged"),
        (changed("vae/config.json", _class_name="UNet2DConditionModel"), "where a AutoencoderKL should be"),
        (changed("unet/config.json", block_out_channels="x"), "fit no UNet2DConditionModel"),
        (changed("unet/config.json", layers_per_block=10**9), "too deep"),
        (changed("unet/config.json", quantization_config={"load_in_4bit": True}), "quantised"),
        (changed("model_index.json", tokenizer=[None, None]), "no tokenizer"),
        (changed("model_index.json", _class_name="KandinskyPipeline"), "cannot paint a garment"),
        (changed("model_index.json", _class_name=["pipeline", "Mine"]), "brings no code of its own"),
        (changed("model_index.json", unet=["my_unet", "UNet2DConditionModel"]), "which is not run"),
        (changed("model_index.json", unet=["diffusers", "AutoModel"]), "which is not run"),
        (changed("model_index.json", unet=["diffusers", 5]), "which is not run"),
        (changed("model_index.json", more=["diffusers", "UNet2DConditionModel"]), "no known pipeline"),
        (changed("model_index.json", **{"../x": ["diffusers", "UNet2DConditionModel"]}), "no known pipeline"),
    ],
)
def test_a_damaged_or_foreign_folder_is_one_sentence(pipeline, damage, sentence):
    damage(pipeline)
    refused(sentence, pipeline)


def test_half_a_letter_in_the_settings_is_kept(pipeline):
    edited(pipeline / "vae/config.json", name="\ud800")
    assert (
        json.loads((import_files([pipeline], "sd").tree("pipeline") / "vae/config.json").read_text())["name"]
        == "\ud800"
    )


def test_a_pipeline_is_replaced_with_force_alone(made):
    import_files([made.pipeline], "sd")
    refused("has its pipeline already: add --force", made.pipeline, error=UsageError)
    before = (made.large / "unet/config.json").read_bytes()
    bundle = import_files([made.large], "sd", force=True)
    assert bundle.folders["pipeline"].kind == "StableDiffusionXLInpaintPipeline" and verify(bundle) == []
    assert "text_encoder_2/model.safetensors" in bundle.folders["pipeline"].files
    assert (made.large / "unet/config.json").read_bytes() == before


def test_models_are_added_one_after_the_other(made):
    said = []
    bundle = import_files([made.control], "sd", tell=said.append)
    assert "it has no pipeline" in said[-1] and bundle.folders["controlnet"].kind == "ControlNetModel"
    import_files([made.pipeline], "sd", tell=said.append)
    import_files([made.adapters / "models/ip-adapter_sd15.bin"], "sd", tell=said.append)
    assert "no image encoder" in said[-1]
    bundle = import_files([made.encoder], "sd", tell=said.append)
    assert list(bundle.folders) == ["controlnet", "pipeline", "adapter"] and verify(bundle) == []
    adapter = bundle.folders["adapter"]
    assert adapter.kind == "IPAdapter" and adapter.licence.count("Apache") == 1
    assert adapter.origin == "ip-adapter_sd15.bin; image_encoder"
    assert set(adapter.files) == {
        "ip_adapter.safetensors",
        "image_encoder/config.json",
        "image_encoder/model.safetensors",
    }
    taken = load_file(bundle.tree("adapter") / "ip_adapter.safetensors")
    assert taken.keys() == made.flat.keys() and all(torch.equal(taken[key], made.flat[key]) for key in taken)
    refused("has its image encoder already", made.encoder, error=UsageError)


def test_an_adapters_folder_is_taken_whole_where_it_has_one(made, tmp_path):
    bundle = import_files([made.adapters, made.pipeline], "sd")
    assert "adapter" in bundle.folders and bundle.folders["adapter"].origin == "IP-Adapter"
    shutil.copytree(made.adapters, tmp_path / "two")
    shutil.copy(tmp_path / "two/models/ip-adapter_sd15.bin", tmp_path / "two/models/ip-adapter-plus_sd15.bin")
    refused("several adapters .ip-adapter-plus_sd15, ip-adapter_sd15.: name one file", tmp_path / "two")


def test_models_that_are_not_made_for_each_other_are_refused(made, tmp_path):
    shutil.copytree(made.encoder, tmp_path / "encoder")
    edited(tmp_path / "encoder/config.json", projection_dim=12)
    state = load_file(tmp_path / "encoder/model.safetensors")
    state["visual_projection.weight"] = state["visual_projection.weight"][:12].contiguous()
    save_file(state, tmp_path / "encoder/model.safetensors")
    file = made.adapters / "models/ip-adapter_sd15.safetensors"
    refused("projection_dim is 16, and that of this one is 12", file, tmp_path / "encoder")
    save_file(made.flat | {"ip_adapter.1.to_k_ip.weight": torch.rand(32, 48)}, tmp_path / "wide.safetensors")
    refused("adapter is for models whose words have 48 features", made.pipeline, tmp_path / "wide.safetensors")
    from diffusers import FluxControlNetModel

    heads = {"attention_head_dim": 16, "num_attention_heads": 2, "axes_dims_rope": (4, 4, 8)}
    words = {"joint_attention_dim": 32, "pooled_projection_dim": 32}
    flux = FluxControlNetModel(in_channels=4, num_layers=1, num_single_layers=1, **heads, **words)
    flux.save_pretrained(tmp_path / "control")
    refused("takes a ControlNetModel, and this is a FluxControlNetModel", made.pipeline, tmp_path / "control")


def test_a_part_of_a_model_or_a_folder_without_rights_says_so(made, tmp_path, monkeypatch):
    refused("holds a UNet2DConditionModel, a part of a model: name the folder that has", made.pipeline / "unet")

    def closed(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("fice.checkpoints.importing.find_adapter", closed)
    refused("cannot be read .Permission denied.: name a folder", made.adapters)


def test_without_the_extra_a_folder_is_imported_and_what_lacks_is_said(pipeline, monkeypatch):
    for module in ("importing", "components"):
        monkeypatch.setattr(f"fice.checkpoints.{module}.missing", lambda _: ["diffusers"])
    said = []
    assert verify(import_files([pipeline], "sd", tell=said.append)) == []
    assert "diffusers must be installed: `pip install '.[diffusion]'`" in said[-1]
    truncated(pipeline)
    refused("damaged or cut short", pipeline)


def test_half_an_adapter_shows_nothing_yet(made):
    bundle = import_files([made.adapters / "models/ip-adapter_sd15.safetensors"], "sd", lender=None)
    assert "adapter" in bundle.folders and not has_adapter(bundle)
    assert has_adapter(import_files([made.encoder], "sd", lender=None))


@pytest.mark.parametrize(
    "keys, sentence",
    [
        (["model.diffusion_model.input_blocks.0.0.weight"], "a diffusion model in one file: get the folder"),
        (["lora_unet_down.lora_up.weight"], "is a plug-in .* --plugin model.safetensors"),
        (["emb_params"], "is a plug-in"),
        (["image_proj.proj.weight", "ip_adapter.1.to_v_ip.weight"], "no whole adapter"),
        (["image_proj.proj.3.weight", "ip_adapter.1.to_k_ip.weight"], "no whole adapter"),
        (["image_proj.proj.0.weight", "image_proj.norm.weight", "ip_adapter.0.to_k_ip.weight"], "adapter for faces"),
    ],
)
def test_files_that_are_known_and_not_imported_say_so(tmp_path, keys, sentence):
    save_file({key: torch.rand(2, 2) for key in keys}, tmp_path / "model.safetensors")
    refused(sentence, tmp_path / "model.safetensors")


def test_what_was_fetched_has_the_licence_of_its_source(made):
    place = downloads() / "sd15-inpainting"
    shutil.copytree(made.pipeline, place)
    folder = import_files([place], "sd").folders["pipeline"]
    assert folder.licence.startswith("CreativeML OpenRAIL-M, which") and "stable-diffusion-v1-5" in folder.origin


def test_what_can_be_fetched_is_all_that_a_model_needs(made):
    known = load_sources()
    for name, folder in (("sd15-inpainting", made.pipeline), ("sd2-inpainting", made.pipeline)):
        listed = {file.name.replace(".fp16", "") for file in known.sources[name].files}
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert there - listed <= {"tokenizer/tokenizer.json"}
        assert {"tokenizer/vocab.json", "tokenizer/merges.txt"} <= listed
    listed = {file.name.replace(".fp16", "") for file in known.sources["sdxl-inpainting"].files}
    there = {path.relative_to(made.large).as_posix() for path in made.large.rglob("*") if path.is_file()}
    assert there - listed <= {"tokenizer/tokenizer.json", "tokenizer_2/tokenizer.json"}
    assert [source.name for source in known.bundles["sd"].sources] == [
        "sd15-inpainting",
        "sd15-openpose",
        "sd15-ip-adapter",
    ]
    assert all(file.mirrors for file in known.sources["sd2-inpainting"].files)


@pytest.fixture
def server(made):
    """The folders over http."""
    handler = partial(SimpleHTTPRequestHandler, directory=made.pipeline.parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_bundle_is_fetched_as_one(made, server, monkeypatch):
    def source(name, folder, *parts):
        paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix not in (".bin", "")]
        gone, there = (f"{server}/{place}" for place in ("deleted", folder.name))
        files = tuple(File(path, f"{gone}/{path}", mirrors=(f"{there}/{path}",)) for path in paths)
        return Source(name, "d.", f"the licence of {name}.", files, "https://example.org", parts)

    parts = (
        source("painter", made.pipeline, "pipeline"),
        source("bones", made.control, "controlnet"),
        source("looks", made.adapters, "adapter"),
    )
    listed = Sources({part.name: part for part in parts}, {"sd": Recipe("sd", "d.", parts)})
    for module in ("models.catalogue", "checkpoints.importing"):
        monkeypatch.setattr(f"fice.{module}.load_sources", lambda: listed)
    monkeypatch.setenv("NO_PROXY", "*")
    said = []
    bundle = load_bundle(fetch_model("sd", tell=said.append))
    assert list(bundle.folders) == ["pipeline", "controlnet", "adapter"] and verify(bundle) == []
    assert any("is gone from" in line for line in said) and not any("import" in line for line in said)
    assert [each.licence for each in bundle.folders.values()] == [f"the licence of {part.name}" for part in parts]
    path = fetch_model("looks", offline=True, tell=said.append)
    assert said[-1] == f"{path} becomes a bundle's adapter: fice models import {path} --as NAME"
