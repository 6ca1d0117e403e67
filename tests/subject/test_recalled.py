"""Photographs that were analysed before are not looked at again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import person_on_a_wall
from PIL import Image

from fice import Editor, memory
from fice.cli import main
from fice.subject.analysis import Analysis


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FICE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def editor():
    return Editor("street", "cpu", remember=True)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return person_on_a_wall(tmp_path_factory.mktemp("photo"))


def never(*_):
    raise AssertionError("it was looked at")


def test_a_second_look_is_the_first_to_the_last_bit(home, editor, photo, monkeypatch):
    first = editor.analyse(photo)
    monkeypatch.setattr(Analysis, "__call__", never)
    again = editor.analyse(photo)
    assert all(torch.equal(getattr(first, name), getattr(again, name)) for name in ("view", "source", "regions"))
    same = ("frame", "exposure", "notices", "points", "others")
    assert [getattr(first, name) for name in same] == [getattr(again, name) for name in same]


def test_what_a_photo_shows_counts_and_not_its_file(home, editor, photo, tmp_path, monkeypatch):
    first = editor.analyse(photo)
    changed = replace(first.photo, pixels=first.photo.pixels[:, ::-1].copy())
    assert not torch.equal(editor.analyse(changed).regions, first.regions)
    other = tmp_path / "other.tif"
    Image.open(photo).save(other)
    monkeypatch.setattr(Analysis, "__call__", never)
    assert torch.equal(editor.analyse(other).regions, first.regions)


def test_what_is_damaged_is_looked_at_again(home, editor, photo):
    first = editor.analyse(photo)
    (file,) = memory.folder().iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert torch.equal(editor.analyse(photo).regions, first.regions)


def test_the_longest_unused_makes_room(home, monkeypatch):
    numbers = {"x": torch.zeros(1000)}
    monkeypatch.setattr(memory, "MOST", 9000)
    for key in "abc":
        memory.keep(key, numbers, None)
        if key == "b":
            assert memory.recall("a")
    kept = {path.stem for path in memory.folder().iterdir()}
    assert len(kept) == 2 and "c" in kept and memory.held()[1] < 9000


def test_a_disk_that_refuses_is_no_error(home, monkeypatch):
    memory.folder().parent.mkdir(parents=True)
    memory.folder().write_text("no folder")
    memory.keep("a", {"x": torch.zeros(1)}, np.nan)
    assert memory.recall("a") is None and memory.held() == (0, 0)


def test_doctor_tells_and_forgets(home):
    memory.keep("a", {"x": torch.zeros(1000)}, None)
    assert "for good: 1," in CliRunner().invoke(main, ["doctor"]).stdout
    assert "for good: 0," in CliRunner().invoke(main, ["doctor", "--forget"]).stdout
