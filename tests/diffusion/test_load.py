"""A model from a bundle: what is refused before it is read, how large it is, and where it computes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from diffusion import tiny
from diffusion.asked import bare, model, request

import fice.diffusion.load
import fice.diffusion.size
from fice import Settings
from fice.diffusion.families import family_of
from fice.diffusion.load import check_settings, load_pipeline, place_of, put
from fice.diffusion.model import Model
from fice.diffusion.size import numbers_of, outlook
from fice.errors import DeviceError, UsageError, WeightsError

CPU, SETTINGS = torch.device("cpu"), Settings.preset("diffusion", steps=2, side=64)


@pytest.mark.parametrize(
    "changes, error, said",
    [
        ({"steps": 1, "noise": 0.5}, UsageError, "noise=0.5 leaves none of 1 steps: raise noise or --steps"),
        ({"offload": "model"}, UsageError, "offload=model is for GPUs: leave it out"),
        ({"precision": "float16"}, UsageError, "precision=float16 is for GPUs: leave it out"),
        ({"precision": "bfloat16"}, DeviceError, "This processor errs in bfloat16 .3x3.: leave out precision=bfloat16"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, error, said, monkeypatch):
    monkeypatch.setattr(fice.device, "wrong_in_half", lambda: ("3x3",))
    with pytest.raises(error, match=said):
        check_settings(replace(SETTINGS, **changes), family_of("StableDiffusionPipeline"), CPU)


def test_weights_that_memory_does_not_hold_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(fice.diffusion.load, "free_memory", lambda device: 1000)
    said = (
        r"The model of bundle sd takes 0.0 GB of memory in float32, and 0.0 GB are free: add --set precision=bfloat16"
    )
    with pytest.raises(DeviceError, match=said):
        load_pipeline(bare("sd"), family_of("StableDiffusionPipeline"), CPU, SETTINGS, posed=False)


def test_the_size_of_a_model_is_that_of_its_networks():
    parts = model("sd").pipeline.components
    for name, count in numbers_of(bare("sd"), "pipeline").items():
        assert count == pytest.approx(sum(weights.numel() for weights in parts[name].parameters()), rel=0.01)


def test_a_damaged_file_of_weights_is_told_by_its_name(tmp_path):
    tiny.stable_diffusion(tmp_path / "pipeline")
    broken = tmp_path / "pipeline" / "unet" / "diffusion_pytorch_model.safetensors"
    broken.write_bytes(b"\xff" * broken.stat().st_size)
    with pytest.raises(WeightsError, match="The weights .*unet.* are damaged .*: get them again"):
        numbers_of(replace(bare("sd"), folder=tmp_path), "pipeline")


def test_who_has_no_gpu_hears_how_long_it_takes_before_it_begins(monkeypatch):
    assert outlook(bare("sd"), SETTINGS, CPU) is None  # tiny
    monkeypatch.setattr(fice.diffusion.size, "numbers_of", lambda *_: {"unet": 859_000_000})
    monkeypatch.setattr(fice.diffusion.size, "_rate", lambda: 25e9)
    said = outlook(bare("sd"), Settings.preset("diffusion"), CPU)
    assert said is not None and "takes about 28 min for a garment: --preset default re-dresses" in said
    assert outlook(bare("sd"), Settings.preset("diffusion"), torch.device("cuda")) is None
    assert outlook(bare("sd"), Settings(), CPU) is None


def test_a_model_whose_parts_take_turns_paints_the_same():
    painter = Model(bare("sd"), CPU, Settings.preset("diffusion", steps=2), lambda: None)
    put(painter.pipeline, "model", CPU)
    torch.testing.assert_close(painter.paint([request()])[0], model("sd").paint([request()])[0], rtol=1e-4, atol=1e-4)


def test_a_model_is_on_a_gpu_as_far_as_it_fits(monkeypatch):
    monkeypatch.setattr(fice.diffusion.load, "free_memory", lambda device: 10_000)
    places = [place_of(parts, torch.device("cuda")) for parts in ([4000, 3000], [6000, 4000], [9000, 100])]
    assert places == ["none", "model", "layer"] and place_of([1 << 40], CPU) == "none"
