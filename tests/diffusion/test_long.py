"""What a long batch with a diffusion model holds: no more at its end than at its beginning."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import person_on_a_wall
from diffusion import tiny

from fice.editor import Editor
from fice.order import Order
from fice.settings import Settings

MOST = 24e6  # bytes; a photograph of 24 megapixels in float alone takes 288e6


def held():
    """Bytes that this process holds now."""
    gc.collect()
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("the system does not tell what a process holds")
    return int(next(line for line in status.open() if line.startswith("VmRSS")).split()[1]) * 1024


def test_sixty_orders_of_words_of_their_own_hold_what_ten_did(tmp_path):
    sd = tiny.bundle(tmp_path / "bundle", pipeline=tiny.stable_diffusion(tmp_path / "sd"))
    editor = Editor(sd, "cpu", Settings.preset("diffusion", steps=1, side=64, mirrored=False))
    subject = editor.prepare(person_on_a_wall(tmp_path, seed=6))
    mask = np.zeros((400, 300))
    mask[120:200, 100:200] = 1
    plan, before = editor.plan(subject, Order.of("red coat", mask=mask)), 0
    for number in range(60):
        order = replace(plan.order, style=f"at {number} o'clock")
        runs = editor.engine.begin([replace(plan, order=order)], [number])
        while runs:
            for run in editor.engine.step(runs):
                runs.remove(run)
                if number % 10 == 0:  # each is looked at by networks, which takes its time
                    editor.engine.finish(run)
        if number == 10:
            before = held()
    assert held() - before < MOST
