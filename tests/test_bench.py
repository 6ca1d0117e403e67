"""The measurements of fice bench: FLOPs against the formula, numbers that can be, and what they are compared with."""

from __future__ import annotations

import json

import pytest
import torch
from click.testing import CliRunner
from conftest import person_on_a_wall
from torch import nn

from fice.bench import edits, machine, measure, networks
from fice.bench.edits import PARTS
from fice.bench.table import compared, read_measured, table
from fice.cli import main
from fice.errors import FiceError, InputError
from fice.settings import PRESETS

CPU = torch.device("cpu")


def an_edit(seconds=6.0, **parts):
    parts = {"torch": 1.5, "look": 0.7, "loop": 0.1, "stitch": 0.9, "end": 0.8} | parts
    return {"seconds": seconds, "peak_bytes": 2**29, "parts": parts}


@pytest.fixture
def brief(monkeypatch):
    """Measurements as short as they can be, and no processes."""
    monkeypatch.setattr(machine, "REPEATS", 0)
    monkeypatch.setattr(machine, "MOVED", 1 << 12)
    monkeypatch.setattr(networks, "BATCHES", (1,))
    monkeypatch.setattr(
        measure, "edits", lambda *_, large: {"first": an_edit()} | ({"large": an_edit()} if large else {})
    )


@pytest.fixture(scope="module")
def told():
    network = {"forward": 0.01, "backward": 0.02, "flops": 1e9, "floor_seconds": 0.005, "best_batch": 4}
    first = an_edit()
    return {
        "machine": {"processor": "a fine one", "device": "cpu", "threads": 2, "torch": "2.13.0", "fice": "0.1.0"},
        "asked": {"text": "red dress", "size": [512, 343], "preset": "generated", "steps": 20},
        "matrix_rate": 1e11,
        "bandwidth": 1e10,
        "edits": {"first": first, "again": an_edit(4.0, look=0.1), "large": an_edit(9.5)},
        "step_seconds": 0.2,
        "flops": {"look": 1e10, "loop": 4e10},
        "floor": {part: {"share": 0.1, "seconds": 0.0, "distance": None} for part in first["parts"]}
        | {"loop": {"share": 0.1, "seconds": 0.4, "distance": 12.5}},
        "networks": {"generator": network | {"best_seconds": 0.02}},
    }


def test_flops_are_those_of_the_formula():
    a, b = torch.randn(8, 16), torch.randn(16, 4)
    assert networks.flops_of(lambda: a @ b) == 2 * 8 * 16 * 4
    conv, x = nn.Conv2d(3, 5, 3, padding=1, bias=False), torch.randn(2, 3, 8, 6)
    assert networks.flops_of(lambda: conv(x)) == 2 * 2 * 8 * 6 * 5 * 3 * 9


def test_flops_of_a_gradient_are_counted():
    a, b = torch.randn(8, 16, requires_grad=True), torch.randn(16, 4)
    assert networks.flops_of(lambda: torch.autograd.grad((a @ b).sum(), a)) == 2 * (2 * 8 * 16 * 4)


def test_a_network_is_measured(brief):
    network = nn.Conv2d(3, 4, 3).requires_grad_(False)
    found = networks.measure_network(network, torch.rand(1, 3, 16, 16), machine.matrix_rate(CPU, 64))
    assert found["flops"] == 2 * (2 * 14 * 14 * 4 * 3 * 9)  # forward, and the gradient of the input
    assert found["forward"] > 0 and found["best_batch"] == 1 and found["floor_seconds"] > 0


def test_an_edit_is_timed_as_a_process_from_start_to_end(tmp_path):
    person = person_on_a_wall(tmp_path)
    found = edits.edits(person, "red dress", ["--preset", "fast", "--device", "cpu"], tmp_path, large=False)
    parts = found["first"]["parts"]
    assert set(PARTS) - set(parts) <= {"fit", "between"} and all(seconds > 0 for seconds in parts.values())
    assert found["first"]["seconds"] == pytest.approx(sum(parts.values()), rel=0.01)
    assert found["first"]["peak_bytes"] > 2**27
    assert list((tmp_path / "memory").iterdir())  # what was seen is kept here, and not where users' own is


def test_an_edit_that_fails_says_why(tmp_path):
    with pytest.raises(FiceError, match="does not exist") as failed:
        measure.measure(tmp_path / "none.jpg")
    assert failed.value.exit_code == 3


def test_a_photo_is_enlarged_to_twelve_megapixels(tmp_path):
    with edits.Image.open(edits.enlarged(person_on_a_wall(tmp_path), tmp_path)) as large:
        assert large.width * large.height == pytest.approx(12e6, rel=0.01)
        assert large.width / large.height == pytest.approx(300 / 400, rel=0.01)


def test_a_generated_edit_has_a_floor_by_stage_and_its_networks(brief, monkeypatch):
    monkeypatch.setitem(PRESETS, "generated", {"garment": "generated", "refine": 1, "tuning": 1, "views": 1})
    told = json.loads(json.dumps(measure.measure(preset="generated", steps=2, device="cpu")))
    assert told["step_seconds"] == told["edits"]["first"]["parts"]["loop"] / 2
    assert set(told["networks"]) == {"generator", "encoder", "regions", "pose", "clip (one view)"}
    assert {stage for stage, flops in told["flops"].items() if flops} >= {"look", "fit", "loop"}
    loop = told["floor"]["loop"]
    assert loop["distance"] == pytest.approx(0.1 / loop["seconds"]) and loop["share"] == pytest.approx(0.1 / 6)
    assert "generator" in table(told) and "12 megapixels" not in table(told)


def test_an_edit_by_default_has_no_loop_of_networks(brief):
    told = measure.measure(device="cpu")
    assert (told["asked"]["preset"], told["asked"]["steps"], told["networks"]) == ("default", 1, {})
    assert told["floor"]["stitch"]["seconds"] > 0  # of its pixels
    assert told["floor"]["torch"]["distance"] is None
    assert "12 megapixels" in table(told)


def test_the_table_has_a_row_for_everything(told):
    shown = table(told)
    assert all(PARTS[part] in shown for part in told["edits"]["first"]["parts"])
    assert "512 MiB" in shown and "50 GFLOP" in shown and "generator" in shown and "12x" in shown


def test_measurements_are_compared_figure_by_figure(told):
    faster = told | {"edits": told["edits"] | {"first": an_edit(3.0)}}
    rows = compared(told, faster).splitlines()
    assert "first edit, s" in rows[1] and rows[1].split()[-3:] == ["6", "3", "0.50"]
    assert any("generator, forward" in row and row.endswith("1.00") for row in rows)


def test_a_comparison_says_when_machines_differ(told):
    other = told | {"machine": told["machine"] | {"threads": 8, "torch": "2.14.0"}}
    assert compared(told, other).startswith("Not the same: threads 2, now 8; torch 2.13.0, now 2.14.0.")


def test_what_is_no_longer_measured_is_still_shown(told):
    assert any("12 megapixels, s" in row for row in compared(told, told | {"edits": {"first": an_edit()}}).splitlines())


def test_measurements_are_read_as_they_were_written(told, tmp_path):
    (tmp_path / "old.json").write_text(json.dumps(told))
    assert read_measured(tmp_path / "old.json") == told


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\x80\x02c", b'{"edits": 3}', b"[" * 100_000, b" " * (1 << 20) + b"{}"],
    ids=len,
)
def test_what_are_no_measurements_is_refused(content, tmp_path):
    (tmp_path / "old.json").write_bytes(content)
    with pytest.raises(InputError, match=r"old.json (holds no measurements|cannot be read)"):
        read_measured(tmp_path / "old.json")


def test_damaged_measurements_are_refused(told, tmp_path):
    for name in told:
        for wrong in (None, "many", [], {"first": None}, 0):
            (tmp_path / "old.json").write_text(json.dumps(told | {name: wrong}))
            try:
                read_measured(tmp_path / "old.json")
            except InputError:
                continue
            assert wrong == 0 and isinstance(told[name], float)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [(["none.json"], 3, "No such file"), (["none.json", "--json"], 2, "--json tells what is measured now")],
    ids=["missing", "json"],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_measured(options, code, said, monkeypatch):
    monkeypatch.setattr(measure, "measure", lambda **_: pytest.fail("measured"))
    done = CliRunner().invoke(main, ["bench", "--compare", *options])
    assert done.exit_code == code and said in done.stderr


def test_old_figures_are_shown_below_the_new(told, tmp_path, monkeypatch):
    (tmp_path / "old.json").write_text(json.dumps(told))
    monkeypatch.setattr(measure, "measure", lambda **_: told)
    done = CliRunner().invoke(main, ["bench", "--compare", str(tmp_path / "old.json")])
    assert done.output.strip() == f"{table(told)}\n\n{compared(told, told)}".strip()
