"""The recipe of the first guess, on made-up people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from fice.bundle.bundle import load_bundle
from fice.language.lexicon import COLOURS
from fice.subject.regions import REGION_CLASSES
from fice.training.data.dataset import Framed, is_validation, save_framed
from fice.training.recipe import load_checkpoint
from fice.training.recipes.guess import CHECKPOINT, LOOKS, Lessons, Studio, batches, colour_distance, encoded

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ["null", "hair", "skin", "t-shirt", "pants", *sorted(
    "blazer blouse bodysuit cape cardigan coat dress hoodie jacket jeans jumper leggings romper shirt shorts skirt suit"
    " sweater sweatshirt top vest".split()
)]  # fmt: skip


@pytest.fixture(scope="module")
def framed() -> Framed:
    """Twelve people of rectangles: hair, face, a t-shirt, trousers; four are never trained on."""
    rng = np.random.default_rng(0)
    names = [f"{k:04d}" for k in range(200)]
    names = [n for n in names if is_validation(n)][:4] + [n for n in names if not is_validation(n)][:8]
    parts = {"hair": (8, 30, "hair"), "skin": (30, 50, "face"), "t-shirt": (50, 125, "upper"),
             "pants": (125, 248, "trousers")}  # fmt: skip
    fine = np.zeros((12, 256, 128), np.uint8)
    pictures, labels = np.full((12, 256, 128, 3), 255, np.uint8), np.zeros_like(fine)
    for k in range(12):
        left, right = rng.integers(30, 48), rng.integers(80, 92)
        for name, (top, bottom, region) in parts.items():
            fine[k, top:bottom, left:right] = CLASSES.index(name)
            labels[k, top:bottom, left:right] = REGION_CLASSES.index(region)
            pictures[k, top:bottom, left:right] = rng.integers(40, 200, 3)
    return Framed(names, pictures, labels, fine, np.ones(12, bool), CLASSES, [["t-shirt", "pants"]] * 12)


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(load_bundle("street"), "cpu")


def test_a_lesson_changes_its_garment_and_nothing_else(framed):
    lessons, rng = Lessons(framed, np.arange(12)), np.random.default_rng(0)
    names, turned = set(), 0
    for _ in range(24):
        lesson = lessons.draw(rng)
        assert lesson.pictures.shape == (1 + LOOKS, 256, 128, 3) and lesson.mask.mean() > 0.03
        padded = np.pad(lesson.mask, 1)
        near = np.logical_or.reduce([padded[y : y + 256, x : x + 128] for y in range(3) for x in range(3)])
        turned += not (lesson.pictures[0] == framed.pictures).all((1, 2, 3)).any()
        for picture, said in zip(lesson.pictures[1:], lesson.sentences, strict=True):
            assert (picture[~near] == lesson.pictures[0][~near]).all()
            names.add(said.garment)
            if said.colour and said.pattern in (None, "solid"):
                seen = torch.from_numpy(picture).permute(2, 0, 1) / 255
                assert colour_distance(seen, lesson.mask, said.colour) < 5
    assert 4 < turned < 20
    assert {"t-shirt", "trousers"} < names  # other words than for what is worn are learnt, too


def test_steps_go_to_what_was_said_and_without_a_colour_from_the_photograph():
    ws = torch.arange(6 * (1 + LOOKS)).view(6, 1 + LOOKS, 1, 1).float()
    named = torch.ones(6, LOOKS, dtype=torch.bool)
    named[0] = False
    data = {"ws": ws, "text": ws[:, 1:, 0], "named": named}
    before, text, after = next(batches(data, 400, torch.Generator().manual_seed(0)))
    before, text, after = (each.flatten() for each in (before, text, after))
    assert (text == after).all()  # the text is that of the picture after
    assert (before != after).all() and (before // (1 + LOOKS) == after // (1 + LOOKS)).all()
    assert (before[after < 1 + LOOKS] == 0).all()
    assert set((before % (1 + LOOKS)).tolist()) == set(range(1 + LOOKS))
    assert (after % (1 + LOOKS) > 0).all()


def test_lessons_are_encoded_once_for_one_bundle(framed, studio, tmp_path):
    path = tmp_path / "run" / "lessons.safetensors"
    people = framed.resized(studio.generator.canvas), np.arange(12)
    first = encoded(studio, *people, 3, 0, path, "a")
    rows, width = studio.generator.num_ws, studio.generator.w_dim
    assert first["ws"].shape == (3, 1 + LOOKS, rows, width) and first["text"].shape[:2] == (3, LOOKS)
    written = path.stat().st_mtime_ns
    (tmp_path / "run" / CHECKPOINT).write_bytes(b"")
    again = encoded(studio, *people, 3, 0, path, "a")
    assert path.stat().st_mtime_ns == written and again["ws"].equal(first["ws"])
    assert (tmp_path / "run" / CHECKPOINT).exists()
    encoded(studio, *people, 2, 0, path, "b")
    assert path.stat().st_mtime_ns != written and not (tmp_path / "run" / CHECKPOINT).exists()


def test_distance_to_a_named_colour():
    mask = np.zeros((4, 4), bool)
    mask[1:3] = True
    picture = torch.ones(3, 4, 4)
    picture[:, 1:3] = torch.tensor(COLOURS["teal"])[:, None, None] / 255
    assert colour_distance(picture, mask, "teal") == pytest.approx(0, abs=1e-3)
    assert colour_distance(picture, mask, "red") > 50


def test_the_recipe_runs_resumes_and_leaves_a_bundle_part(framed, tmp_path):
    save_framed(tmp_path / "data", framed)
    command = [sys.executable, "-m", "fice.training.recipes.guess", "--data", str(tmp_path / "data"), "--out",
               str(tmp_path / "run"), "--bundle", "street", "--smoke", "--batch", "8", "--threads", "1"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    checkpoint, steps = tmp_path / "run" / "checkpoint.safetensors", []
    for minutes in ("0.02", "0.04"):
        done = subprocess.run([*command, "--minutes", minutes], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        assert "from step 0" in done.stdout if not steps else f"from step {steps[0]}" in done.stdout
        steps.append(load_checkpoint(checkpoint, {}, {})["step"])
    assert steps[1] > steps[0] > 0
    figures = json.loads(done.stdout.splitlines()[-1])
    assert {"psnr guess", "psnr photograph", "colour distance guess"} <= set(figures)
    bundle = load_bundle(tmp_path / "run")
    assert bundle.parts["guess"].bytes < 2 * 2**20 and bundle.figures["guess"] == figures
    network = bundle.part("guess")
    ws = torch.randn(2, network.num_ws, network.w_dim)
    text = torch.nn.functional.normalize(torch.randn(2, network.embed_dim))
    assert network(ws, text).shape == ws.shape
