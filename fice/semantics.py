"""What a picture and a sentence have in common: CLIP, its preprocessing, and views of one garment alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.bpe import FILE, BytePairs
from fice.errors import WeightsError
from fice.nets.huggingface import FastTokenizer
from fice.tokenizer import Tokenizer

if TYPE_CHECKING:
    from fice.bundle import Bundle

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of CLIP's own training pictures
STD = (0.26862954, 0.26130258, 0.27577711)


class TextReader(Protocol):
    """What Semantics asks of a tokenizer; fice.tokenizer.Tokenizer and fice.bpe.BytePairs are."""

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
        towers = cast(Towers, bundle.part("clip", device, dtype, network))
        constants = (extra.get("mean", MEAN), extra.get("std", STD))
        return cls(towers, text_reader(bundle), extra["image_resolution"], *constants)

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """(B, D) of length one. Unknown words carry no meaning; `unknown_words` names them."""
        device = next(self.network.parameters()).device
        return F.normalize(self.network.encode_text(self.tokenizer.encode(list(texts)).to(device)), dim=1)

    def encode_picture(self, pictures: Tensor) -> Tensor:
        """(B, 3, h, w) in [0, 1] -> (B, D) of length one; differentiable."""
        return F.normalize(self.network.encode_image(preprocess(pictures, self.size, self.mean, self.std)), dim=1)

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


def garment_views(
    picture: Tensor,
    garment: Tensor,
    size: int,
    generators: Sequence[torch.Generator] | None = None,
    count: int = 1,
    *,
    margin: float = 0.08,
    jitter: float = 0.1,
    clamp: bool = True,
) -> Tensor:
    """The garment alone on white, cut out as a square, seen `count` times.

    Differentiable in picture and garment; where the square lies is not. The first view is centred and as it is, the
    others are scaled and moved by up to `jitter` of the square, half of them mirrored. Without generators all are
    alike the first.

    Args:
        picture: (B, 3, H, W) in [0, 1], or about that where `clamp` is to see to it.
        garment: (B, 1, H, W) in [0, 1]; where no pixel reaches one half, the whole picture is the square.
        size: height and width of a view.
        generators: one CPU generator a picture, so that its views do not depend on its neighbours.
        margin: white around the garment's box, as a share of the box.

    Returns:
        (B, count, 3, size, size) in [0, 1].
    """
    batch, _, height, width = picture.shape
    ink = (
        1 - (picture.clamp(0, 1) if clamp else picture)
    ) * garment  # white is no ink, so zeros outside the canvas are white
    centre, half = _squares(garment.detach(), margin)
    moves = picture.new_zeros(batch, count, 4)
    if generators is not None:
        drawn = [torch.rand(count, 4, generator=generator, dtype=torch.float64) for generator in generators]
        moves = torch.stack(drawn).to(picture) * 2 - 1
        moves[:, 0] = 0
    reach = half[:, None] * (1 + jitter * moves[..., 2])  # (B, count)
    mirror = torch.where(moves[..., 3] > 0, -1.0, 1.0).to(picture)
    steps = (torch.arange(size, device=picture.device, dtype=picture.dtype) + 0.5) / size * 2 - 1
    y = (centre[:, None, 0] + jitter * moves[..., 0] * half[:, None])[..., None] + reach[..., None] * steps
    x = (centre[:, None, 1] + jitter * moves[..., 1] * half[:, None])[..., None] + (reach * mirror)[..., None] * steps
    down, across = (_weights(at, 2 * reach / size, length) for at, length in ((y, height), (x, width)))
    rows = down.flatten(1, 2) @ ink.permute(0, 2, 1, 3).flatten(2)  # (B, count * size, 3 * W)
    rows = rows.view(batch, count, size * 3, width)
    seen = (rows @ across.mT).view(batch, count, size, 3, size)
    views = 1 - seen.transpose(2, 3)
    return views.clamp(0, 1) if clamp else views  # rounding may pass 0 by a little


def _weights(at: Tensor, step: Tensor, length: int) -> Tensor:
    """Resampling weights (..., n, length): the mean over `step` pixels (at least one) around each position (..., n).

    One pixel wide, that is linear interpolation; wider, the average that keeps fine stripes from aliasing. Beyond
    the ends lies nothing.
    """
    pixel = torch.arange(length, device=at.device, dtype=at.dtype)
    reach = step.clamp(min=1)[..., None, None]
    at = at[..., None]
    covered = torch.minimum(at + reach / 2, pixel + 1) - torch.maximum(at - reach / 2, pixel)
    return covered.clamp(min=0) / reach


def _squares(garment: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """Centre (B, 2) as y, x and half side (B,) in pixels of the square around each garment (B, 1, H, W)."""
    inside = garment[:, 0] > 0.5
    inside = inside | ~inside.flatten(1).any(1)[:, None, None]
    ends = []
    for lines in (inside.any(2), inside.any(1)):  # rows, columns
        length = lines.shape[1]
        first = lines.to(torch.uint8).argmax(1)
        last = length - lines.flip(1).to(torch.uint8).argmax(1)
        ends.append(torch.stack([first, last], 1))
    box = torch.stack(ends, 1).to(garment.dtype)  # (B, 2, 2): axis, first and last + 1
    return box.mean(2), (box[..., 1] - box[..., 0]).amax(1) / 2 * (1 + 2 * margin)
