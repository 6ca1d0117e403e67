"""A first guess of an edit: from the latent of a photograph and a sentence to a step of the latent.

The mapper of StyleCLIP (arXiv 2103.17249, section 5), with one network for all rows and for all sentences, which
changes what every layer does as FiLM does (arXiv 1709.07871).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Layer(nn.Module):
    """A residual layer whose inside is scaled and shifted by a condition."""

    def __init__(self, hidden: int):
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.inner = nn.Linear(hidden, hidden)
        self.condition = nn.Linear(hidden, 2 * hidden)
        self.outer = nn.Linear(hidden, hidden)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x (B, R, hidden), condition (B, hidden) -> (B, R, hidden)."""
        scale, shift = self.condition(condition)[:, None].chunk(2, 2)  # (B, 1, hidden)
        return x + self.outer(F.silu(self.inner(self.norm(x)) * (1 + scale) + shift))


class Guess(nn.Module):
    """From W+ and the features of a text to a step of W+.

    A row sees itself, the mean of all rows, which one it is, and the text.

    Args:
        num_ws: rows of W+.
        w_dim: width of a row.
        embed_dim: width of text features.
        hidden: width of a row inside.
        depth: layers.
    """

    centre: Tensor
    scale: Tensor
    reach: Tensor

    def __init__(self, num_ws: int, w_dim: int, embed_dim: int, hidden: int = 256, depth: int = 2):
        super().__init__()
        self.num_ws, self.w_dim, self.embed_dim = num_ws, w_dim, embed_dim
        self.own = nn.Linear(w_dim, hidden)
        self.main = nn.Linear(w_dim, hidden)
        self.rows = nn.Embedding(num_ws, hidden)
        self.text = nn.Linear(embed_dim, hidden)
        self.layers = nn.ModuleList(Layer(hidden) for _ in range(depth))
        self.norm = nn.LayerNorm(hidden)
        self.step = nn.Linear(hidden, w_dim)
        self.register_buffer("centre", torch.zeros(num_ws, w_dim))  # mean of W+
        self.register_buffer("scale", torch.ones(num_ws, w_dim))  # its standard deviation
        self.register_buffer("reach", torch.ones(num_ws, 1))  # standard deviation of a row's steps

    def forward(self, ws: Tensor, text: Tensor) -> Tensor:
        """The step (B, num_ws, w_dim) of ws (B, num_ws, w_dim) towards text (B, embed_dim) of length one."""
        known = (ws - self.centre) / self.scale
        said = self.text(text * self.embed_dim**0.5)  # (B, hidden)
        main = self.main(known.mean(1))  # (B, hidden)
        x = self.own(known) + self.rows.weight + (main + said)[:, None]  # (B, num_ws, hidden)
        for layer in self.layers:
            x = layer(x, main + said)
        return self.step(self.norm(x)) * self.reach
