"""Materials by their light: what folds and form make of leather, satin, wool, lace ... on the garment's own folds.

A material is told from its picture by how its light goes with that of the form: contrast, highlights (where, how wide,
whose colour), light at grazing angles, and the grain (Fleming, Visual perception of materials and their properties,
Vision Research 2014; Khan et al., Image-based material editing, SIGGRAPH 2006). Lengths are centimetres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import uniform_filter

from fice.cloth import grains
from fice.cloth.patterns.repeat import BLOCK, Array, Repeat
from fice.srgb import LUMINANCE

RIDGE = 0.16  # log light by which the crest of a usual fold is brighter than what is around it
STEEP = 0.24  # log light a cm on the flank of a usual fold
FOLD, SOFT = 0.5, 0.8  # cm below which light is weave, and below which it makes no flank
LINT = 0.012  # what the blackest cloth scatters, linear light


@dataclass(frozen=True)
class Material:
    """How one material answers to the light.

    Attributes:
        grain: its surface from near.
        contrast: power on the factor that folds and form put on the light.
        body: factor on what it scatters.
        even: how much of the old cloth's own weave goes from the light, 0 to 1.
        gleam: (strength, level, width, around) of highlights: linear light added where a fold rises above the level,
            wholly by the width above it; -1 is a usual fold's depth against what is `around` cm from it, 1 its crest.
        tint: how far highlights have the cloth's colour instead of the light's, 0 to 1.
        rough: how much highlights move with the relief.
        rim: light added on the flanks of folds, times the cloth's colour.
        faded: how much the crests of folds are washed out, 0 to 1.
        cover: (least, most) opacity of see-through cloth, flat and gathered in folds; None where the grain says it.
        fray: cm by which its outline is soft and ragged.
    """

    grain: Callable[[np.random.Generator, float], Repeat] = grains.smooth
    contrast: float = 1.0
    body: float = 1.0
    even: float = 0.0
    gleam: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 3.0)
    tint: float = 0.0
    rough: float = 0.0
    rim: float = 0.0
    faded: float = 0.0
    cover: tuple[float, float] | None = None
    fray: float = 0.0


MATERIALS: dict[str, Material] = {
    "cotton": Material(),
    "leather": Material(grains.leather, 1.4, 0.72, 0.6, (0.14, 0.4, 1.3, 2.4), 0.15, 1.3),
    "patent": Material(grains.wet, 1.6, 0.7, 1.0, (0.9, 0.75, 0.8, 1.5), 0.05, 1.6),
    "suede": Material(grains.nap, 0.8, 0.95, 0.8, rim=0.1),
    "silk": Material(grains.drape, 1.3, 0.9, 0.5, (0.17, 0.2, 1.5, 3.0), 0.7, 0.8),
    "satin": Material(grains.drape, 1.75, 0.82, 0.6, (0.3, 0.4, 1.2, 2.4), 0.6, 1.2),
    "velvet": Material(grains.pile, 1.2, 0.6, 0.4, rim=0.7),
    "wool": Material(grains.felt, 0.75, 1.0, 0.3, fray=0.1),
    "tweed": Material(grains.tweed, 0.75, 1.0, 0.5, fray=0.05),
    "linen": Material(grains.linen, 1.0, 1.0, 0.3),
    "denim": Material(grains.twill, 1.0, 0.95, 0.3, faded=0.3),
    "lace": Material(grains.lace, 0.9, 1.0, 0.6),
    "sheer": Material(grains.drape, 0.8, 1.0, 0.7, cover=(0.42, 0.85)),
    "sequins": Material(grains.sequins, 1.0, 0.6, 0.9, (0.9, 3.2, 0.7, 3.0), 0.5, 2.9),
    "fur": Material(grains.fur, 0.7, 1.0, 0.9, (0.03, 0.8, 1.0, 3.0), 0.5, 3.0, fray=1.6),
    "knit": Material(grains.knit, 0.85, 1.0, 0.7, fray=0.05),
    "corduroy": Material(grains.corduroy, 0.9, 1.0, 0.6, rim=0.08),
    "fleece": Material(grains.tufts, 0.6, 1.02, 0.9, fray=0.3),
    "metallic": Material(grains.foil, 1.6, 0.6, 1.0, (0.6, 0.1, 1.3, 2.0), 0.75, 1.6),
    "nylon": Material(grains.wet, 1.1, 0.9, 0.9, (0.22, 0.6, 0.9, 1.5), 0.2, 1.8),
}


def fray(material: str | None) -> float:
    """cm by which the outline of a material is soft and ragged; 0 of most."""
    return _named(material).fray


def show(
    reflectance: Array,
    light: Array,
    u: Array,
    v: Array,
    pixel: Array | float,
    material: str | None,
    rng: np.random.Generator,
    grained: bool = True,
    where: Array | None = None,
) -> tuple[Array, Array]:
    """A garment of a material, under the light on it.

    Args:
        reflectance: (h, w, 3) linear light, the cloth's colours; (n, 3) of what is looked at alone.
        light: (h, w) natural log of the factor that folds and form put on it, 0 at its median, about -1.4 to 0.8; it
            goes on smoothly beyond the garment.
        u, v: (h, w) cm across and down the cloth; pixel: cm that a pixel of the photo covers, (h, w) or one for all.
        material: one of MATERIALS; None is cotton.
        rng: from which the grain comes.
        grained: False where the colours show the material's grain already, as those of a swatch do.
        where: (h, w) bool, what is looked at; all by default.

    Returns:
        (h, w, 3) float32 linear light before the scene's exposure, and the opacity (h, w) float32 in [0, 1]; (n, 3) and
        (n,) of what is looked at alone.

    Raises:
        ValueError: no such material.
    """
    kind = _named(material)
    kind = kind if grained else replace(kind, grain=grains.smooth, body=1.0)
    light = np.asarray(light, np.float32)
    shape = light.shape if where is None else (int(where.sum()),)
    seen = lambda field: field.ravel() if where is None else field[where]  # noqa: E731
    if not light.size or kind == Material():
        return reflectance * np.exp(seen(light)).reshape(*shape, 1), np.ones(shape, np.float32)
    usual = float(np.median(pixel))
    grain = kind.grain(rng, float(np.min(pixel)))
    form = _form(kind, light, usual)
    reflectance, covered = reflectance.reshape(-1, 3), np.broadcast_to(np.asarray(pixel, np.float32), light.shape)
    u, v, covered, *fields = (seen(field) for field in (u, v, covered, light, *form))
    radiance, opacity = np.empty((u.size, 3), np.float32), np.empty(u.size, np.float32)
    for start in range(0, u.size, BLOCK):
        part = slice(start, start + BLOCK)
        near = grain.at(u[part], v[part], covered[part])
        radiance[part], opacity[part] = _lit(kind, reflectance[part], near, *(field[part] for field in fields))
    return radiance.reshape(*shape, 3), opacity.reshape(shape)


def _form(kind: Material, light: Array, pixel: float) -> tuple[Array, Array, Array]:
    """What the light tells of folds, (h, w) each: its course without the weave, how far each place rises above what
    is around it (1 is a usual crest), and how steep its flank is, 0 to 1."""
    folds = _blur(light, FOLD / pixel)
    crest = folds - _blur(folds, kind.gleam[3] / pixel)
    crest = 2 * np.tanh(crest * np.float32(0.5 / RIDGE))
    if not kind.rim or min(light.shape) < 2:
        return folds, crest, np.zeros_like(folds)
    down, across = np.gradient(_blur(folds, SOFT / pixel), pixel)
    steep = (np.square(down) + np.square(across)) * np.float32(1 / STEEP**2)
    return folds, crest, steep / (1 + steep)


def _lit(
    kind: Material, reflectance: Array, grain: Array, light: Array, folds: Array, crest: Array, flank: Array
) -> tuple[Array, Array]:
    """Radiance (h, w, 3) and opacity (h, w) of a strip, by what `_form` says of it and by its grain (h, w, 4)."""
    shaded, near, warmth, cover = (grain[..., i] for i in range(4))
    strength, level, width, _ = kind.gleam
    tone = near * np.exp(kind.contrast * (light + kind.even * (folds - light)))
    tinge = np.exp(warmth[..., None] * np.array([0.5, 0, -0.5], np.float32))
    own = np.minimum(reflectance / np.maximum((reflectance @ LUMINANCE)[..., None], 0.02), 2.5)
    radiance = (kind.body * reflectance + LINT * own) * tinge * tone[..., None]
    radiance *= 1 + (kind.faded * np.maximum(crest, 0))[..., None]
    facing = crest + 0.9 * folds + kind.rough * shaded
    gleam = strength * (1 - np.exp(-np.square(np.maximum(facing - level, 0) / width))) * np.exp(0.5 * folds)
    radiance += gleam[..., None] * (1 + kind.tint * (own - 1))
    rim = kind.rim * flank * near * np.exp(0.6 * folds)
    radiance += rim[..., None] * (reflectance + LINT * own)
    if kind.cover:
        least, most = kind.cover
        cover = least + (most - least) * np.clip(0.3 - 0.25 * crest - 0.4 * folds - 0.5 * shaded, 0, 1)
    return radiance, np.clip(cover, 0, 1)


def _named(material: str | None) -> Material:
    if (material or "cotton") not in MATERIALS:
        raise ValueError(f'no material "{material}"; there are {", ".join(MATERIALS)}.')
    return MATERIALS[material or "cotton"]


def _blur(x: Array, radius: float) -> Array:
    """Nearly Gaussian: three means of as many pixels as a Gaussian of that deviation needs."""
    size = 2 * round(radius) + 1
    for _ in range(3 if size > 1 else 0):
        x = uniform_filter(x, size, mode="nearest")
    return x
