"""A CLIP on pretrained parts: pictures by the maps of EfficientNet-Lite, texts by word vectors that are given."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.clip import AttentionPool2d, Towers
from fice.nets.efficientnet import EfficientNetLite
from fice.nets.initial import normal

STEPS = 4  # of red, green and blue each, between which a colour is told
VALUES, HEADS = (128, 96, 192), (4, 4, 8)  # of what is gathered from the maps at strides 4, 8 and 16
FORGOTTEN = 0.4  # share of the coarse maps' that training leaves out: a few thousand garments are soon known by heart
DROPPED = 0.15  # share of a word's numbers that training leaves out, so that none decides alone


class Gathered(nn.Module):
    """What is seen where it matters: (B, C, h, w) -> (B, 2 * values), means and spreads under attention.

    Each head looks at places of its own, by what is there and where it is (side: h and w), and at its own values.
    """

    def __init__(self, inputs: int, values: int, heads: int, side: int):
        super().__init__()
        self.heads = heads
        self.value = nn.Conv2d(inputs, values, 1, bias=False)
        self.norm = nn.BatchNorm2d(values)
        self.ask = nn.Conv2d(inputs, heads, 1)
        self.places = nn.Parameter(torch.zeros(heads, side, side))
        nn.init.zeros_(self.ask.weight)

    def forward(self, x: Tensor) -> Tensor:
        values = F.leaky_relu(self.norm(self.value(x)), 0.1).flatten(2).unflatten(1, (self.heads, -1))
        attention = (self.ask(x) + self.places).flatten(2).float().softmax(2)[:, :, None]  # (B, heads, 1, h * w)
        values = values.float()
        mean = (values * attention).sum(3)
        spread = ((values - mean[..., None]).square() * attention).sum(3).add(1e-4).sqrt()
        return torch.cat([mean, spread], 2).flatten(1)


def palette(x: Tensor, side: int = 4) -> Tensor:
    """How much of each square of pixels has which colour: (B, 3, H, W) in [0, 1] -> (B, STEPS^3, H / side, W / side).

    The colours of stripes stay apart here, where a mean would mix them. Weights are linear between neighbours.
    """
    steps = torch.arange(STEPS, device=x.device, dtype=x.dtype).view(-1, 1, 1)
    hats = (1 - (x[:, :, None] * (STEPS - 1) - steps).abs()).clamp(min=0)  # (B, 3, STEPS, H, W)
    hats = hats.unflatten(4, (-1, side)).unflatten(3, (-1, side)).permute(0, 3, 5, 1, 4, 6, 2)
    red, green, blue = hats.flatten(4, 5).unbind(3)  # (B, H / side, W / side, pixels, STEPS)
    mixed = (red[..., :, None] * green[..., None, :]).flatten(4)
    return (mixed.mT @ blue).flatten(3).permute(0, 3, 1, 2) / side**2


class LitePicture(nn.Module):
    """(B, 3, side, side) in [0, 1] -> (B, output_dim): colour and print from the fine maps, the kind from the coarse.

    Args:
        size: of the EfficientNet-Lite, 0 to 2.
        side: of the pictures, a multiple of 32.
        width: of the layer in which all maps meet.
        output_dim: length of the vectors.
    """

    def __init__(self, size: int, side: int, width: int, output_dim: int):
        super().__init__()
        self.backbone = EfficientNetLite(size, classify=False)
        finest, fine, *inner, last = self.backbone.channels
        inputs = (STEPS**3 + finest + fine, *inner)
        _, *strides = self.backbone.strides
        self.gather = nn.ModuleList(
            Gathered(channels, values, heads, side // stride)
            for channels, values, heads, stride in zip(inputs, VALUES, HEADS, strides, strict=False)
        )
        self.attnpool = AttentionPool2d(side // strides[-1], last, 8, width // 2)
        self.forget = nn.Dropout(FORGOTTEN)
        self.meet = nn.Sequential(
            nn.LayerNorm(2 * sum(VALUES) + width // 2),
            nn.Linear(2 * sum(VALUES) + width // 2, width),
            nn.GELU(),
            nn.Linear(width, output_dim),
        )

    def maps(self, x: Tensor) -> list[Tensor]:
        """What is looked at, (B, C, side / k, side / k) for k of 4, 8, 16 and 32: colours and features."""
        finest, fine, *inner = self.backbone.features(x)
        return [torch.cat([palette(x).to(fine), F.avg_pool2d(finest, 2), fine], 1), *inner]

    def seen(self, maps: Sequence[Tensor]) -> Tensor:
        """(B, output_dim) of pictures by their maps."""
        *inner, last = maps
        gathered = [gather(each) for gather, each in zip(self.gather, inner, strict=True)]
        *fine, coarse = gathered  # forgetting of the fine ones would cost the very colour
        return self.meet(torch.cat([*fine, self.forget(torch.cat([coarse, self.attnpool(last)], 1))], 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.seen(self.maps(x))


class LiteClip(Towers):
    """Pictures in [0, 1] and texts to vectors of one space.

    Args:
        embed_dim: length D of the vectors.
        image_resolution: side S of the square pictures, a multiple of 32.
        vision_size, vision_width: the EfficientNet-Lite, and the layer on it.
        context_length, vocab_size: the longest text, and how many token ids there are.
        word_width: numbers of a word vector; `words` holds them, and is not trained.
        transformer_width, transformer_heads, transformer_layers: the text network.
    """

    visual: LitePicture

    def __init__(
        self,
        embed_dim: int,
        image_resolution: int,
        vision_size: int,
        vision_width: int,
        context_length: int,
        vocab_size: int,
        word_width: int,
        transformer_width: int,
        transformer_heads: int,
        transformer_layers: int,
    ):
        visual = LitePicture(vision_size, image_resolution, vision_width, embed_dim)
        table = nn.Embedding(vocab_size, word_width, _weight=normal(vocab_size, word_width), _freeze=True)
        words = nn.Sequential(table, nn.Dropout(DROPPED), nn.Linear(word_width, transformer_width))
        shape = (embed_dim, image_resolution, context_length)
        super().__init__(visual, words, *shape, transformer_width, transformer_heads, transformer_layers)

    @property
    def words(self) -> Tensor:
        """(vocab_size, word_width): the vectors of the token ids."""
        return self.token_embedding.get_parameter("0.weight")
