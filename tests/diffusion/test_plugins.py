"""LoRA and textual inversion, from files of the user's."""

from __future__ import annotations

import json

import pytest
import torch
from asking import batch
from diffusion import plugs
from diffusion.asked import bare, model, request
from safetensors.torch import load_file, save_file

from fice.batch import tables
from fice.batch.jobs import find_jobs
from fice.diffusion.plugins import check_plugins, plugin_notices, read_plugin
from fice.errors import WeightsError
from fice.order import Order
from fice.settings import Settings


def painted(name, *plugins, **more):
    return model(name).paint([request(0, plugins=tuple(map(str, plugins)), **more)])[0]


def folder(name="sd"):
    return bare(name).folder / "pipeline"


@pytest.mark.parametrize("name", ["sd", "xl"])
@pytest.mark.parametrize("form", plugs.FORMS)
def test_a_lora_changes_what_is_painted_and_leaves_no_trace(name, form, tmp_path):
    plain = painted(name)
    lora = plugs.lora(tmp_path / "lora.safetensors", folder(name), form)
    styled = painted(name, lora)
    assert not torch.equal(styled, plain)
    assert torch.equal(painted(name, lora), styled)
    assert torch.equal(painted(name), plain)


@pytest.mark.parametrize("family", ["flux", "kontext", "klein", "qwen", "z-image"])
def test_a_lora_plugs_into_a_transformer_too(family, tmp_path):
    plain, lora = painted(family), tmp_path / "lora.safetensors"
    layers = model(family).pipeline.transformer.named_modules()
    name, layer = next((n, each) for n, each in layers if n.endswith("attn.to_q") or n.endswith("attention.to_q"))
    down, up = torch.ones(2, layer.in_features), torch.ones(layer.out_features, 2)
    save_file({f"transformer.{name}.lora_A.weight": down, f"transformer.{name}.lora_B.weight": up}, lora)
    assert not torch.equal(painted(family, lora), plain)
    assert torch.equal(painted(family), plain)


def test_both_forms_of_a_lora_are_the_same(tmp_path):
    one, other = (plugs.lora(tmp_path / f"{form}.safetensors", folder(), form) for form in plugs.FORMS)
    torch.testing.assert_close(painted("sd", one), painted("sd", other))


def test_a_weight_says_how_much_of_a_lora(tmp_path):
    plain, lora = painted("sd"), plugs.lora(tmp_path / "lora.safetensors", folder())
    assert torch.equal(painted("sd", f"{lora}:0"), plain)
    change = [(painted("sd", f"{lora}:{weight}") - plain).abs().mean() for weight in ("0.1", "1")]
    assert change[0] < change[1]


def test_several_plugins_add_up(tmp_path):
    one, other = (plugs.lora(tmp_path / f"{i}.safetensors", folder()) for i in range(2))
    twice = painted("sd", f"{one}:0.5", f"{other}:0.5")
    torch.testing.assert_close(twice, painted("sd", one), rtol=0, atol=1e-4)


def test_a_lora_stays_from_order_to_order_until_its_file_changes(tmp_path, monkeypatch):
    pipeline, loads = model("sd").pipeline, []
    load = pipeline.load_lora_weights
    monkeypatch.setattr(pipeline, "load_lora_weights", lambda *a, **k: loads.append(1) or load(*a, **k))
    lora = plugs.lora(tmp_path / "lora.safetensors", folder())
    before = painted("sd", lora), painted("sd", lora)
    assert torch.equal(*before) and len(loads) == 1
    save_file({key: 2 * value for key, value in load_file(lora).items()}, lora, {"other": "notes"})
    assert not torch.equal(painted("sd", lora), before[0]) and len(loads) == 2


@pytest.mark.parametrize(
    "plugin, seems",
    [
        ({"width": 2048}, "Stable Diffusion XL"),
        ({"width": 768}, "Stable Diffusion 1.5"),
        ({"width": 40, "ss_base_model_version": "flux1"}, "FLUX.1"),
    ],
)
def test_a_lora_of_another_family_is_refused_with_its_name(plugin, seems, tmp_path):
    plain, lora = painted("sd"), plugs.lora(tmp_path / "lora.safetensors", folder(), **plugin)
    with pytest.raises(WeightsError, match=f"seems to be for {seems}: leave it out, or choose a --bundle of {seems}"):
        painted("sd", lora)
    assert torch.equal(painted("sd"), plain)


def test_a_lora_none_of_whose_layers_is_there_is_refused(tmp_path):
    plain, lora = painted("sd"), tmp_path / "flux.safetensors"
    key = "transformer.single_transformer_blocks.0.attn.to_q"
    save_file({f"{key}.lora_A.weight": torch.ones(2, 8), f"{key}.lora_B.weight": torch.ones(8, 2)}, lora)
    with pytest.raises(WeightsError, match=r"fits no Stable Diffusion 1\.5.*seems to be for FLUX\.1"):
        painted("sd", lora)
    assert torch.equal(painted("sd"), plain)


def test_a_layer_of_another_size_is_refused_and_leaves_no_trace(tmp_path):
    plain, lora = painted("sd"), plugs.lora(tmp_path / "lora.safetensors", folder())
    tensors = load_file(lora)
    last = next(key for key in tensors if key.startswith("text_encoder") and "lora_B" in key)  # others are in by then
    save_file(tensors | {last: torch.ones(77, 2)}, lora)
    with pytest.raises(WeightsError, match="fits no .*: leave it out, or choose another"):
        painted("sd", lora)
    assert torch.equal(painted("sd"), plain)
    save_file({key: value for key, value in tensors.items() if key != last}, lora)
    with pytest.raises(WeightsError, match="lack a half"):
        painted("sd", lora)


def test_a_lora_that_fits_in_part_alone_is_refused(tmp_path):
    plain, lora = painted("sd"), plugs.lora(tmp_path / "lora.safetensors", folder())
    tensors = load_file(lora)
    more = [key for key in tensors if "unet" in key]
    save_file(tensors | {key.replace("mid_block", "mid_block.more"): tensors[key].clone() for key in more}, lora)
    with pytest.raises(WeightsError, match=r"2 of its 6 layers are nowhere in it\)"):
        painted("sd", lora)
    assert torch.equal(painted("sd"), plain)


@pytest.mark.parametrize("name", ["sd", "xl"])
def test_a_word_is_heard_where_it_is_named_and_leaves_no_trace(name, tmp_path):
    prompt = request(0).prompt
    plain = painted(name)
    word = plugs.word(tmp_path / "silk.safetensors", *plugs.WORDS[name])
    appended = painted(name, word)
    assert not torch.equal(appended, plain)
    assert torch.equal(painted(name, word, prompt=f"{prompt}, <silk>"), appended)
    assert not torch.equal(painted(name, word, prompt="red silk dress"), appended)
    unwanted = painted(name, word, negative="silk")
    assert not torch.equal(unwanted, appended) and not torch.equal(unwanted, painted(name, negative="silk"))
    assert torch.equal(painted(name, f"{word}:0"), plain) and torch.equal(painted(name), plain)


def test_a_word_of_another_model_is_refused(tmp_path):
    words = {"Stable Diffusion XL": plugs.word(tmp_path / "xl.safetensors", *plugs.WORDS["xl"])}
    words |= {"Stable Diffusion 1.5": plugs.word(tmp_path / "sd.safetensors", *plugs.WORDS["sd"], width=768)}
    for seems, word in words.items():
        with pytest.raises(WeightsError, match=f"seems to be for {seems}"):
            painted("sd", word)


def test_a_lora_and_a_word_go_together(tmp_path):
    lora = plugs.lora(tmp_path / "lora.safetensors", folder())
    word = plugs.word(tmp_path / "silk.safetensors", *plugs.WORDS["sd"])
    both = painted("sd", lora, word)
    assert not torch.equal(both, painted("sd", lora)) and not torch.equal(both, painted("sd", word))


def test_what_is_no_plugin_is_refused_before_anything_is_loaded(tmp_path):
    names = ("gone.safetensors", "pickle.pt", "cut.safetensors", "other.safetensors", "dora.safetensors")
    files = {name: tmp_path / name for name in names}
    torch.save({"emb_params": torch.ones(1, 8)}, files["pickle.pt"])
    save_file({"conv.weight": torch.ones(2, 2), "conv.bias": torch.ones(2)}, files["other.safetensors"])
    halves = {"a.lora_down.weight": torch.ones(1, 2), "a.lora_up.weight": torch.ones(2, 1)}
    save_file({**halves, "a.dora_scale": torch.ones(2)}, files["dora.safetensors"])
    files["cut.safetensors"].write_bytes(files["other.safetensors"].read_bytes()[:-4])
    told = (
        "cannot be read .*check its name",
        "is no safetensors file",
        "damaged or cut short",
        "neither a LoRA nor",
        "get it as a LoRA",
    )
    for file, what in zip(files.values(), told, strict=True):
        with pytest.raises(WeightsError, match=what):
            check_plugins([f"{file}:0.5"])


def test_a_header_that_lies_is_refused(tmp_path):
    header = json.dumps({"a.lora_down.weight": {"dtype": "F32", "shape": [1 << 20, 1 << 20], "data_offsets": [0, 8]}})
    path = tmp_path / "lora.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(8))
    with pytest.raises(WeightsError, match="damaged"):
        read_plugin(str(path))


@pytest.mark.parametrize(
    "file, advice",
    [
        ("lcm-lora-sdv1-5", "lcm-lora-sdv1-5.safetensors seems to be made for few steps: add --preset diffusion-fast."),
        ("Hyper-SD15_8steps", "diffusion-fast --set scheduler=trailing."),
        ("hyperrealistic", ""),
    ],
)
def test_few_steps_are_proposed_where_a_plugin_is_made_for_them(file, advice, tmp_path):
    lora = plugs.lora(tmp_path / f"{file}.safetensors", folder())
    said = plugin_notices([str(lora)], Settings.preset("diffusion"))
    assert (len(said) == 1 and said[0].endswith(advice)) if advice else not said
    assert not plugin_notices([str(lora)], Settings.preset("diffusion-fast"))


def test_what_a_trainer_wrote_tells_of_few_steps(tmp_path):
    lora = plugs.lora(tmp_path / "a.safetensors", folder(), ss_output_name="sdxl_lightning_4step")
    assert plugin_notices([str(lora)], Settings.preset("diffusion"))


def test_an_order_is_another_when_a_plugin_or_its_weight_is(tmp_path):
    one, other = (plugs.lora(tmp_path / f"{i}.safetensors", folder(), form) for i, form in enumerate(plugs.FORMS))
    keys = {Order.of("red", plugins=plugins).key() for plugins in ([], [one], [f"{one}:0.5"], [other], [one, other])}
    assert len(keys) == 5
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(one.read_bytes())
    assert Order.of("red", plugins=[f"{copy}:0.5"]).key() == Order.of("red", plugins=[f"{one}:0.5"]).key()


def test_plugins_are_a_column_and_a_key(tmp_path):
    table = tmp_path / "list.csv"
    table.write_text("photo,text,plugin\na.jpg,red dress,silk.safetensors:0.5\n")
    (row,) = tables.read_rows(table, tables.PHOTOS)
    row.values.pop("photo")
    assert Order().with_wishes(row.values).plugins == ("silk.safetensors:0.5",)
    told = Order.of("red dress", plugins=["a.safetensors", "b.safetensors:0.5"]).as_json()
    assert told["plugins"] == ("a.safetensors", "b.safetensors:0.5")
    assert Order().with_wishes(json.loads(json.dumps(told)), tmp_path).files() == {
        "plugins": str(tmp_path / "a.safetensors"), "plugins_view2": str(tmp_path / "b.safetensors")
    }  # fmt: skip


def test_a_job_whose_plugin_is_none_is_not_even_tried(tmp_path):
    photo, plugin = tmp_path / "a.jpg", tmp_path / "a.safetensors"
    photo.write_bytes(b"x")
    plugin.write_bytes(b"PK\3\4" * 10)
    (job,) = find_jobs(batch(photo, ["red dress"], tmp_path / "out", plugins=[f"{plugin}:0.5"]))
    assert "is no safetensors file" in job.error
