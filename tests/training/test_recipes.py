"""The whole chain of recipes at its smallest, from photographs to a bundle that edits."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from fice.bundle import load_bundle
from fice.pose import MIRRORED, PART_CLASSES
from fice.regions import REGION_CLASSES
from fice.training.assemble import assemble
from fice.training.data import load_framed, merge_labels
from fice.training.pose import body_parts
from fice.training.recipe import load_checkpoint


def run(recipe, *arguments):
    command = [sys.executable, "-m", f"fice.training.{recipe}", "--smoke", "--minutes", "0.03", "--threads", "1"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def chain(street, tmp_path_factory):
    root = tmp_path_factory.mktemp("recipes")
    run("regions", "--data", street, "--out", root / "regions", "--batch", 4)
    # two seconds of training find nobody, so the bundled network frames the people
    run("prepare", "--data", street, "--out", root / "prepared", "--regions", "street")
    run("pose", "--data", root / "prepared", "--out", root / "pose", "--regions", root / "regions", "--batch", 4)
    generator = ("--data", root / "prepared", "--out", root / "generator", "--regions", root / "regions")
    run("generator", *generator, "--batch", 2)
    return root


def test_the_chain_ends_in_a_bundle(chain):
    problems = assemble([chain / "regions", chain / "pose", chain / "generator"], chain / "bundle", name="mine")
    bundle = load_bundle(chain / "bundle")
    assert problems == []
    assert set(bundle.parts) == {"regions", "pose", "generator", "encoder"}
    assert bundle.canvas == bundle.part("generator").canvas
    assert bundle.figures.keys() >= {"regions", "pose", "mapping"}


def test_prepared_people_stand_on_white(chain):
    framed = load_framed(chain / "prepared")
    assert framed.pictures.shape[1:] == (256, 128, 3) and len(framed.names) >= 8
    outside = framed.pictures[framed.labels == 0]
    assert np.median(outside) == 255
    heights = (framed.labels > 0).any(2).sum(1)
    assert np.median(heights) == pytest.approx(0.94 * 256, abs=6)


def test_a_recipe_resumes_from_its_checkpoint(chain, street):
    checkpoint = chain / "regions" / "checkpoint.safetensors"
    before = load_checkpoint(checkpoint, {}, {})
    command = ("regions", "--data", street, "--out", chain / "regions", "--batch", 4)
    run(*command, "--minutes", "0.06")
    after = load_checkpoint(checkpoint, {}, {})
    assert after["step"] > before["step"] > 0 and after["seconds"] > before["seconds"]


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
    from fice.training.data import load_street

    photographs = load_street(street, 384, 12)
    for fine in photographs.fine:
        if fine is None:
            continue
        merged = merge_labels(fine, photographs.classes)
        rows = np.flatnonzero((merged == REGION_CLASSES.index("face")).any(1))
        person = np.flatnonzero((merged > 0).any(1))
        assert len(rows) == 0 or rows[-1] < person[0] + 0.2 * len(person)
        assert ((merged > 0) == (fine > 0)).all()
