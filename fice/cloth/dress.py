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
from fice.cloth.patterns import draw
from fice.cloth.shading import contrast, light_on
from fice.cloth.swatch import Swatch
from fice.plan import Piece
from fice.srgb import LUMINANCE, to_gamma, to_linear
from fice.subject.frame import Window
from fice.subject.subject import Subject

PURE = 0.9  # share of the garment in a pixel from which it shows the cloth alone
BRIGHTEST, DIMMED = 0.95, 0.88  # linear light of all but a tenth of new cloth: white has folds; what it may cost
KNEE = 0.75  # linear light from which highlights are compressed, as film does
SAMPLE, STRIP = 100_000, 1 << 19  # pixels of which a median is taken, and that are finished at a time


@dataclass(frozen=True)
class Cloth:
    """What a garment shall be made of.

    Attributes:
        base: linear reflectance of most of it, (3,); None where the design has colours of its own.
        second, third: of what is drawn upon it; None for such as go with the base.
        design: one of `fice.cloth.patterns.DESIGNS`.
        material: one of `fice.cloth.materials.MATERIALS`, or None for what does not show.
        swatch: the cloth itself, instead of colours and design.
    """

    base: np.ndarray | None
    second: np.ndarray | None = None
    third: np.ndarray | None = None
    design: str = "solid"
    material: str | None = None
    swatch: Swatch | None = None


@dataclass(frozen=True)
class Dressing:
    """New cloth for one garment of a subject.

    Attributes:
        subject, piece: whose garment, and what it shall be.
        cloth: of what.
        legs: the garment goes around each leg.
        under: linear reflectance of what see-through cloth shows, (3,).
        seed: of what is random in it.
        same: it is the cloth that is worn, of which only the outline changes.
    """

    subject: Subject
    piece: Piece
    cloth: Cloth
    legs: bool
    under: np.ndarray
    seed: int
    same: bool = False

    def draw(self, front: Tensor, matte: Tensor, window: Window) -> Tensor:
        """The garment in its new cloth, (1, 3, h, w) sRGB in [0, 1].

        front: the garment's own colours in a window of the photo, (1, 3, h, w); matte: where it is, (1, 1, h, w), and
            where it is not, these stay.
        """
        height = self.subject.frame.box[2] - self.subject.frame.box[0]
        return self.lit(light_on(front, matte, height), front, matte, matte, window)

    def lit(self, light: Tensor, front: Tensor, old: Tensor, new: Tensor, window: Window) -> Tensor:
        """As `draw`, under the light of which the log is (1, 1, h, w).

        old: where the garment was whose colours are in front, (1, 1, h, w); new: where it is drawn.
        """
        subject, inside = self.subject, pure(new)
        seen = (new[0, 0] > 0).cpu().numpy()
        usual = float(median(front, pure(old)) @ LUMINANCE)
        cloth, shown = self._cloth(light[0, 0].cpu().numpy(), seen, window, usual)
        places = np.searchsorted(np.flatnonzero(seen), inside.cpu().numpy())
        bright = float(np.quantile(cloth[places].max(1), 0.9)) if len(places) else 0.0
        factor = subject.exposure
        if shown > BRIGHTEST / 2:  # of darker cloth highlights are few
            factor *= min(1.0, max(DIMMED, BRIGHTEST / max(bright * factor, 1e-6)))
        for strip in np.array_split(cloth, 1 + len(cloth) // STRIP):
            strip[...] = to_gamma(film(torch.from_numpy(strip) * factor)).numpy()
        drawn = front.clone()
        for layer, channel in zip(drawn[0], cloth.T, strict=True):
            layer[torch.from_numpy(seen)] = torch.from_numpy(np.ascontiguousarray(channel)).to(front)
        return torch.lerp(drawn, front, old) if self.same else drawn

    def _cloth(self, light: np.ndarray, seen: np.ndarray, window: Window, old: float) -> tuple[np.ndarray, float]:
        """The cloth under its light where it is seen, (n, 3) linear by day, and the brightest channel of its base."""
        cloth, subject = self.cloth, self.subject
        if cloth.design == "solid" and cloth.material is None and cloth.base is not None:
            light = light[seen] * np.float32(contrast(old, float(cloth.base @ LUMINANCE) * subject.exposure))
            return np.exp(light)[:, None] * cloth.base.astype(np.float32), float(cloth.base.max())
        on = drape(self.piece.cloth[0, 0].cpu().numpy(), subject.frame, subject.points, self.legs, light, window)
        rng = np.random.default_rng(self.seed)
        if cloth.swatch is not None:
            repeat = cloth.swatch.repeat(on.pixel, rng)
        else:
            colours = cloth.base, cloth.second, cloth.third
            repeat = draw(cloth.design, *colours, rng, float(on.pixel.min()))
        usual = repeat.at(*(x.ravel()[:: 1 + x.size // SAMPLE] for x in (on.u, on.v, on.pixel))).mean(0)
        light = light * contrast(old, float(usual @ LUMINANCE) * subject.exposure)
        painted = repeat.at(on.u[seen], on.v[seen], on.pixel[seen])
        lit, opacity = show(painted, light, on.u, on.v, on.pixel, cloth.material, rng, cloth.swatch is None, seen)
        if (opacity < 1).any():
            below = self.under.astype(np.float32) * np.exp(light[seen])[:, None]
            lit = below + opacity[:, None] * (lit - below)
        return lit, float(usual.max())


def own_cloth(subject: Subject, where: Tensor) -> np.ndarray:
    """Linear reflectance of what is seen `where` (1, 1, h, w) is high on the analysis canvas, by day, (3,)."""
    inside = where > min(PURE, float(where.max()) * PURE)
    return (median(subject.view, _sample(inside[0, 0])) / subject.exposure).clip(0, 1)


def film(light: Tensor) -> Tensor:
    """Linear light that no picture can hold, compressed above KNEE."""
    over = (light - KNEE).clamp(min=0) / (1 - KNEE)
    return light.clamp(0, KNEE) + (1 - KNEE) * over.tanh()


def pure(matte: Tensor) -> Tensor:
    """Places (n,), as of `median`, where a garment with a matte (1, 1, h, w) in [0, 1] is seen alone."""
    return _sample(matte[0, 0] > PURE if (matte > PURE).any() else matte[0, 0] > 0)


def _sample(inside: Tensor) -> Tensor:
    """Places of at most SAMPLE of the pixels where `inside` (h, w) is True, (n,)."""
    places = inside.flatten().nonzero()[:, 0]
    return places[:: 1 + len(places) // SAMPLE]


def median(picture: Tensor, places: Tensor) -> np.ndarray:
    """The median of sRGB (1, 3, h, w) at places, linear, (3,); 0 where there are none."""
    shown = picture[0].flatten(1)[:, places]
    return to_linear(shown).median(1).values.cpu().numpy() if len(places) else np.zeros(3, np.float32)
