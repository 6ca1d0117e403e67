"""The families of diffusion models that can paint inside a mask, and what each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fice.bundle.bundle import Bundle
from fice.errors import WeightsError


@dataclass(frozen=True)
class Family:
    """Models of one architecture.

    Attributes:
        name: for people.
        kinds: the classes that a model_index.json names.
        pipeline: the class of diffusers that paints inside a mask.
        posed: the class that does so with a ControlNet, or None where there is none.
        control: the class of its ControlNets.
        side: pixels of a square as large as what the models were trained on.
        multiple: of how many pixels both sides of a picture are.
        guidance: as is usual, `guided` the argument that takes it, `unguided` its value that leaves guidance out.
        embeds: what `encode_prompt` of the pipeline returns, as its call names that; "" for what it does not need.
        more: what its call is told beside that.
        adapted: IP-Adapters show it pictures of garments, each inside a mask.
        referred: it is shown one picture of a garment beside the photograph (`image_reference`).
        negated: it hears what shall not be seen.
        instructed: it is told what to do, rather than what is seen.
        flow: its noise goes down in its own way (flow matching), which no other scheduler knows.
        half: the numbers that it computes in on a GPU.
    """

    name: str
    kinds: tuple[str, ...]
    pipeline: str
    posed: str | None
    side: int
    multiple: int
    guidance: float
    embeds: tuple[str, ...]
    control: str = "ControlNetModel"
    guided: str = "guidance_scale"
    unguided: float = 1.0
    more: Mapping[str, Any] = field(default_factory=dict)
    adapted: bool = False
    referred: bool = False
    negated: bool = True
    instructed: bool = False
    flow: bool = True
    half: str = "bfloat16"


SD = "StableDiffusion"
FLUX = ("prompt_embeds", "pooled_prompt_embeds", "")
FAMILIES = (
    Family(
        "Stable Diffusion 1.5 and 2",
        (f"{SD}Pipeline", f"{SD}InpaintPipeline", f"{SD}Img2ImgPipeline"),
        f"{SD}InpaintPipeline",
        f"{SD}ControlNetInpaintPipeline",
        side=512,
        multiple=64,
        guidance=7.5,
        embeds=("prompt_embeds", ""),
        adapted=True,
        flow=False,
        half="float16",
    ),
    Family(
        "Stable Diffusion XL",
        (f"{SD}XLPipeline", f"{SD}XLInpaintPipeline", f"{SD}XLImg2ImgPipeline"),
        f"{SD}XLInpaintPipeline",
        f"{SD}XLControlNetInpaintPipeline",
        side=1024,
        multiple=64,
        guidance=5.0,
        embeds=("prompt_embeds", "", "pooled_prompt_embeds", ""),
        adapted=True,
        flow=False,
        half="float16",
    ),
    Family(
        "FLUX.1 Fill",
        ("FluxFillPipeline",),
        "FluxFillPipeline",
        None,
        side=1024,
        multiple=16,
        guidance=30.0,
        embeds=FLUX,
        negated=False,
    ),
    Family(
        "FLUX.1 Kontext",
        ("FluxKontextPipeline", "FluxKontextInpaintPipeline"),
        "FluxKontextInpaintPipeline",
        None,
        side=1024,
        multiple=16,
        guidance=3.5,
        embeds=FLUX,
        more={"_auto_resize": False},  # the crop is of a size that it knows
        referred=True,
        negated=False,
        instructed=True,
    ),
    Family(
        "FLUX.1",
        ("FluxPipeline", "FluxInpaintPipeline"),
        "FluxInpaintPipeline",
        "FluxControlNetInpaintPipeline",
        side=1024,
        multiple=16,
        guidance=3.5,
        embeds=FLUX,
        control="FluxControlNetModel",
        negated=False,
    ),
    Family(
        "FLUX.2 klein",
        ("Flux2KleinPipeline", "Flux2KleinInpaintPipeline"),
        "Flux2KleinInpaintPipeline",
        None,
        side=1024,
        multiple=16,
        guidance=4.0,
        embeds=("prompt_embeds", ""),
        referred=True,
        instructed=True,
    ),
    Family(
        "Qwen-Image",
        ("QwenImagePipeline", "QwenImageInpaintPipeline"),
        "QwenImageInpaintPipeline",
        None,
        side=1024,
        multiple=32,
        guidance=4.0,
        embeds=("prompt_embeds", "prompt_embeds_mask"),
        guided="true_cfg_scale",
    ),
    Family(
        "Z-Image",
        ("ZImagePipeline", "ZImageInpaintPipeline"),
        "ZImageInpaintPipeline",
        None,
        side=1024,
        multiple=32,
        guidance=5.0,
        embeds=("prompt_embeds", ""),
        unguided=0.0,
    ),
)


def family_of(kind: str) -> Family:
    """The family of the class that a model_index.json names. WeightsError for one that cannot paint inside a mask."""
    for family in FAMILIES:
        if kind in family.kinds:
            return family
    known = ", ".join(family.name for family in FAMILIES)
    raise WeightsError(f"A {kind} cannot paint a garment inside a mask: get a model of {known}.")


def family_in(bundle: Bundle) -> Family:
    """The family of a bundle's model. WeightsError where it has none, or one that is not all there."""
    bundle.tree("pipeline")
    return family_of(bundle.folders["pipeline"].kind)
