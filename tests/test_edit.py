"""The result of an edit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fice.edit import best_of
from fice.errors import InputError

PHOTO = np.zeros((4, 4, 3), np.uint8)


def candidate(value, similarity):
    subject = SimpleNamespace(photo=SimpleNamespace(pixels=PHOTO))
    return SimpleNamespace(pixels=PHOTO + np.uint8(value), subject=subject, facts={"similarity": {"after": similarity}})


def test_the_candidate_most_like_the_text_is_kept():
    assert best_of([candidate(1, 0.2), candidate(2, 0.3)]).pixels.max() == 2


def test_an_edit_that_changes_nothing_is_a_failure():
    with pytest.raises(InputError, match="Nothing was found to change"):
        best_of([candidate(0, 0.2)])


def test_when_all_diverged_there_is_a_remedy():
    with pytest.raises(InputError, match="rate=0.01"):
        best_of([])
