"""Tiny random adapters, LoRAs and embeddings for the pipelines of `tiny`."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

LOOKS = 16  # numbers in which the image encoder sees a picture


def unet_of(pipeline: Path):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(pipeline / "unet", local_files_only=True)


def adapter(folder: Path, pipeline: Path, plus: bool = False) -> Path:
    """An IP-Adapter for a pipeline's U-Net, plain or with a resampler, and its image encoder."""
    from diffusers.models.embeddings import IPAdapterPlusImageProjection
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(1)
    unet = unet_of(pipeline)
    width = unet.config.cross_attention_dim
    state = {}
    crossing = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    for number, name in enumerate(crossing):
        hidden = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
        for part in ("to_k_ip", "to_v_ip"):
            state[f"ip_adapter.{2 * number + 1}.{part}.weight"] = torch.randn(hidden, width)
    seen = 20
    if plus:
        layers = IPAdapterPlusImageProjection(seen, width, 64, depth=1, heads=1, num_queries=3).state_dict()
        state |= {f"image_proj.{_published(key)}": value for key, value in layers.items() if ".to_v." not in key}
        for key, value in layers.items():
            if ".to_v." in key:
                both = f"image_proj.{_published(key).replace('to_v', 'to_kv')}"
                state[both] = torch.cat([layers[key.replace("to_v", "to_k")], value])
        state = {key: value for key, value in state.items() if ".to_k." not in key}
    else:
        shapes = {"proj.weight": (4 * width, LOOKS), "proj.bias": (4 * width,)}
        state |= {f"image_proj.{key}": torch.randn(shape) for key, shape in shapes.items()}
        state |= {"image_proj.norm.weight": torch.ones(width), "image_proj.norm.bias": torch.zeros(width)}
    folder.mkdir(parents=True)
    save_file({key: value.contiguous() for key, value in state.items()}, folder / "ip_adapter.safetensors")
    config = CLIPVisionConfig(
        hidden_size=seen,
        intermediate_size=24,
        projection_dim=LOOKS,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder / "image_encoder")
    return folder
