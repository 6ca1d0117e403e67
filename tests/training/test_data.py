"""Prepared folders: small, and equal to what was saved."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fice.training.data.dataset import Framed, load_framed, save_framed


@pytest.fixture
def framed():
    rng = np.random.default_rng(0)
    pictures = np.full((5, 32, 16, 3), 255, np.uint8)
    pictures[:, 8:24, 4:12] = rng.integers(0, 256, (5, 16, 8, 3))
    labels, fine = (rng.integers(0, 14, (5, 32, 16)).astype(np.uint8) for _ in range(2))
    labelled = np.array([True, False, True, True, False])
    return Framed([f"{i:04}" for i in range(5)], pictures, labels, fine, labelled, ["null", "hair"], [["hat"]] * 5)


def same(left, right):
    for name in ("pictures", "labels", "fine", "labelled"):
        one, other = getattr(left, name), getattr(right, name)
        assert one.dtype == other.dtype and np.array_equal(one, other), name
    assert (left.names, left.classes, left.tags) == (right.names, right.classes, right.tags)


def test_no_bit_is_lost(framed, tmp_path):
    save_framed(tmp_path, framed)
    same(load_framed(tmp_path), framed)


def test_noise_alone_takes_room(framed, tmp_path):
    save_framed(tmp_path / "noise", framed)
    framed.pictures[:] = 255
    save_framed(tmp_path / "white", framed)
    sizes = [np.load(tmp_path / name / "framed.npz")["pictures"].size for name in ("noise", "white")]
    assert sizes[0] > 5 * 16 * 8 * 3 and sizes[1] < 5 * 100


def test_folders_from_before_are_read(framed, tmp_path):
    arrays = {name: getattr(framed, name) for name in ("pictures", "labels", "fine", "labelled")}
    np.savez_compressed(tmp_path / "framed.npz", **arrays)
    meta = {"names": framed.names, "classes": framed.classes, "tags": framed.tags}
    (tmp_path / "framed.json").write_text(json.dumps(meta))
    same(load_framed(tmp_path), framed)
