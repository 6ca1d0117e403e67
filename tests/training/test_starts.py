"""The measurement of starts: the same edit in several numbers of steps, each as if it were made alone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fice import Editor, Settings
from fice.inversion.sample import people
from fice.training.recipes.judge_edits import Pair
from fice.training.recipes.starts import edited, figures_of, prepared, reached

QUICK = Settings.preset("fast", refine=2, tuning=0, views=2, start="encoder")


@pytest.fixture(scope="module")
def editor():
    return Editor("street", "cpu", QUICK)


@pytest.fixture(scope="module")
def pair(editor, tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "person.png"
    made = Image.fromarray(people(editor.generator, 1, seed=3)[0]).resize((150, 300), Image.Resampling.BICUBIC)
    wall = Image.new("RGB", (300, 400), (255, 255, 255))
    wall.paste(made, (70, 60))
    wall.save(path)
    return Pair(path, "red outfit")


def test_each_number_of_steps_is_an_edit_of_its_own(editor, pair):
    wishes = prepared(editor, [pair])
    found = {number: (edits[0], seconds) for number, edits, seconds in edited(editor, wishes, [1, 3])}
    assert {number: edit.facts["steps"] for number, (edit, _) in found.items()} == {1: 1, 3: 3}
    assert all(seconds > 0 for _, seconds in found.values())
    alone = Editor("street", "cpu", QUICK.replace(steps=3)).edit(wishes[0][0], pair.text)
    assert np.abs(alone.pixels.astype(int) - found[3][0].pixels).max() <= 2
    figures = figures_of(alone, editor.semantics)
    assert figures["similarity"] == alone.facts["similarity"]["after"]
    assert -1 <= figures["judge's similarity"] <= 1 and figures["colour distance"] > 0


def test_a_pair_that_cannot_be_edited_is_left_out(editor, pair, tmp_path):
    Image.new("RGB", (64, 128), (255, 255, 255)).save(tmp_path / "white.png")
    wishes = prepared(editor, [Pair(tmp_path / "white.png", "red outfit"), pair])
    assert [plan.sentence.text for _, plan, _ in wishes] == ["red outfit"]
    assert wishes[0][0].photo.path == pair.path


def test_steps_to_a_goal_lie_between_the_measured_ones():
    course = {1: 0.2, 10: 0.4, 30: 0.3, 60: 0.8}
    assert reached(course, 0.3) == pytest.approx(5.5)
    assert reached(course, 0.6) == pytest.approx(45)
    assert reached(course, 0.1) == 1 and reached(course, 0.9) is None
