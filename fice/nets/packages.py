"""The networks of the installed packages clip, detectron2 and densepose, under the names that our own have."""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.errors import WeightsError
from fice.extras import install
from fice.nets.densepose import BODY, MEAN, STRIDE

LEVELS = ["p2", "p3", "p4", "p5"]
SETTINGS = {
    "MODEL.DEVICE": "cpu",
    "MODEL.BACKBONE.NAME": "build_resnet_fpn_backbone",
    "MODEL.RESNETS.DEPTH": 50,
    "MODEL.RESNETS.OUT_FEATURES": ["res2", "res3", "res4", "res5"],
    "MODEL.FPN.IN_FEATURES": ["res2", "res3", "res4", "res5"],
    "MODEL.ROI_HEADS.NAME": "DensePoseROIHeads",
    "MODEL.ROI_HEADS.IN_FEATURES": LEVELS,
    "MODEL.ROI_HEADS.NUM_CLASSES": 1,
    "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
    "MODEL.ROI_BOX_HEAD.NUM_FC": 2,
    "MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION": 7,
    "MODEL.ROI_DENSEPOSE_HEAD.NAME": "DensePoseV1ConvXHead",
    "MODEL.ROI_DENSEPOSE_HEAD.POOLER_TYPE": "ROIAlign",
}
UNUSED = {
    "roi_heads": ("box_pooler", "box_head", "box_predictor"),
    "roi_heads.densepose_predictor": ("u_lowres", "v_lowres"),
}


def clip(**arguments: Any) -> nn.Module:
    """OpenAI's own CLIP, with the arguments and names of `fice.nets.clip.CLIP`; texts must have all of context_length.

    Raises WeightsError where the package is not installed.
    """
    network = _clip_model().CLIP(**arguments)
    with torch.device("cpu"):  # the mask is no part of the weights, so that nothing would fill an empty one
        mask = network.build_attention_mask()
    for block in network.transformer.resblocks:
        block.attn_mask = mask
    return network


def _clip_model() -> ModuleType:
    """clip/model.py alone: the package itself wants torchvision, its networks do not."""
    package = find_spec("clip")
    for folder in (package.submodule_search_locations or ()) if package else ():
        spec = spec_from_file_location("fice_clip_model", Path(folder) / "model.py")
        if spec is not None and spec.loader is not None and (Path(folder) / "model.py").is_file():
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise WeightsError(f"OpenAI's package clip is not installed: {install('clip')}, or use `--set semantics=network`.")


class DensePose(nn.Module):
    """DensePose R50-FPN s1x (Güler et al., arXiv 1802.00434) of detectron2, named as `fice.nets.densepose.DensePose`.

    The person's box is the whole picture, so nothing is detected. Raises WeightsError where the packages are missing.
    """

    def __init__(self) -> None:
        super().__init__()
        try:
            from densepose import add_densepose_config
            from detectron2.config import get_cfg
            from detectron2.modeling import build_backbone, build_roi_heads
        except ImportError as error:
            raise WeightsError(
                f"detectron2 and its DensePose cannot be used ({error}): {install('densepose')}, or use"
                " `--set posing=network`."
            ) from error
        settings = get_cfg()
        add_densepose_config(settings)
        settings.merge_from_list([part for item in SETTINGS.items() for part in item])
        self.backbone = build_backbone(settings)
        self.roi_heads = build_roi_heads(settings, self.backbone.output_shape())
        for owner, names in UNUSED.items():
            for name in names:
                delattr(self.get_submodule(owner), name)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) RGB in [0, 1] -> (B, 14, 112, 112): probabilities of torso, hands, arms and head."""
        from detectron2.structures import Boxes

        height, width = picture.shape[2:]
        x = picture.flip(1) * 255 - picture.new_tensor(MEAN).view(1, 3, 1, 1)  # BGR
        pyramid = self.backbone(F.pad(x, (0, -width % STRIDE, 0, -height % STRIDE)))
        heads, predictor = self.roi_heads, self.roi_heads.densepose_predictor
        x = heads.decoder([pyramid[level] for level in LEVELS])  # (B, 256, H / 4, W / 4)
        whole = Boxes(picture.new_tensor([[0, 0, width, height]]))
        x = heads.densepose_head(heads.densepose_pooler([x], [whole] * len(picture)))  # (B, 512, 28, 28)
        coarse = predictor.interp2d(predictor.ann_index_lowres(x)).softmax(1)  # (B, 2, 112, 112)
        fine = predictor.interp2d(predictor.index_uv_lowres(x)).softmax(1)  # (B, 25, 112, 112)
        return (fine * coarse[:, 1:])[:, BODY]
