"""CLIP (Radford et al., arXiv 2103.00020) in plain torch, with the official names: ModifiedResNet or ViT, and text."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fice.nets.initial import normal

HEAD_WIDTH = 64  # of both picture networks


class QuickGELU(nn.Module):
    """The cheap approximation of GELU that CLIP was trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class Attention(nn.Module):
    """Multi-head self-attention: (B, L, width) -> (B, L, width)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        x = F.linear(x, self.in_proj_weight, self.in_proj_bias)  # (B, L, 3 * width)
        query, key, value = x.unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, L, each)
        x = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out_proj(x.transpose(1, 2).flatten(2))


class ResidualAttentionBlock(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool):
        super().__init__()
        self.causal = causal
        self.attn = Attention(width, heads)
        self.ln_1 = nn.LayerNorm(width)
        parts = [("c_fc", nn.Linear(width, width * 4)), ("gelu", QuickGELU()), ("c_proj", nn.Linear(width * 4, width))]
        self.mlp = nn.Sequential(OrderedDict(parts))
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x), self.causal)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    """(B, L, width) -> (B, L, width); `causal`: a token sees only those before it."""

    def __init__(self, width: int, layers: int, heads: int, causal: bool = False):
        super().__init__()
        blocks = [ResidualAttentionBlock(width, heads, causal) for _ in range(layers)]
        self.resblocks = nn.Sequential(*blocks)
        residual = width**-0.5 * (2 * layers) ** -0.5  # the sum over all layers keeps its size
        for block in blocks:
            nn.init.normal_(block.attn.in_proj_weight, std=width**-0.5)
            nn.init.normal_(block.attn.out_proj.weight, std=residual)
            nn.init.normal_(block.get_parameter("mlp.c_fc.weight"), std=(2 * width) ** -0.5)
            nn.init.normal_(block.get_parameter("mlp.c_proj.weight"), std=residual)

    def forward(self, x: Tensor) -> Tensor:
        return self.resblocks(x)


class VisionTransformer(nn.Module):
    """(B, 3, S, S) -> (B, output_dim), read at a class token."""

    def __init__(self, input_resolution: int, patch_size: int, width: int, layers: int, heads: int, output_dim: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch_size, stride=patch_size, bias=False)
        scale = width**-0.5
        self.class_embedding = nn.Parameter(normal(width, std=scale))
        self.positional_embedding = nn.Parameter(normal((input_resolution // patch_size) ** 2 + 1, width, std=scale))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, heads)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(normal(width, output_dim, std=scale))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x).flatten(2).transpose(1, 2)  # (B, patches, width)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], dim=1) + self.positional_embedding
        x = self.transformer(self.ln_pre(x))
        return self.ln_post(x[:, 0]) @ self.proj


class Bottleneck(nn.Module):
    """A residual block that shrinks by averaging, never by striding, and so does not alias."""

    def __init__(self, inplanes: int, planes: int, stride: int = 1):
        super().__init__()
        out = planes * 4
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shrink = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        nn.init.zeros_(self.bn3.weight)  # a fresh block passes its input on
        self.downsample = None
        if stride > 1 or inplanes != out:
            parts = [("-1", nn.AvgPool2d(stride)), ("0", nn.Conv2d(inplanes, out, 1, bias=False))]
            self.downsample = nn.Sequential(OrderedDict([*parts, ("1", nn.BatchNorm2d(out))]))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(self.shrink(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class AttentionPool2d(nn.Module):
    """(B, C, side, side) -> (B, output_dim): the mean asks, all places and the mean answer."""

    def __init__(self, side: int, channels: int, heads: int, output_dim: int):
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(normal(side**2 + 1, channels, std=channels**-0.5))
        self.k_proj = nn.Linear(channels, channels)
        self.q_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.c_proj = nn.Linear(channels, output_dim)
        for layer in (self.k_proj, self.q_proj, self.v_proj, self.c_proj):
            nn.init.normal_(layer.weight, std=channels**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)  # (B, places, C)
        x = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + self.positional_embedding
        query, key, value = self.q_proj(x[:, :1]), self.k_proj(x), self.v_proj(x)
        query, key, value = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in (query, key, value))
        x = F.scaled_dot_product_attention(query, key, value)  # (B, heads, 1, C / heads)
        return self.c_proj(x.flatten(1))


class ModifiedResNet(nn.Module):
    """(B, 3, S, S) -> (B, output_dim): a ResNet with three stem convolutions, average pools and attention pooling."""

    def __init__(self, layers: Sequence[int], output_dim: int, heads: int, input_resolution: int, width: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        inplanes = width
        for index, count in enumerate(layers):
            planes = width << index
            blocks = [Bottleneck(inplanes, planes, stride=1 if index == 0 else 2)]
            inplanes = planes * 4
            blocks += [Bottleneck(inplanes, planes) for _ in range(count - 1)]
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
        self.attnpool = AttentionPool2d(input_resolution // 32, inplanes, heads, output_dim)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))  # (B, width / 2, S / 2, S / 2)
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.relu(self.bn3(self.conv3(x)))
        x = F.avg_pool2d(x, 2)  # (B, width, S / 4, S / 4)
        for index in range(1, 5):
            x = self.get_submodule(f"layer{index}")(x)
        return self.attnpool(x)  # of (B, 32 * width, S / 32, S / 32)


class Towers(nn.Module):
    """A picture network and a text transformer that meet in one space.

    Args:
        visual: (B, 3, S, S) -> (B, D).
        words: token ids (B, L) int64 -> (B, L, width).
        embed_dim: length D of the vectors.
        image_resolution: side S of the square pictures.
        context_length: tokens of the longest text.
        width, heads, layers: of the text transformer.
    """

    def __init__(
        self,
        visual: nn.Module,
        words: nn.Module,
        embed_dim: int,
        image_resolution: int,
        context_length: int,
        width: int,
        heads: int,
        layers: int,
    ):
        super().__init__()
        self.image_resolution, self.context_length = image_resolution, context_length
        self.visual = visual
        self.transformer = Transformer(width, layers, heads, causal=True)
        self.token_embedding = words
        self.positional_embedding = nn.Parameter(normal(context_length, width, std=0.01))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(normal(width, embed_dim, std=width**-0.5))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def encode_image(self, pictures: Tensor) -> Tensor:
        """(B, 3, S, S) RGB, normalised as the picture network wants it -> (B, D), of any length.

        Raises ValueError for another size.
        """
        if pictures.shape[1:] != (3, self.image_resolution, self.image_resolution):
            side = self.image_resolution
            raise ValueError(f"pictures must be (B, 3, {side}, {side}), not {tuple(pictures.shape)}")
        return self.visual(pictures)

    def encode_text(self, ids: Tensor) -> Tensor:
        """(B, L) int64, L up to context_length -> (B, D), of any length; read at the end token, the highest id.

        What follows the end token has no influence. Raises ValueError for a longer text.
        """
        if ids.shape[1] > self.context_length:
            raise ValueError(f"texts may have {self.context_length} tokens, not {ids.shape[1]}")
        x = self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]]  # (B, L, width)
        x = self.ln_final(self.transformer(x))
        return x[torch.arange(len(x), device=x.device), ids.argmax(dim=1)] @ self.text_projection

    def forward(self, pictures: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines times exp(logit_scale): (pictures, texts) and (texts, pictures)."""
        pictures = F.normalize(self.encode_image(pictures), dim=1)
        texts = F.normalize(self.encode_text(ids), dim=1)
        logits = self.logit_scale.exp() * pictures @ texts.t()
        return logits, logits.t()


class CLIP(Towers):
    """Pictures and texts to vectors of one space, with the official constructor arguments and state-dict names.

    Args:
        embed_dim: length D of the vectors.
        image_resolution: side S of the square pictures; a multiple of 32 for a ResNet, of the patch for a ViT.
        vision_layers: four counts make a ModifiedResNet, one number a ViT.
        vision_width: channels; the ResNet attends with vision_width * 32 // 64 heads, the ViT with width // 64.
        vision_patch_size: side of a ViT's patches, unused by a ResNet.
        context_length, vocab_size: the longest text, and how many token ids there are.
        transformer_width, transformer_heads, transformer_layers: the text network.
    """

    def __init__(
        self,
        embed_dim: int,
        image_resolution: int,
        vision_layers: int | Sequence[int],
        vision_width: int,
        vision_patch_size: int | None,
        context_length: int,
        vocab_size: int,
        transformer_width: int,
        transformer_heads: int,
        transformer_layers: int,
    ):
        visual: VisionTransformer | ModifiedResNet
        if isinstance(vision_layers, int):
            if vision_patch_size is None:
                raise ValueError("a ViT needs the side of its patches")
            visual = VisionTransformer(
                image_resolution, vision_patch_size, vision_width, vision_layers, vision_width // HEAD_WIDTH, embed_dim
            )
        else:
            visual = ModifiedResNet(
                vision_layers, embed_dim, vision_width * 32 // HEAD_WIDTH, image_resolution, vision_width
            )
        words = nn.Embedding(vocab_size, transformer_width)
        shape = (embed_dim, image_resolution, context_length)
        super().__init__(visual, words, *shape, transformer_width, transformer_heads, transformer_layers)
        nn.init.normal_(words.weight, std=0.02)
