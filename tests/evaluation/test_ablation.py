"""Studies of the method: variants are settings, runs are batches, the same study gives the same table."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from asking import batch
from conftest import ROOT
from PIL import Image

import fice
from fice.errors import UsageError
from fice.evaluation.ablation import (
    FULL,
    PICTURED,
    RUNS,
    STANDARD,
    Variant,
    ablate,
    choose,
    combinations,
    describe_study,
    differing,
)
from fice.evaluation.run import Judging
from fice.inversion.sample import people
from fice.order import Order
from fice.settings import PRESETS, Settings

TINY = ["refine=0", "tuning=0", "views=1", "steps=2"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two generated people."""
    folder = tmp_path_factory.mktemp("photos")
    generator = fice.load_bundle("street").part("generator")
    for seed in (5, 29):
        person = Image.fromarray(people(generator, 1, seed=seed)[0])
        person.resize((150, 300), Image.Resampling.BICUBIC).save(folder / f"{seed}.png")
    return folder


@pytest.mark.parametrize("preset", PRESETS)
def test_standard_variants_are_valid_settings_with_names_of_folders(preset):
    base = Settings.preset(preset)
    variants = (*STANDARD, *PICTURED)
    for variant in variants:
        base.replace(**variant.changes)
        assert variant.meaning and variant.name.replace("-", "").isalnum()
    assert len({variant.name for variant in variants}) == len(variants)
    assert STANDARD[0].name == FULL and not STANDARD[0].changes


def test_each_term_can_be_removed():
    removed = {name for variant in STANDARD for name, value in variant.changes.items() if value == 0.0}
    assert {"semantic", "image", "pose", "head", "latent", "cloth"} <= removed


def test_the_full_method_comes_first_whatever_is_chosen():
    assert [v.name for v in choose(["no-pose", "no-pose"], [])] == [FULL, "no-pose"]
    assert [v.name for v in choose([], ["steps=1,2"])] == [FULL, "steps=1", "steps=2"]
    assert choose([], []) == choose([], [], Order.of("red dress")) == list(STANDARD)
    with pytest.raises(UsageError, match="no-pose"):
        choose(["no-poses"], [])


def test_what_concerns_pictures_is_studied_where_there_are_some():
    for order in (Order.of("red dress", pictures="dress.jpg"), Order.of("red dress", collection="shop")):
        assert choose([], [], order) == [*STANDARD, *PICTURED]
    told: list[str] = []
    names = [each.name for each in differing(choose(["garments-0", "garments-3"], []), Settings(), told.append)]
    assert names == [FULL, "garments-0"] and told == ["garments-3 is the same as full here; it is left out."]
    for name in ("no-warp", "garments-1"):  # of a photographed garment too
        Settings().replace(**next(each.changes for each in PICTURED if each.name == name)).check()


def test_a_grid_is_every_combination_in_order():
    found = combinations(["steps=10,30", "clamp=true,false"])
    assert [v.name for v in found] == [
        "steps=10,clamp=true",
        "steps=10,clamp=false",
        "steps=30,clamp=true",
        "steps=30,clamp=false",
    ]
    assert found[1].changes == {"steps": 10, "clamp": False}


@pytest.mark.parametrize("axis", ["steps", "steps=ten", "stepz=1", "steps=0"])
def test_what_is_no_axis_is_refused(axis):
    with pytest.raises(UsageError):
        combinations([axis])
    with pytest.raises(UsageError, match="once"):
        combinations(["steps=1", "steps=2"])


def test_variants_that_are_the_same_are_run_once():
    told: list[str] = []
    same = [Variant("a"), Variant("b", {"views": 0}), Variant("c", {"views": 0}), Variant("d", {"pose": 10.0})]
    assert [v.name for v in differing(same, Settings(), told.append)] == ["a", "b"]
    assert told == ["c is the same as b here; it is left out.", "d is the same as a here; it is left out."]


def test_a_plan_names_what_would_run():
    lines = describe_study(Settings.preset("paper", steps=30)).splitlines()
    assert lines[0].startswith(FULL) and any("pose=0" in line for line in lines)
    assert not any(line.startswith("no-augmentation") for line in lines)  # the paper has none


def tiny(photos, out, *variants, **options):
    """A study with hardly any steps, and how many edits were made for it."""
    made = []
    study = ablate(
        batch(photos, ["red dress"], out, preset="generated", assignments=TINY, device="cpu"),
        variants=variants,
        judging=Judging(device="cpu", resamples=200),
        progress=lambda result, *_: made.append(result is not None),
        **options,
    )
    return study, sum(made)


def table(folder):
    """The table of a study without what differs from run to run: the time."""
    return [row for row in (folder / "table.csv").read_text().splitlines() if ",seconds," not in row]


def test_a_study_is_repeated_to_the_last_digit_and_resumed(photos, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    study, made = tiny(photos, first, "no-stitch")
    _, made_again = tiny(photos, second, "no-stitch")
    assert table(first) == table(second) and made == made_again == 4
    assert list(study.runs) == [FULL, "no-stitch"] and len(study.rows) == 4

    more, made = tiny(photos, first, "no-pose")
    assert made == 2  # only the new variant's edits
    assert more.table[FULL] == {**study.table[FULL], "seconds": more.table[FULL]["seconds"]}
    assert more.table[FULL]["identical"].mean == 1.0 > study.table["no-stitch"]["identical"].mean
    assert study.differences["no-stitch"]["identical"].mean < 0
    for name in ("index.html", "table.md", "study.json", "bars.png", "losses.png"):
        assert (first / name).stat().st_size > 1000
    assert json.loads((first / "study.json").read_text())


def test_seeds_are_edits_of_their_own(photos, tmp_path):
    study, _ = tiny(photos / "5.png", tmp_path, "no-pose", seeds=2)
    assert [(row.run, row.seed) for row in study.rows] == [(FULL, 0), (FULL, 1), ("no-pose", 0), ("no-pose", 1)]
    assert sorted(folder.name for folder in (tmp_path / RUNS / FULL).iterdir()) == ["seed-0", "seed-1"]
    assert study.table[FULL]["gain"].low is None  # one photograph gives no interval


def test_parts_that_a_photographed_garment_has_not_are_refused_before_the_first_edit(photos, tmp_path):
    with pytest.raises(UsageError, match="pose concerns generated garments only"):
        ablate(batch(photos, ["red dress"], tmp_path / "out", device="cpu"), variants=["no-pose"])
    assert not (tmp_path / "out").exists()


def run(*arguments):
    return subprocess.run([sys.executable, ROOT / "cli.py", *map(str, arguments)], capture_output=True, text=True)


def test_the_command_line_says_what_is_wrong(photos, tmp_path):
    for arguments, code, said in (
        (["ablate", photos, "red dress", "-o", tmp_path / "a", "--variant", "no-such"], 2, "no variant"),
        (["evaluate", tmp_path], 3, "results.jsonl"),
    ):
        done = run(*arguments)
        assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr
        assert done.stderr.strip().count("\n") == 0


def test_a_photo_that_fails_is_a_row_without_numbers(photos, tmp_path):
    source = tmp_path / "photos"
    source.mkdir()
    (source / "5.png").write_bytes((photos / "5.png").read_bytes())
    (source / "broken.jpg").write_bytes(b"no picture")
    done = run(
        "ablate",
        source,
        "red dress",
        "-o",
        tmp_path / "out",
        "--variant",
        "no-pose",
        "--device",
        "cpu",
        *(part for one in TINY for part in ("--set", one)),
    )
    assert done.returncode == 1, done.stderr
    assert "no-pose" in done.stdout
    rows = (tmp_path / "out" / "edits.csv").read_text()
    assert rows.count("broken.jpg") >= 2 and "no picture" not in done.stderr
