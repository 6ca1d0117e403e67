"""What can be set and what can be said: the lists behind `fice settings` and `fice words`."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from fice.language import lexicon
from fice.language.designs import DESIGN_NAMES, DESIGNS, MATERIAL_NAMES, MATERIALS
from fice.language.places import known_places
from fice.setting import WORDS, as_set
from fice.settings import PRESETS, Settings

WIDTH = 100  # letters
COLUMN = 12  # letters of a name
COLOURS_TOO = (
    'And all names of the xkcd survey and of CSS ("robin\'s egg blue"), "#007aff", "rgb(0, 122, 255)", '
    '"hsl(211, 100%, 50%)", words before them ("dusty teal", "a darker blue", "darker") and "the same red as the bag".'
)
SENTENCES = (
    "a red floral dress",
    "change the striped shirt to blue, without a pattern",
    "white shirt and blue jeans",
    "make the jacket olive and the trousers khaki",
    "a red top with a matching skirt, no pattern",
    "a #007aff silk blouse and a houndstooth coat",
    "make the dress darker",
    "a striped shirt with a white collar, and brown shoes",
    "skirt in the same red as the bag",
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
        elif type(field.default) in (int, float):
            row["limits"] = list(field.metadata["limits"])
        rows.append(row)
    return rows


def settings_text() -> str:
    """The settings for people: what each is in the presets, and below it what it may be and means."""
    lines = [f"{'':{COLUMN}}default; presets that differ"]
    for setting in settings():
        values = {name: as_set(value) for name, value in setting["presets"].items()}
        usual = values["default"]
        told = [f"{name} {value}" for name, value in values.items() if value != usual]
        row = f"{setting['name']:{COLUMN}}{'; '.join([usual, *told])}"
        lines += textwrap.wrap(row, WIDTH, subsequent_indent=" " * COLUMN, break_on_hyphens=False)
        allowed = " | ".join(setting.get("choices", ())) or " to ".join(map(as_set, setting.get("limits", ())))
        allowed = allowed or WORDS[type(setting["presets"]["default"])]
        lines += textwrap.wrap(f"{setting['meaning']} ({allowed})", WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join(lines)


def words() -> dict[str, dict[str, list[str]]]:
    """Kind -> word -> other words for the same."""
    return {
        "colours": _grouped(lexicon.COLOURS, lexicon.SYNONYMS),
        "patterns": _grouped(DESIGNS, DESIGN_NAMES),
        "materials": _grouped(MATERIALS, MATERIAL_NAMES),
        "garments": _grouped(lexicon.GARMENTS, lexicon.SYNONYMS),
        "sleeves": _grouped(lexicon.SLEEVES, lexicon.SYNONYMS),
        "lengths": _grouped(lexicon.LENGTHS, lexicon.SYNONYMS),
        "places": known_places(),
    }


def words_text() -> str:
    """The words for people, those for the same thing on one line, and sentences made of them."""
    lines = []
    for kind, known in words().items():
        lines.append(f"{kind}:")
        for word, others in known.items():
            line = ": ".join(filter(None, (word, ", ".join(others))))
            lines += textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent="      ")
        if kind == "colours":
            lines += textwrap.wrap(COLOURS_TOO, WIDTH, initial_indent="  ", subsequent_indent="  ")
    return "\n".join([*lines, "sentences:", *(f"  {sentence}" for sentence in SENTENCES)])


def _grouped(words: Iterable[str], names: Mapping[str, str | None]) -> dict[str, list[str]]:
    """Word -> the names for it that are not itself."""
    return {word: [name for name, meant in names.items() if meant == word != name] for word in words}
