"""sRGB and CIELAB."""

from __future__ import annotations

import pytest

from fice.srgb import to_lab


def test_lab_of_known_colours():
    assert to_lab([255, 255, 255]) == pytest.approx([100, 0, 0], abs=0.02)
    assert to_lab([255, 0, 0]) == pytest.approx([53.24, 80.09, 67.20], abs=0.03)
    assert to_lab([0, 0, 0]) == pytest.approx([0, 0, 0], abs=1e-9)
