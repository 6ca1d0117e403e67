"""What lies before a garment, and how much of it stayed."""

from __future__ import annotations

import numpy as np

from fice.evaluation.picture import stayed


def test_what_was_painted_over_did_not_stay_and_outlines_do_not_count():
    hand, changed = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    hand[4:16, 4:16] = True
    changed[4:6, 4:16] = True
    assert stayed(hand, changed) == (64, 64)
    changed[4:10, 4:16] = True
    assert stayed(hand, changed) == (32, 64)


def test_a_thin_necklace_counts_whole():
    necklace, changed = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    necklace[10, 4:14], changed[10, 4:9] = True, True
    assert stayed(necklace, changed) == (5, 10)
