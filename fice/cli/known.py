"""What can be set and what can be said: the lists behind `fice settings` and `fice words`."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

from fice.language import lexicon
from fice.settings import PRESETS, Settings, as_set

WIDTH = 100  # letters
NAMES = {"C": "colours", "P": "patterns", "G": "garments", "S": "sleeves", "L": "lengths"}
SENTENCES = (
    "a red floral dress",
    "change the striped shirt to blue, without a pattern",
    "white shirt and blue jeans",
    "make the jacket olive and the trousers khaki",
    "a red top with a matching skirt, no pattern",
)


def settings() -> list[dict[str, Any]]:
    """Each setting: its name, meaning, value in each preset, and choices or limits where it has them."""
    presets = {name: Settings.preset(name) for name in PRESETS}
    rows = []
    for field in dataclasses.fields(Settings):
        if not field.metadata:  # the name of the preset
            continue
        row: dict[str, Any] = {"name": field.name, "meaning": field.metadata["meaning"]}
        row["presets"] = {name: getattr(preset, field.name) for name, preset in presets.items()}
        if field.metadata["choices"]:
            row["choices"] = list(field.metadata["choices"])
        elif type(field.default) is not bool:
            row["limits"] = list(field.metadata["limits"])
        rows.append(row)
    return rows


def settings_text() -> str:
    """The settings for people: a row of values, and below it what they may be and mean."""
    lines = [_row(["", *PRESETS])]
    for setting in settings():
        values = [as_set(value) for value in setting["presets"].values()]
        lines.append(_row([setting["name"], *values]))
        allowed = " | ".join(setting.get("choices", ("true", "false")))
        if "limits" in setting:
            allowed = " to ".join(map(as_set, setting["limits"]))
        lines += textwrap.wrap(f"{setting['meaning']} ({allowed})", WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def words() -> dict[str, dict[str, list[str]]]:
    """Kind -> word -> other words for the same."""
    found: dict[str, dict[str, list[str]]] = {NAMES[kind]: {word: [] for word in lexicon.KINDS[kind]} for kind in NAMES}
    for other, word in lexicon.SYNONYMS.items():
        next(known for known in found.values() if word in known)[word].append(other)
    return found


def words_text() -> str:
    """The words for people, those for the same thing on one line, and sentences made of them."""
    lines = []
    for kind, known in words().items():
        lines.append(f"{kind}:")
        for word, others in known.items():
            line = ": ".join(filter(None, (word, ", ".join(others))))
            lines += textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent="      ")
    return "\n".join([*lines, "sentences:", *(f"  {sentence}" for sentence in SENTENCES)])


def _row(cells: list[str]) -> str:
    return "".join(cell.ljust(12) for cell in cells).rstrip()
