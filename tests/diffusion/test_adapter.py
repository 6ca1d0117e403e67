"""Garments and swatches shown to a model by an IP-Adapter, each in its own area."""

from __future__ import annotations

import shutil
from unittest.mock import Mock

import pytest
import torch
from diffusion import plugs, tiny
from safetensors.torch import load_file, save_file

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_folder
from fice.checkpoints.adapters import FILE, KIND
from fice.diffusion.model import Model
from fice.diffusion.request import Request, Shown
from fice.errors import WeightsError
from fice.settings import Settings

CPU = torch.device("cpu")
SETTINGS = Settings.preset("diffusion", steps=2)
UPPER, LOWER = torch.zeros(2, 1, 1, 64, 64).unbind()
UPPER[..., :32, :], LOWER[..., 32:, :] = 1, 1


def model_of(bundle, **changes):
    return Model(load_bundle(bundle), CPU, SETTINGS.replace(**changes), lambda: None)


def picture(number):
    return torch.rand(1, 3, 48, 40, generator=torch.Generator().manual_seed(number))


def shown(*numbers, where=UPPER):
    return Shown(tuple(map(picture, numbers)), where, numbers)


def request(*shown, seed=7):
    photo = picture(99).repeat(1, 1, 2, 2)[..., :64, :64]
    return Request(photo, UPPER + LOWER, "red dress", _random(seed), shown=shown)


def _random(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Bundles of Stable Diffusion and XL, each with an adapter, and the first without one."""
    top = tmp_path_factory.mktemp("adapters")
    sd, xl = tiny.stable_diffusion(top / "sd"), tiny.stable_diffusion_xl(top / "xl")
    adapters = plugs.adapter(top / "sd-adapter", sd), plugs.adapter(top / "xl-adapter", xl, plus=True)
    poses = tiny.controlnet(top / "sd-pose"), tiny.controlnet(top / "xl-pose", xl=True)
    return {
        "plain": tiny.bundle(top / "plain", pipeline=sd),
        "sd": tiny.bundle(top / "shown", pipeline=sd, adapter=adapters[0]),
        "xl": tiny.bundle(top / "xl-shown", pipeline=xl, adapter=adapters[1]),
        "sd posed": tiny.bundle(top / "sd-posed", pipeline=sd, adapter=adapters[0], controlnet=poses[0]),
        "xl posed": tiny.bundle(top / "xl-posed", pipeline=xl, adapter=adapters[1], controlnet=poses[1]),
        "mixed": tiny.bundle(top / "mixed", pipeline=sd, adapter=adapters[1]),
    }


@pytest.fixture(scope="module", params=["sd", "xl"])
def model(request, folders):
    return model_of(folders[request.param])


def test_a_picture_is_seen_in_what_is_painted(model):
    one, other = (model.paint([request(shown(number))])[0] for number in (1, 2))
    assert not torch.equal(one, other)
    assert not torch.equal(one, model.paint([request()])[0])


def test_pictures_leave_no_trace_in_what_is_painted_without_any(folders):
    before = model_of(folders["plain"]).paint([request()])[0]
    model = model_of(folders["sd"])
    assert torch.equal(model.paint([request()])[0], before)
    model.paint([request(shown(1))])
    assert torch.equal(model.paint([request()])[0], before)


def test_an_adapter_that_counts_nothing_changes_nothing(folders):
    silent = model_of(folders["sd"], adapter=0.0)
    assert torch.equal(silent.paint([request(shown(1))])[0], model_of(folders["plain"]).paint([request()])[0])


def test_each_garment_is_seen_in_its_own_area(model):
    both = lambda upper, lower: model.paint([request(shown(upper), shown(lower, where=LOWER))])[0]  # noqa: E731
    change = (both(1, 2) - both(1, 3)).abs().mean((0, 1, 3))
    assert change[32:].mean() > change[:32].mean()


def test_views_of_one_garment_are_averaged(model):
    once, thrice = (model.paint([request(shown(*views))])[0] for views in ([1], [1, 1, 1]))
    torch.testing.assert_close(once, thrice, rtol=0, atol=1e-4)
    assert not torch.equal(model.paint([request(shown(1, 2))])[0], once)


@pytest.mark.parametrize("name", ["sd", "xl", "sd posed", "xl posed"])
def test_in_a_batch_each_sees_its_own_pictures(name, folders):
    model = model_of(folders[name])
    asked = (shown(1), shown(2)), (shown(3, 4, where=LOWER),), (shown(2),)
    alone = [model.paint([request(*each, seed=i)])[0] for i, each in enumerate(asked)]
    batch = model.paint([request(*each, seed=i) for i, each in enumerate(asked)])
    for one, other in zip(batch, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


def test_a_batch_without_pictures_is_painted_after_one_with_pictures(model):
    model.paint([request(shown(1))])
    alone = model.paint([request(seed=2)])[0]
    torch.testing.assert_close(model.paint([request(seed=1), request(seed=2)])[1], alone, rtol=0, atol=1e-4)


def test_pictures_count_without_guidance_too(folders):
    model = model_of(folders["sd"], guidance=1.0)
    assert not torch.equal(model.paint([request(shown(1))])[0], model.paint([request()])[0])


def test_each_picture_is_looked_at_once(folders, monkeypatch):
    model, looks = model_of(folders["sd"]), []
    model.paint([request(shown(1))])
    seen = type(model.adapter)._features
    monkeypatch.setattr(type(model.adapter), "_features", lambda self, each: looks.append(1) or seen(self, each))
    model.paint([request(shown(1)), request(shown(1))])
    assert not looks
    model.paint([request(shown(2)), request(shown(2))])
    assert len(looks) == 1
    assert model.pipeline.image_encoder is None  # only what is at work belongs to the pipeline


def test_an_adapter_of_another_model_is_refused(folders):
    with pytest.raises(WeightsError, match="models whose words have 64 features, .* have 32: get one"):
        model_of(folders["mixed"]).paint([request(shown(1))])


def test_a_damaged_adapter_is_refused_and_leaves_no_trace(folders, tmp_path):
    shutil.copytree(folders["sd"], tmp_path / "bundle")
    file = tmp_path / "bundle" / "adapter" / FILE
    tensors = load_file(file)
    tensors["ip_adapter.3.to_v_ip.weight"] = torch.zeros(3, 32)
    file.unlink()  # not what it is linked to
    save_file(tensors, file)
    save_folder(tmp_path / "bundle", "adapter", KIND, "none", "made by a test")
    model = model_of(tmp_path / "bundle")
    before = model.paint([request()])[0]
    for _ in range(2):
        with pytest.raises(WeightsError, match="is no adapter for this pipeline .*: import it again"):
            model.paint([request(shown(1))])
    assert torch.equal(model.paint([request()])[0], before)


def test_a_picture_that_memory_has_no_room_for_leaves_no_trace(folders, monkeypatch):
    model = model_of(folders["sd"])
    before = model.paint([request()])[0]
    with monkeypatch.context() as short, pytest.raises(MemoryError):
        short.setattr(model.pipeline, "encode_image", Mock(side_effect=MemoryError))
        model.paint([request(shown(1))])
    assert torch.equal(model.paint([request()])[0], before)
    assert not torch.equal(model.paint([request(shown(1))])[0], before)


@pytest.mark.parametrize("way", ["enable_model_cpu_offload", "enable_sequential_cpu_offload"])
def test_a_model_whose_parts_wait_apart_sees_pictures_too(way, folders):
    model = model_of(folders["sd"])
    getattr(model.pipeline, way)(device="cpu")
    model.pipeline.register_modules(image_encoder=model.adapter._read_encoder())
    model.adapter._join()
    model.adapter._join = lambda: None
    if "sequential" in way:
        assert model.pipeline.unet.device.type == "meta"  # again
        model.pipeline.remove_all_hooks()
        model.pipeline.vae.disable_tiling()
    seen = model.paint([request(shown(1))])[0]
    assert torch.equal(seen, model_of(folders["sd"]).paint([request(shown(1))])[0])
