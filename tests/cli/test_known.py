"""What can be set and what can be said is listed, and what is listed is taken."""

from __future__ import annotations

import dataclasses
import json

import pytest
from click.testing import CliRunner

from fice.cli import known, main
from fice.language.designs import DESIGNS, MATERIALS
from fice.language.lexicon import PATTERNS, VOCABULARY
from fice.language.places import known_places
from fice.language.words import parse
from fice.settings import PRESETS, Settings


def listed(verb):
    shown = CliRunner().invoke(main, [verb, "--json"])
    assert shown.exit_code == 0
    return [json.loads(line) for line in shown.stdout.splitlines()]


def test_every_setting_is_listed_with_its_value_in_each_preset():
    rows = listed("settings")
    assert [row["name"] for row in rows] == [field.name for field in dataclasses.fields(Settings)][1:]
    for row in rows:
        assert row["presets"] == {name: getattr(Settings.preset(name), row["name"]) for name in PRESETS}
        assert row["meaning"].endswith(".")


@pytest.mark.parametrize("row", known.settings(), ids=lambda row: row["name"])
def test_what_a_setting_may_be_is_taken(row):
    for value in (*row.get("choices", ()), *row.get("limits", ()), *row["presets"].values()):
        assert Settings.parse(f"{row['name']}={known.as_set(value)}")[1] == value


def test_every_word_is_listed_once_with_its_synonyms():
    (kinds,) = listed("words")
    assert kinds.pop("places") == known_places()
    drawn = {"patterns": DESIGNS, "materials": MATERIALS}
    assert [word for kind, words in kinds.items() if kind not in drawn for word in words] == [
        word for word in VOCABULARY if word not in PATTERNS
    ]
    assert all(list(kinds[kind]) == list(names) for kind, names in drawn.items())
    for kind, words in kinds.items():
        for word, others in words.items():
            for other in (word, *others):
                (sentence,) = parse(other)
                found = {"patterns": (sentence.design,), "materials": (sentence.material,)}
                assert found.get(kind, sentence.words) == (word,)


def test_the_lists_for_people_are_narrow_and_say_the_same():
    text = CliRunner().invoke(main, ["settings"]).stdout
    assert all(row["name"] in text for row in known.settings())
    assert "garment | picture" in text and "1 to 100000" in text
    words = CliRunner().invoke(main, ["words"]).stdout
    assert "  red: crimson, scarlet" in words and "garments:\n" in words
    assert words.endswith("".join(f"  {sentence}\n" for sentence in known.SENTENCES))
    assert not any(said.unknown or said.unclear for sentence in known.SENTENCES for said in parse(sentence))
    assert max(len(line) for line in (text + words).splitlines()) <= known.WIDTH
