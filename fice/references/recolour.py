"""A garment of a picture in another colour: its cloth is dyed, and what is printed on it stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fice.references.reference import Reference
from fice.references.sampling import PURE
from fice.srgb import from_lab, gamma_encoded, linear_light, to_lab

ALIKE = 40.0  # distance in CIELAB from the usual colour at which a third of the change is left


def usual_colour(reference: Reference) -> np.ndarray:
    """Its median colour, (3,) linear light."""
    inside = reference.matte > min(PURE, 0.9 * float(reference.matte.max()))
    return np.median(reference.pixels[inside], 0)


def recoloured(reference: Reference, base: np.ndarray) -> Reference:
    """The garment with most of its cloth in a colour, (3,) linear light."""
    lab = lambda linear: to_lab(gamma_encoded(np.clip(linear, 0, 1)) * 255)  # noqa: E731
    own, usual = lab(reference.pixels), lab(usual_colour(reference))
    share = np.exp(-((own - usual) ** 2).sum(-1, keepdims=True) / ALIKE**2)
    dyed = np.clip(from_lab(own + share * (lab(base) - usual)) / 255, 0, 1)
    return replace(reference, pixels=linear_light(dyed).astype(np.float32))
