"""Intervals against scipy, against what can be counted by hand, and against the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fice.evaluation.intervals import FEW, NO_PAIRS, NOTHING, bootstrap, difference, estimate


def some(count=40, seed=0):
    return list(np.random.default_rng(seed).gamma(2.0, 3.0, count))


def test_single_photographs_as_scipy_does_them():
    values = some()
    found = estimate(values, [f"{i}.jpg" for i in range(len(values))], resamples=20_000)
    low, high = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval
    assert found.mean == pytest.approx(np.mean(values)) and found.count == 40 and found.reason == ""
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.02)


def test_photographs_are_drawn_with_all_their_edits():
    values, groups = some(30), [i % 7 for i in range(30)]
    found = estimate(values, [str(group) for group in groups], resamples=500, seed=3)
    drawn = np.random.default_rng(3).integers(7, size=(500, 7))
    rows = [
        [value for group in photos for value, of in zip(values, groups, strict=True) if of == group] for photos in drawn
    ]
    means = [np.mean(row) for row in rows]
    assert (found.low, found.high) == pytest.approx(np.percentile(means, [2.5, 97.5]), rel=1e-14)


def test_drawings_without_a_value_are_left_out():
    def statistic(drawn):
        return np.where((drawn == 0).any(1), np.nan, drawn.mean(1))

    low, high = bootstrap(statistic, 6, 1000, 0)
    assert 1 <= low < 3 < high <= 5


def test_copies_of_a_photograph_make_no_interval_narrower():
    values = some(12)
    once = estimate(values, [str(i) for i in range(12)])
    often = estimate(values * 5, [str(i) for i in range(12)] * 5)
    alone = estimate(values * 5, [str(i) for i in range(60)])
    assert (once.low, once.high) == pytest.approx((often.low, often.high)) and often.count == 60
    assert alone.high - alone.low < 0.6 * (often.high - often.low)


def test_a_photograph_with_more_edits_weighs_more():
    found = estimate([0.0] * 10 + [4.0] * 4, ["a"] * 10 + list("bcde"))
    assert found.mean == pytest.approx(16 / 14)
    assert (found.low, found.high) == (8 / 32, 4)  # a three times, and not at all: 5 and 33 per cent of the draws


def test_the_order_of_the_rows_does_not_matter():
    values, groups = some(30), [str(i % 7) for i in range(30)]
    order = np.random.default_rng(1).permutation(30)
    assert estimate(values, groups) == estimate([values[i] for i in order], [groups[i] for i in order])
    assert estimate(values, groups) == estimate(values, groups)
    assert estimate(values, groups, seed=1) != estimate(values, groups)
    first, second = dict(enumerate(values)), {i: value * 2 for i, value in enumerate(values)}
    turned = [{int(i): run[int(i)] for i in order} for run in (first, second)]
    assert difference(first, second, dict(enumerate(groups))) == difference(*turned, dict(enumerate(groups)))


def test_many_groups_are_drawn_in_parts(monkeypatch):
    values, groups = some(30), [str(i) for i in range(30)]
    whole = estimate(values, groups, resamples=500)
    monkeypatch.setattr("fice.evaluation.intervals.AT_ONCE", 100)
    assert estimate(values, groups, resamples=500) == whole


def test_what_has_no_number_is_left_out_and_said():
    found = estimate([1.0, None, 3.0, float("nan"), float("inf"), 2.0, 0.0, 4.0], list("abcdefgh"), ["x"])
    assert (found.mean, found.count) == (2.0, 5) and found.low is not None
    nothing = estimate([None] * 3, list("abc"), ["no colour", "no person", "no colour"])
    assert (nothing.mean, nothing.low, nothing.high, nothing.count) == (None, None, None, 0)
    assert nothing.reason == "no colour" and estimate([], []).reason == NOTHING
    assert estimate([None, None], list("ab"), ["z", "b"]).reason == "b"
    for groups in ("aa", "aabb", "aabbccdd"):
        few = estimate([1.0, 2.0] * (len(groups) // 2), list(groups))
        assert (few.mean, few.low, few.high, few.reason) == (1.5, None, None, FEW)


def test_differences_are_of_partners():
    first = {"a": 1.0, "b": 5.0, "c": 9.0, "d": 2.0, "e": 2.0, "x": 100.0}
    second = {"a": 2.0, "b": 4.0, "c": 12.0, "d": 3.0, "e": 3.0, "y": -100.0}
    found = difference(first, second, {key: key for key in "abcdexy"})
    assert found.mean == 1.0 and found.pairs == 5 and found.more == pytest.approx(4 / 5)
    assert -1 <= found.low < 1 < found.high <= 3 and found.reason == ""
    back = difference(second, first, {key: key for key in "abcdexy"})
    assert (back.mean, back.low, back.high) == pytest.approx((-found.mean, -found.high, -found.low))


def test_a_steady_difference_is_certain_however_much_photographs_differ():
    first = dict(enumerate(some(20)))
    found = difference(first, {key: value + 0.5 for key, value in first.items()}, {key: str(key) for key in first})
    assert (found.mean, found.low, found.high, found.more) == pytest.approx((0.5, 0.5, 0.5, 1.0))


def test_differences_that_cannot_be():
    assert difference({"a": 1.0}, {"b": 1.0}, {"a": "a", "b": "b"}).reason == NO_PAIRS
    nothing = difference({"a": float("nan")}, {"a": 1.0}, {"a": "a"})
    assert (nothing.mean, nothing.pairs, nothing.more) == (None, 0, None)
    one = difference({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.0}, {"a": "p", "b": "p"})
    assert (one.mean, one.low, one.more, one.reason) == (0.0, None, 0.0, FEW)


def test_coverage():
    chance, inside = np.random.default_rng(0), 0
    for _ in range(300):
        photos = np.repeat(chance.standard_normal(20), 3)
        values = 1 + photos + 0.5 * chance.standard_normal(60)
        found = estimate(list(values), [str(i // 3) for i in range(60)], resamples=300)
        inside += found.low <= 1 <= found.high
    assert 0.88 < inside / 300 < 0.98
