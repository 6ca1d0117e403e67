"""The recipes at the chain's beginning, at their smallest, on photographs of the street."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from fice.bundle.bundle import load_bundle
from fice.nets.pyramid import Pyramid
from fice.subject.pose import MIRRORED, PART_CLASSES
from fice.subject.regions import REGION_CLASSES, Regions
from fice.training import parsing
from fice.training.checkpoint import load_checkpoint
from fice.training.data.dataset import load_framed, load_street, merge_labels
from fice.training.data.folder import read_folder
from fice.training.parts import body_parts
from fice.training.recipe import between
from fice.training.recipes import regions


@pytest.fixture(scope="module")
def photos(street, tmp_path_factory):
    """Twelve photographs of the street, all labelled, two of them never trained on."""
    folder = tmp_path_factory.mktemp("recipes") / "photos"
    for path in read_folder(street).first(12):
        for part, name in (("photos", path.name), ("labels", f"{path.stem}.png")):
            (folder / part).mkdir(parents=True, exist_ok=True)
            shutil.copy(street / part / name, folder / part / name)
    shutil.copy(street / "tags.json", folder / "tags.json")
    return folder


def recipe(name, *arguments):
    """Runs a recipe as a user does, at its smallest."""
    command = [sys.executable, "-m", f"fice.training.recipes.{name}", *map(str, arguments), "--smoke", "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def runs(photos):
    """The folder with the runs of the regions and of what prepares people."""
    out = photos.parent / "out"
    recipe("regions", "--data", photos, "--out", out / "regions", "--batch", 4, "--minutes", 0.03)
    recipe("prepare", "--data", photos, "--out", out / "prepared", "--regions", out / "regions")
    return out


def test_prepared_people_stand_on_white(runs):
    framed = load_framed(runs / "prepared")
    assert framed.pictures.shape[1:] == (256, 128, 3) and len(framed.names) >= 8
    outside = framed.pictures[framed.labels == 0]
    assert np.median(outside) == 255
    heights = (framed.labels > 0).any(2).sum(1)
    assert np.median(heights) == pytest.approx(0.94 * 256, abs=6)


def test_a_recipe_resumes_from_its_checkpoint(runs, photos):
    checkpoint = runs / "regions" / "checkpoint.safetensors"
    before = load_checkpoint(checkpoint, {}, {})
    longer = before["seconds"] / 60 + 0.01
    recipe("regions", "--data", photos, "--out", runs / "regions", "--batch", 4, "--minutes", longer)
    after = load_checkpoint(checkpoint, {}, {})
    assert after["step"] > before["step"] > 0 and after["seconds"] > before["seconds"]


def test_the_figures_of_a_run_are_found_again(runs, photos):
    card = json.loads((runs / "regions" / "bundle.json").read_text())
    printed = recipe("regions", "--data", photos, "--out", runs / "regions", "--evaluate")
    # a bundle is stored in half precision: pixels that tie may fall otherwise than in the run
    assert json.loads(printed) == pytest.approx(card["figures"]["regions"], abs=2e-3)


def test_a_mirrored_person_has_mirrored_parts():
    labels = np.zeros((128, 64), np.uint8)
    at = REGION_CLASSES.index
    labels[4:20, 26:38] = at("face")
    labels[20:66, 22:42] = at("upper")
    labels[24:60, 12:22] = labels[24:60, 42:48] = at("upper")  # one sleeve is wider than the other
    labels[66:120, 22:31] = labels[66:120, 33:42] = at("trousers")
    labels[120:124, 20:31] = labels[120:124, 33:42] = at("shoes")
    parts = body_parts(labels)
    assert set(np.unique(parts)) == set(range(len(PART_CLASSES)))
    assert parts[90, 25] == PART_CLASSES.index("right leg") and parts[90, 38] == PART_CLASSES.index("left leg")
    turned = np.array(MIRRORED)[body_parts(labels[:, ::-1])[:, ::-1]]
    assert (turned == parts).mean() > 0.97


def test_skin_is_split_into_face_and_the_rest(street):
    photographs = load_street(street, 384, 12)
    for fine in photographs.fine:
        if fine is None:
            continue
        merged = merge_labels(fine, photographs.classes)
        rows = np.flatnonzero((merged == REGION_CLASSES.index("face")).any(1))
        person = np.flatnonzero((merged > 0).any(1))
        assert len(rows) == 0 or rows[-1] < person[0] + 0.2 * len(person)
        assert ((merged > 0) == (fine > 0)).all()


def test_a_student_ends_halfway_to_its_teacher():
    one, other = (Pyramid(2, 0).eval() for _ in range(2))
    other.fine[1].running_mean.fill_(1.0)
    wanted = (one.classify.weight + other.classify.weight) / 2
    found = between(one, other, 0.5)
    assert torch.allclose(found.classify.weight, wanted) and not torch.equal(one.classify.weight, wanted)
    assert (found.fine[1].running_mean == 0.5).all()


def test_a_student_sees_generated_people_as_its_teacher_does():
    bundle = load_bundle("street")
    eye = Regions(bundle.part("regions"), regions.CHANNELS, regions.LOOK)
    seen = list(regions.imagined(bundle.part("generator"), eye, 4))
    assert len(seen) >= 2  # some are nobody to it
    for picture, labels, (y0, x0, y1, x1), _ in seen:
        assert picture.shape == (256, 128, 3) and labels.shape == (256, 128)
        known = labels[labels != parsing.UNKNOWN]
        assert known.max() < len(regions.CHANNELS) and (labels == 0).mean() > 0.4
        assert 0 <= y0 < y1 <= 256 and 0 <= x0 < x1 <= 128
