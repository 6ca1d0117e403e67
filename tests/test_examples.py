"""The examples run, and notice when a figure is not what it was."""

from __future__ import annotations

import importlib.util

from conftest import ROOT


def test_reproduce_tells_what_differs(tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("reproduce", ROOT / "examples" / "reproduce.py")
    reproduce = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reproduce)
    runs = {run for run, _ in reproduce.EXPECTED}
    assert runs == {"full", *reproduce.VARIANTS} and {m for _, m in reproduce.EXPECTED} <= set(reproduce.TOLERANCE)
    for name, value in (("SEEDS", (12,)), ("TEXTS", ("red shirt",)), ("VARIANTS", ["no-stitch"])):
        monkeypatch.setattr(reproduce, name, value)
    monkeypatch.setattr(reproduce, "EXPECTED", {("full", "gain"): 9.0, ("no-stitch", "identical"): 0.2})
    monkeypatch.setattr(reproduce.sys, "argv", ["reproduce.py", str(tmp_path)])
    monkeypatch.setitem(reproduce.TOLERANCE, "identical", 0.5)
    assert reproduce.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("full") and lines[1].endswith("differs") and not lines[2].endswith("differs")
    assert (tmp_path / "study" / "index.html").is_file()
