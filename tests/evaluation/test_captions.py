"""Captions that a judge chooses from: of one form, wrong but for one, and what it says of them."""

from __future__ import annotations

import pytest
import torch

from fice.evaluation.captions import CAPTIONS, right_caption, right_pattern, wrong_captions
from fice.evaluation.measures import Unmeasurable
from fice.language.lexicon import GARMENTS, PATTERNS
from fice.language.words import parse


@pytest.mark.parametrize("text", ["red dress", "blue striped shirt", "floral skirt"])
def test_wrong_captions_are_of_the_same_form_and_wrong(text):
    said = parse(text)[0]
    others = wrong_captions(said)
    assert len(set(others)) == CAPTIONS - 1 and text not in others
    for other in (parse(other)[0] for other in others):
        assert [getattr(other, kind) is None for kind in ("colour", "pattern", "garment")] == [
            getattr(said, kind) is None for kind in ("colour", "pattern", "garment")
        ]
        assert (other.colour, other.pattern, other.garment) != (said.colour, said.pattern, said.garment)
    assert others == wrong_captions(said)


def test_where_there_are_fewer_captions_all_of_them_are_asked():
    assert {*wrong_captions(parse("skirt")[0])} | {"skirt"} == set(GARMENTS)
    assert {*wrong_captions(parse("striped")[0])} | {"striped"} == set(PATTERNS)


def reads(right):
    """A CLIP for which the picture shows `right`, and nothing else."""
    return lambda texts: torch.tensor([[float(text == right)] for text in texts])


def test_the_judge_chooses():
    said = parse("red striped dress")[0]
    worn = [(torch.ones(1), said)]
    assert right_caption(reads("red striped dress"), worn) == 1
    assert right_caption(reads(wrong_captions(said)[5]), worn) == 0
    assert right_pattern(reads("red striped dress"), worn) == 1
    assert right_pattern(reads("red floral dress"), worn) == 0


def test_of_several_garments_it_is_the_share():
    worn = [(torch.ones(1), said) for said in parse("red striped shirt and blue jeans")]
    assert right_caption(reads("red striped shirt"), worn) == 0.5
    assert right_pattern(reads("red striped shirt"), worn) == 1  # nobody asked for a pattern of the jeans


def test_what_is_not_said_cannot_be_right():
    with pytest.raises(Unmeasurable, match="names no pattern"):
        right_pattern(reads(""), [(torch.ones(1), parse("red dress")[0])])
    with pytest.raises(Unmeasurable, match="names no colour, pattern or garment"):
        wrong_captions(parse("xyzzy")[0])
