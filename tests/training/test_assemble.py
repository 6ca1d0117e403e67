"""Parts of several runs become one bundle."""

from __future__ import annotations

import torch

from fice.bundle.bundle import load_bundle, verify
from fice.bundle.pack import save_part, save_state
from fice.nets.pyramid import Pyramid
from fice.training.recipes.assemble import assemble


def test_a_part_that_nothing_reads_any_more_is_left_out(tmp_path):
    shape = {"classes": 2, "size": 0}
    save_part(tmp_path / "run", "regions", Pyramid(**shape), "pyramid", shape)
    save_state(tmp_path / "run", "guess", {"weight": torch.zeros(2)}, "guess", {})
    old = load_bundle(tmp_path / "run")
    assert set(old.parts) == {"regions", "guess"} and verify(old) == []
    assert assemble([tmp_path / "run"], tmp_path / "bundle", name="mine") == []
    assert set(load_bundle(tmp_path / "bundle").parts) == {"regions"}
