"""What recipes share: the clock stops a run whose numbers are lost."""

from __future__ import annotations

import pytest
import torch

from fice.errors import FiceError
from fice.training.recipe import Clock


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
