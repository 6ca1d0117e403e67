"""Tiny random pipelines of diffusers, made offline, and bundles of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from conftest import ROOT

from fice.bundle.bundle import load_bundle
from fice.bundle.pack import save_folder
from fice.checkpoints.importing import BORROWED, _lend

WIDTH = 32  # of the text's features


def tokenizer():
    """CLIP's, of single letters."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)


def text_encoder(words: int):
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=words,
        hidden_size=WIDTH,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        bos_token_id=words - 2,
        eos_token_id=words - 1,
        pad_token_id=words - 1,
    )
    return CLIPTextModel(config)


def vae():
    from diffusers import AutoencoderKL

    blocks = {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (8, 8, 16, 16),
    }
    return AutoencoderKL(**blocks, norm_num_groups=8, latent_channels=4, layers_per_block=1)


def unet(channels: int = 9, width: int = WIDTH, **more):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        block_out_channels=(16, 32),
        layers_per_block=1,
        sample_size=8,
        in_channels=channels,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=width,
        attention_head_dim=4,
        norm_num_groups=8,
        **more,
    )


def stable_diffusion(folder: Path, channels: int = 9) -> Path:
    """Stable Diffusion 1.5: for inpainting with 9 channels, a base model with 4."""
    from diffusers import DDIMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline

    torch.manual_seed(0)
    words = tokenizer()
    kind = StableDiffusionInpaintPipeline if channels == 9 else StableDiffusionPipeline
    pipeline = kind(
        vae=vae(),
        text_encoder=text_encoder(len(words)),
        tokenizer=words,
        unet=unet(channels),
        scheduler=DDIMScheduler(clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def bundle(folder: Path, **models: Path) -> Path:
    """A bundle that looks with the networks of the bundle street and draws with the folders given by name."""
    from fice.checkpoints.folder import read_json

    folder.mkdir(parents=True)
    for part in BORROWED:
        _lend(load_bundle(ROOT / "weights" / "street"), part, folder)
    for name, model in models.items():
        shutil.copytree(model, folder / name)
        card = "model_index.json" if name == "pipeline" else "config.json"
        save_folder(folder, name, read_json(model, card)["_class_name"], "none", "made by a test")
    return folder
