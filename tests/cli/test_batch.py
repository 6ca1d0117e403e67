"""`fice batch` as people and scripts meet it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import fice.batch.run
from fice.batch.journal import Summary
from fice.cli import main


def test_a_batch_ends_with_its_page(tmp_path, monkeypatch):
    monkeypatch.setattr(fice.batch.run, "run_batch", lambda *_, **__: Summary())
    command = ["batch", "photos", "red dress", "-o", str(tmp_path)]
    page = str(tmp_path / "index.html")
    assert CliRunner().invoke(main, command).stdout.splitlines()[-1] == page
    assert json.loads(CliRunner().invoke(main, [*command, "--json"]).stdout)["page"] == page


@pytest.mark.parametrize("verb", ["batch", "ablate"])
def test_what_was_engine_is_on(verb, tmp_path):
    command = [verb, "photos", "red dress", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(main, [*command, "--engine", "ray"])
    assert (result.exit_code, result.stderr) == (2, "Error: --engine is called --on now: say --on ray.\n")
    assert not (tmp_path / "out").exists()
    told = CliRunner().invoke(main, [verb, "--help"]).stdout
    assert "--on [local|ray]" in told and "--engine" not in told


def test_where_a_run_is_computed_is_handed_on(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(fice.batch.run, "run_batch", lambda batch, **_: asked.append(batch) or Summary())
    CliRunner().invoke(main, ["batch", "photos", "red dress", "-o", str(tmp_path), "--on", "ray", "--workers", "2"])
    assert (asked[0].on, asked[0].workers, asked[0].sentences()) == ("ray", 2, ["red dress"])
