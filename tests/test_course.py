"""The course of an edit: seconds by stage, and a share that only ever grows."""

from __future__ import annotations

import pytest

from fice.course import Course, Spent
from fice.settings import Settings


def course(candidates=1, **changes):
    told = []
    settings = Settings.preset("fast", refine=3, tuning=2, steps=4).replace(**changes)
    return Course(settings, candidates, lambda stage, share: told.append((stage, share))), told


def test_the_seconds_are_those_of_the_stages():
    spent = Spent(look=1.0)
    spent.add("loop", 2.0)
    spent.add("loop", 0.5)
    with spent.at("stitch"):
        pass
    facts = spent.facts()
    assert facts["seconds"] == pytest.approx(3.5, abs=0.1) and facts["stages"]["loop"] == 2.5
    assert [*facts["stages"]] == ["look", "loop", "stitch"]


@pytest.mark.parametrize("candidates", [1, 3])
def test_a_whole_edit_goes_from_nothing_to_all(candidates):
    step, told = course(candidates)
    for stage in ["load", "look", *["fit"] * 5, *["loop"] * 4, *["stitch"] * candidates]:
        step(stage)
    shares = [share for _, share in told]
    assert shares[0] == 0 and shares[-1] == pytest.approx(1) and shares == sorted(shares)
    assert [*dict.fromkeys(stage for stage, _ in told)] == ["load", "look", "fit", "loop", "stitch"]


def test_what_is_past_is_no_part_of_it():
    told = []
    step = Course(Settings.preset("fast"), 1, lambda *now: told.append(now), past=("load", "look"))
    for stage in ("loop", "stitch"):
        step(stage)
    assert [stage for stage, _ in told] == ["loop", "stitch", "stitch"]
    assert [share for _, share in told] == pytest.approx([0, 0.24 / 0.74, 1])


def test_a_stage_may_end_early_and_may_take_longer():
    step, told = course()
    for stage in ["load", "look", "fit", *["loop"] * 9, "stitch"]:
        step(stage)
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)


def test_what_does_not_happen_takes_no_share():
    step, told = course(refine=0, tuning=0, start="encoder")
    for stage in ["load", "look", *["loop"] * 4, "stitch"]:
        step(stage)
    assert told[-1] == ("stitch", pytest.approx(1))
