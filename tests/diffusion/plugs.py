"""Tiny random adapters, LoRAs and embeddings for the pipelines of `tiny`."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusion.tiny import WIDTH
from safetensors.torch import save_file

FORMS = {"peft": ("lora_A", "lora_B"), "kohya": ("lora_down", "lora_up")}  # of a LoRA's names
WORDS = {"sd": ("emb_params",), "xl": ("clip_l", "clip_g")}  # what textual inversion calls its vectors
LOOKS, SEEN = 16, 20  # numbers in which the image encoder sees a picture, and each part of one


def unet_of(pipeline: Path):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(pipeline / "unet", local_files_only=True)


def adapter(folder: Path, pipeline: Path, plus: bool = False) -> Path:
    """An IP-Adapter for a pipeline's U-Net, plain or with a resampler, and its image encoder, as published."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(1)
    unet = unet_of(pipeline)
    width = unet.config.cross_attention_dim
    shapes = {}
    crossing = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    for number, name in enumerate(crossing):
        hidden = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
        for part in ("to_k_ip", "to_v_ip"):
            shapes[f"ip_adapter.{2 * number + 1}.{part}.weight"] = hidden, width
    projected = _resampler(width) if plus else {"proj": (4 * width, LOOKS), "norm": (width,)}
    for name, shape in projected.items():
        shapes |= {f"image_proj.{name}.weight" if "latents" not in name else f"image_proj.{name}": shape}
        if name in ("proj", "norm", "proj_in", "proj_out", "norm_out") or "norm" in name or name.endswith("1.0"):
            shapes[f"image_proj.{name}.bias"] = shape[:1]
    folder.mkdir(parents=True)
    save_file({key: torch.randn(shape) for key, shape in shapes.items()}, folder / "ip_adapter.safetensors")
    config = CLIPVisionConfig(
        hidden_size=SEEN,
        intermediate_size=24,
        projection_dim=LOOKS,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder / "image_encoder")
    return folder


def _resampler(width: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the network of the form "plus", by their published names."""
    inside = 64  # of one head
    attention = {"norm1": (inside,), "norm2": (inside,), "to_q": (64, inside), "to_kv": (128, inside)}
    attention["to_out"] = inside, 64
    forward = {"0": (inside,), "1": (4 * inside, inside), "3": (inside, 4 * inside)}
    return {
        "latents": (1, 3, inside),
        "proj_in": (inside, SEEN),
        "proj_out": (width, inside),
        "norm_out": (width,),
        **{f"layers.{i}.0.{name}": shape for i in range(4) for name, shape in attention.items()},
        **{f"layers.{i}.1.{name}": shape for i in range(4) for name, shape in forward.items()},
    }


def lora(path: Path, pipeline: Path, form: str = "peft", width: int | None = None, **notes: str) -> Path:
    """A LoRA of two layers of a U-Net and two of each text encoder.

    form: of the names of its layers, "peft" or "kohya"; width: of its words, where it shall be for another model;
    notes: what its trainer wrote, "_" for ".".
    """
    torch.manual_seed(2)
    unet = unet_of(pipeline)
    layers = {}
    for name in ("attn1.to_q", "attn2.to_k"):
        layer = f"mid_block.attentions.0.transformer_blocks.0.{name}"
        linear = unet.get_submodule(layer)
        layers["unet", layer] = linear.in_features, linear.out_features
    if width is not None:
        layers["unet", layer] = width, linear.out_features
    for folder in sorted(pipeline.glob("text_encoder*")):
        for name in ("q_proj", "out_proj"):
            layers[folder.name, f"text_model.encoder.layers.0.self_attn.{name}"] = WIDTH, WIDTH
    several = len({part for part, _ in layers}) > 2
    tensors = {}
    for (part, layer), (wide, out) in layers.items():
        name = f"{part}.{layer}"
        if form == "kohya":
            short = "unet" if part == "unet" else "te" if not several else "te2" if part.endswith("2") else "te1"
            name = f"lora_{short}_{layer.replace('.', '_')}"
            tensors[f"{name}.alpha"] = torch.tensor(2.0)
        for end, shape in zip(FORMS[form], ((2, wide), (out, 2)), strict=True):
            tensors[f"{name}.{end}.weight"] = torch.randn(shape)
    save_file(tensors, path, metadata={name.replace("modelspec_", "modelspec."): text for name, text in notes.items()})
    return path


def word(path: Path, *keys: str, vectors: int = 2, width: int = WIDTH, seed: int = 3) -> Path:
    """What textual inversion found, under these keys."""
    torch.manual_seed(seed)
    save_file({key: torch.randn(vectors, width) for key in keys}, path)
    return path
