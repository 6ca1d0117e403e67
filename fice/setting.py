"""One setting: its default and meaning, how a value is read, and what it may be."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from fice.errors import UsageError

RENAMED = {"look": "crop", "semantics": "clip_from", "posing": "pose_from"}  # by their old names
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def setting(
    default: Any, meaning: str, *, limits: tuple[float, float] = (0.0, 1e6), choices: tuple[str, ...] = ()
) -> Any:
    """A setting: its value in the preset `default`, what it means and why, and what it may be."""
    return dataclasses.field(default=default, metadata={"meaning": meaning, "limits": limits, "choices": choices})


def as_set(value: Any) -> str:
    """A value as --set takes it."""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown(name: str, known: Iterable[str]) -> str:
    if name in RENAMED:
        return f"The setting {name} is called {RENAMED[name]} now: say {RENAMED[name]}."
    return f"There is no setting {name!r}: choose one of {', '.join(known)}."


def boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def check(setting: dataclasses.Field, value: Any) -> None:
    name, kind, choices = setting.name, type(setting.default), setting.metadata.get("choices")
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) if kind is float else type(value) is kind
    if not fits:
        raise UsageError(f"{name} wants {WORDS[kind]}, not {value!r}.")
    if choices and value not in choices:
        raise UsageError(f"{name} is one of {', '.join(choices)}, not {value!r}.")
    if kind in (int, float):
        low, high = setting.metadata["limits"]
        if not math.isfinite(value) or not low <= value <= high:
            raise UsageError(f"{name} wants a number from {low:g} to {high:g}, not {value!r}.")
