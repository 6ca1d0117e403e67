"""The recipe of the small CLIP, on made-up people."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from fice.bundle.bundle import load_bundle
from fice.language.clip import Semantics
from fice.language.lexicon import COLOURS
from fice.language.words import parse
from fice.subject.regions import REGION_CLASSES
from fice.training.contrastive import agreement, changed, multi_positive
from fice.training.data.captions import Appearance, matches
from fice.training.data.dataset import Framed, is_validation, save_framed
from fice.training.data.outfits import Sample, Wardrobe
from fice.training.data.views import SIZE, Pool, degrade, look_at
from fice.training.recipes.clip import _choices, _counted
from fice.training.words import load_words

ROOT = Path(__file__).resolve().parents[2]
CLASSES = [
    "null",
    "hair",
    "skin",
    "t-shirt",
    "pants",
    *sorted(
        "blazer blouse bodysuit cape cardigan coat dress hoodie jacket jeans jumper leggings romper shirt shorts skirt"
        " suit sweater sweatshirt top vest".split()
    ),
]


@pytest.fixture(scope="module")
def framed() -> Framed:
    """Sixteen people of rectangles: hair, skin, a grey t-shirt, blue trousers."""
    rng = np.random.default_rng(0)
    names = [f"{k:04d}" for k in range(200)]
    names = [n for n in names if is_validation(n)][:4] + [n for n in names if not is_validation(n)][:12]
    fine = np.zeros((16, 256, 128), np.uint8)
    pictures = np.full((16, 256, 128, 3), 255, np.uint8)
    labels = np.zeros_like(fine)
    parts = {"hair": (8, 30), "skin": (30, 50), "t-shirt": (50, 125), "pants": (125, 248)}
    regions = {"hair": "hair", "skin": "face", "t-shirt": "upper", "pants": "trousers"}
    for k in range(16):
        left, right = rng.integers(36, 48), rng.integers(80, 92)
        for name, (top, bottom) in parts.items():
            fine[k, top:bottom, left:right] = CLASSES.index(name)
            labels[k, top:bottom, left:right] = REGION_CLASSES.index(regions[name])
            pictures[k, top:bottom, left:right] = rng.integers(40, 200, 3)
    return Framed(names, pictures, labels, fine, np.ones(16, bool), CLASSES, [["t-shirt", "pants"]] * 16)


def test_several_right_captions_share_the_target_and_unknown_ones_take_no_part():
    logits = torch.tensor([[2.0, 1.0, 0.0, 9.0], [0.5, 0.0, 0.0, 0.0]])
    right = torch.tensor([[1.0, 1.0, 0.0, math.nan], [0.0, 0.0, 0.0, 0.0]])
    chances = logits[0, :3].log_softmax(0)
    expected = -(chances[0] + chances[1]) / 2  # the second row has no right caption
    torch.testing.assert_close(multi_positive(logits, right), expected)


def test_unknown_captions_get_no_gradient():
    logits = torch.zeros(2, 3, requires_grad=True)
    multi_positive(logits, torch.tensor([[1.0, 0.0, math.nan], [math.nan, 1.0, 0.0]])).backward()
    assert logits.grad[0, 2] == 0 and logits.grad[1, 0] == 0 and logits.grad[0, 1] > 0 > logits.grad[0, 0]


def test_agreement_of_captions_and_looks():
    shirt = Appearance("red", None, "solid", ("shirt",), None, None)
    skirt = Appearance("blue", None, "floral", ("skirt",), None, "mini")
    captions = [
        [parse("red shirt")[0]],
        [parse("blue")[0]],
        [parse("red")[0], parse("floral skirt")[0]],
        [parse("red skirt")[0]],
        [parse("sleeveless red shirt")[0]],
        [parse("sleeveless red shirt")[0], parse("green")[0]],
    ]
    table = agreement(captions, [[shirt, skirt], [shirt]])
    expected = torch.tensor([[1, 1, 1, 0, math.nan, 0], [1, 0, 0, 0, math.nan, 0]])
    torch.testing.assert_close(table, expected, equal_nan=True)


def test_a_changed_sentence_differs_in_one_word_at_most():
    rng = np.random.default_rng(0)
    said = parse("mini red floral dress")[0]
    for _ in range(20):
        other = changed(said, rng)
        assert sum(a != b for a, b in zip(said.words, other.words, strict=True)) <= 1


def test_choices_have_one_right_answer():
    look = Appearance("red", "white", "striped", ("t-shirt", "top"), None, None)
    for captions in _choices(look, np.random.default_rng(0)).values():
        assert len(set(captions)) == 32
        assert [k for k, text in enumerate(captions) if matches(parse(text)[0], look) is not False] == [0]


def test_counting_finds_the_colour_that_covers_most():
    picture = np.full((8, 8, 3), 255, np.uint8)
    picture[:5, :4], picture[5:, :4] = COLOURS["red"], COLOURS["navy"]
    mask = np.zeros((8, 8), bool)
    mask[:, :4] = True
    assert _counted(Sample(picture, mask, [])) == "red"
    assert _counted(Sample(picture, ~mask, [])) == "white"


def test_views_and_their_degradation(framed):
    wardrobe = Wardrobe(framed, range(16))
    samples = [wardrobe.draw(np.random.default_rng(k)) for k in range(6)]
    views = look_at(samples, np.random.default_rng(1))
    worse = degrade(views, np.random.default_rng(2))
    assert views.shape == worse.shape == (6, 3, SIZE, SIZE)
    assert 0 <= views.min() and views.max() <= 1 and 0 <= worse.min() and worse.max() <= 1
    assert worse.equal(degrade(views, np.random.default_rng(2))) and not worse.equal(views)
    assert look_at(samples, height=64).shape == views.shape


def test_a_pool_looks_once_and_shows_what_it_saw_again(framed):
    rng, seen = np.random.default_rng(0), []

    def see(views, _):
        seen.append(len(views))
        return views, views.mean((1, 2, 3))

    pool = Pool(Wardrobe(framed, range(16)), see, size=12, reuse=4)
    for _ in range(3):
        looks, (views, means) = pool.draw(8, rng)
        assert len(looks) == 8 and views.shape == (8, 3, SIZE, SIZE) and means.allclose(views.mean((1, 2, 3)))
    assert len(pool.kept) == 12 and seen == [8, 2, 2]


def test_nothing_of_the_validation_people_is_drawn(framed):
    chosen = np.flatnonzero(~framed.validation)
    wardrobe = Wardrobe(framed, chosen)
    assert framed.validation.sum() == 4
    assert {index for index, _ in wardrobe.garments} == set(chosen)


def test_the_recipe_runs_resumes_and_leaves_a_bundle_part(framed, word_bundle, tmp_path):
    save_framed(tmp_path / "data", framed)
    command = [
        sys.executable,
        "-m",
        "fice.training.recipes.clip",
        "--data",
        str(tmp_path / "data"),
        "--out",
        str(tmp_path / "run"),
    ]
    command += ["--words", str(word_bundle), "--smoke", "--batch", "6", "--threads", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    first, second = (
        subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path) for _ in range(2)
    )
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "from step 0" in first.stdout and "from step 0" not in second.stdout
    figures = json.loads(second.stdout.splitlines()[-1])
    assert {"caption_32", "colour", "pattern", "garment", "design", "unseen_colour", "soft_caption_32"} <= set(figures)
    third = subprocess.run([*command, "--evaluate"], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert third.returncode == 0, third.stderr
    assert json.loads(third.stdout) == pytest.approx(figures, abs=2e-4)
    semantics = Semantics.from_bundle(load_bundle(tmp_path / "run"))
    assert semantics.encode_text(["red dress", "blue floral skirt"]).shape == (2, 256)
    assert semantics.encode_picture(torch.rand(2, 3, 40, 30)).shape == (2, 256)
    assert semantics.unknown_words("a woolly wibbly dress") == ["wibbly"]
    assert list(semantics.tokenizer.words) == load_words(str(word_bundle))[0]
    assert list(semantics.mean) == [0, 0, 0] and list(semantics.std) == [1, 1, 1]
