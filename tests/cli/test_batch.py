"""`fice batch` as people and scripts meet it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from fice.cli import main


def test_a_batch_ends_with_its_page(tmp_path, monkeypatch):
    import fice.batch.run
    from fice.batch.journal import Summary

    monkeypatch.setattr(fice.batch.run, "run_batch", lambda *_, **__: Summary())
    command = ["batch", "photos", "red dress", "-o", str(tmp_path)]
    page = str(tmp_path / "index.html")
    assert CliRunner().invoke(main, command).stdout.splitlines()[-1] == page
    assert json.loads(CliRunner().invoke(main, [*command, "--json"]).stdout)["page"] == page
