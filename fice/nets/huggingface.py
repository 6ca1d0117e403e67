"""CLIP (arXiv 2103.00020) and SigLIP (arXiv 2303.15343) of Hugging Face's transformers, and their tokenizers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fice.errors import WeightsError
from fice.extras import install

MISSING = f"This CLIP needs {{}} ({{}}): {install('hf')}."
LIMITS = {  # of the settings that are taken
    **dict.fromkeys(("vocab_size", "bos_token_id", "eos_token_id", "pad_token_id"), 1 << 20),
    **dict.fromkeys(("hidden_size", "intermediate_size", "projection_size", "max_position_embeddings"), 1 << 16),
    **dict.fromkeys(("image_size", "patch_size", "num_attention_heads"), 1 << 12),
    "num_hidden_layers": 200,
}
ACTIVATIONS = ("quick_gelu", "gelu", "gelu_pytorch_tanh")


class HuggingFaceCLIP(nn.Module):
    """The towers of transformers' CLIPModel or SiglipModel, called as `fice.nets.clip.CLIP`.

    Only the position numbers, which no checkpoint holds, are real where the network is built without memory.

    Args:
        kind: "clip" or "siglip".
        text, vision: settings as in config.json; only sizes, an activation and a layer norm's epsilon are taken, as
            transformers would follow others to code elsewhere.
        dimensions: length of the vectors; None for SigLIP, whose towers have it.

    Raises WeightsError without transformers, ValueError for other settings.
    """

    def __init__(self, kind: str, text: dict[str, Any], vision: dict[str, Any], dimensions: int | None = None):
        super().__init__()
        try:
            import transformers
        except ImportError as error:
            raise WeightsError(MISSING.format("transformers", error)) from error
        towers: dict[str, Any] = {"text_config": settings(text), "vision_config": settings(vision)}
        if kind == "clip":
            config = transformers.CLIPConfig(**towers, projection_dim=dimensions)
            whole: nn.Module = transformers.CLIPModel(config)
        elif kind == "siglip":
            towers["text_config"] = {"bos_token_id": None, "eos_token_id": None} | towers["text_config"]  # it has none
            whole = transformers.SiglipModel(transformers.SiglipConfig(**towers))
        else:
            raise ValueError(f"kind {kind!r}")
        for name, module in whole.named_children():
            self.add_module(name, module)
        for name, parameter in whole.named_parameters(recurse=False):
            self.register_parameter(name, parameter)
        for module in self.modules():
            if (ids := module._buffers.get("position_ids")) is not None:
                module._buffers["position_ids"] = torch.arange(ids.shape[-1], device="cpu")[None]

    def encode_image(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S) RGB, normalised -> (B, D), of any length."""
        return self._pooled("vision_model", "visual_projection", pixel_values=pictures)

    def encode_text(self, ids: Tensor) -> Tensor:
        """(B, L) int64 -> (B, D), of any length. CLIP is read at its first end token, SigLIP at the last place."""
        return self._pooled("text_model", "text_projection", input_ids=ids)

    def _pooled(self, tower: str, projection: str, **given: Tensor) -> Tensor:
        pooled = self.get_submodule(tower)(**given).pooler_output
        return self.get_submodule(projection)(pooled) if hasattr(self, projection) else pooled


class FastTokenizer:
    """A tokenizer.json of Hugging Face: one row of `context_length` ids a text, padded and cut.

    Raises WeightsError without the package tokenizers, or for another file.
    """

    def __init__(self, content: bytes, context_length: int, pad: int):
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise WeightsError(MISSING.format("tokenizers", error)) from error
        try:
            self._tokenizer = Tokenizer.from_str(content.decode())
        except Exception as error:  # the package has no narrower one
            raise WeightsError(f"The tokenizer.json cannot be read ({error}): get the model's folder again.") from error
        self._tokenizer.enable_truncation(context_length)
        self._tokenizer.enable_padding(length=context_length, pad_id=pad)
        self.context_length, self.vocab_size = context_length, self._tokenizer.get_vocab_size()

    def encode(self, texts: Sequence[str]) -> Tensor:
        """(B, context_length) int64."""
        rows = [self._tokenizer.encode(text.lower()).ids for text in texts]  # all of them learnt small letters
        return torch.tensor(rows, dtype=torch.int64).view(len(rows), self.context_length)

    def number(self, token: str) -> int | None:
        """The id of a token."""
        return self._tokenizer.token_to_id(token)

    def unknown(self, text: str) -> list[str]:
        """Nothing: any text is made of pieces that are known."""
        return []

    def cut(self, text: str) -> list[str]:
        """The words of a text that do not fit into the context, whole or in part."""
        rest = self._tokenizer.encode(text.lower()).overflowing
        starts = [start for part in rest for start, end in part.offsets if end > start]
        if not starts:
            return []
        return [word.group() for word in re.finditer(r"\S+", text.lower()) if word.end() > min(starts)]


def settings(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of a tower that are numbers, or names of ours. Raises ValueError for a wrong value."""
    taken = {key: config[key] for key in LIMITS if config.get(key) is not None}
    for key, value in taken.items():
        if type(value) is not int or not 0 <= value <= LIMITS[key]:
            raise ValueError(f"{key} {value!r}")
    if "hidden_act" in config:
        if config["hidden_act"] not in ACTIVATIONS:
            raise ValueError(f"hidden_act {config['hidden_act']!r}")
        taken["hidden_act"] = config["hidden_act"]
    if "layer_norm_eps" in config:
        taken["layer_norm_eps"] = float(config["layer_norm_eps"])
    return taken
