"""The encoder: a picture, beside what the generator draws so far, to a correction of W+.

The passes are those of ReStyle (arXiv 2104.02699); a main correction for all rows and an offset for each are those
of e4e (arXiv 2102.02766). Where it descends, it is also told the slope of what is wrong so far, and has learnt how far
to go down (arXiv 1606.04474).
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
        descends: whether a correction follows the slope as well.
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
        descends: bool = False,
    ):
        super().__init__()
        self.seen = (canvas[0] // 2, canvas[1] // 2)
        self.num_ws, self.w_dim, self.passes, self.follows_gradient = num_ws, w_dim, passes, descends
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
        if descends:
            self.descend = GradientStep(num_ws, w_dim, hidden)

    def forward(
        self, picture: Tensor, drawn: Tensor, offsets: Tensor | bool = True, slope: Tensor | None = None
    ) -> Tensor:
        """The correction of W+ (B, num_ws, w_dim).

        picture: (B, 3, h, w) float in [0, 1], of the size `seen`. drawn: the same of what W+ gives so far.
        offsets: whether rows may differ, one answer or one for each picture (B,) bool.
        slope: (B, num_ws, w_dim), the gradient by W+ of what is wrong so far, for an encoder that descends.
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
        known, activate = self.refine
        fine = known(torch.cat([shared, maps[0].mean((2, 3)), maps[1].mean((2, 3)), near], 1))
        stride: Tensor | float = 0.0
        if slope is not None:
            told, stride = self.descend(slope, shared)
            fine = fine + told
        offset = self.offset(activate(fine)).unflatten(1, (self.num_ws, self.w_dim)) + stride
        return w + (offset if offsets is True else offset * offsets[:, None, None])


class GradientStep(nn.Module):
    """What a slope adds to a correction: something known to all rows, and a stride down in each.

    Args:
        num_ws, w_dim, hidden: as of `ReStyle`.
        width: of what is known of each row's slope.
    """

    def __init__(self, num_ws: int, w_dim: int, hidden: int, width: int = 32):
        super().__init__()
        self.narrow = nn.Linear(w_dim, width)
        self.tell = nn.Linear(width * num_ws, hidden, bias=False)
        self.stride = nn.Parameter(torch.full((num_ws, w_dim), -0.05))
        self.lengthen = nn.Linear(hidden + num_ws, num_ws)
        for fresh in (self.tell, self.lengthen):
            nn.init.zeros_(fresh.weight)
        nn.init.zeros_(self.lengthen.bias)

    def forward(self, slope: Tensor, shared: Tensor) -> tuple[Tensor, Tensor]:
        """slope: (B, num_ws, w_dim). shared: (B, hidden). Returns (B, hidden) and (B, num_ws, w_dim)."""
        size = slope.square().mean(2, keepdim=True).sqrt() + 1e-8  # (B, num_ws, 1)
        unit = slope / size
        unit = unit / (0.5 + unit.abs())  # nearly its sign, as Adam would have it
        length = self.lengthen(torch.cat([shared, size[:, :, 0].log() / 4 + 1], 1)).exp()  # (B, num_ws)
        return self.tell(self.narrow(unit).flatten(1)), unit * self.stride * length[:, :, None]
