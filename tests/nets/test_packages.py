"""The networks of installed packages give what our own give."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from fice.errors import WeightsError
from fice.nets import densepose, network, packages
from fice.nets.clip import CLIP

TEXT = {
    "embed_dim": 32,
    "context_length": 12,
    "vocab_size": 100,
    "transformer_width": 64,
    "transformer_heads": 2,
    "transformer_layers": 2,
}
TOWERS = {
    "resnet": {"image_resolution": 64, "vision_layers": (1, 2, 1, 1), "vision_width": 32, "vision_patch_size": None},
    "vit": {"image_resolution": 32, "vision_layers": 2, "vision_width": 128, "vision_patch_size": 8},
}


class TestClip:
    @pytest.fixture(params=TOWERS)
    def pair(self, request, fill):
        """Ours and the package's with the same weights, the latter built without memory as bundles do."""
        try:
            packages._clip_model()
        except WeightsError:
            pytest.skip("OpenAI's package clip is not installed")
        arguments = TEXT | TOWERS[request.param]
        ours = CLIP(**arguments).eval().requires_grad_(False)
        ours.load_state_dict({key: fill(key, value.shape) for key, value in ours.state_dict().items()})
        with torch.device("meta"):
            theirs = network("clip-package")(**arguments)
        theirs.load_state_dict(ours.state_dict(), assign=True)
        return ours, theirs.eval()

    def test_the_same_names_and_numbers(self, pair):
        ours, theirs = pair
        side = ours.image_resolution
        picture = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))
        ids = torch.randint(1, 98, (3, 12), generator=torch.Generator().manual_seed(2))
        ids[:, 7] = 99
        for a, b in (
            (ours.encode_image(picture), theirs.encode_image(picture)),
            (ours.encode_text(ids), theirs.encode_text(ids)),
        ):
            torch.testing.assert_close(a, b, rtol=0, atol=2e-5)

    def test_gradients(self, pair):
        ours, theirs = pair
        resnet = (
            ours.image_resolution == 64
        )  # its gradients are noisy in single precision, the package's ViT knows no other
        dtype, limit = (torch.float64, 1e-9) if resnet else (torch.float32, 1e-4)
        side = ours.image_resolution
        picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(1), dtype=dtype).requires_grad_()
        mine, other = (
            torch.autograd.grad(net.to(dtype).encode_image(picture).square().sum(), picture)[0] for net in pair
        )
        assert (mine - other).norm() < limit * mine.norm()


def test_a_missing_clip_is_said(monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"pip install '.\[clip\]'.*--set semantics=network"):
        packages.clip(**TEXT, **TOWERS["vit"])


def test_a_missing_detectron2_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "densepose", None)
    with pytest.raises(WeightsError, match=r"pip install '.\[densepose\]'.*--set posing=network"):
        network("densepose-package")()


def golden_state(module, golden, fill):
    state = module.state_dict()
    facts = json.loads((golden / "densepose.json").read_text())
    assert {key: list(value.shape) for key, value in state.items()} == facts["state_dict"]
    return {key: fill(key, value.shape) for key, value in state.items()}


def test_densepose_of_detectron2(golden, fill):
    pytest.importorskip("densepose", reason="detectron2 and its DensePose are not installed")
    module = network("densepose-package")().eval().requires_grad_(False)
    module.load_state_dict(golden_state(module, golden, fill))
    picture = load_file(golden / "inputs.safetensors")["picture_a"][None] / 255
    wanted = load_file(golden / "densepose.safetensors")["body"][:1]
    torch.testing.assert_close(module(picture), wanted, rtol=0, atol=1e-4)


class Heads(nn.Module):
    """The names and calls of detectron2's DensePoseROIHeads, made of our layers."""

    def __init__(self, ours):
        super().__init__()
        self.box_head, self.box_predictor, self.box_pooler = nn.Linear(3, 3), nn.Linear(3, 3), nn.Identity()
        self.decoder, self.densepose_head = ours["decoder"], ours["densepose_head"]
        self.densepose_predictor = ours["densepose_predictor"]
        self.densepose_predictor.u_lowres, self.densepose_predictor.v_lowres = nn.Linear(3, 3), nn.Linear(3, 3)
        self.densepose_predictor.interp2d = lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear")

    def densepose_pooler(self, maps, boxes):
        (features,) = maps
        assert len(boxes) == len(features)
        ((left, top, right, bottom),) = boxes[0].tolist()
        assert (left, top) == (0, 0)
        return densepose.pooled(features, bottom / 4, right / 4)


class Backbone(densepose.Pyramid):
    def forward(self, x):
        return dict(zip(("p2", "p3", "p4", "p5"), super().forward(x), strict=True))

    def output_shape(self):
        return "shape"


def test_the_way_through_detectron2(golden, fill, monkeypatch):
    """With stand-ins for the packages: which heads stay, what they get, and what is made of their answers."""
    asked = {}

    class Settings:
        def merge_from_list(self, pairs):
            asked.update(zip(pairs[::2], pairs[1::2], strict=True))

    modules = {
        "densepose": {"add_densepose_config": lambda settings: None},
        "detectron2": {},
        "detectron2.config": {"get_cfg": Settings},
        "detectron2.modeling": {
            "build_backbone": lambda settings: Backbone(),
            "build_roi_heads": lambda settings, shape: Heads(densepose.DensePose().roi_heads),
        },
        "detectron2.structures": {"Boxes": lambda corners: corners},
    }
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    with torch.device("meta"):
        theirs = network("densepose-package")()
        ours = densepose.DensePose().eval()
    state = golden_state(theirs, golden, fill)
    for net in (theirs, ours):
        net.load_state_dict(state, assign=True)
    assert asked["MODEL.ROI_DENSEPOSE_HEAD.POOLER_TYPE"] == "ROIAlign" and asked["MODEL.RESNETS.DEPTH"] == 50
    picture = torch.rand(2, 3, 96, 72, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        torch.testing.assert_close(theirs.eval()(picture), ours(picture), rtol=0, atol=1e-4)
