"""Every family of diffusion models paints, alone and together, with tiny random weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from conftest import TOLERANCE
from diffusion.asked import PIPELINES, bare, model, request

import fice.diffusion.load
from fice.diffusion.families import FAMILIES, family_of
from fice.diffusion.load import load_pipeline
from fice.diffusion.model import Model
from fice.diffusion.request import Shown
from fice.diffusion.takes import refusal
from fice.errors import UsageError, WeightsError
from fice.settings import Settings

CONTROLLED = [("sd", "sd"), ("sd-base", "sd"), ("xl", "xl"), ("xl-base", "xl"), ("flux", "flux")]
CPU = torch.device("cpu")


@pytest.mark.parametrize("name", PIPELINES)
def test_a_family_paints_several_at_once_as_it_paints_each_alone(name):
    asked = [request(number) for number in range(3)]
    alone = [model(name).paint([one])[0] for one in asked]
    for single, among_others in zip(alone, model(name).paint(asked), strict=True):
        assert single.shape == (1, 3, 64, 64) and 0 <= single.min() < single.max() <= 1
        torch.testing.assert_close(among_others, single, **TOLERANCE[torch.float32] | {"atol": 1e-4})
    assert torch.equal(model(name).paint(asked[:1])[0], alone[0])  # the same again, to the bit
    assert model(name).steps == 2


@pytest.mark.parametrize("name", PIPELINES)
def test_a_family_hears_words_and_seeds(name):
    first, *others = (
        model(name).paint([request(0, **more)])[0]
        for more in ({}, {"prompt": "blue jeans"}, {"generator": torch.Generator().manual_seed(9)})
    )
    for other in others:
        assert not torch.equal(first, other)


@pytest.mark.parametrize(("name", "control"), CONTROLLED)
def test_a_controlnet_is_shown_the_pose_and_may_be_shown_none(name, control):
    painter = model(name, control)
    poses = [torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(number)) for number in (1, 2)]
    posed = [painter.paint([request(0, pose=pose)])[0] for pose in poses]
    assert not torch.equal(*posed)
    if control != "flux":  # whose pipeline takes random numbers for the pose, too
        torch.testing.assert_close(painter.paint([request(0)])[0], model(name).paint([request(0)])[0])
    both = painter.paint([request(0, pose=poses[0]), request(1, pose=poses[1])])
    torch.testing.assert_close(both[0], posed[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["sd", "qwen", "z-image"])
def test_what_shall_not_be_seen_is_heard_where_a_family_hears_it(name):
    plain, other = (model(name).paint([request(0, negative=words)])[0] for words in ("text", "a hat"))
    assert not torch.equal(plain, other)


@pytest.mark.parametrize("name", ["sd", "z-image"])
def test_guidance_of_one_leaves_it_out(name):
    painter = Model(bare(name), CPU, Settings.preset("diffusion", steps=1, guidance=1.0), lambda: None)
    assert not painter.guided
    assert torch.equal(*(painter.paint([request(0, negative=words)])[0] for words in ("text", "a hat")))


@pytest.mark.parametrize("scheduler", ["lcm", "trailing"])
def test_a_scheduler_for_few_steps_is_taken_by_families_that_know_others(scheduler):
    settings = Settings.preset("diffusion", steps=2, scheduler=scheduler)
    painter = Model(bare("sd"), CPU, settings, lambda: None)
    alone = painter.paint([request(1)])[0]
    assert not torch.equal(alone, model("sd").paint([request(1)])[0])
    torch.testing.assert_close(painter.paint([request(0), request(1)])[1], alone, rtol=1e-4, atol=1e-4)
    with pytest.raises(UsageError, match=f"scheduler of its own: leave out scheduler={scheduler}"):
        Model(bare("flux"), CPU, settings, lambda: None)


def test_each_family_is_found_by_the_classes_that_folders_name():
    for family in FAMILIES:
        for kind in (*family.kinds, family.pipeline):
            assert family_of(kind).pipeline == family.pipeline
    with pytest.raises(WeightsError, match="A FantasyPipeline cannot paint a garment inside a mask: get a model of"):
        family_of("FantasyPipeline")


def test_what_a_bundle_cannot_take_is_refused_with_what_it_lacks_or_with_who_can():
    say = lambda name, *wishes: refusal(bare(name), wishes)  # noqa: E731
    assert "cannot take pictures: import an IP-Adapter (fice models import FOLDER --as sd), or" in say("sd", "pictures")
    assert "import a ControlNet for poses (fice models import FOLDER --as sd)" in say("sd", "pose")
    assert say("z-image", "swatch").endswith(
        "choose another --bundle, of Stable Diffusion 1.5 and 2 or Stable Diffusion XL."
    )
    assert "FLUX.2 klein" in say("z-image", "pictures") and "FLUX.1." in say("z-image", "pose")
    assert say("sd", "latent").endswith("cannot take latent: choose another --bundle.")


@pytest.mark.parametrize("name", ["kontext", "klein"])
def test_a_family_that_compares_is_shown_a_picture_of_the_garment(name):
    shown = [
        Shown((torch.full((1, 3, 70 + 10 * i, 70 + 10 * i), 0.2 + 0.6 * i),), request().area, (i,)) for i in (0, 1)
    ]
    asked = [request(i, shown=(each,)) for i, each in enumerate(shown)]
    alone = [model(name).paint([one])[0] for one in asked]
    for single, among_others in zip(alone, model(name).paint(asked), strict=True):
        assert torch.equal(single, among_others)
    for other in (request(), request(0, shown=shown[1:])):
        assert not torch.equal(alone[0], model(name).paint([other])[0])


@pytest.mark.parametrize(("name", "precision"), [("xl", "float16"), ("flux", "bfloat16"), ("qwen", "bfloat16")])
def test_half_the_precision_is_enough(name, precision, monkeypatch):
    monkeypatch.setattr(fice.diffusion.load, "check_settings", lambda *_: None)  # which keeps processors from it
    painter = Model(bare(name), CPU, Settings.preset("diffusion", steps=2, precision=precision), lambda: None)
    found, wanted = painter.paint([request()])[0], model(name).paint([request()])[0]
    assert found.dtype == torch.float32 and (found - wanted).abs().mean() < 0.02


def test_a_family_that_the_library_does_not_have_yet_is_told_with_the_remedy():
    future = replace(FAMILIES[0], pipeline="FutureInpaintPipeline")
    with pytest.raises(UsageError, match="For Stable Diffusion .* a newer diffusers is needed than .*pip install"):
        load_pipeline(bare("sd"), future, CPU, Settings.preset("diffusion"), posed=False)
