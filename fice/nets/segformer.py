"""SegFormer (Xie et al., arXiv 2105.15203) in plain torch, with the names of Hugging Face's checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PatchEmbeddings(nn.Module):
    """(B, C, H, W) -> (B, width, H / stride, W / stride), from patches that overlap."""

    def __init__(self, inplanes: int, width: int, patch: int, stride: int):
        super().__init__()
        self.proj = nn.Conv2d(inplanes, width, patch, stride=stride, padding=patch // 2)
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.proj(x)
        return _map(self.layer_norm(_list(x)), x.shape[2:])


class SelfAttention(nn.Module):
    """Every place asks, squares of `reduction` places answer: (B, L, width) -> (B, L, width)."""

    def __init__(self, width: int, heads: int, reduction: int):
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide {width} channels")
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.sr = None
        if reduction > 1:
            self.sr = nn.Conv2d(width, width, reduction, stride=reduction)
            self.layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        seen = x if self.sr is None else self.layer_norm(_list(self.sr(_map(x, size))))
        parts = (self.query(x), self.key(seen), self.value(seen))
        query, key, value = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


class SelfOutput(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.dense = nn.Linear(width, width)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, reduction: int):
        super().__init__()
        self.self = SelfAttention(width, heads, reduction)
        self.output = SelfOutput(width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return self.output.dense(self.self(x, size))


class DepthwiseConv(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 3, padding=1, groups=width)


class MixFFN(nn.Module):
    """Its 3x3 convolution tells places apart, in the stead of position embeddings."""

    def __init__(self, width: int, inner: int):
        super().__init__()
        self.dense1 = nn.Linear(width, inner)
        self.dwconv = DepthwiseConv(inner)
        self.dense2 = nn.Linear(inner, width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = self.dwconv.dwconv(_map(self.dense1(x), size))
        return self.dense2(F.gelu(_list(x)))


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, reduction: int, inner: int):
        super().__init__()
        self.layer_norm_1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, reduction)
        self.layer_norm_2 = nn.LayerNorm(width)
        self.mlp = MixFFN(width, inner)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = x + self.attention(self.layer_norm_1(x), size)
        return x + self.mlp(self.layer_norm_2(x), size)


class Layers(nn.ModuleList):
    """The layers of one map, one after the other."""

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        for layer in self:
            x = layer(x, size)
        return x


class Encoder(nn.Module):
    """(B, 3, H, W) -> four maps of strides 4, 8, 16, 32."""

    def __init__(
        self,
        widths: Sequence[int],
        depths: Sequence[int],
        heads: Sequence[int],
        reductions: Sequence[int],
        patches: Sequence[int],
        strides: Sequence[int],
        ratios: Sequence[float],
    ):
        super().__init__()
        inplanes = (3, *widths[:-1])
        self.patch_embeddings = nn.ModuleList(map(PatchEmbeddings, inplanes, widths, patches, strides))
        self.block = nn.ModuleList(
            Layers(Layer(width, count, reduction, int(width * ratio)) for _ in range(depth))
            for width, depth, count, reduction, ratio in zip(widths, depths, heads, reductions, ratios, strict=True)
        )
        self.layer_norm = nn.ModuleList(map(nn.LayerNorm, widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for embed, layers, norm in zip(self.patch_embeddings, self.block, self.layer_norm, strict=True):
            x = embed(x)
            size, x = x.shape[2:], _list(x)
            x = _map(norm(layers(x, size)), size)
            maps.append(x)
        return maps


class Projection(nn.Module):
    def __init__(self, inplanes: int, width: int):
        super().__init__()
        self.proj = nn.Linear(inplanes, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class DecodeHead(nn.Module):
    """Four maps -> logits (B, classes, H / 4, W / 4)."""

    def __init__(self, widths: Sequence[int], width: int, classes: int):
        super().__init__()
        self.linear_c = nn.ModuleList(Projection(inplanes, width) for inplanes in widths)
        self.linear_fuse = nn.Conv2d(width * len(widths), width, 1, bias=False)
        self.batch_norm = nn.BatchNorm2d(width)
        self.classifier = nn.Conv2d(width, classes, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        size, merged = maps[0].shape[2:], []
        for x, linear in zip(maps, self.linear_c, strict=True):
            x = _map(linear(_list(x)), x.shape[2:])
            merged.append(F.interpolate(x, size, mode="bilinear", align_corners=False))
        return self.classifier(F.relu(self.batch_norm(self.linear_fuse(torch.cat(merged[::-1], 1)))))


class Backbone(nn.Module):
    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder


class SegFormer(nn.Module):
    """A picture to the logits of each pixel's class.

    Args:
        classes: how many there are.
        size: height and width of the pictures that the network was trained on.
        mean, std: of red, green and blue, with which it was trained.
        widths, depths, heads, reductions, patches, strides, ratios: of the encoder's stages (paper, table 6).
        decoder_width: channels of the decoder.
    """

    def __init__(
        self,
        classes: int,
        size: Sequence[int],
        mean: Sequence[float],
        std: Sequence[float],
        widths: Sequence[int],
        depths: Sequence[int],
        heads: Sequence[int],
        reductions: Sequence[int],
        patches: Sequence[int],
        strides: Sequence[int],
        ratios: Sequence[float],
        decoder_width: int,
    ):
        super().__init__()
        self.size, self.mean, self.std = tuple(size), mean, std
        self.segformer = Backbone(Encoder(widths, depths, heads, reductions, patches, strides, ratios))
        self.decode_head = DecodeHead(widths, decoder_width, classes)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> logits (B, classes, H, W)."""
        height, width = picture.shape[2:]
        mean, std = (picture.new_tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        x = F.interpolate(picture, self.size, mode="bilinear", align_corners=False, antialias=True)
        logits = self.decode_head(self.segformer.encoder((x - mean) / std))
        return F.interpolate(logits, (height, width), mode="bilinear", align_corners=False)


def _list(x: Tensor) -> Tensor:
    """A map (B, C, H, W) as the list of its places (B, H * W, C)."""
    return x.flatten(2).transpose(1, 2)


def _map(x: Tensor, size: Sequence[int]) -> Tensor:
    """The inverse of `_list`."""
    return x.transpose(1, 2).unflatten(2, tuple(size))
