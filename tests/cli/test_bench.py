"""The measurements of fice bench: FLOPs against the formula, and numbers that can be."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

import fice.cli.bench
from fice.cli.bench import PARTS, _flops, _network, matrix_rate, measure, table
from fice.errors import FiceError
from fice.settings import PRESETS


def test_flops_are_those_of_the_formula():
    a, b = torch.randn(8, 16), torch.randn(16, 4)
    assert _flops(lambda: a @ b) == 2 * 8 * 16 * 4
    conv, x = nn.Conv2d(3, 5, 3, padding=1, bias=False), torch.randn(2, 3, 8, 6)
    assert _flops(lambda: conv(x)) == 2 * 2 * 8 * 6 * 5 * 3 * 9


def test_flops_of_a_gradient_are_counted():
    a, b = torch.randn(8, 16, requires_grad=True), torch.randn(16, 4)
    assert _flops(lambda: torch.autograd.grad((a @ b).sum(), a)) == 2 * (2 * 8 * 16 * 4)


def test_a_network_is_measured():
    network = nn.Conv2d(3, 4, 3).requires_grad_(False)
    found = _network(network, torch.rand(1, 3, 16, 16), matrix_rate(torch.device("cpu"), 64))
    assert found["flops"] == 2 * (2 * 14 * 14 * 4 * 3 * 9)  # forward, and the gradient of the input
    assert found["forward"] > 0 and found["best_batch"] in (1, 2, 4, 8) and found["of_floor"] > 0


def test_the_table_has_a_row_for_everything():
    row = {"forward": 0.01, "backward": 0.02, "flops": 1e9, "of_floor": 3.0, "best_batch": 4, "best_seconds": 0.02}
    told = {"device": "cpu", "threads": 2, "preset": "generated", "matrix_rate": 1e11, "seconds": 9.0, "flops": 5e10}
    told |= {"steps": 20, "step_seconds": 0.2, "model_seconds": None}
    told |= {"peak_bytes": 2**30, "floor_seconds": 0.5, "parts": {"loop": 4.0}, "networks": {"generator": row}}
    text = table(told)
    assert "1.00 GiB" in text and "the loop" in text and "generator" in text and "50 GFLOP" in text


def test_an_edit_with_the_bundled_weights_is_measured_by_its_stages(monkeypatch):
    monkeypatch.setattr(fice.cli.bench, "BATCHES", (1,))
    monkeypatch.setattr(fice.cli.bench, "REPEATS", 0)
    monkeypatch.setattr(fice.cli.bench, "_process", lambda *_: {"seconds": 9.0, "peak_bytes": 2**30})
    monkeypatch.setitem(PRESETS, "generated", {"garment": "generated", "refine": 1, "tuning": 1, "views": 1})
    told = json.loads(json.dumps(measure(preset="generated", steps=2, device="cpu")))
    assert set(told["parts"]) == set(PARTS) and all(seconds > 0 for seconds in told["parts"].values())
    assert told["step_seconds"] == told["parts"]["loop"] / 2
    assert set(told["networks"]) == {"generator", "encoder", "regions", "pose", "clip (one view)"}
    assert all(name in table(told) for name in PARTS.values())


def test_an_edit_by_default_has_one_step_and_no_loop_of_networks():
    told = measure(device="cpu")
    assert (told["preset"], told["steps"], told["networks"]) == ("default", 1, {})
    assert told["step_seconds"] == told["parts"]["loop"] and "of 1" in table(told)


def test_an_edit_that_fails_says_why(tmp_path):
    with pytest.raises(FiceError, match="does not exist") as failed:
        measure(tmp_path / "none.jpg")
    assert failed.value.exit_code == 3
