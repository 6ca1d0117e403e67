"""Swatches: a picture of cloth, read, lit evenly and laid upright, and as much of that cloth as a garment needs.

Units: centimetres on the cloth, u across (to the viewer's right) and v down; colours are linear light in [0, 1].
"""

from __future__ import annotations

from fice.cloth.swatch.swatch import Swatch, read_swatch

__all__ = ["Swatch", "read_swatch"]
