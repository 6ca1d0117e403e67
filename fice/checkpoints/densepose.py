"""DensePose of detectron2's model zoo: its pickles of numpy arrays, or a plain state dict."""

from __future__ import annotations

from typing import Any

from fice.checkpoints.found import Found
from fice.checkpoints.tensors import named_tensors, select
from fice.errors import WeightsError

NAMES = (
    "background",
    "torso back",
    "torso front",
    "right hand",
    "left hand",
    "left upper arm inside",
    "right upper arm inside",
    "left upper arm outside",
    "right upper arm outside",
    "left lower arm inside",
    "right lower arm inside",
    "left lower arm outside",
    "right lower arm outside",
    "head right",
    "head left",
)
HEAD = "roi_heads.densepose_"
ENTRIES = {  # what the networks of the zoo differ in
    f"{HEAD}predictor.index_uv_lowres.weight": "is one of continuous surface embeddings, which names no parts",
    "roi_heads.decoder.predictor.weight": "is a legacy one without a decoder",
    f"{HEAD}head.body_conv_fcn1.weight": "has the head of DeepLab",
}
COARSE = f"{HEAD}predictor.ann_index_lowres.weight"
DEEPER = "backbone.bottom_up.res4.6.conv1.weight"


def convert(tree: Any) -> Found | None:
    """The chart-based DensePose R_50_FPN_s1x without its detector; None where the tree holds another thing.

    Raises WeightsError for the other networks of the zoo.
    """
    tree = tree.get("model", tree) if isinstance(tree, dict) else tree
    tensors = named_tensors(tree)
    if not any(key.startswith(HEAD) for key in tensors):
        return None
    odd = [what for key, what in ENTRIES.items() if key not in tensors]
    if DEEPER in tensors:
        odd.append("stands on a ResNet-101")
    if COARSE in tensors and tensors[COARSE].shape[1:2] != (2,):
        odd.append("divides the body where it should only find it")
    if odd:
        raise WeightsError(
            f"This DensePose {odd[0]}: import R_50_FPN_s1x of detectron2's model zoo (model_final_162be9.pkl)."
        )
    found = Found("pose", "densepose", {}, tensors, {"names": list(NAMES)})
    found.notes = [f"DensePose R_50_FPN_s1x, {len(NAMES) - 1} parts of the body"]
    return select(found, tensors)
