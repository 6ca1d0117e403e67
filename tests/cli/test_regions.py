"""`fice regions`: the picture, the shares, and what is refused before networks are read."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from conftest import person_on_a_wall
from PIL import Image

from fice.cli import main


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    return person_on_a_wall(tmp_path_factory.mktemp("photo"), seed=16)


def run(*arguments):
    return CliRunner().invoke(main, ["regions", *map(str, arguments)], prog_name="fice")


def test_all_that_is_worn_is_shown_and_named(person):
    ran = run(person)
    *lines, output = ran.stdout.splitlines()
    assert ran.exit_code == 0 and output == str(person.with_name("person.regions.png"))
    assert lines and all(line.endswith("% of the person") for line in lines)
    with Image.open(output) as shown, Image.open(person) as photo:
        assert shown.size == photo.size
    assert run(person).exit_code == 2 and "--force" in run(person).stderr


def test_words_are_found_and_told_as_json(person, tmp_path):
    ran = run(person, "Everything above the waist", "-o", tmp_path / "above.png", "--json")
    told = json.loads(ran.stdout)
    assert told["words"] == "everything above the waist" and told["output"] == str(tmp_path / "above.png")
    assert 0.1 < told["shares"][told["words"]] < 0.9 and (tmp_path / "above.png").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("the logo", "no place that fice finds"),
        ("the dress but not the dress", "contradicts itself"),
        (" ", "no words"),
    ],
)
def test_what_is_no_place_is_refused_before_networks_are_read(words, said, photo, monkeypatch):
    monkeypatch.setattr("fice.bundle.bundle.load_bundle", None)
    ran = run(photo, words)
    assert ran.exit_code in (2, 3) and said in ran.stderr and len(ran.stderr.splitlines()) == 1


def test_a_place_that_is_not_there_is_answered_with_what_is(person, tmp_path):
    ran = run(person, "the umbrella", "-o", tmp_path / "none.png")
    assert ran.exit_code == 3
    ran = run(person, "scarf", "-o", tmp_path / "none.png")
    assert ran.exit_code == 3 and "Not seen here: scarf, but" in ran.stderr and not (tmp_path / "none.png").exists()


def test_a_segmenter_that_is_not_there_is_refused(photo, tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    ran = run(photo, "the logo", "--region-from", "nobodys")
    assert ran.exit_code == 4 and "no segmenter 'nobodys'" in ran.stderr
