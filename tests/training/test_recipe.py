"""What recipes share: one loop, which resumes exactly, and stops a run whose numbers are lost."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from torch import nn

from fice.bundle.bundle import load_bundle
from fice.errors import FiceError
from fice.nets.pyramid import Pyramid
from fice.training.recipe import Clock, Run, finish, train


class Line:
    """A side: a line through random points."""

    def __init__(self):
        self.layer = nn.Linear(1, 1)
        for parameter in self.layer.parameters():
            nn.init.zeros_(parameter)
        self.modules, self.optimisers = {"layer": self.layer}, {"adam": torch.optim.Adam(self.layer.parameters(), 0.1)}
        self.seen = []

    def step(self, number, fraction, batch):
        self.seen.append((number, fraction))
        loss = (self.layer(batch + torch.rand(4, 1)) - 2 * batch).square().mean()
        self.optimisers["adam"].zero_grad()
        loss.backward()
        self.optimisers["adam"].step()
        return {"loss": loss}


def draw(number):
    return torch.rand(4, 1, generator=torch.Generator().manual_seed(number))


def trained(path, *steps, **changes):
    for most in steps:
        side = Line()
        train(side, draw, Run(path, steps=most, **changes))
    return side


def test_a_run_in_parts_ends_as_a_whole_one(tmp_path):
    whole, parts = trained(tmp_path / "whole.safetensors", 6), trained(tmp_path / "parts.safetensors", 2, 5, 6)
    assert whole.layer.weight != 0 and torch.equal(whole.layer.weight, parts.layer.weight)
    assert parts.seen == [(5, 0.0)]  # of a time without end nothing is spent


def test_what_is_kept_was_shown_and_is_at_the_step_it_says(tmp_path, capsys):
    side, shown = Line(), []
    train(side, draw, Run(tmp_path / "run.safetensors", steps=3, batch=4, tick=0), lambda: shown.append(len(side.seen)))
    assert shown == [1, 2, 3]
    with safe_open(tmp_path / "run.safetensors", "pt") as file:
        assert json.loads(file.metadata()["progress"])["step"] == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 parameters, from step 0" and [line.split()[1] for line in lines[1:]] == ["1", "2", "3"]


def test_numbers_that_are_lost_are_not_kept(tmp_path):
    side = trained(tmp_path / "run.safetensors", 2)
    before = (tmp_path / "run.safetensors").read_bytes()
    with pytest.raises(FiceError, match="loss is not finite at step 3"):
        train(side, lambda number: draw(number) * float("nan"), Run(tmp_path / "run.safetensors", steps=9, tick=0))
    assert (tmp_path / "run.safetensors").read_bytes() == before and len(side.seen) == 3


def test_a_finished_part_is_in_its_bundle_with_its_figures(tmp_path, capsys):
    shape = {"classes": 2, "size": 0}
    finish(tmp_path, "regions", Pyramid(**shape), "pyramid", shape, {"names": ["a", "b"]}, {"mean iou": 0.5})
    bundle = load_bundle(tmp_path)
    assert bundle.figures == {"regions": {"mean iou": 0.5}} and bundle.extra("regions") == {"names": ["a", "b"]}
    assert json.loads(capsys.readouterr().out) == {"mean iou": 0.5}


def test_a_figure_that_is_not_finite_stops_the_run_at_that_step():
    clock = Clock(60, tick=0)
    kept = []
    with pytest.raises(FiceError, match="loss is not finite at step 2; the last checkpoint is"):
        for step in clock.steps():
            loss = torch.tensor(1.0 if step < 2 else float("nan"))
            if clock.log({"loss": loss, "other": torch.tensor(0.0)}):
                kept.append(step)
    assert kept == [0, 1]


def test_between_two_ticks_too():
    clock = Clock(60, tick=1000)
    with pytest.raises(FiceError, match="loss is not finite at step 3"):
        for step in clock.steps():
            clock.log({"loss": torch.tensor(float("inf") if step == 3 else 0.0)})
