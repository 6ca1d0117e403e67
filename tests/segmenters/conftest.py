"""Folders of small random networks, made offline and laid out as people's own."""

from __future__ import annotations

import json

import pytest
import torch

LABELS = ["Background", "Hat", "Left-shoe", "Right-shoe", "top, t-shirt, sweatshirt", "bag, wallet", "Upper-clothes"]
WORDS = ("sleeve", "sleeves", "bag", "leather", "of", "coat", "collar", "t", "-", "shirt")
COMMON = {"hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 2}


@pytest.fixture(scope="session")
def transformers():
    return pytest.importorskip("transformers", reason="transformers is not installed")


@pytest.fixture(scope="session")
def folders(transformers, tmp_path_factory):
    """folders(kind): the folder of a small network; the same one each time."""
    root = tmp_path_factory.mktemp("segmenters")
    made = {}

    def folder(kind):
        if kind not in made:
            made[kind] = MAKERS[kind](transformers, root / kind)
        return made[kind]

    return folder


@pytest.fixture(scope="session")
def pair(folders, tmp_path_factory):
    """pair(cutter): a folder with a detector and a segmenter of a kind."""

    def make(cutter="sam"):
        folder = tmp_path_factory.mktemp("pair")
        (folder / "detector").symlink_to(folders("dino"))
        (folder / "segmenter").symlink_to(folders(cutter))
        return folder

    return make


@pytest.fixture
def picture():
    return torch.rand(1, 3, 64, 40, generator=torch.Generator().manual_seed(2))


def _save(network, folder, preprocessor=None, noise=0.05):
    torch.manual_seed(7)
    for parameter in network.parameters():  # fresh biases are zero and would hide a wrong name
        parameter.data.add_(noise * torch.randn_like(parameter))
    network.eval().save_pretrained(folder)
    if preprocessor:
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    return folder


def _bert(transformers, folder):
    vocabulary = {f"[unused{number}]": number for number in range(1040)}
    taken = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, ".": 1012, "?": 1029}
    taken |= {word: 200 + number for number, word in enumerate(WORDS)}
    ids = {number: word for word, number in vocabulary.items()} | {number: word for word, number in taken.items()}
    transformers.BertTokenizer(vocab={word: number for number, word in sorted(ids.items())}).save_pretrained(folder)


def _clip(transformers, folder):
    letters = [chr(number) for number in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77).save_pretrained(folder)
    return {"vocab_size": len(words), "bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1}


def _dino(transformers, folder):
    swin = {"embed_dim": 16, "depths": [1] * 4, "num_heads": [1, 2, 2, 2], "window_size": 4, "image_size": 64}
    config = transformers.GroundingDinoConfig(
        backbone_config={"model_type": "swin", **swin, "out_indices": [2, 3, 4]},
        text_config={"model_type": "bert", **COMMON, "num_hidden_layers": 1, "vocab_size": 1040},
        **dict.fromkeys(("d_model", "encoder_ffn_dim", "decoder_ffn_dim"), 32),
        **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads", "decoder_layers"), 2),
        encoder_layers=1,
        num_queries=20,
    )
    _bert(transformers, folder)
    size = {"shortest_edge": 96, "longest_edge": 150}
    return _save(transformers.GroundingDinoForObjectDetection(config), folder, {"size": size})


def _prompts(**more):
    prompt = {"hidden_size": 16, "image_size": 64, "patch_size": 16, "mask_input_channels": 4, **more}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return {
        "prompt_encoder_config": prompt,
        "mask_decoder_config": decoder | {"iou_head_hidden_dim": 16, "attention_downsample_rate": 1},
    }


def _sam(transformers, folder):
    vision = {"hidden_size": 16, "num_pos_feats": 8, "output_channels": 16, "mlp_dim": 16, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": 64, "window_size": 2, "global_attn_indexes": [0]}
    config = transformers.SamConfig(vision_config=vision, **_prompts(image_embedding_size=4))
    return _save(transformers.SamModel(config), folder, {"size": {"longest_edge": 64}}, noise=0.5)


def _sam2(transformers, folder):
    stages = {"blocks": [1, 1, 2, 1], "embed_dim": [8, 16, 32, 64], "num_attention_heads": [1, 1, 2, 2]}
    backbone = {f"{name}_per_stage": values for name, values in stages.items()}
    backbone |= {"hidden_size": 8, "num_attention_heads": 1, "image_size": [64, 64], "global_attention_blocks": [3]}
    backbone |= {"window_size_per_stage": [8, 4, 4, 4], "window_positional_embedding_background_size": [2, 2]}
    vision = {"backbone_config": {"model_type": "sam2_hiera_det_model", **backbone}, "fpn_hidden_size": 16}
    vision |= {"backbone_channel_list": [64, 32, 16, 8], "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]]}
    config = transformers.Sam2Config(vision_config=vision, **_prompts())
    return _save(transformers.Sam2Model(config), folder, noise=0.5)


def _sam3(transformers, folder):
    backbone = COMMON | {"num_hidden_layers": 2, "image_size": 56, "pretrain_image_size": 28, "window_size": 2}
    backbone |= {"patch_size": 14, "global_attn_indexes": [1]}
    vision = {"backbone_config": {"model_type": "sam3_vit_model", **backbone}, "fpn_hidden_size": 32}
    text = COMMON | {"num_hidden_layers": 1, "projection_dim": 32, "max_position_embeddings": 32}
    detr = COMMON | {"num_layers": 1}
    config = transformers.Sam3Config(
        vision_config=vision | {"backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]]},
        text_config=text | _clip(transformers, folder),
        geometry_encoder_config=detr,
        detr_encoder_config=detr,
        detr_decoder_config=detr | {"num_queries": 8},
        mask_decoder_config={"hidden_size": 32, "num_attention_heads": 2},
    )
    network = transformers.Sam3Model(config)
    network.detr_decoder.presence_head.layer3.bias.data += 4  # else nothing random is ever there
    return _save(network, folder)


def _clipseg(transformers, folder):
    vision = COMMON | {"num_hidden_layers": 3, "image_size": 32, "patch_size": 16}
    config = transformers.CLIPSegConfig(
        text_config=COMMON | {"num_hidden_layers": 1} | _clip(transformers, folder),
        vision_config=vision,
        projection_dim=16,
        extract_layers=[0, 1, 2],
        reduce_dim=16,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )
    return _save(transformers.CLIPSegForImageSegmentation(config), folder, {"size": {"height": 64, "width": 64}})


def _segformer(transformers, folder):
    sizes = {"hidden_sizes": [8, 16, 24, 32], "depths": [1] * 4, "num_attention_heads": [1, 2, 3, 4]}
    config = transformers.SegformerConfig(**sizes, decoder_hidden_size=20, id2label=dict(enumerate(LABELS)))
    network = transformers.SegformerForSemanticSegmentation(config)
    network.decode_head.classifier.bias.data[LABELS.index("bag, wallet")] += 2  # else nothing random is likely
    return _save(network, folder, {"size": {"height": 64, "width": 64}})


MAKERS = {"dino": _dino, "sam": _sam, "sam2": _sam2, "sam3": _sam3, "clipseg": _clipseg, "segformer": _segformer}
