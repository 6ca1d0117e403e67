"""A whole evaluation of edits that any tool may have made: csv tables, real pictures, judges and their warnings."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import fice
from fice.errors import InputError, UsageError
from fice.evaluation.run import Judging, _named, evaluate
from fice.inversion.sample import people

QUICK = Judging(device="cpu", resamples=200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three generated people, and what a tool that paints everything red in the middle made of them."""
    folder = tmp_path_factory.mktemp("edits")
    generator = fice.load_bundle("street").part("generator")
    for seed in (2, 12, 19):
        person = Image.fromarray(people(generator, 1, seed=seed)[0]).resize((128, 256))
        person.save(folder / f"{seed}.png")
        pixels = np.array(person)
        pixels[48:128, 30:98] = (200, 20, 30)
        Image.fromarray(pixels).save(folder / f"{seed}-red.png")
        Image.fromarray(pixels).resize((64, 128)).save(folder / f"{seed}-small.png")
    return folder


def table(folder, name, rows):
    with open(folder / name, "w", newline="") as file:
        csv.writer(file).writerows([("source", "edit", "text"), *rows])
    return folder / name


@pytest.fixture(scope="module")
def red(folder):
    rows = [(f"{seed}.png", f"{seed}-red.png", "red shirt") for seed in (2, 12, 19)]
    return table(folder, "red.csv", rows)


@pytest.fixture(scope="module")
def untouched(folder):
    rows = [(f"{seed}.png", f"{seed}.png", "red shirt") for seed in (2, 12, 19)]
    return table(folder, "untouched.csv", rows)


@pytest.mark.parametrize("library", ["skimage", "matplotlib"])
def test_a_missing_library_is_told_before_the_work(library, red, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    for work in (
        lambda: evaluate(red, output=tmp_path / "out"),
        lambda: fice.ablate(fice.Batch("photo.jpg", tmp_path / "out")),
    ):
        with pytest.raises(UsageError, match=rf"{library} must be installed: .*'\.\[evaluate\]'"):
            work()
    assert not (tmp_path / "out").exists()


def test_runs_are_compared_edit_by_edit(untouched, red, tmp_path):
    study = evaluate([untouched, red], output=tmp_path, judging=QUICK)
    assert list(study.runs) == ["untouched", "red"] and len(study.rows) == 6
    nothing = study.table["untouched"]
    assert nothing["gain"].mean == pytest.approx(0, abs=1e-6)
    assert nothing["identical"].mean == 1 and nothing["psnr outside"].mean == 100
    assert nothing["part iou"].mean == 1 and nothing["part distance"].mean == 0
    assert nothing["frechet"].mean == pytest.approx(0, abs=1e-6)  # the photographs beside themselves
    apart = study.differences["red"]
    assert apart["colour error"].mean < -10 and apart["colour error"].pairs == 3 and apart["colour error"].more == 0
    assert apart["gain"].mean > 0
    assert study.table["red"]["frechet"].mean > 0.01
    assert study.table["red"]["seconds"].mean is None and "journal" in study.table["red"]["seconds"].reason
    assert (tmp_path / "index.html").is_file()


def test_a_judge_that_guided_is_told(folder, red, tmp_path):
    notes = " ".join(evaluate(red, judging=QUICK).notes)
    assert "street-judge" in notes and "do not say what guided them" in notes
    (tmp_path / "results.jsonl").write_text(
        '{"key": "a.png", "status": "done", "report": {"input": "%s", "text": "red shirt", "bundle": "street"}}\n'
        % (folder / "2.png")
    )
    (tmp_path / "a.png").write_bytes((folder / "2-red.png").read_bytes())
    fair = " ".join(evaluate(tmp_path, judging=QUICK).notes)
    assert "Warning" not in fair and "which guided these edits too" in fair
    flattering = " ".join(evaluate(tmp_path, judging=replace(QUICK, judge="street")).notes)
    assert "Warning" in flattering and "--judge street-judge" in flattering


def test_pictures_of_another_size_and_missing_ones_have_reasons(folder):
    bad = ("2.png", "2-small.png", "red shirt"), ("12.png", "gone.png", "red shirt"), ("19.png", "19-red.png", "shirt")
    study = evaluate(table(folder, "bad.csv", bad), judging=QUICK)
    small, gone, colourless = study.rows
    assert not small.values and "64 x 128" in small.reasons["gain"]
    assert not gone.values and "gone.png" in gone.reasons["identical"]
    assert "gain" in colourless.values and "no colour" in colourless.reasons["colour error"]
    found = study.table["bad"]
    assert found["gain"].count == 1 and found["colour error"].mean is None
    assert found["frechet"].mean is None and "two pictures" in found["frechet"].reason  # of one there is none


def test_real_pictures_are_named_and_those_without_anybody_left_out(folder, red, tmp_path):
    (tmp_path / "real").mkdir()
    for seed in (2, 12):
        (tmp_path / "real" / f"{seed}.png").write_bytes((folder / f"{seed}.png").read_bytes())
    Image.new("RGB", (80, 120), "white").save(tmp_path / "real" / "nobody.png")
    study = evaluate(red, judging=replace(QUICK, real=tmp_path / "real"))
    notes = " ".join(study.notes)
    assert "the 3 photographs of" in notes and "In 1 of 3 photographs nobody was found" in notes
    assert study.table["red"]["kernel"].mean is not None
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no photographs"):
        evaluate(red, judging=Judging(real=tmp_path / "empty"))
    with pytest.raises(InputError, match="not a folder"):
        evaluate(red, judging=Judging(real=tmp_path / "none"))


def test_runs_have_names_of_their_own(tmp_path):
    assert list(_named(["a/x/seed-0", "a/y/seed-0"])) == ["x/seed-0", "y/seed-0"]
    assert list(_named(["b/ours", "b/theirs.csv"])) == ["ours", "theirs"]
    with pytest.raises(UsageError, match="twice"):
        _named(["a", "a"])
    with pytest.raises(UsageError, match="no run"):
        _named([])
    with pytest.raises(UsageError, match="inception"):
        evaluate(tmp_path, judging=Judging(features="vgg"))
