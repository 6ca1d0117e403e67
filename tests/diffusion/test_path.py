"""The whole path with a tiny random model: one photo, many, resumed, measured, by command and from Python."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import ROOT, person_on_a_wall
from diffusion import plugs, tiny
from PIL import Image
from safetensors.torch import load_file, save_file

import fice
from fice.batch.journal import Journal
from fice.bench import measure
from fice.cli import main
from fice.diffusion.families import FAMILIES
from fice.diffusion.model import Model
from fice.evaluation.ablation import choose
from fice.settings import Settings

SMALL = ("--steps", "2", "--set", "side=128", "--device", "cpu")


@pytest.fixture(scope="module")
def sd(tmp_path_factory):
    """A bundle with a Stable Diffusion for inpainting."""
    folder = tmp_path_factory.mktemp("models")
    return tiny.bundle(folder / "bundle", pipeline=tiny.stable_diffusion(folder / "sd"))


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """Somebody in a coat and trousers."""
    return person_on_a_wall(tmp_path_factory.mktemp("photos"), seed=6)


@pytest.fixture
def edit(sd, person, tmp_path):
    """Edits the person from the command line, into out.png; what came of it."""

    def run(*arguments):
        given = ("edit", person, *arguments, "--bundle", sd, *SMALL, "-o", tmp_path / "out.png", "--force", "--json")
        return CliRunner().invoke(main, [*map(str, given)])

    return run


def report(done):
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def changed(before, after):
    return (pixels(before) != pixels(after)).any(2)


def test_a_photo_is_edited_into_files_that_say_how(edit, person, tmp_path):
    beside = ("--save-mask", tmp_path / "mask.png", "--compare", tmp_path / "both.png")
    told = report(edit("red coat", "--style", "in evening light", "--seed", "3", *beside))
    assert told["preset"] == "diffusion" and told["settings"] == {"steps": 2, "side": 128}
    assert told["order"] == {"garments": [{"text": "red coat"}], "style": "in evening light", "seed": 3}
    different, mask = changed(person, tmp_path / "out.png"), pixels(tmp_path / "mask.png")[:, :, 0] > 0
    assert 0.02 < different.mean() < 0.6 and not (different & ~mask).any()
    assert Image.open(tmp_path / "both.png").width > 2 * 300
    shown = CliRunner().invoke(main, ["show", str(tmp_path / "out.png")])
    assert "style: in evening light" in shown.output and "preset: diffusion" in shown.output


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (["--save-latent", "w.safetensors"], 2, "has no latent"),
        (["--trace", "steps.gif"], 2, "has no trace"),
        (["--set", "tuning=3"], 2, "generated garments only"),
        (["--set", "detail=0.5"], 2, "generated garments only"),
        (["--set", "steps=0"], 2, "steps wants a number from 1"),
    ],
)
def test_what_belongs_to_other_garments_is_refused_in_a_sentence(edit, tmp_path, arguments, code, said):
    done = edit("red coat", *arguments)
    assert done.exit_code == code and said in done.output and "bug" not in done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (["--set", "guidance=3"], 2, "--preset diffusion"),
        (["--preset", "diffusion"], 4, "has no pipeline"),
        (["--style", "in evening light"], 2, "cannot take style; choose a --bundle that has a diffusion"),
        (["--plugin", __file__], 4, "no safetensors file"),
    ],
)
def test_what_belongs_to_a_diffusion_model_is_refused_without_one(person, tmp_path, arguments, code, said):
    given = ["edit", str(person), "red coat", "-o", str(tmp_path / "out.png"), *arguments]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == code and said in done.output and not list(tmp_path.iterdir())


def test_an_order_of_several_garments_is_drawn_in_passes_or_in_one(edit, tmp_path):
    (tmp_path / "order.json").write_text(
        '{"garments": [{"text": "red coat"}, {"text": "blue trousers"}], "style": "by the sea", "background": "navy"}'
    )
    told = [report(edit("--order", tmp_path / "order.json", *more)) for more in ([], ["--set", "apart=false"])]
    assert {one["region"] for one in told} == {"outer+lower"}
    assert all(one["order"]["background"] == "navy" and one["edited_fraction"] > 0.5 for one in told)


def test_outside_of_a_mask_or_of_a_named_place_nothing_changes(edit, person, tmp_path):
    mask = np.zeros((400, 300), np.uint8)
    mask[120:200, 100:200] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    report(edit("red coat", "--mask", tmp_path / "mask.png"))
    different = changed(person, tmp_path / "out.png")
    assert different.any() and not different[mask == 0].any()
    report(edit("blue", "--region", "the left sleeve"))
    rows, columns = changed(person, tmp_path / "out.png").nonzero()
    assert 0 < len(rows) < 0.2 * mask.size and columns.min() > 130  # the wearer's left


def test_from_python_a_bundle_is_a_name_or_a_folder(sd, person, tmp_path, monkeypatch):
    monkeypatch.setenv("FICE_HOME", str(tmp_path))
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "sd").symlink_to(sd)
    settings = Settings.preset("diffusion", steps=1, side=64)
    editor = fice.Editor("sd", "cpu", settings)
    edit = editor.edit(editor.prepare(person), fice.Order.of("red coat", style="at night"))
    again = fice.edit_photo(person, fice.Order.of("red coat", style="at night"), bundle=sd, settings=settings)
    assert np.array_equal(edit.picture, again.picture) and editor.settings.garment == "diffused"
    assert fice.load_bundle("sd").preset == "diffusion"
    assert (
        "coat"
        in CliRunner().invoke(main, ["regions", str(person), "--bundle", "sd", "-o", str(tmp_path / "r.png")]).output
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory, person):
    """A table of orders: three that can be, one that cannot."""
    folder = tmp_path_factory.mktemp("table")
    for name in ("anna", "bela"):
        shutil.copy(person, folder / f"{name}.png")
    (folder / "orders.csv").write_text(
        "photo,text,style,seed\nanna.png,red coat,in evening light,1\nanna.png,blue trousers,,2\n"
        "bela.png,red coat,,3\nnobody.png,red coat,,3\n"
    )
    return folder / "orders.csv"


def batch(table, sd, out, *more):
    given = ("batch", table, "-o", out, "--bundle", sd, *SMALL, "--batch", "2", *more)
    return CliRunner().invoke(main, [*map(str, given)])


def results(out):
    return {entry["key"]: entry for entry in Journal(out).entries()}


@pytest.fixture(scope="module")
def out(table, sd, tmp_path_factory):
    """What a batch of the table made."""
    folder = tmp_path_factory.mktemp("out")
    done = batch(table, sd, folder)
    assert done.exit_code == 1, done.output  # one photo is not there
    return folder


def test_a_batch_makes_each_order_once_and_a_bad_row_fails_alone(table, sd, out):
    made = results(out)
    assert sorted(entry["status"] for entry in made.values()) == ["done", "done", "done", "failed"]
    assert {entry["report"]["seed"] for entry in made.values() if entry["status"] == "done"} == {1, 2, 3}
    done = batch(table, sd, out)
    assert "3  skipped" in done.stdout and "0  done" in done.stdout


def test_other_weights_make_a_batch_new(table, sd, out, tmp_path):
    other = shutil.copytree(sd, tmp_path / "other")
    card = json.loads((other / "bundle.json").read_text())
    files = card["folders"]["pipeline"]["files"]
    name = next(path for path in files if path.startswith("unet/") and path.endswith(".safetensors"))
    files[name]["sha256"] = "0" * 64
    (other / "bundle.json").write_text(json.dumps(card))
    done = CliRunner().invoke(
        main, ["batch", str(table), "-o", str(out), "--bundle", str(other), *SMALL, "--dry-run", "--limit", "1"]
    )
    assert "1 to do, 0 done already" in done.output, done.output


def test_another_content_of_a_plugin_is_drawn_again(person, sd, tmp_path):
    plugin = plugs.lora(tmp_path / "style.safetensors", sd / "pipeline")
    said = []
    for weight in ("0.5", "0.5", "0.7"):
        said += [batch(person, sd, tmp_path / "out", "--text", "red coat", "--plugin", f"{plugin}:{weight}").stdout]
    save_file({name: 2 * each for name, each in load_file(plugin).items()}, plugin)
    said += [batch(person, sd, tmp_path / "out", "--text", "red coat", "--plugin", f"{plugin}:0.7").stdout]
    assert [int(each.split()[0]) for each in said] == [1, 0, 1, 1]  # done
    (entry,) = results(tmp_path / "out").values()
    assert entry["report"]["order"]["plugins"] == [f"{plugin}:0.7"]


def test_an_interrupted_batch_goes_on_where_it_was(table, sd, tmp_path, monkeypatch):
    paint, painted = Model.paint, []

    def interrupted(self, requests):
        painted.extend(requests)
        if len(painted) == 3:
            raise KeyboardInterrupt
        return paint(self, requests)

    monkeypatch.setattr(Model, "paint", interrupted)
    done = batch(table, sd, tmp_path / "out", "--batch", "1")
    assert done.exit_code == 5 and "bug" not in done.output
    before = [key for key, entry in results(tmp_path / "out").items() if entry["status"] == "done"]
    batch(table, sd, tmp_path / "out", "--batch", "1")
    assert len(before) in (1, 2) and len(painted) == 3 + 3 - len(before)  # the second may not have been written yet
    assert not list((tmp_path / "out").glob(".fice-*"))


def test_what_was_drawn_is_evaluated_and_its_room_counts_as_inside(out, sd):
    study = fice.evaluate(out, judging=fice.Judging(bundle=sd, device="cpu", resamples=100))
    rows = [row for row in study.rows if row.values]
    assert len(rows) == 3 and all(row.values["identical"] == 1 for row in rows)
    assert all(row.values["changed"] > 0.5 and "similarity" in row.values for row in rows)


def test_parts_of_the_engine_are_ablated(person, sd, tmp_path):
    given = ("ablate", person, "red coat and blue trousers", "-o", tmp_path, "--bundle", sd, *SMALL)
    plan = CliRunner().invoke(main, [*map(str, given), "--dry-run"]).output
    named = [line.split()[0] for line in plan.splitlines()]
    assert {"full", "no-growth", "one-pass"} <= {*named}
    assert not {"no-control", "no-adapter", "no-pose", "w-space"} & {*named}
    assert "no-control" in {variant.name for variant in choose([], [], garment="diffused", folders=["controlnet"])}
    refused = CliRunner().invoke(main, [*map(str, given), "--variant", "no-adapter"])
    assert refused.exit_code == 2 and "have a folder adapter" in refused.output
    done = CliRunner().invoke(main, [*map(str, given), "--variant", "one-pass", "--grid", "guidance=9"])
    assert done.exit_code == 0, done.output
    rows = (tmp_path / "table.csv").read_text()
    assert all(name in rows for name in ("full", "one-pass", "guidance=9"))
    assert (tmp_path / "index.html").stat().st_size > 10_000


def test_the_page_says_what_each_family_takes():
    page = (ROOT / "docs" / "diffusion.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    told = {cells[0]: cells[1:] for cells in rows if len(cells) == 6}
    for family in FAMILIES:
        pictures = "IP-Adapter" if family.adapted else "one picture" if family.referred else "no"
        posed = "ControlNet" if family.posed else "no"
        *cells, negated, flow = told[family.name]
        assert cells == [str(family.side), posed, pictures]
        assert (negated != "no", flow != "yes") == (family.negated, family.flow)


def test_bench_tells_the_model_from_all_else(person, sd, monkeypatch):
    first = {"seconds": 9.0, "peak_bytes": None, "parts": {"look": 1.0, "loop": 2.0}}
    monkeypatch.setattr(measure, "edits", lambda *_, large: {"first": first})
    told = measure.measure(person, "red coat", bundle=sd, device="cpu", steps=1)
    assert told["asked"]["preset"] == "diffusion" and told["flops"]["look"] > 0 and told["flops"]["loop"] > 0
    assert told["networks"] == {}
