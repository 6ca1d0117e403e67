"""The measures behind the model card, on cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import person_on_a_wall
from PIL import Image

from fice import Editor
from fice.evaluation.measures import psnr_on_person
from fice.evaluation.realism import frechet
from fice.subject.regions import REGION_CLASSES
from fice.training.data.dataset import Framed
from fice.training.data.folder import is_validation
from fice.training.recipes.judge import choose_pairs, edits


def test_frechet_distance_of_gaussians():
    chance = torch.Generator().manual_seed(0)
    first = torch.randn(20_000, 4, generator=chance, dtype=torch.float64)
    assert frechet(first, first) == pytest.approx(0, abs=1e-6)
    assert frechet(first, first + 2) == pytest.approx(16, rel=1e-6)  # four axes, each moved by two
    assert frechet(first, 3 * first) == pytest.approx(4 * 4, rel=0.05)  # four axes, deviations 1 and 3


def test_psnr_counts_the_person_alone():
    wanted = torch.full((1, 3, 8, 4), 0.5)
    body = torch.zeros(1, 1, 8, 4)
    body[:, :, 2:6] = 1
    drawn = wanted + 0.1 * body + 0.4 * (1 - body)
    assert psnr_on_person(drawn, wanted, body).item() == pytest.approx(20, abs=1e-3)


def test_pairs_are_labelled_people_never_trained_on_in_what_the_sentence_changes(tmp_path):
    held_out = [name for name in map(str, range(100)) if is_validation(name)][:3]
    trained = next(name for name in map(str, range(100)) if not is_validation(name))
    names = [*held_out, trained]
    labels = np.zeros((4, 64, 32), np.uint8)
    labels[:, 20:40] = REGION_CLASSES.index("dress")
    labels[1] = REGION_CLASSES.index("trousers")
    labelled = np.array([True, True, False, True])
    framed = Framed(names, np.zeros((4, 64, 32, 3), np.uint8), labels, labels, labelled, ["void"], [[]] * 4)
    suffixes = (".png", ".jpg", ".jpg", ".webp")
    photos = [tmp_path / f"{name}{suffix}" for name, suffix in zip(names, suffixes, strict=True)]
    assert choose_pairs(photos, framed, ["red dress", "blue jeans"], 5) == [
        (photos[0], "red dress"),
        (photos[1], "blue jeans"),
    ]


def test_edits_are_judged_beside_recolouring_and_failures_count(tmp_path):
    person = person_on_a_wall(tmp_path, seed=11)
    Image.new("RGB", (64, 128), (255, 255, 255)).save(tmp_path / "nobody.png")
    editor = Editor("street", "cpu")
    pairs = [(person, "red striped dress"), (tmp_path / "nobody.png", "blue outfit")]
    found = edits(editor, "street-judge", pairs, tmp_path / "kept")
    assert found["pairs"] == 2 and {"similarity", "mask similarity", "silhouette iou", "right pattern"} <= found.keys()
    assert found["colour halved"] <= 0.5 and found["mask right caption"] <= 0.5  # nobody counts as failed
    assert found["mask similarity"] > found["similarity before"] + 0.1
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {
        "edit.csv",
        "mask.csv",
        f"red-striped-dress-{person.stem}-edit.png",
        f"red-striped-dress-{person.stem}-mask.png",
    }
