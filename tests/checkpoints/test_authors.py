"""The checkpoints of FICE's authors: encoder, regions, pose."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fice.checkpoints import deeplab, densepose, e4e
from fice.checkpoints.objects import Foreign
from fice.errors import WeightsError
from fice.nets import network

CONVERTERS = [deeplab.convert, densepose.convert, e4e.convert]


def empty(*shape, dtype=torch.float32):
    """A tensor of any shape in the memory of one number."""
    return torch.zeros((), dtype=dtype).expand(shape)


def state_of(name, **arguments):
    with torch.device("meta"):
        state = network(name)(**arguments).state_dict()
    return {key: empty(*value.shape, dtype=value.dtype) for key, value in state.items()}


def prefixed(prefix, state):
    return {prefix + key: value for key, value in state.items()}


@pytest.fixture(scope="module")
def regions():
    return state_of("deeplab")


@pytest.fixture(scope="module")
def pose():
    return state_of("densepose")


@pytest.fixture(scope="module")
def encoder():
    state = state_of("e4e")
    del state["latent_avg"]
    return state


def e4e_file(encoder, average=None, **settings):
    """As encoder4editing saves it."""
    decoder = {"style.1.weight": empty(512, 512), "noises.noise_0": empty(1, 1, 4, 4)}
    state = prefixed("encoder.", encoder) | prefixed("decoder.", decoder)
    average = empty(14, 512) if average is None else average
    return {"state_dict": state, "latent_avg": average, "opts": {"encoder_type": "Encoder4Editing"} | settings}


def same(found, state):
    """Nothing was copied, and the network takes it."""
    assert {key: found.state[key].data_ptr() for key in state} == {key: state[key].data_ptr() for key in state}
    module = found.empty()
    assert type(module) is network(found.network) and found.state.keys() == module.state_dict().keys()


@pytest.mark.parametrize("convert", CONVERTERS)
@pytest.mark.parametrize(
    "tree",
    [
        None,
        3,
        [],
        {},
        {"state_dict": 3},
        {"model": None},
        {"state": [1]},
        {"a": empty(3), 5: 6},
        {
            "input_layer.0.weight": empty(64, 3, 3, 3),
            "body.0.res_layer.1.weight": empty(64, 64, 3, 3),
            "output_layer.3.weight": empty(512, 25088),
        },
        Foreign("argparse.Namespace", {}),
        {"classifier.4.weight": empty()},
    ],
)
def test_other_things_are_left_to_others(convert, tree):
    assert convert(tree) is None


def test_none_takes_what_is_anothers(regions, pose, encoder):
    trees = [regions, pose, e4e_file(encoder)]
    assert [[convert(tree) is not None for tree in trees] for convert in CONVERTERS] == torch.eye(3).bool().tolist()


def test_regions_of_fice(regions):
    found = deeplab.convert({"state": prefixed("model.", regions) | {"loss.weight": empty(3)}, "epoch": 3})
    same(found, regions)
    assert (found.part, found.network, found.arguments) == ("regions", "deeplab", {"classes": 3})
    assert found.extra == {"names": ["background", "body", "head"]}
    assert found.unexpected == ["loss.weight"]


def test_regions_of_torchvision(regions):
    found = deeplab.convert(regions | {"aux_classifier.0.weight": empty(1), "aux_classifier.4.bias": empty(3)})
    same(found, regions)
    assert found.unexpected == ["aux_classifier.* (2 entries)"]


def test_other_regions_are_refused(regions):
    with pytest.raises(WeightsError, match="21 classes"):
        deeplab.convert(state_of("deeplab", classes=21))
    with pytest.raises(WeightsError, match="ResNet-101"):
        deeplab.convert(regions | {"backbone.layer3.6.conv1.weight": empty(256, 1024, 1, 1)})
    with pytest.raises(WeightsError, match="0 classes"):
        deeplab.convert(regions | {"classifier.4.weight": empty()})
    with pytest.raises(WeightsError, match="lacks 1 of"):
        deeplab.convert({key: value for key, value in regions.items() if key != "backbone.bn1.bias"})


def test_pose_of_detectron2(pose):
    unused = {
        "proposal_generator.rpn_head.conv.weight": empty(256, 256, 3, 3),
        "proposal_generator.rpn_head.conv.bias": empty(256),
        "roi_heads.box_head.fc1.weight": empty(1024, 12544),
        "roi_heads.densepose_predictor.u_lowres.weight": empty(512, 25, 4, 4),
        "roi_heads.densepose_predictor.u_lowres.bias": empty(25),
    }
    found = densepose.convert({"model": pose | unused, "__author__": "somebody"})
    same(found, pose)
    assert (found.part, found.network, found.arguments, len(found.state)) == ("pose", "densepose", {}, 317)
    assert found.unexpected == [
        "proposal_generator.* (2 entries)",
        "roi_heads.box_head.fc1.weight",
        "roi_heads.densepose_predictor.u_lowres.* (2 entries)",
    ]


def test_pose_as_numpy_arrays(pose):
    arrays = {key: np.broadcast_to(np.float32(0.5), tuple(value.shape)) for key, value in pose.items()}
    key = "backbone.bottom_up.stem.conv1.norm.bias"
    arrays[key] = np.arange(64, dtype=">f4")
    found = densepose.convert({"model": arrays})
    assert torch.equal(found.state[key], torch.arange(64.0))
    assert {(value.dtype, value.mean().item()) for name, value in found.state.items() if name != key} == {
        (torch.float32, 0.5)
    }
    assert not any("float32" in note for note in found.notes)


def test_parts_of_the_body_have_names(pose):
    names = densepose.convert(pose).extra["names"]
    assert len(names) == len(set(names)) == 15 and names[0] == "background"
    parts = [name for name in names if "torso" in name], [name for name in names if "left" in name and "arm" in name]
    assert [[names.index(name) for name in part] for part in parts] == [[1, 2], [5, 7, 9, 11]]


@pytest.mark.parametrize(
    "without, extra, what",
    [
        ("predictor.index_uv", {}, "surface embeddings"),
        ("roi_heads.decoder", {}, "without a decoder"),
        ("body_conv_fcn", {}, "head of DeepLab"),
        ("nothing", {"backbone.bottom_up.res4.6.conv1.weight": empty(256, 1024, 1, 1)}, "ResNet-101"),
        ("ann_index", {"roi_heads.densepose_predictor.ann_index_lowres.weight": empty(512, 15, 4, 4)}, "divides"),
        ("nothing", {"roi_heads.densepose_predictor.ann_index_lowres.weight": empty()}, "divides"),
    ],
)
def test_other_poses_are_refused(pose, without, extra, what):
    state = {key: value for key, value in pose.items() if without not in key} | extra
    with pytest.raises(WeightsError, match=f"{what}.*R_50_FPN_s1x"):
        densepose.convert({"model": state})


@pytest.mark.parametrize("shape", [(14, 512), (1, 14, 512)])
def test_encoder(encoder, shape):
    average = torch.arange(14 * 512.0).view(shape)
    found = e4e.convert(e4e_file(encoder, average))
    same(found, encoder)
    assert (found.part, found.network, found.arguments) == ("encoder", "e4e", {"rows": 14})
    assert found.extra == {"canvas": [256, 256]}
    assert torch.equal(found.state["latent_avg"], average.view(1, 14, 512))
    assert found.unexpected == ["decoder.* (2 entries)"] and len(found.notes) == 1


def test_encoder_with_one_mean_for_all_rows(encoder):
    found = e4e.convert(e4e_file(encoder, torch.arange(512.0)))
    assert torch.equal(found.state["latent_avg"], torch.arange(512.0).repeat(1, 14, 1))


def test_bare_encoder(encoder):
    found = e4e.convert(encoder | {"latent_avg": empty(1, 14, 512)})
    same(found, encoder)
    assert found.unexpected == [] and "pixel2style2pixel" in found.notes[-1]


def test_rows_say_the_canvas():
    found = e4e.convert(state_of("e4e", rows=18))
    assert found.arguments == {"rows": 18} and found.extra == {"canvas": [1024, 1024]}


def test_other_encoders_are_refused(encoder):
    main = {key: value for key, value in encoder.items() if not key.startswith("styles.") or "styles.0." in key}
    with pytest.raises(WeightsError, match="1 row of"):
        e4e.convert(e4e_file(main))
    last = {key: value for key, value in encoder.items() if not key.startswith("styles.")}
    with pytest.raises(WeightsError, match="1 row of"):
        e4e.convert(e4e_file(last | {"linear.weight": empty(512, 512)}))
    with pytest.raises(WeightsError, match="13 rows"):
        e4e.convert(e4e_file({key: value for key, value in encoder.items() if "styles.13" not in key}))
    with pytest.raises(WeightsError, match="GradualStyleEncoder"):
        e4e.convert(e4e_file(encoder, encoder_type="GradualStyleEncoder"))
    options = Foreign("argparse.Namespace", {"encoder_type": "GradualStyleEncoder"})
    with pytest.raises(WeightsError, match="GradualStyleEncoder"):
        e4e.convert(e4e_file(encoder) | {"opts": options})
    with pytest.raises(WeightsError, match=r"mean latent is \(18, 512\)"):
        e4e.convert(e4e_file(encoder, empty(18, 512)))
    with pytest.raises(WeightsError, match="latent_avg"):
        e4e.convert(e4e_file(encoder) | {"latent_avg": None})
    with pytest.raises(WeightsError, match=r"\(64, 6, 3, 3\)"):
        e4e.convert(e4e_file(encoder | {"input_layer.0.weight": empty(64, 6, 3, 3)}))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_other_precisions_become_float32(regions, dtype):
    half = {key: value.to(dtype) if value.is_floating_point() else value for key, value in regions.items()}
    found = deeplab.convert(half)
    assert {value.dtype for value in found.state.values()} == {torch.float32, torch.int64}
    assert str(dtype).removeprefix("torch.") in found.notes[-1]


@pytest.mark.parametrize("dtype", [torch.int64, torch.complex64, torch.bool])
def test_weights_that_are_no_floats_are_refused(regions, dtype):
    state = regions | {"classifier.4.bias": empty(3, dtype=dtype)}
    with pytest.raises(WeightsError, match=f"classifier.4.bias is {dtype}"):
        deeplab.convert(state)


def test_an_encoder_without_its_mean_is_refused_with_what_helps(encoder):
    with pytest.raises(WeightsError, match="without latent_avg.* not its encoder alone"):
        e4e.convert({"state_dict": e4e_file(encoder)["state_dict"]})
