"""Pictures about an edit: complete files of the right size, and nothing left behind when the disk refuses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import imageio.v3 as imageio
import numpy as np
import pytest

import fice.files
from fice.errors import FiceError
from fice.outputs import FRAMES, Outputs, save_gif, save_png


def frame(level):
    return np.full((16, 8, 3), level, np.uint8)


def test_a_trace_is_an_animation_that_ends_with_the_result(tmp_path):
    save_gif([frame(0), frame(120), frame(240)], tmp_path / "t.gif")
    back = imageio.imread(tmp_path / "t.gif", index=None)
    assert back.shape == (3, 16, 8, 3) and back[:, 0, 0, 0].tolist() == [0, 120, 240]
    assert [imageio.immeta(tmp_path / "t.gif", index=i)["duration"] for i in range(3)] == [50, 50, 1500]


@pytest.mark.parametrize("steps", [1, 5, 48, 60, 501])
def test_a_trace_keeps_few_frames_and_the_last(steps):
    kept = Outputs(Path("result.png"), {"trace": Path("t.gif")})
    for step in range(1, steps + 1):
        kept.watch(SimpleNamespace(step=step, steps=steps, picture=lambda step=step: step))
    assert kept.frames[-1] == steps and min(steps, FRAMES) <= len(kept.frames) <= 2 * FRAMES


def test_a_png_is_exact(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    save_png(picture, tmp_path / "p.png")
    assert np.array_equal(imageio.imread(tmp_path / "p.png"), picture)


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fice.files.os, "replace", full)
    with pytest.raises(FiceError, match="disk is full"):
        save_png(frame(3), tmp_path / "p.png")
    assert not list(tmp_path.iterdir())
