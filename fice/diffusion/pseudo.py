"""Pseudo-words: vectors in the place of words of a sentence, which no dictionary has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

MARK = "^"  # holds the place of each vector in a sentence
MOST = 75  # vectors of one word: as many as a sentence has places
XL = ("clip_l", "clip_g")  # names of the vectors for each of two text encoders


@dataclass(frozen=True, eq=False)
class Word:
    """What textual inversion found.

    Attributes:
        names: how a sentence calls it.
        vectors: for each text encoder of the model, (n, width) float.
    """

    names: tuple[str, ...]
    vectors: tuple[Tensor, ...]

    def times(self, weight: float) -> Word:
        """The same, louder or lower."""
        return Word(self.names, tuple(weight * vectors for vectors in self.vectors))

    def fits(self, pipeline: Any) -> bool:
        """Whether the pipeline's text encoders know such words."""
        widths = [encoder.config.hidden_size for encoder, _ in _readers(pipeline)]
        return widths == [vectors.shape[1] for vectors in self.vectors]

    @property
    def pattern(self) -> str:
        """Finds it in a sentence."""
        return "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(self.names, key=len, reverse=True))


def read_word(stem: str, tensors: Mapping[str, Tensor]) -> Word | None:
    """The word that a file holds; None where it is none. stem: its name without the end."""
    keys = XL if set(tensors) == {*XL} else tuple(tensors) if len(tensors) == 1 else ()
    known = [tensors[key] for key in keys if tensors[key].ndim in (1, 2) and tensors[key].is_floating_point()]
    found = [each.reshape(-1, each.shape[-1]) for each in known if each.numel()]
    counts = {len(each) for each in found}
    if len(found) < len(keys) or len(counts) != 1 or max(counts) > MOST or "lora" in keys[0] or not keys[0].strip():
        return None
    own = () if keys in (XL, ("emb_params",)) else keys
    return Word((*own, f"<{stem}>", stem), tuple(each.float().clone() for each in found))


def completed(sentence: str, other: str, words: Sequence[Word]) -> str:
    """A sentence that names all words but those of another: what neither names comes at its end."""
    told = f"{sentence}\n{other}"
    return ", ".join([sentence, *(each.names[0] for each in words if not re.search(each.pattern, told, re.IGNORECASE))])


@contextmanager
def spoken(pipeline: Any, sentence: str, words: Sequence[Word]) -> Iterator[str]:
    """While it lasts, the pipeline's text encoders read the sentence it gives with the vectors of the words in it."""
    if not words:
        yield sentence
        return
    named: list[Word] = []

    def marked(match: re.Match) -> str:
        named.append(next(each for each in words if re.fullmatch(each.pattern, match[0], re.IGNORECASE)))
        return " ".join([MARK] * len(named[-1].vectors[0]))

    pattern = "|".join(each.pattern for each in words)
    said = re.sub(pattern, marked, sentence.replace(MARK, " "), flags=re.IGNORECASE)
    with ExitStack() as hooks:
        for number, (encoder, tokenizer) in enumerate(_readers(pipeline) if named else []):
            (mark,) = tokenizer(MARK, add_special_tokens=False).input_ids
            vectors = torch.cat([word.vectors[number] for word in named])
            hook = encoder.get_input_embeddings().register_forward_hook(_putting(mark, vectors))
            hooks.callback(hook.remove)
        yield said if named else sentence


def _readers(pipeline: Any) -> list[tuple[Any, Any]]:
    """The text encoders of a pipeline that are CLIP's, with their tokenizers; none where there are others."""
    parts = pipeline.components
    names = [name for name in ("text_encoder", "text_encoder_2") if parts.get(name) is not None]
    if not all(type(parts[name]).__name__.startswith("CLIPText") for name in names):
        return []
    return [(parts[name], parts[name.replace("text_encoder", "tokenizer")]) for name in names]


def _putting(mark: int, vectors: Tensor) -> Any:
    """A hook of a token embedding that puts vectors in the places of marks, as many as a sentence has room for."""

    def put(module: Any, given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        for row, held in zip(made, given[0] == mark, strict=True):
            row[held] = vectors[: int(held.sum())].to(row)
        return made

    return put
