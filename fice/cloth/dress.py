"""Re-dressing: the photographed garment itself in another cloth, at the photo's own resolution.

What is photographed is cloth times light (E. Land, J. McCann, JOSA 1971). The light, with folds, seams and buttons,
stays; the cloth becomes what the sentence names, in the light that the scene has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fice.cloth.drape import drape
from fice.cloth.materials import show
from fice.cloth.patterns import paint
from fice.cloth.shading import contrast, light_on
from fice.plan import Piece
from fice.srgb import LUMINANCE, to_gamma, to_linear
from fice.subject.frame import Window
from fice.subject.subject import Subject

PURE = 0.9  # share of the garment in a pixel from which it shows the cloth alone
BRIGHTEST, DIMMED = 0.95, 0.88  # linear light of all but a tenth of new cloth: white has folds; what it may cost
KNEE = 0.75  # linear light from which highlights are compressed, as film does
SAMPLE = 100_000  # pixels of which a median is taken


@dataclass(frozen=True)
class Cloth:
    """What a garment shall be made of.

    Attributes:
        base: linear reflectance of most of it, (3,); None where the design has colours of its own.
        second, third: of what is drawn upon it; None for such as go with the base.
        design: one of `fice.cloth.patterns.PAINTERS`.
        material: one of `fice.cloth.materials.MATERIALS`, or None for what does not show.
    """

    base: np.ndarray | None
    second: np.ndarray | None = None
    third: np.ndarray | None = None
    design: str = "solid"
    material: str | None = None


@dataclass(frozen=True)
class Dressing:
    """New cloth for one garment of a subject.

    Attributes:
        subject, piece: whose garment, and what it shall be.
        cloth: of what.
        legs: the garment goes around each leg.
        under: linear reflectance of what see-through cloth shows, (3,).
        seed: of what is random in it.
    """

    subject: Subject
    piece: Piece
    cloth: Cloth
    legs: bool
    under: np.ndarray
    seed: int

    def draw(self, front: Tensor, matte: Tensor, window: Window) -> Tensor:
        """The garment in its new cloth, (1, 3, h, w) sRGB in [0, 1].

        front: the garment's own colours in a window of the photo, (1, 3, h, w); matte: where it is, (1, 1, h, w).
        """
        subject = self.subject
        light = light_on(front, matte, subject.frame.box[2] - subject.frame.box[0])[0, 0]
        inside = matte[0, 0] > PURE
        inside = inside if inside.any() else matte[0, 0] > 0
        old = float(_median(front, inside) @ LUMINANCE)
        cloth, shown = self._cloth(light.cpu().numpy(), window, old)
        new = torch.from_numpy(cloth).to(front) * subject.exposure
        bright = float(new[inside].amax(1)[:: 1 + int(inside.sum()) // SAMPLE].quantile(0.9)) if inside.any() else 0.0
        if shown > BRIGHTEST / 2:  # of darker cloth highlights are few
            new = new * min(1.0, max(DIMMED, BRIGHTEST / max(bright, 1e-6)))
        return to_gamma(_film(new)).permute(2, 0, 1)[None]

    def _cloth(self, light: np.ndarray, window: Window, old: float) -> tuple[np.ndarray, float]:
        """The cloth under its light, (h, w, 3) linear by day, and the brightest channel of its base."""
        cloth, subject = self.cloth, self.subject
        if cloth.design == "solid" and cloth.material is None and cloth.base is not None:
            power = contrast(old, float(cloth.base @ LUMINANCE) * subject.exposure)
            return cloth.base.astype(np.float32) * np.exp(light * power)[..., None], float(cloth.base.max())
        on = drape(self.piece.wide[0, 0].cpu().numpy(), subject.frame, subject.points, self.legs, light, window)
        rng = np.random.default_rng(self.seed)
        colours = cloth.base, cloth.second, cloth.third
        painted = paint(cloth.design, on.u, on.v, *colours, rng, pixel=on.pixel)
        usual = painted.reshape(-1, 3)[:: 1 + light.size // SAMPLE].mean(0)
        light = light * contrast(old, float(usual @ LUMINANCE) * subject.exposure)
        lit, opacity = show(painted, light, on.u, on.v, on.pixel, cloth.material, rng)
        if (opacity < 1).any():
            below = self.under.astype(np.float32) * np.exp(light)[..., None]
            lit = below + opacity[..., None] * (lit - below)
        return lit, float(usual.max())


def own_cloth(subject: Subject, where: Tensor) -> np.ndarray:
    """Linear reflectance of what is seen `where` (1, 1, h, w) is high on the analysis canvas, by day, (3,)."""
    view = subject.frame.to_canvas(torch.from_numpy(subject.photo.seen()).permute(2, 0, 1)[None].to(where))
    inside = where > min(PURE, float(where.max()) * PURE)
    return (_median(view, inside[0, 0]) / subject.exposure).clip(0, 1)


def _film(light: Tensor) -> Tensor:
    """Linear light that no picture can hold, compressed above KNEE."""
    over = (light - KNEE).clamp(min=0) / (1 - KNEE)
    return light.clamp(0, KNEE) + (1 - KNEE) * over.tanh()


def _median(picture: Tensor, inside: Tensor) -> np.ndarray:
    """The median of sRGB (1, 3, h, w) where `inside` (h, w) is True, linear, (3,); 0 where it is nowhere."""
    shown = picture[0, :, inside][:, :: 1 + int(inside.sum()) // SAMPLE]
    return to_linear(shown).median(1).values.cpu().numpy() if shown.numel() else np.zeros(3, np.float32)
