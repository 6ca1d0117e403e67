"""Pictures that are given as arrays."""

from __future__ import annotations

import numpy as np

from fice.errors import InputError
from fice.photo.photo import FEWEST


def white_of(source: np.ndarray, what: str) -> float:
    """The value of white in an array (H, W, 3) of sRGB: whole numbers of 8 or 16 bits, or floats in [0, 1].

    what: a noun for what it shows. Raises InputError where it is no such array, or smaller than any picture is.
    """
    if source.ndim != 3 or source.shape[2] != 3 or source.dtype.kind not in "uf":
        raise InputError(
            f"A {what} of shape {source.shape} and type {source.dtype} is no picture; give (H, W, 3) of uint8 or float."
        )
    if min(source.shape[:2]) < FEWEST:
        height, width = source.shape[:2]
        raise InputError(f"The {what} is only {width} x {height} pixels; use a picture of at least {FEWEST} a side.")
    if not np.isfinite(source).all():
        raise InputError(f"The {what} holds values that are no numbers; correct it.")
    return 1.0 if source.dtype.kind == "f" else float(np.iinfo(source.dtype).max)
