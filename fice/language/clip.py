"""CLIP: pictures and sentences as unit vectors, the preprocessing, and views of one garment alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.errors import WeightsError
from fice.language.bpe import FILE, BytePairs
from fice.language.tokenizer import WORDS, Tokenizer, WordTokenizer
from fice.nets.frozen import frozen
from fice.nets.huggingface import FastTokenizer

if TYPE_CHECKING:
    from fice.bundle.bundle import Bundle

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of CLIP's own training pictures
STD = (0.26862954, 0.26130258, 0.27577711)


class TextReader(Protocol):
    """What Semantics asks of a tokenizer; those of fice.language.tokenizer and fice.language.bpe are."""

    def encode(self, texts: Sequence[str]) -> Tensor: ...

    def unknown(self, text: str) -> list[str]: ...

    def cut(self, text: str) -> list[str]: ...


class Towers(Protocol):
    """What Semantics asks of a network; fice.nets.clip.CLIP is one."""

    def encode_image(self, image: Tensor, /) -> Tensor: ...

    def encode_text(self, ids: Tensor, /) -> Tensor: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


class Semantics:
    """CLIP (arXiv 2103.00020): pictures and texts as unit vectors of one space.

    Args:
        network: has encode_image((B, 3, size, size) normalised) and encode_text((B, L) int64), both -> (B, D).
        tokenizer: turns texts into numbers.
        size: height and width of the pictures that the network was trained on.
        mean, std: of red, green and blue, with which it wants them normalised.
    """

    def __init__(
        self,
        network: Towers,
        tokenizer: TextReader,
        size: int,
        mean: Sequence[float] = MEAN,
        std: Sequence[float] = STD,
    ):
        self.network, self.tokenizer, self.size, self.mean, self.std = network, tokenizer, size, mean, std

    @classmethod
    def from_bundle(
        cls,
        bundle: Bundle,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
        network: str | None = None,
    ) -> Semantics:
        """The part "clip" of a bundle, with the tokenizer that it was trained with.

        network takes another kind of the same entries than the part names, such as "clip-package". Raises
        WeightsError when the part is missing or damaged.
        """
        extra = bundle.extra("clip")
        towers = cast(Towers, frozen(bundle.part("clip", device, dtype, network)))
        constants = (extra.get("mean", MEAN), extra.get("std", STD))
        return cls(towers, text_reader(bundle), extra["image_resolution"], *constants)

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """(B, D) of length one. Unknown words carry no meaning; `unknown_words` names them."""
        device = next(self.network.parameters()).device
        return F.normalize(self.network.encode_text(self.tokenizer.encode(list(texts)).to(device)), dim=1)

    def encode_picture(self, pictures: Tensor) -> Tensor:
        """(B, 3, h, w) in [0, 1] -> (B, D) of length one; differentiable."""
        found = self.network.encode_image(preprocess(pictures, self.size, self.mean, self.std))
        return F.normalize(found.to(pictures.dtype), dim=1)

    def unknown_words(self, text: str) -> list[str]:
        """The words of a text that mean nothing to this network, each once, in order."""
        return self.tokenizer.unknown(text)

    def cut(self, text: str) -> list[str]:
        """The words at the end of a text that the network does not see, as the text is too long for it."""
        return self.tokenizer.cut(text)


def text_reader(bundle: Bundle) -> TextReader:
    """The tokenizer that the part "clip" of a bundle names; one that names none brings its own words."""
    extra = bundle.extra("clip")
    kind = extra.get("tokenizer")
    if kind is None:
        return Tokenizer(extra["vocabulary"], extra["context_length"])
    if kind == "words":
        return WordTokenizer(bundle.file("clip", WORDS).decode().split("\n"), extra["context_length"])
    if kind == "bpe":
        return BytePairs(bundle.file("clip", FILE), extra["context_length"])
    if kind == "huggingface":
        return FastTokenizer(bundle.file("clip", "tokenizer.json"), extra["context_length"], extra["pad"])
    raise WeightsError(
        f"The clip of bundle {bundle.name} wants a tokenizer {kind!r}, unknown to this fice: update fice."
    )


def preprocess(pictures: Tensor, size: int, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> Tensor:
    """(B, 3, h, w) in [0, 1] -> (B, 3, size, size), normalised as CLIP wants it.

    As FICE does: area when the picture is wider than `size`, else bilinear without antialiasing. A picture that is
    not square is first padded with white to a centred square.
    """
    height, width = pictures.shape[2:]
    if height != width:
        across, down = max(height - width, 0), max(width - height, 0)
        sides = (across // 2, across - across // 2, down // 2, down - down // 2)
        pictures = F.pad(pictures, sides, value=1.0)
    if pictures.shape[3] > size:
        pictures = F.interpolate(pictures, (size, size), mode="area")
    elif pictures.shape[3] < size:
        pictures = F.interpolate(pictures, (size, size), mode="bilinear", align_corners=False)
    shift, scale = (pictures.new_tensor(values).view(1, 3, 1, 1) for values in (mean, std))
    return (pictures - shift) / scale
