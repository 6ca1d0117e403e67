"""Pictures as the edit's semantic term will see them: cut out, small, soft, noisy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fice.subject.views import garment_views
from fice.training.data.captions import Appearance
from fice.training.data.outfits import Sample, Wardrobe

SIZE = 128  # pixels a side
See = Callable[[Tensor, np.random.Generator], Sequence[Tensor]]


def degrade(views: Tensor, rng: np.random.Generator) -> Tensor:
    """What a generator in the middle of an edit may show: soft, dim, noisy, blotchy; half of it mirrored.

    views: (B, 3, s, s) in [0, 1]; the same comes back.
    """
    result = []
    for view in views[:, None]:
        if rng.random() < 0.5:
            view = view.flip(3)
        if rng.random() < 0.5:
            small = F.interpolate(view, int(rng.integers(30, 90)), mode="area")
            view = F.interpolate(small, views.shape[2:], mode="bilinear", align_corners=False)
        view = view * torch.as_tensor(rng.uniform(0.92, 1.04) + rng.normal(0, 0.012, (1, 3, 1, 1)), dtype=view.dtype)
        if rng.random() < 0.3:
            view = view + rng.uniform(0, 0.1) * torch.as_tensor(rng.standard_normal(view.shape, np.float32))
        if rng.random() < 0.2:
            blobs = torch.as_tensor(rng.standard_normal((1, 3, *rng.integers(3, 12, 2)), np.float32))
            view = view + rng.uniform(0, 0.1) * F.interpolate(blobs, views.shape[2:], mode="bicubic")
        result.append(view)
    return torch.cat(result).clamp(0, 1)


def disturb(views: Tensor, rng: np.random.Generator) -> Tensor:
    """Another augmentation than `degrade`: turned, enlarged, partly covered, blurred; half of it mirrored.

    views: (B, 3, s, s) in [0, 1]; the same comes back.
    """
    batch, size = len(views), views.shape[2]
    angle, scale = rng.normal(0, 0.12, batch), rng.uniform(0.8, 1.25, batch)
    flip = rng.choice([-1.0, 1.0], batch)
    rows = [
        [scale * flip * np.cos(angle), -scale * np.sin(angle), rng.normal(0, 0.06, batch)],
        [scale * flip * np.sin(angle), scale * np.cos(angle), rng.normal(0, 0.06, batch)],
    ]
    turn = torch.from_numpy(np.array(rows, np.float32)).permute(2, 0, 1)  # (B, 2, 3)
    grid = F.affine_grid(turn, list(views.shape), align_corners=False)
    views = 1 - F.grid_sample(1 - views, grid, mode="bilinear", align_corners=False)
    for row in np.flatnonzero(rng.random(batch) < 0.3):
        y, x, h, w = (int(v) for v in (*rng.integers(0, size * 3 // 4, 2), *rng.integers(size // 8, size // 3, 2)))
        views[row, :, y : y + h, x : x + w] = 1
    blurred = torch.from_numpy(rng.random(batch) < 0.4)
    views[blurred] = F.avg_pool2d(views[blurred], 3, 1, 1, count_include_pad=False)
    return views.clamp(0, 1)


def look_at(samples: Sequence[Sample], rng: np.random.Generator | None = None, height: int = 256) -> Tensor:
    """Samples as the edit sees them: (B, 3, SIZE, SIZE) in [0, 1]; moved a little at random where rng is given.

    height: of the canvas the pictures are brought to first.
    """
    pictures = torch.from_numpy(np.stack([s.picture for s in samples])).permute(0, 3, 1, 2).float() / 255
    masks = torch.from_numpy(np.stack([s.mask for s in samples]))[:, None].float()
    if height != pictures.shape[2]:
        size = (height, height * pictures.shape[3] // pictures.shape[2])
        pictures, masks = F.interpolate(pictures, size, mode="area"), F.interpolate(masks, size, mode="area")
    if rng is None:
        return garment_views(pictures, masks, SIZE)[:, 0]
    if rng.random() < 0.6:  # at an edit the mask is a network's: soft, often too wide, sometimes too narrow
        width = int(rng.choice([3, 5, 7]))
        wide, narrow = F.max_pool2d(masks, width, 1, width // 2), -F.max_pool2d(-masks, 3, 1, 1)
        kind = torch.from_numpy(rng.integers(0, 3, (len(samples), 1, 1, 1)))
        masks = torch.where(kind == 0, masks, torch.where(kind == 1, wide, narrow))
        masks = F.avg_pool2d(masks, 3, 1, 1)
    generators = [torch.Generator().manual_seed(int(rng.integers(2**62))) for _ in samples]
    return garment_views(pictures, masks, SIZE, generators, 2, jitter=0.13)[:, 1]


class Pool:
    """Samples as they were seen, each a few times: rendering and seeing one costs more than learning from it.

    Args:
        wardrobe: where samples come from.
        see: views (B, 3, SIZE, SIZE) in [0, 1] and random numbers -> what a network learns from, tensors (B, ...).
        size: how many are kept; the oldest goes first.
        reuse: how often each is seen, about.
    """

    def __init__(self, wardrobe: Wardrobe, see: See, size: int = 4000, reuse: int = 3):
        self.wardrobe, self.see, self.reuse = wardrobe, see, reuse
        self.kept: deque[tuple[list[Appearance], tuple[Tensor, ...]]] = deque(maxlen=size)

    def draw(self, batch: int, rng: np.random.Generator) -> tuple[list[list[Appearance]], list[Tensor]]:
        """The looks of `batch` samples and what was seen of them."""
        fresh = [self.wardrobe.draw(rng) for _ in range(max(batch // self.reuse, batch - len(self.kept)))]
        seen = zip(*self.see(look_at(fresh, rng), rng), strict=True)
        self.kept.extend(zip([sample.looks for sample in fresh], seen, strict=True))
        chosen = [self.kept[k] for k in rng.choice(len(self.kept), batch, replace=False)]
        return [looks for looks, _ in chosen], [torch.stack(each) for each in zip(*(s for _, s in chosen), strict=True)]
