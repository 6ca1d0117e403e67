"""Drawn garments, of which the kind, the outline, the points and the print are known."""

from fice.evaluation.drawn import CLOTHS, GROUNDS, Drawn, drawn

__all__ = ["CLOTHS", "GROUNDS", "Drawn", "drawn"]
