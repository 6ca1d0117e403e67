"""Inception's facts one by one, and made-up weights through a file. The official weights are not here."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fice.checkpoints.inception import load_inception
from fice.errors import WeightsError
from fice.nets.inception import BlockA, BlockB, BlockC, BlockD, BlockE, Inception, Unit


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = Inception().eval().requires_grad_(False)
    for name, value in network.state_dict().items():
        if name.endswith("conv.weight"):
            value.normal_(
                0, (2 / value[0].numel()) ** 0.5
            )  # (He et al., arXiv 1502.01852): features neither die nor grow
        elif name.endswith("bias"):
            value.uniform_(-0.1, 0.1)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return network


@pytest.fixture(scope="module")
def pictures():
    return torch.rand(2, 3, 96, 48, generator=torch.Generator().manual_seed(1))


def test_names_and_sizes(network):
    state = network.state_dict()
    assert sum(value.numel() for key, value in state.items() if "running" not in key) == 21_785_568
    units = {key.removesuffix(".conv.weight"): tuple(value.shape) for key, value in state.items() if "conv." in key}
    assert len(units) == 94 and len(state) == 94 * 5
    assert {key.rsplit(".", 2)[1] + "." + key.rsplit(".", 1)[1] for key in state} == {
        "conv.weight",
        "bn.weight",
        "bn.bias",
        "bn.running_mean",
        "bn.running_var",
    }
    shapes = {
        "Conv2d_1a_3x3": (32, 3, 3, 3),
        "Conv2d_4a_3x3": (192, 80, 3, 3),
        "Mixed_5b.branch_pool": (32, 192, 1, 1),
        "Mixed_5d.branch5x5_2": (64, 48, 5, 5),
        "Mixed_6a.branch3x3": (384, 288, 3, 3),
        "Mixed_6b.branch7x7_2": (128, 128, 1, 7),
        "Mixed_6c.branch7x7dbl_2": (160, 160, 7, 1),
        "Mixed_6e.branch7x7dbl_5": (192, 192, 1, 7),
        "Mixed_7a.branch7x7x3_4": (192, 192, 3, 3),
        "Mixed_7b.branch3x3dbl_1": (448, 1280, 1, 1),
        "Mixed_7c.branch3x3_2b": (384, 384, 3, 1),
    }
    assert {name: units[name] for name in shapes} == shapes


def test_maps_and_features(network, pictures):
    seen = {}
    hooks = [
        layer.register_forward_hook(lambda _, __, out, name=name: seen.update({name: tuple(out.shape[1:])}))
        for name, layer in network.named_children()
    ]
    found = network(pictures)
    for hook in hooks:
        hook.remove()
    assert found.shape == (2, 2048) and found.dtype == torch.float32
    assert found.std() > 0.01 and not torch.allclose(found[0], found[1], rtol=0.01)
    assert seen["Conv2d_1a_3x3"] == (32, 149, 149) and seen["Conv2d_2b_3x3"] == (64, 147, 147)
    assert seen["Conv2d_4a_3x3"] == (192, 71, 71) and seen["Mixed_5b"] == (256, 35, 35)
    assert seen["Mixed_5d"] == (288, 35, 35) and seen["Mixed_6a"] == seen["Mixed_6e"] == (768, 17, 17)
    assert seen["Mixed_7a"] == (1280, 8, 8) and seen["Mixed_7c"] == (2048, 8, 8)
    torch.testing.assert_close(network(pictures[1:]), found[1:], rtol=1e-4, atol=1e-5)


def test_pictures_are_scaled_and_resized_without_antialiasing(network):
    seen = []
    hook = network.Conv2d_1a_3x3.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    exact, large = torch.rand(1, 3, 299, 299), torch.rand(1, 3, 897, 598)
    network(exact)
    network(large)
    hook.remove()
    torch.testing.assert_close(seen[0], exact * 2 - 1)
    nearest = large[:, :, 1::3]  # every third row as it is; columns as the mean of two
    torch.testing.assert_close(seen[1], (nearest[..., 0::2] + nearest[..., 1::2]) - 1, rtol=1e-4, atol=1e-4)


def test_a_unit_by_hand():
    unit = Unit(1, 1).eval().requires_grad_(False)
    unit.conv.weight.fill_(3.0)
    for name, value in {"weight": 2.0, "bias": 0.5, "running_mean": 1.0, "running_var": 0.003}.items():
        getattr(unit.bn, name).fill_(value)
    found = unit(torch.tensor([[[[1.0, -1.0]]]]))
    wanted = 2 * (3 - 1) / (0.003 + 0.001) ** 0.5 + 0.5
    torch.testing.assert_close(found, torch.tensor([[[[wanted, 0.0]]]]))


@pytest.mark.parametrize(
    ("block", "channels", "pooled"),
    [
        (BlockA(192, 32), 192, "average"),
        (BlockC(128), 768, "average"),
        (BlockE(1280), 1280, "average"),
        (BlockE(2048, maximum=True), 2048, "maximum"),
    ],
)
def test_pools(block, channels, pooled):
    """Of a map with one bright cell in a corner: a mean over the four cells inside it, or that cell."""
    seen = []
    block.branch_pool.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.zeros(1, channels, 5, 5)
    x[..., 0, 0] = 36.0
    block(x)
    wanted = torch.zeros(5, 5)
    if pooled == "maximum":
        wanted[:2, :2] = 36.0
    else:
        wanted[0, 0], wanted[0, 1], wanted[1, 0], wanted[1, 1] = 36 / 4, 36 / 6, 36 / 6, 36 / 9
    torch.testing.assert_close(seen[0][0, 0], wanted)


@pytest.mark.parametrize(
    ("block", "channels", "branches"),
    [
        (BlockA(192, 32), 192, {"branch1x1": 64, "branch5x5_2": 64, "branch3x3dbl_3": 96, "branch_pool": 32}),
        (BlockB(), 288, {"branch3x3": 384, "branch3x3dbl_3": 96, None: 288}),
        (BlockC(160), 768, {"branch1x1": 192, "branch7x7_3": 192, "branch7x7dbl_5": 192, "branch_pool": 192}),
        (BlockD(), 768, {"branch3x3_2": 320, "branch7x7x3_4": 192, None: 768}),
        (
            BlockE(1280),
            1280,
            {
                "branch1x1": 320,
                "branch3x3_2a": 384,
                "branch3x3_2b": 384,
                "branch3x3dbl_3a": 384,
                "branch3x3dbl_3b": 384,
                "branch_pool": 192,
            },
        ),
    ],
)
def test_branches_lie_in_the_official_order(block, channels, branches):
    """Each branch is made to answer with a number of its own; None is the pool of what came in, brighter still."""
    with torch.no_grad():
        for number, name in enumerate(branches):
            if name:
                getattr(block, name).conv.weight.zero_()
                getattr(block, name).bn.bias.fill_(float(number))
        found = block(torch.full((1, channels, 9, 9), 7.0))[0]
    wanted = [7.0 if name is None else float(number) for number, name in enumerate(branches)]
    parts = found.split(list(branches.values()))
    for part, value in zip(parts, wanted, strict=True):
        torch.testing.assert_close(part, torch.full_like(part, value))


def test_chains_of_a_block_by_their_formula():
    """A block along rows and columns, written out a second time with plain convolutions."""
    torch.manual_seed(0)
    block = BlockC(8).eval().requires_grad_(False)
    x = torch.randn(1, 768, 9, 9)

    def chain(x, *names):
        for name in names:
            weight = getattr(block, name).conv.weight
            sides = [(side - 1) // 2 for side in weight.shape[2:]]
            x = F.relu(F.conv2d(x, weight, padding=sides) / (1 + 0.001) ** 0.5)
        return x

    seven = chain(x, *(f"branch7x7_{i}" for i in (1, 2, 3)))
    double = chain(x, *(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5)))
    torch.testing.assert_close(block(x)[:, 192:576], torch.cat([seven, double], 1), rtol=1e-4, atol=1e-5)


def official(network):
    """What the file of the publishers holds besides: the classes, and how many batches each norm has seen."""
    state = dict(network.state_dict())
    state |= {key.replace("weight", "num_batches_tracked"): torch.tensor(0) for key in state if ".bn.weight" in key}
    return state | {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_from_a_file(network, pictures, tmp_path, zipped):
    path = tmp_path / "weights.pth"
    torch.save(official(network), path, _use_new_zipfile_serialization=zipped)
    loaded = load_inception(path)
    assert torch.equal(loaded(pictures), network(pictures))
    assert not loaded.training and not any(value.requires_grad for value in loaded.parameters())


def test_files_that_are_no_inception(network, tmp_path):
    state = network.state_dict()
    lacking = {key: value for key, value in state.items() if key != "Mixed_6e.branch1x1.conv.weight"}
    wrong = {
        "Mixed_6e.branch1x1.conv.weight": lacking,
        "AuxLogits.conv0": state | {"AuxLogits.conv0": torch.zeros(1)},
        "Conv2d_1a_3x3.bn.bias": state | {"Conv2d_1a_3x3.bn.bias": torch.zeros(31)},
        "470 entries": {},
    }
    for told, tree in wrong.items():
        torch.save(tree, tmp_path / "weights.pth")
        with pytest.raises(WeightsError, match=told):
            load_inception(tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match="no file"):
        load_inception(tmp_path / "absent.pth")
    (tmp_path / "page.pth").write_text("<!doctype html><title>Quota</title>")
    with pytest.raises(WeightsError, match="web page"):
        load_inception(tmp_path / "page.pth")
