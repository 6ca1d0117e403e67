"""The towers and tokenizers of transformers as fice calls them; their numbers are tested with their importer."""

from __future__ import annotations

import sys

import pytest
import torch

from fice.errors import WeightsError
from fice.nets.huggingface import FastTokenizer, HuggingFaceCLIP, settings

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
TEXT = SMALL | {"vocab_size": 10, "max_position_embeddings": 6, "eos_token_id": 1}
VISION = SMALL | {"image_size": 16, "patch_size": 8}


@pytest.fixture
def content():
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    words = ["<pad>", "<end>", "<start>", "a", "red", "dress"]
    model = tokenizers.models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="a")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 2), ("<end>", 1)]
    )
    return tokenizer.to_str().encode()


class TestHuggingFaceCLIP:
    @pytest.mark.parametrize("kind", ["clip", "siglip"])
    def test_no_tensor_is_without_memory_once_weights_are_assigned(self, kind):
        pytest.importorskip("transformers", reason="transformers is not installed")
        arguments = (kind, TEXT, VISION, 8 if kind == "clip" else None)
        real = HuggingFaceCLIP(*arguments).eval()
        with torch.device("meta"):
            module = HuggingFaceCLIP(*arguments)
        module.load_state_dict(real.state_dict(), assign=True)
        module.eval().requires_grad_(False)
        assert not any(value.is_meta for value in (*module.parameters(), *module.buffers()))
        picture, ids = torch.rand(2, 3, 16, 16, requires_grad=True), torch.tensor([[2, 3, 1, 0, 0, 0]])
        torch.testing.assert_close(module.encode_image(picture), real.encode_image(picture))
        torch.testing.assert_close(module.encode_text(ids), real.encode_text(ids))
        assert torch.autograd.grad(module.encode_image(picture).sum(), picture)[0].shape == picture.shape

    def test_another_kind(self):
        pytest.importorskip("transformers", reason="transformers is not installed")
        with pytest.raises(ValueError, match="blip"):
            HuggingFaceCLIP("blip", TEXT, VISION)

    def test_without_transformers(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "transformers", None)
        with pytest.raises(WeightsError, match=r"pip install '.\[hf\]'"):
            HuggingFaceCLIP("clip", TEXT, VISION, 8)

    def test_only_harmless_settings_are_taken(self):
        config = TEXT | {
            "attn_implementation": "somebody/kernel",
            "_attn_implementation": "somebody/kernel",
            "auto_map": {},
            "hidden_act": "quick_gelu",
            "layer_norm_eps": 1e-5,
        }
        assert settings(config) == TEXT | {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
        for wrong in ({"hidden_size": True}, {"hidden_size": 1 << 40}, {"hidden_act": "other"}, {"vocab_size": "9"}):
            with pytest.raises(ValueError):
                settings(wrong)


class TestFastTokenizer:
    def test_rows_are_padded_and_cut(self, content):
        tokenizer = FastTokenizer(content, 6, 0)
        assert tokenizer.encode(["Red dress", "a a a a red dress"]).tolist() == [[2, 4, 5, 1, 0, 0], [2, 3, 3, 3, 3, 1]]
        assert tokenizer.encode([]).shape == (0, 6) and tokenizer.encode(["a"]).dtype == torch.int64

    def test_what_does_not_fit_is_said(self, content):
        tokenizer = FastTokenizer(content, 6, 0)
        assert tokenizer.cut("a red dress") == [] and tokenizer.unknown("quux") == []
        assert tokenizer.cut("a a a a red dress " * 3) == ["red", "dress"] + ["a", "a", "a", "a", "red", "dress"] * 2
        assert FastTokenizer(content, 4, 0).cut("A red!dress red") == ["red!dress", "red"]  # the first in part

    @pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xff", b"[1]"])
    def test_another_file(self, content):
        pytest.importorskip("tokenizers", reason="tokenizers is not installed")
        with pytest.raises(WeightsError, match="tokenizer.json cannot be read"):
            FastTokenizer(content, 6, 0)

    def test_without_tokenizers(self, content, monkeypatch):
        monkeypatch.setitem(sys.modules, "tokenizers", None)
        with pytest.raises(WeightsError, match=r"pip install '.\[hf\]'"):
            FastTokenizer(content, 6, 0)
