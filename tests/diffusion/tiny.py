"""Tiny random pipelines of diffusers, made offline, and bundles of them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

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


def text_encoder(words: int, projected: bool = False):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=words,
        hidden_size=WIDTH,
        intermediate_size=37,
        projection_dim=WIDTH,
        num_attention_heads=4,
        num_hidden_layers=2,
        bos_token_id=words - 2,
        eos_token_id=words - 1,
        pad_token_id=words - 1,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def vae(channels: int = 4, **more):
    from diffusers import AutoencoderKL

    blocks = {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (8, 8, 16, 16),
    }
    return AutoencoderKL(**blocks, norm_num_groups=8, latent_channels=channels, layers_per_block=1, **more)


BLOCKS = {
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "attention_head_dim": 4,
    "norm_num_groups": 8,
}
XL = {  # what the networks of Stable Diffusion XL have beside that
    "cross_attention_dim": 2 * WIDTH,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + WIDTH,
    "use_linear_projection": True,
}


def unet(channels: int = 9, width: int = WIDTH, **more):
    from diffusers import UNet2DConditionModel

    up = ("CrossAttnUpBlock2D", "UpBlock2D")
    sides = {"sample_size": 8, "in_channels": channels, "out_channels": 4, "cross_attention_dim": width}
    return UNet2DConditionModel(**{**BLOCKS, **sides, "up_block_types": up, **more})


def stable_diffusion(folder: Path, channels: int = 9, prediction: str = "epsilon") -> Path:
    """Stable Diffusion 1.5, or 2 with `v_prediction`: for inpainting with 9 channels, a base model with 4."""
    from diffusers import DDIMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline

    torch.manual_seed(0)
    words = tokenizer()
    kind = StableDiffusionInpaintPipeline if channels == 9 else StableDiffusionPipeline
    pipeline = kind(
        vae=vae(),
        text_encoder=text_encoder(len(words)),
        tokenizer=words,
        unet=unet(channels),
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1, prediction_type=prediction),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def stable_diffusion_xl(folder: Path, channels: int = 9) -> Path:
    """Stable Diffusion XL: for inpainting with 9 channels, a base model with 4."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLInpaintPipeline, StableDiffusionXLPipeline

    torch.manual_seed(0)
    words = tokenizer()
    kind = StableDiffusionXLInpaintPipeline if channels == 9 else StableDiffusionXLPipeline
    pipeline = kind(
        vae=vae(),
        text_encoder=text_encoder(len(words)),
        text_encoder_2=text_encoder(len(words), projected=True),
        tokenizer=words,
        tokenizer_2=tokenizer(),
        unet=unet(channels, **XL),
        scheduler=EulerDiscreteScheduler(),
    )
    pipeline.save_pretrained(folder)
    return folder


def controlnet(folder: Path, xl: bool = False) -> Path:
    """A ControlNet of Stable Diffusion 1.5, or of XL."""
    from diffusers import ControlNetModel

    torch.manual_seed(0)
    more = XL if xl else {"cross_attention_dim": WIDTH}
    network = ControlNetModel(**{**BLOCKS, **more}, conditioning_embedding_out_channels=(8, 8, 8, 8))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)  # those that join it to the U-Net begin as zeros
    network.save_pretrained(folder)
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
        kind = "IPAdapter" if name == "adapter" else read_json(model, card)["_class_name"]
        save_folder(folder, name, kind, "none", "made by a test")
    return folder


if __name__ == "__main__":
    with TemporaryDirectory() as models:
        bundle(Path(sys.argv[1]), pipeline=stable_diffusion(Path(models) / "sd"))
