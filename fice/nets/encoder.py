"""The encoder: a picture to W+, a main w for all rows and an offset for each (e4e's idea, arXiv 2102.02766)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fice.nets.parser import Residual, Unit


class Encoder(nn.Module):
    """W+ of a picture on the generator's canvas.

    Args:
        canvas: (H, W) of the pictures; both divisible by 32.
        num_ws: rows of W+.
        w_dim: width of a row.
        widths: channels at strides 2, 4, 8, 16, 32.
        hidden: width of the description that all rows share.
    """

    def __init__(
        self,
        canvas: tuple[int, int],
        num_ws: int,
        w_dim: int,
        widths: tuple[int, ...] = (32, 64, 128, 192, 256),
        hidden: int = 512,
    ):
        super().__init__()
        self.num_ws, self.w_dim = num_ws, w_dim
        self.stem = Unit(3, widths[0], 3, 2)
        self.stages = nn.ModuleList(Residual(a, b, 2) for a, b in zip(widths, widths[1:], strict=False))
        cells = (canvas[0] // 32) * (canvas[1] // 32)
        self.describe = nn.Sequential(nn.Linear(widths[-1] * cells, hidden), nn.LeakyReLU(0.2))
        self.main = nn.Linear(hidden, w_dim)
        self.offset = nn.Linear(hidden + widths[1] + widths[2], num_ws * w_dim)
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, picture: Tensor, offsets: bool = True) -> Tensor:
        """picture: (B, 3, H, W) float in [0, 1]. Returns W+ (B, num_ws, w_dim); all rows equal without offsets."""
        x = self.stem(picture * 2 - 1)  # (B, 32, H/2, W/2)
        pooled = []
        for stage in self.stages:
            x = stage(x)
            pooled.append(x.mean((2, 3)))
        shared = self.describe(x.flatten(1))  # (B, hidden)
        w = (self.w_avg + self.main(shared))[:, None].expand(-1, self.num_ws, -1)  # (B, num_ws, w_dim)
        if not offsets:
            return w
        colour = torch.cat([shared, *pooled[:2]], 1)
        return w + self.offset(colour).unflatten(1, (self.num_ws, self.w_dim))
