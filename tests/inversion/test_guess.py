"""start=guess: the optimisation begins where the bundle's guess says, and only there."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from PIL import Image

from fice import Editor, Settings, WeightsError
from fice.bundle.pack import save_part
from fice.files import shipped
from fice.inversion.sample import people
from fice.nets.guess import Guess

QUICK = Settings.preset("fast", steps=3, refine=2, tuning=0, views=1, start="guess")


def with_guess(folder, reach=1.0, **changes):
    """A copy of the bundled weights with a made-up guess."""
    if not folder.exists():
        shutil.copytree(shipped() / "street", folder)
    editor = Editor("street", device="cpu")
    shape = {"num_ws": editor.generator.num_ws, "w_dim": editor.generator.w_dim,
             "embed_dim": editor.semantics.encode_text(["red"]).shape[1]}  # fmt: skip
    shape |= {"hidden": 32} | changes
    torch.manual_seed(0)
    network = Guess(**shape)
    network.reach.fill_(reach)
    save_part(folder, "guess", network, "guess", shape)
    return folder


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    return Editor(with_guess(tmp_path_factory.mktemp("bundles") / "guessing"), "cpu", QUICK)


@pytest.fixture(scope="module")
def subject(editor, tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "person.png"
    made = Image.fromarray(people(editor.generator, 1, seed=3)[0]).resize((150, 300), Image.Resampling.BICUBIC)
    wall = Image.new("RGB", (300, 400), (255, 255, 255))
    wall.paste(made, (70, 60))
    wall.save(path)
    return editor.prepare(path)


def test_the_edit_begins_one_step_from_the_photographs_latent(editor, subject):
    plan = editor.plan(subject, "red outfit")
    task = editor.begin([(subject, plan, 0)])[0]
    step = editor.guess.network(subject.ws, editor.semantics.encode_text(["red outfit"]))
    assert step.abs().max() > 0.01
    torch.testing.assert_close(task.ws, subject.ws + step)
    assert task.targets.worn is None


def test_together_as_alone(editor, subject):
    wishes = [(subject, editor.plan(subject, text), seed) for seed, text in enumerate(("red outfit", "a blue shirt"))]
    together = editor.begin(wishes)
    for wish, task in zip(wishes, together, strict=True):
        torch.testing.assert_close(editor.begin([wish])[0].ws, task.ws, rtol=1e-4, atol=1e-4)
    assert (together[0].ws - together[1].ws).abs().max() > 1e-3


def test_nothing_holds_the_colour_of_a_start_that_was_not_recoloured(editor, subject):
    edit = editor.edit(subject, "red outfit")
    assert edit.mask.any() and "cloth" not in edit.report()["losses"]


def test_a_guess_of_no_step_is_the_encoders_start(tmp_path, subject):
    still = Editor(with_guess(tmp_path / "still", reach=0.0), "cpu", QUICK)
    plain = Editor("street", "cpu", QUICK.replace(start="encoder"))
    assert (still.edit(subject, "red outfit").pixels == plain.edit(subject, "red outfit").pixels).all()


def test_a_bundle_without_a_guess_says_what_to_do(tmp_path):
    shutil.copytree(shipped() / "street", tmp_path / "none")
    card = json.loads((tmp_path / "none" / "bundle.json").read_text())
    del card["parts"]["guess"]
    (tmp_path / "none" / "bundle.json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match="has no guess.*leave out start=guess"):
        Editor(tmp_path / "none", "cpu", QUICK)


@pytest.mark.parametrize("changes", [{"num_ws": 3}, {"w_dim": 8}, {"embed_dim": 5}])
def test_a_guess_for_other_networks_is_refused(tmp_path, changes):
    folder = with_guess(tmp_path / "other", **changes)
    with pytest.raises(WeightsError, match="another generator or CLIP.*leave out start=guess"):
        Editor(folder, "cpu", QUICK)
