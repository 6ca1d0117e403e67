"""Bootstrap: means and paired differences with 95 % intervals that know which edits share a photograph."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from math import fsum, isfinite
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fice.evaluation.study import Difference, Estimate

LEVEL = 0.95  # of an interval
AT_ONCE = 1 << 22  # numbers drawn at once: 32 MB
NOTHING = "no edit has a number"
NO_PAIRS = "no edit of which both runs have a number"
LEAST = 5  # photographs that an interval wants: of three, all lie on one side by chance in one case of four
FEW = "fewer than five photographs give no interval"

Partner = TypeVar("Partner", bound=Hashable)


def estimate(
    values: Sequence[float | None],
    groups: Sequence[str],
    reasons: Sequence[str] = (),
    resamples: int = 2000,
    seed: int = 0,
) -> Estimate:
    """The mean of what is there, with a percentile bootstrap interval (Efron & Tibshirani 1993, section 13.3).

    Photographs are drawn again, each with all its edits, as several texts of one photograph are not independent.
    With few photographs such an interval is too narrow. The order of the edits does not matter.

    Args:
        values: of each edit; None and what is not finite have no number.
        groups: the source photograph of each edit.
        reasons: why edits have no number; the commonest is told where none has.
        resamples: how often photographs are drawn.
        seed: of the drawing.
    """
    rows = [
        (group, value) for group, value in zip(groups, values, strict=True) if value is not None and isfinite(value)
    ]
    if not rows:
        return Estimate(None, None, None, 0, _commonest(reasons) or NOTHING)
    mean, low, high = _interval(rows, resamples, seed)
    return Estimate(mean, low, high, len(rows), FEW if low is None else "")


def difference(
    first: Mapping[Partner, float],
    second: Mapping[Partner, float],
    groups: Mapping[Partner, str],
    resamples: int = 2000,
    seed: int = 0,
) -> Difference:
    """The second run minus the first, over the edits that both have; the interval as of `estimate`.

    Args:
        first, second: edit -> number.
        groups: edit -> its source photograph.
    """
    both = [key for key in first.keys() & second.keys() if isfinite(first[key]) and isfinite(second[key])]
    if not both:
        return Difference(None, None, None, 0, None, NO_PAIRS)
    mean, low, high = _interval([(groups[key], second[key] - first[key]) for key in both], resamples, seed)
    more = sum(second[key] > first[key] for key in both) / len(both)
    return Difference(mean, low, high, len(both), more, FEW if low is None else "")


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], NDArray[np.float64]], groups: int, resamples: int, seed: int
) -> tuple[float, float]:
    """Between which two numbers the middle 95 % of a statistic lie, when groups are drawn again.

    Args:
        statistic: (R, groups) numbers of the groups drawn -> (R,), nan for drawings that have no value.
        groups: how many there are, and how many are drawn each time.
        resamples, seed: as of `estimate`.
    """
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # of drawings without a value, left out below
        found = stats.bootstrap(
            (np.arange(groups),),
            lambda drawn, axis: statistic(drawn.astype(np.int64)),
            n_resamples=resamples,
            batch=max(1, AT_ONCE // groups),
            vectorized=True,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    low, high = np.nanquantile(found.bootstrap_distribution, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _interval(rows: list[tuple[str, float]], resamples: int, seed: int) -> tuple[float, float | None, float | None]:
    """Mean, low and high of (group, value); low and high are None for fewer groups than `LEAST`."""
    found: dict[str, list[float]] = {}
    for group, value in rows:
        found.setdefault(group, []).append(value)
    mean = fsum(value for _, value in rows) / len(rows)
    if len(found) < LEAST:
        return mean, None, None
    ordered = [found[group] for group in sorted(found)]
    sums = np.array([fsum(values) for values in ordered])
    sizes = np.array([len(values) for values in ordered], dtype=float)
    ratio = lambda drawn: sums[drawn].sum(1) / sizes[drawn].sum(1)  # noqa: E731
    return mean, *bootstrap(ratio, len(ordered), resamples, seed)


def _commonest(reasons: Sequence[str]) -> str:
    """The reason given most often; of equals the first in the alphabet."""
    counted = Counter(reason for reason in reasons if reason)
    return min(counted, key=lambda reason: (-counted[reason], reason), default="")
