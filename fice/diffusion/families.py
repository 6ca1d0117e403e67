"""The families of diffusion models that can paint inside a mask, and what each takes."""

from __future__ import annotations

from dataclasses import dataclass

from fice.errors import WeightsError

BASE = frozenset({"text", "style", "region", "mask", "background", "seed", "candidates", "plugins"})


@dataclass(frozen=True)
class Family:
    """Models of one architecture.

    Attributes:
        name: for people.
        kinds: the classes that a model_index.json names.
        pipeline: the class of diffusers that paints inside a mask.
        posed: the class that does so with a ControlNet, or None where there is none.
        side: pixels of a square as large as what the models were trained on.
        multiple: of how many pixels both sides of a picture are.
        guidance: as is usual, and `guided` the argument that takes it.
        adapted: IP-Adapters show it pictures of garments, each inside a mask.
        referred: it is shown one picture of a garment beside the photograph (`image_reference`).
        negated: it hears what shall not be seen.
        instructed: it is told what to do, rather than what is seen.
        half: the numbers that it computes in on a GPU.
    """

    name: str
    kinds: tuple[str, ...]
    pipeline: str
    posed: str | None
    side: int
    multiple: int
    guidance: float
    guided: str = "guidance_scale"
    adapted: bool = False
    referred: bool = False
    negated: bool = True
    instructed: bool = False
    half: str = "bfloat16"


SD = "StableDiffusion"
FAMILIES = (
    Family(
        "Stable Diffusion 1.5 and 2",
        (f"{SD}Pipeline", f"{SD}InpaintPipeline", f"{SD}Img2ImgPipeline"),
        f"{SD}InpaintPipeline",
        f"{SD}ControlNetInpaintPipeline",
        side=512,
        multiple=64,
        guidance=7.5,
        adapted=True,
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
        adapted=True,
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
        referred=True,
        negated=False,
        instructed=True,
    ),
    Family(
        "Qwen-Image-Edit",
        ("QwenImageEditPipeline", "QwenImageEditInpaintPipeline"),
        "QwenImageEditInpaintPipeline",
        None,
        side=1024,
        multiple=32,
        guidance=4.0,
        guided="true_cfg_scale",
        instructed=True,
    ),
    Family(
        "Qwen-Image",
        ("QwenImagePipeline", "QwenImageInpaintPipeline"),
        "QwenImageInpaintPipeline",
        "QwenImageControlNetInpaintPipeline",
        side=1024,
        multiple=32,
        guidance=4.0,
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
    ),
)


def family_of(kind: str) -> Family:
    """The family of the class that a model_index.json names. WeightsError for one that cannot paint inside a mask."""
    for family in FAMILIES:
        if kind in family.kinds:
            return family
    known = ", ".join(family.name for family in FAMILIES)
    raise WeightsError(f"A {kind} cannot paint a garment inside a mask: get a model of {known}.")
