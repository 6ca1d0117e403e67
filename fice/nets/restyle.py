"""The encoder: a picture, beside what the generator draws so far, to a correction of W+.

The passes are those of ReStyle (arXiv 2104.02699); a main correction for all rows and an offset for each are those
of e4e (arXiv 2102.02766).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fice.nets.parser import Residual, Unit


class ReStyle(nn.Module):
    """One pass of the encoder; it looks at half the canvas, since what is finer does not change W+.

    Args:
        canvas: (H, W) of the generator's pictures; both divisible by 64.
        num_ws: rows of W+.
        w_dim: width of a row.
        passes: how often a latent is corrected, beginning with `w_avg` in all rows.
        widths: channels at strides 2, 4, 8, 16, 32 of half the canvas.
        hidden: width of the descriptions that the rows share.
    """

    w_avg: Tensor

    def __init__(
        self,
        canvas: tuple[int, int],
        num_ws: int,
        w_dim: int,
        passes: int = 3,
        widths: tuple[int, ...] = (32, 64, 128, 192, 256),
        hidden: int = 512,
    ):
        super().__init__()
        self.seen = (canvas[0] // 2, canvas[1] // 2)
        self.num_ws, self.w_dim, self.passes = num_ws, w_dim, passes
        self.stem = Unit(6, widths[0], 3, 2)
        self.stages = nn.ModuleList(Residual(a, b, 2) for a, b in zip(widths, widths[1:], strict=False))
        cells = (self.seen[0] // 32) * (self.seen[1] // 32)
        self.squeeze = nn.Conv2d(widths[-2], 32, 1)
        self.describe = nn.Sequential(nn.Linear(widths[-1] * cells, hidden), nn.LeakyReLU(0.2))
        self.refine = nn.Sequential(
            nn.Linear(hidden + widths[1] + widths[2] + 32 * 4 * cells, hidden), nn.LeakyReLU(0.2)
        )
        self.main = nn.Linear(hidden, w_dim)
        self.offset = nn.Linear(hidden, num_ws * w_dim)
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, picture: Tensor, drawn: Tensor, offsets: Tensor | bool = True) -> Tensor:
        """The correction of W+ (B, num_ws, w_dim).

        picture: (B, 3, h, w) float in [0, 1], of the size `seen`. drawn: the same of what W+ gives so far.
        offsets: whether rows may differ, one answer or one for each picture (B,) bool.
        """
        x = self.stem(torch.cat([picture * 2 - 1, drawn * 2 - 1], 1))  # (B, 32, h/2, w/2)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        shared = self.describe(x.flatten(1))  # (B, hidden)
        w = self.main(shared)[:, None].expand(-1, self.num_ws, -1)  # (B, num_ws, w_dim)
        if offsets is False:
            return w
        near = self.squeeze(maps[2]).flatten(1)  # (B, 32 * h/16 * w/16)
        fine = self.refine(torch.cat([shared, maps[0].mean((2, 3)), maps[1].mean((2, 3)), near], 1))
        offset = self.offset(fine).unflatten(1, (self.num_ws, self.w_dim))
        return w + (offset if offsets is True else offset * offsets[:, None, None])
