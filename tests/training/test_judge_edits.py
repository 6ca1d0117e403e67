"""How edits are judged: captions, colours, sums."""

from __future__ import annotations

import numpy as np
import pytest

from fice.language.words import parse
from fice.training.recipes.judge_edits import CAPTIONS, failed, summary, wrong_captions


@pytest.mark.parametrize("text", ["red dress", "blue striped shirt", "floral skirt"])
def test_wrong_captions_are_of_the_same_form_and_wrong(text):
    said = parse(text)[0]
    others = wrong_captions(said, CAPTIONS - 1, np.random.default_rng(0))
    assert len(set(others)) == CAPTIONS - 1 and text not in others
    for other in (parse(text)[0] for text in others):
        assert [getattr(other, kind) is None for kind in ("colour", "pattern", "garment")] == [
            getattr(said, kind) is None for kind in ("colour", "pattern", "garment")
        ]
        assert (other.colour, other.pattern, other.garment) != (said.colour, said.pattern, said.garment)
    assert others == wrong_captions(said, CAPTIONS - 1, np.random.default_rng(0))


def test_a_pair_that_could_not_be_edited_counts_as_failed():
    done = {"caption": 1.0, "halved": 1.0, "risen": 1.0, "judge risen": 1.0, "silhouette": 0.9}
    figures = summary([done, failed("red dress"), done | {"pattern": 1.0}, failed("red striped dress")])
    assert figures["pairs"] == 4 and figures["caption"] == figures["halved"] == 0.5
    assert figures["pattern"] == 0.5  # of the two sentences that name one
    assert figures["silhouette"] == 0.9
