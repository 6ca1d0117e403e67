"""Re-dressing: the photographed garment itself in another cloth, at the photo's own resolution.

What is photographed is cloth times light (E. Land, J. McCann, JOSA 1971). The light, with folds, seams and buttons,
stays; the cloth becomes what the sentence names, in the light that the scene has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fice.cloth.shading import contrast, light_on
from fice.language.words import Sentence
from fice.plan import Piece
from fice.srgb import LUMINANCE, to_gamma, to_linear
from fice.subject.frame import Window
from fice.subject.subject import Subject

PURE = 0.9  # share of the garment in a pixel from which it shows the cloth alone
BRIGHTEST, DIMMED = 0.95, 0.88  # linear light of all but a tenth of new cloth: white has folds; what it may cost
KNEE = 0.75  # linear light from which highlights are compressed, as film does
STRIP = 1 << 20  # pixels that are drawn at a time


@dataclass(frozen=True)
class Dressing:
    """New cloth for one garment of a subject.

    Attributes:
        subject, piece: whose garment, and what it shall be.
        base: linear reflectance of the cloth, (3,).
        seed: of what is random in it.
    """

    subject: Subject
    piece: Piece
    base: np.ndarray
    seed: int

    def draw(self, front: Tensor, matte: Tensor, window: Window) -> Tensor:
        """The garment in its new cloth, (1, 3, h, w) sRGB in [0, 1].

        front: the garment's own colours in a window of the photo, (1, 3, h, w); matte: where it is, (1, 1, h, w).
        """
        height = self.subject.frame.box[2] - self.subject.frame.box[0]
        light = light_on(front, matte, height)
        inside = matte > PURE
        inside = inside if inside.any() else matte > 0
        base = torch.from_numpy(self.base).to(front).view(1, 3, 1, 1) * self.subject.exposure
        old = _luminance(front, inside)
        light = light * contrast(old, float(self.base @ LUMINANCE) * self.subject.exposure)
        brightest = float(light[inside].float().quantile(0.9).exp() * base.max()) if inside.any() else 0.0
        base = base * min(1.0, max(DIMMED, BRIGHTEST / max(brightest, 1e-6)))
        rows = max(1, STRIP // light.shape[3])
        strips = [to_gamma(_film(base * part.exp())) for part in light.split(rows, 2)]
        return torch.cat(strips, 2)


def own_cloth(subject: Subject, piece: Piece) -> np.ndarray:
    """Linear reflectance of the cloth that a garment is made of, (3,): the median, in the light of day."""
    inside = piece.before > PURE
    inside = inside if inside.any() else piece.before >= piece.before.max()
    shown = to_linear(subject.source)[inside.expand(-1, 3, -1, -1)].view(3, -1)
    return (shown.median(1).values / subject.exposure).clamp(0, 1).cpu().numpy()


def _film(light: Tensor) -> Tensor:
    """Linear light that no picture can hold, compressed above KNEE."""
    over = (light - KNEE).clamp(min=0) / (1 - KNEE)
    return torch.minimum(light, torch.tensor(KNEE).to(light)) + (1 - KNEE) * over.tanh()


def _luminance(picture: Tensor, inside: Tensor) -> float:
    shown = to_linear(picture[inside.expand(-1, 3, -1, -1)].view(3, -1)[:, :: max(1, int(inside.sum()) // 100_000)])
    return float(shown.median(1).values.cpu().numpy() @ LUMINANCE)
