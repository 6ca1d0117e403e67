"""A swatch: a picture of cloth, of which a garment is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter

from fice.cloth.patterns.repeat import Repeat
from fice.cloth.swatch.blending import blend
from fice.cloth.swatch.lattice import SIDE, find_lattice, likeness
from fice.cloth.swatch.light import light_on
from fice.cloth.swatch.quilting import quilt
from fice.cloth.swatch.reading import Picture, grey_of, read, resized
from fice.cloth.swatch.upright import upright

Array = np.ndarray
USUAL = 20.0  # cm that a picture of cloth shows: half a shoulder width
PERIODS = (0.1, 16.0)  # cm, of a lattice whose size nobody says
CRISP, NEAR = 0.5, 0.7  # share of the finest detail that is added, as sampling takes it away; texels over which
PLAIN = 0.012  # standard deviation of the square root of linear light below which cloth is of one colour
FINE = 0.06  # of a picture's side, below which features are grain
NORMAL = 1.2  # excess kurtosis of slopes below which grain has no edges (of Gaussian noise 0, of drawn things above 2)
BOLT = (90.0, 45.0)  # cm of cloth down and across that is made, and repeated beyond
TIMES = 5  # the picture's height and width at most: more of it is nothing new
MOST = 2048  # texels along a side of it
LEAST = 96  # texels along the shorter side of a swatch, however small its cloth is seen
COARSEST, FINER = 0.8, 1.5  # of a photo's pixel that a texel covers; texels in a pixel of the picture, at most


@dataclass(frozen=True, eq=False)
class Swatch:
    """A picture of cloth, evenly lit and upright.

    Attributes:
        picture: (h, w, 3) float32 linear reflectance.
        width: cm that it shows.
        kind: "plain", "lattice" (stripes, checks, repeats), "random" (grain) or "between" (flowers, spots).
        waves: (n, 2) of its lattice, cycles a pixel down and across; (0, 2) where there is none.
    """

    picture: Array = field(repr=False)
    width: float
    kind: str
    waves: Array = field(repr=False)

    @property
    def mean(self) -> Array:
        """(3,) linear reflectance."""
        return self.picture.mean((0, 1))

    @property
    def periods(self) -> Array:
        """(n, 2) cm down and across from a place to the next that is like it; (0, 2) where there is no lattice."""
        return np.linalg.pinv(self.waves).T * (self.width / self.picture.shape[1])

    def repeat(self, pixel: Array, rng: np.random.Generator) -> Repeat:
        """The cloth, linear reflectance, to be looked up at places on a garment; stripes lie as in the picture.

        Args:
            pixel: cm that the photo's pixels cover there; what is finer fades to its mean.
            rng: from which its places are drawn.
        """
        if self.kind == "plain":
            return Repeat(self.mean[None, None], 0.0, 0.0)
        covered = pixel[pixel > 0]
        return self._bolt(float(np.quantile(covered, 0.05)) if covered.size else 1.0, rng)

    def _bolt(self, finest: float, rng: np.random.Generator) -> Repeat:
        own = self.width / self.picture.shape[1]
        fewest = min(self.picture.shape[:2]) * own / LEAST
        texel = min(max(finest * COARSEST, own / FINER), max(own, fewest))
        length = np.minimum(BOLT, TIMES * own * np.array(self.picture.shape[:2]))
        texels = 2 ** np.clip(np.rint(np.log2(length / texel)), 6, np.log2(MOST)).astype(int)
        sides = texels * texel
        waves = self.waves / own  # cycles a cm
        if len(waves):
            sides = _whole(waves, sides)
        steps = sides / texels
        turned = np.rint(waves * sides) / sides
        bend = np.eye(2) + np.linalg.pinv(waves) @ (turned - waves) if len(waves) else np.eye(2)
        picture = self._at(bend * steps)
        picture += np.float32(CRISP) * (picture - gaussian_filter(picture, (NEAR, NEAR, 0)))
        if self.kind == "random":
            return Repeat(blend(picture, tuple(texels), rng), *sides)
        return Repeat(quilt(picture, tuple(texels), rng, turned * steps), *sides)

    def _at(self, texels: Array) -> Array:
        """The picture at another size, bent a little: texels (2, 2) says how many cm a step down and across goes."""
        own = self.width / self.picture.shape[1]
        size = np.array(self.picture.shape[:2])
        scale = np.diag(texels) / own  # pixels a texel
        small = resized(self.picture, tuple(np.rint(size / scale).astype(int)))
        ratio = np.array(small.shape[:2]) / size
        matrix = texels / own * ratio[:, None]
        if not len(self.waves):
            return np.clip(small, 0, None)
        middle = (np.array(small.shape[:2]) - 1) / 2
        bent = [
            affine_transform(small[..., i], matrix, middle - matrix @ middle, order=3, mode="mirror") for i in range(3)
        ]
        return np.clip(np.stack(bent, -1), 0, None)


def read_swatch(source: str | Path | Array | Picture, width: float | None = None) -> Swatch:
    """Reads a picture of cloth.

    Args:
        source: a file, an array (H, W, 3) of sRGB: whole numbers of 8 or 16 bits, or floats in [0, 1], or what `read`
            made of one.
        width: cm that its width shows; by default what a scanner says, or else half a shoulder's width for what is
            used of it, and a larger or smaller one where its periods would be none of clothes.

    Raises:
        InputError: it cannot be read, or shows too little to be cloth.
    """
    found = source if isinstance(source, Picture) else read(source)
    picture = found.pixels / light_on(found.pixels)[..., None]
    waves = find_lattice(picture)
    known = width or found.width
    texel = (known * found.share if known else USUAL) / picture.shape[1]
    if waves is not None:
        picture, waves = upright(picture, waves)
        picture /= light_on(picture, waves)[..., None]
        if not known:
            lengths = np.hypot(*np.linalg.pinv(waves)) * texel
            texel *= max(1, PERIODS[0] / lengths.min()) * min(1, PERIODS[1] / lengths.max())
    kind = _kind(picture, waves)
    repeats = waves if waves is not None and kind == "lattice" else np.zeros((0, 2))
    return Swatch(picture, float(texel * picture.shape[1]), kind, repeats)


def _kind(picture: Array, waves: Array | None) -> str:
    if np.sqrt(np.clip(picture, 0, None)).std((0, 1)).max() < PLAIN:
        return "plain"
    if waves is not None:
        return "lattice"
    scale = max(1.0, max(picture.shape[:2]) / SIDE)
    small = resized(picture, tuple(round(side / scale) for side in picture.shape[:2]))
    if likeness(small).reach > FINE * max(small.shape):
        return "between"
    edges = max(_edges(grey_of(small)), _edges(grey_of(picture)))
    return "random" if edges < NORMAL else "between"


def _edges(grey: Array) -> float:
    """Excess kurtosis of the slopes of a picture (h, w)."""
    slopes = np.stack([gaussian_filter(grey, 1.4, order=order).ravel() for order in ((0, 1), (1, 0))])
    return float(((slopes**4).mean(1) / np.maximum((slopes**2).mean(1) ** 2, 1e-30)).max()) - 3


def _whole(waves: Array, most: Array) -> Array:
    """Sides (2,) up to `most`, along which waves (n, 2), cycles a cm, are most nearly whole."""
    sides = np.linspace(1, 0.7, 2000)[:, None] * most
    cycles = sides[:, None] * waves
    off = np.abs(cycles - np.rint(cycles)) / (sides[:, None] * np.hypot(*waves.T)[:, None])
    return np.take_along_axis(sides, off.max(1).argmin(0)[None], 0)[0]
