"""What the report of an edit tells of it, which may hold anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from fice.errors import UsageError
from fice.evaluation.measures import Unmeasurable
from fice.settings import Settings

ABSENT = {  # of a check
    "print_left": "The garment had no print.",
    "rim": "The report has no rim, as of a new print.",
    "lost": "The background is the photo's own.",
}
ABSENT |= dict.fromkeys(("cut", "doubt", "instead"), "Parts were edited, and no garment as a whole.")


def seconds_of(report: dict[str, Any]) -> float:
    seconds = report.get("seconds")
    if not _is_number(seconds):
        raise Unmeasurable("No journal says how long it took.")
    return float(cast(float, seconds))


def settings_of(report: dict[str, Any]) -> Settings:
    """How an edit was made; by default where it is not told, or in settings of another fice."""
    try:
        return Settings.preset(report["preset"], **report["settings"])
    except (KeyError, TypeError, UsageError):
        return Settings()


def of_check(figures: Callable[[], dict[str, Any]], name: str) -> float:
    value = figures().get(name)
    if not _is_number(value):
        raise Unmeasurable(ABSENT.get(name, "The edit's report lacks it."))
    return float(cast(float, value))


def curve_of(report: dict[str, Any]) -> tuple[tuple[int, float], ...]:
    """(step, loss) as the journal has them; what is no such pair is left out."""
    given = report.get("curve")
    pairs = [pair for pair in given if isinstance(pair, list | tuple)] if isinstance(given, list | tuple) else []
    return tuple(
        (pair[0], float(pair[1])) for pair in pairs if len(pair) == 2 and type(pair[0]) is int and _is_number(pair[1])
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
