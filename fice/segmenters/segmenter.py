"""What every segmenter does: words and a picture in, a mask or nothing out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fice.segmenters.phrase import Phrase

NEARLY_ALL = 0.9  # share of the person from which a box is the person and no part of what they wear


@dataclass(frozen=True)
class Found:
    """What words were found to be.

    Attributes:
        mask: (1, 1, H, W) float in [0, 1], of the picture's size; its border lies at one half.
        score: how sure the network is, in [0, 1]; not comparable between networks.
        matched: what of the words it answered to, or the labels that they chose.
    """

    mask: Tensor
    score: float
    matched: str


class Segmenter(ABC):
    """Finds what words name in pictures."""

    @torch.no_grad()
    def find(self, picture: Tensor, words: str, person: Tensor | None = None) -> Found | None:
        """What one thing, such as "the sleeves", is in a picture; None where it was not found.

        Combinations are the caller's, and so are sides, which no such network tells apart: "left sleeve" finds both.

        Args:
            picture: (1, 3, H, W) float sRGB in [0, 1].
            words: a noun and at most a few words with it.
            person: (1, 1, H, W) float in [0, 1]; nothing beside them is found, and no box that holds nearly all of
                them. [the whole picture]

        Raises UsageError for words that name nothing, or nothing that the network knows.
        """
        body = torch.ones_like(picture[:, :1]) if person is None else person.to(picture)
        found = self.look(picture, Phrase.of(words), body)
        if found is None:
            return None
        mask = found.mask * body
        return replace(found, mask=mask) if (mask > 0.5).any() else None

    @abstractmethod
    def look(self, picture: Tensor, phrase: Phrase, person: Tensor) -> Found | None:
        """What a phrase is in a picture, also beside the person; arguments as of `find`."""


def are_parts(boxes: Tensor, person: Tensor) -> Tensor:
    """Which boxes do not hold nearly all of the person: (N,) bool.

    boxes: (N, 4) float x0, y0, x1, y1 as shares of the picture's width and height; person: (1, 1, H, W) in [0, 1].
    """
    inside = person[0, 0] > 0.5
    ends = []
    for lines in (inside.any(0), inside.any(1)):  # columns, rows
        at = lines.nonzero()[:, 0] if lines.any() else torch.arange(len(lines), device=lines.device)
        ends.append((float(at[0]) / len(lines), float(at[-1] + 1) / len(lines)))
    (x0, x1), (y0, y1) = ends
    low, high = boxes.new_tensor([x0, y0]), boxes.new_tensor([x1, y1])
    shared = (torch.minimum(boxes[:, 2:], high) - torch.maximum(boxes[:, :2], low)).clamp(min=0)
    return shared.prod(1) < NEARLY_ALL * (high - low).prod()
