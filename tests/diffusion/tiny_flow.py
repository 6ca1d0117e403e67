"""Tiny random pipelines of the families that match flows, made offline."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusion.tiny import WIDTH, text_encoder, tokenizer, vae

HEAD = {"attention_head_dim": 16, "num_attention_heads": 2}
CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
SEEN = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


def scheduler():
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)


def flow_vae():
    return vae(use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06, scaling_factor=1.5)


def t5():
    """A tokenizer of single letters and its encoder."""
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    letters = [chr(number) for number in range(33, 127)]
    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -1.0) for letter in ("▁", *letters))]
    tokenizer = T5Tokenizer(vocab=words, extra_ids=0)
    config = T5Config(vocab_size=len(words), d_model=WIDTH, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    return tokenizer, T5EncoderModel(config)


def qwen_tokenizer():
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    words = [*sorted(ByteLevel.alphabet()), "<|endoftext|>"]
    made = Qwen2Tokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[])
    made.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>", *SEEN]})
    made.chat_template = CHAT
    return made


def qwen3(words: int, layers: int = 2):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": layers, "head_dim": 8}
    return Qwen3ForCausalLM(Qwen3Config(vocab_size=words, num_attention_heads=2, num_key_value_heads=1, **sizes))


def qwen_vl(tokenizer):
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    start, end, image, video = map(tokenizer.convert_tokens_to_ids, SEEN)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": WIDTH,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
    }
    vision = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_heads": 2,
        "out_hidden_size": WIDTH,
        "fullatt_block_indexes": [0],
    }
    marks = {"vision_start_token_id": start, "vision_end_token_id": end, "image_token_id": image}
    return Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(text_config=text, vision_config=vision, video_token_id=video, **marks)
    )


def qwen_vae():
    from diffusers import AutoencoderKLQwenImage

    return AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, latents_mean=[0.0] * 4, latents_std=[1.0] * 4
    )


def flux(folder: Path, kind: str = "FluxPipeline") -> Path:
    """FLUX.1; kind: `FluxFillPipeline` and `FluxKontextPipeline` for its twins."""
    import diffusers

    torch.manual_seed(0)
    words, (more_words, long) = tokenizer(), t5()
    transformer = diffusers.FluxTransformer2DModel(
        in_channels=16 + 16 + 256 if kind == "FluxFillPipeline" else 16,
        out_channels=16,
        num_layers=1,
        num_single_layers=1,
        joint_attention_dim=WIDTH,
        pooled_projection_dim=WIDTH,
        guidance_embeds=True,
        axes_dims_rope=(4, 4, 8),
        **HEAD,
    )
    getattr(diffusers, kind)(
        scheduler=scheduler(),
        vae=flow_vae(),
        text_encoder=text_encoder(len(words)),
        tokenizer=words,
        text_encoder_2=long,
        tokenizer_2=more_words,
        transformer=transformer,
    ).save_pretrained(folder)
    return folder


def flux_controlnet(folder: Path) -> Path:
    from diffusers import FluxControlNetModel

    torch.manual_seed(0)
    sizes = {"joint_attention_dim": WIDTH, "pooled_projection_dim": WIDTH, "axes_dims_rope": [4, 4, 8]}
    network = FluxControlNetModel(
        in_channels=16, num_layers=1, num_single_layers=1, guidance_embeds=True, **sizes, **HEAD
    )
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)  # those that join it to the transformer begin as zeros
    network.save_pretrained(folder)
    return folder


def flux2_klein(folder: Path) -> Path:
    from diffusers import AutoencoderKLFlux2, Flux2KleinPipeline, Flux2Transformer2DModel

    torch.manual_seed(0)
    words = qwen_tokenizer()
    coder = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 16, 16), layers_per_block=1, latent_channels=4, norm_num_groups=8
    )
    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        joint_attention_dim=3 * 16,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
        **HEAD,
    )
    Flux2KleinPipeline(
        scheduler=scheduler(),
        vae=coder,
        text_encoder=qwen3(len(words), layers=28),  # it reads the 9th, 18th and 27th
        tokenizer=words,
        transformer=transformer,
    ).save_pretrained(folder)
    return folder


def qwen_image(folder: Path, edit: bool = False) -> Path:
    """Qwen-Image, or Qwen-Image-Edit."""
    from diffusers import QwenImageEditPipeline, QwenImagePipeline, QwenImageTransformer2DModel

    torch.manual_seed(0)
    words = qwen_tokenizer()
    transformer = QwenImageTransformer2DModel(
        in_channels=16, out_channels=4, num_layers=1, joint_attention_dim=WIDTH, axes_dims_rope=(4, 4, 8), **HEAD
    )
    parts = {
        "scheduler": scheduler(),
        "vae": qwen_vae(),
        "text_encoder": qwen_vl(words),
        "tokenizer": words,
        "transformer": transformer,
    }
    if edit:
        from transformers import Qwen2VLImageProcessor, Qwen2VLProcessor

        parts["processor"] = Qwen2VLProcessor(Qwen2VLImageProcessor(), words, chat_template=CHAT)
    (QwenImageEditPipeline if edit else QwenImagePipeline)(**parts).save_pretrained(folder)
    return folder


def z_image(folder: Path) -> Path:
    from diffusers import ZImagePipeline, ZImageTransformer2DModel

    torch.manual_seed(0)
    words = qwen_tokenizer()
    transformer = ZImageTransformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=16,
        axes_dims=[4, 4, 8],
        axes_lens=[1024, 64, 64],
    )
    ZImagePipeline(
        scheduler=scheduler(),
        vae=flow_vae(),
        text_encoder=qwen3(len(words)).model,
        tokenizer=words,
        transformer=transformer,
    ).save_pretrained(folder)
    return folder
