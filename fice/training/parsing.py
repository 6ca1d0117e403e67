"""The recipe of the pixel-labelling networks: random views of labelled photographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Generic, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from fice.device import half
from fice.nets.pyramid import Pyramid
from fice.training import recipe
from fice.training.data.augment import jittered
from fice.training.recipe import Average, Run, cosine, lay_out, set_rate

Net = TypeVar("Net", bound=nn.Module)
Batch = tuple[Tensor, Tensor, Tensor]
Losses = Callable[[Tensor, Tensor, Tensor], dict[str, Tensor]]
Redress = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
UNKNOWN = 255  # a label that neither teaches nor judges
OVERLAP = 0.5  # weight of the loss that asks for overlap, beside the cross entropy
VIEWS = (  # (height, width), range of the person's height in the view, share of the steps
    ((384, 192), (0.80, 1.15), 0.15),
    ((256, 128), (0.80, 1.15), 0.40),
    ((192, 96), (0.80, 1.15), 0.15),
    ((128, 64), (0.85, 1.05), 0.10),
    ((192, 160), (0.35, 1.00), 0.20),
)
STILL = 2  # stages of pretrained features that stay as they are: they see edges, and cost a third of a step
RATE = 2e-3
SLOW = 0.3  # of the rate, for the layers of a network that knows pictures already

TALLEST = max(size[0] for size, *_ in VIEWS)  # larger pictures a network was not trained on


class Views:
    """Draws augmented views of labelled photographs.

    Args:
        pictures: photographs, each (H, W, 3) uint8.
        labels: their labels, each (H, W) uint8.
        boxes: their people, each (y0, x0, y1, x1) in pixels.
        negatives: pictures without a person, each (H, W, 3) uint8, drawn in one view of sixteen.
        mirror: for each label, the label it becomes in a mirrored picture.
        redress: picture, labels, random numbers -> the person in other clothes, in every second view.
        points: keypoints of each photograph, (K, 3): x and y in pixels, and the chance to be seen.
        mirrored_points: for each keypoint, the one it becomes in a mirrored picture.
    """

    def __init__(
        self,
        pictures,
        labels,
        boxes,
        negatives,
        mirror: list[int],
        seed: int,
        redress: Redress | None = None,
        points: np.ndarray | None = None,
        mirrored_points: Sequence[int] = (),
    ):
        self.pictures, self.labels, self.boxes, self.redress = pictures, labels, boxes, redress
        self.negatives, self.mirror = negatives, np.array(mirror, np.uint8)
        self.points = np.zeros((len(pictures), 0, 3), np.float32) if points is None else points
        self.mirrored_points = np.array(mirrored_points, int)
        self.rng = np.random.default_rng(seed)

    def draw(self, batch: int) -> Batch:
        """Pictures (B, 3, h, w) float in [0, 1], labels (B, h, w) int64, points (B, K, 3), of one random view size."""
        size, tall, _ = VIEWS[self.rng.choice(len(VIEWS), p=[share for *_, share in VIEWS])]
        views = [self._view(size, tall) for _ in range(batch)]
        pictures, labels, points = (torch.from_numpy(np.stack(column)) for column in zip(*views, strict=True))
        shown = pictures.permute(0, 3, 1, 2).float() / 255
        return jittered(shown, self.rng, (0.75, 1.3), (0.5, 1.5), 0.12, soft=0.3), labels.long(), points

    def _view(self, size, tall) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = self.rng
        if self.negatives and rng.random() < 1 / 16:
            nobody = Image.fromarray(self.negatives[rng.integers(len(self.negatives))]).resize(size[::-1])
            return np.asarray(nobody), np.zeros(size, np.uint8), np.zeros(self.points.shape[1:], np.float32)
        index = rng.integers(len(self.pictures))
        picture, label, (y0, x0, y1, x1) = self.pictures[index], self.labels[index], self.boxes[index]
        if self.redress and rng.random() < 0.5:
            picture = self.redress(picture, label, rng)
        if rng.random() < 0.3:
            plain = rng.integers(0, 256, 3) if rng.random() < 0.3 else np.array([255, 255, 255])
            picture = np.where(label[..., None] > 0, picture, plain.astype(np.uint8))
        scale = (y1 - y0) / (rng.uniform(*tall) * size[0])  # photo pixels per view pixel
        slack_y, slack_x = size[0] * scale - (y1 - y0), size[1] * scale - (x1 - x0)
        top = y0 - slack_y * rng.uniform(0.2, 0.8)
        left = x0 - slack_x * rng.uniform(0.2, 0.8)
        if rng.random() < 0.12:  # cut off below the knees or the waist
            rest = y0 + int((y1 - y0) * rng.uniform(0.45, 0.9))
            picture, label = picture[:rest], label[:rest]
        window = (left, top, left + size[1] * scale, top + size[0] * scale)
        fill = 255 if rng.random() < 0.5 else int(rng.integers(0, 256))
        view, target = crop(picture, window, size, fill), crop(label, window, size, 0)
        points = (self.points[index] - np.array([left, top, 0], np.float32)) / np.array([scale, scale, 1], np.float32)
        inside = ((points[:, :2] >= 0) & (points[:, :2] < size[::-1])).all(1) & (self.points[index][:, 1] < len(label))
        points[~inside, 2] = 0
        if rng.random() < 0.5:
            view, target = view[:, ::-1], self.mirror[target[:, ::-1]]
            points = points * np.array([-1, 1, 1], np.float32) + np.array([size[1], 0, 0], np.float32)
            points = points[self.mirrored_points]
        return np.ascontiguousarray(view), np.ascontiguousarray(target), points


def crop(array: np.ndarray, window: tuple[float, float, float, float], size: tuple[int, int], fill: int) -> np.ndarray:
    """The window (left, top, right, bottom) of a picture (H, W, 3) or labels (H, W) uint8, resized to `size` (h, w).

    It may reach outside; there is `fill`. Labels keep their values.
    """
    left, top, right, bottom = (round(edge) for edge in window)
    image = Image.fromarray(array)
    canvas = Image.new(image.mode, (right - left, bottom - top), (fill,) * 3 if array.ndim == 3 else fill)
    canvas.paste(image, (-left, -top))
    smooth = Image.Resampling.BOX if bottom - top > size[0] else Image.Resampling.BILINEAR
    return np.asarray(canvas.resize(size[::-1], smooth if array.ndim == 3 else Image.Resampling.NEAREST))


def hold_still(network: Pyramid) -> None:
    """Leaves the finest layers of a network on pretrained features as they are."""
    for layers in (network.backbone.stem, *network.backbone.stages[:STILL]):
        layers.requires_grad_(False)


class ParserTrainer(Generic[Net]):
    """A pixel-labelling network and its average; what a network calls its backbone is taken to be pretrained.

    losses: logits (B, K, h, w), labels (B, h, w) and points (B, P, 3) -> what is added up, by name.
    """

    def __init__(self, network: Net, losses: Losses, device: str | torch.device):
        self.network, self.losses, self.device = network.to(device), losses, device
        self.average = Average(self.network)
        lay_out(self.network).train()
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
                module.eval()  # what stays as it is keeps its statistics too
        groups: dict[float, list[Tensor]] = {}
        for name, parameter in self.network.named_parameters():
            groups.setdefault(SLOW if name.startswith("backbone.") else 1.0, []).append(parameter)
        self.optimiser = torch.optim.AdamW(
            [{"params": parameters, "share": share} for share, parameters in groups.items()], lr=RATE, weight_decay=0.02
        )
        self.modules = {"network": self.network, "average": self.average.module}
        self.optimisers = {"optimiser": self.optimiser}

    def step(self, number: int, fraction: float, batch: Batch) -> dict[str, Tensor]:
        """One step with pictures (B, 3, h, w), labels and points as `Views.draw` gives them; returns the losses."""
        set_rate(self.optimiser, RATE * cosine(fraction))
        pictures, labels, points = (each.to(self.device) for each in batch)
        with half(self.device):
            logits = self.network(pictures.contiguous(memory_format=torch.channels_last))
        found = self.losses(logits.float(), labels, points)
        self.optimiser.zero_grad()
        reduce(torch.add, found.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.network, min(0.995, (number + 1) / (number + 10)))
        return found


def train(network: Net, views: Views, losses: Losses, device: str, run: Run) -> Net:
    """Trains a network as `ParserTrainer` does; returns its average, on the CPU."""
    side = ParserTrainer(network, losses, device)
    recipe.train(side, lambda _: views.draw(run.batch), run)
    return side.average.module.cpu()


def labelling_losses(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> dict[str, Tensor]:
    """What asks for the right label of each pixel, and for overlap; weights: (K,), the cost of each label."""
    loss = F.cross_entropy(logits, labels, weights, ignore_index=UNKNOWN, label_smoothing=0.02)
    return {"labels": loss, "overlap": OVERLAP * lovasz(logits[:, :, ::2, ::2].softmax(1), labels[:, ::2, ::2])}


def lovasz(probabilities: Tensor, labels: Tensor) -> Tensor:
    """The Lovasz-softmax loss (arXiv 1705.08790), a surrogate of 1 - IoU: the mean over the classes that are there.

    probabilities: (B, K, h, w); labels: (B, h, w) int64, `UNKNOWN` where nothing is known. Returns a scalar.
    """
    known = labels != UNKNOWN
    found, truth = probabilities.movedim(1, -1)[known], labels[known]  # (N, K), (N,)
    losses = []
    for index in truth.unique().tolist():
        here = (truth == index).float()
        errors, order = (here - found[:, index]).abs().sort(descending=True)
        here = here[order]
        hits, misses = here.sum() - here.cumsum(0), here.sum() + (1 - here).cumsum(0)
        jaccard = 1 - hits / misses  # of the errors so far; its increments weigh them
        losses.append(errors @ torch.diff(jaccard, prepend=jaccard.new_zeros(1)))
    return torch.stack(losses).mean()


def confusion(found: Tensor, truth: Tensor, classes: int) -> np.ndarray:
    """Counts (true, found) over label maps of one shape; pixels of unknown truth do not count."""
    known = truth != UNKNOWN
    index = truth[known].long() * classes + found[known].long()
    return torch.bincount(index, minlength=classes**2).reshape(classes, classes).numpy()


def intersection_over_union(counts: np.ndarray) -> np.ndarray:
    """IoU of each class from a confusion matrix (true, predicted)."""
    hits = np.diag(counts)
    return hits / np.maximum(counts.sum(0) + counts.sum(1) - hits, 1)
