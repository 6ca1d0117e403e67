"""Bars: on a terminal only."""

from __future__ import annotations

import sys
from types import SimpleNamespace

from fice.cli.progress import Progress


def test_progress_is_silent_when_nobody_watches(capsys):
    with Progress() as progress:
        for step in range(1, 4):
            progress("loop", step / 3)
            progress.loss(SimpleNamespace(losses={"image": 1.0}))
    assert capsys.readouterr() == ("", "")


def test_progress_shows_stage_loss_and_time_left_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("fice.cli.progress.PATIENCE", 0)
    with Progress() as progress:
        for step in range(4):
            progress("loop", step / 4)
            progress.loss(SimpleNamespace(losses={"image": 1.25, "pose": 1.0}))
    said = capsys.readouterr().err
    assert "editing" in said and "50 %" in said and "left" in said and "loss 2.250" in said
