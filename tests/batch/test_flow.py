"""Pictures through one editor: together as alone, with the bundled weights on generated people."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from fice.batch.run import run_batch
from fice.batch.width import best_width
from fice.editor import Editor
from fice.sample import people
from fice.settings import Settings

SHORT = ("refine=0", "tuning=3", "views=2")  # so few steps that rounding has no time to grow
WISHES = ["red dress", "blue striped shirt", "green coat"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Several add up in another order, and each pass of the encoder makes the difference ten times as large."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def editor():
    return Editor("street", "cpu", Settings.preset("default", steps=4, refine=0, tuning=3, views=2))


@pytest.fixture(scope="module")
def photos(editor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i, person in enumerate(people(editor.generator, 3, seed=20)):
        Image.fromarray(person).resize((150, 300), Image.Resampling.BICUBIC).save(folder / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def alone(editor, photos):
    subjects = [editor.prepare(photos / f"{i}.png") for i in range(3)]
    return [editor.edit(subject, text) for subject, text in zip(subjects, WISHES, strict=True)]


def together(editor, photos, order):
    """The edits of photos in this order, in one batch."""
    subjects = editor.settle([editor.look(photos / f"{i}.png") for i in order])
    wishes = [(subject, editor.plan(subject, WISHES[i]), 0) for subject, i in zip(subjects, order, strict=True)]
    descent = editor.descent()
    slots = [descent.add(task, task.ws) for task in editor.begin(wishes)]
    while descent.slots:
        descent.step()
    return [editor.finish(slot) for slot in slots]


def alike(edit, single):
    """As far apart as rounding takes Adam's first steps, which are signs: an entry near zero goes either way."""
    assert (edit.ws - single.ws).abs().mean() < 0.02
    difference = np.abs(edit.picture - single.picture)
    assert difference[single.mask].mean() < 0.02 and difference.max() < 0.2
    assert (edit.mask == single.mask).mean() > 0.999
    assert abs(edit.facts["similarity"]["after"] - single.facts["similarity"]["after"]) < 0.02


def test_together_is_as_alone(editor, photos, alone):
    for edit, single in zip(together(editor, photos, [0, 1, 2]), alone, strict=True):
        alike(edit, single)


def test_neighbours_do_not_matter_at_all(editor, photos):
    one, other = together(editor, photos, [0, 1, 2]), together(editor, photos, [0, 2, 1])
    assert torch.equal(one[0].ws, other[0].ws) and (one[0].pixels == other[0].pixels).all()


def test_pictures_may_come_and_go(editor, photos, alone):
    """A picture that joins later ends where it does alone."""
    subjects = editor.settle([editor.look(photos / f"{i}.png") for i in range(3)])
    tasks = editor.begin([(s, editor.plan(s, t), 0) for s, t in zip(subjects, WISHES, strict=True)])
    descent, slots = editor.descent(), []
    for task in tasks:
        slots.append(descent.add(task, task.ws))
        descent.step()
    while descent.slots:
        descent.step()
    for slot, single in zip(slots, alone, strict=True):
        assert slot.steps == 4
        alike(editor.finish(slot), single)


def test_a_run_writes_what_edit_would(photos, alone, tmp_path):
    table = tmp_path / "orders.jsonl"
    rows = [{"photo": str(photos / f"{i}.png"), "text": text} for i, text in enumerate(WISHES)]
    table.write_text("\n".join(map(json.dumps, [*rows, {"photo": str(photos / "0.png"), "text": "xyzzy"}])))
    summary = run_batch(table, output=tmp_path / "out", width=3, steps=4, assignments=SHORT, device="cpu",
                        keep=["mask", "latent"])  # fmt: skip
    assert summary.done == 3 and sum(summary.failed.values()) == 1
    lines = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    for i, (text, single) in enumerate(zip(WISHES, alone, strict=True)):
        (line,) = (one for one in lines if one["report"]["text"] == text)
        written = np.asarray(Image.open(tmp_path / "out" / line["key"]), np.float32) / 255
        difference = np.abs(written - single.picture)
        assert difference[single.mask].mean() < 0.02 and difference.max() < 0.2
        assert line["status"] == "done" and line["report"]["input"] == str(photos / f"{i}.png")
        assert line["report"]["similarity"].keys() == {"before", "after"} and line["report"]["steps"] == 4
        assert (tmp_path / "out" / f"{line['key']}.mask.png").exists()
        assert (tmp_path / "out" / f"{line['key']}.latent.safetensors").exists()
    (failed,) = (one for one in lines if one["status"] == "failed")
    assert failed["exit_code"] == 3 and "xyzzy" in failed["error"]
    assert run_batch(table, output=tmp_path / "out", width=3, steps=4, assignments=SHORT, device="cpu",
                     keep=["mask", "latent"]).skipped == 3  # fmt: skip


def test_candidates_and_several_texts_share_one_analysis(photos, tmp_path, monkeypatch):
    settled = []
    settle = Editor.settle
    monkeypatch.setattr(
        Editor, "settle", lambda self, sights, *rest: settled.append(len(sights)) or settle(self, sights, *rest)
    )
    summary = run_batch(photos / "0.png", WISHES[:2], output=tmp_path / "out", width=4, steps=2, candidates=2,
                        assignments=SHORT, device="cpu")  # fmt: skip
    assert summary.done == 2 and settled == [1]


def test_the_width_is_measured_without_disturbing_the_task(editor, photos):
    subject = editor.prepare(photos / "0.png")
    (task,) = editor.begin([(subject, editor.plan(subject, "red dress"), 0)])
    before = task.targets.generators[0].get_state()
    width = best_width(editor, task)
    assert width in (1, 2, 4, 8, 16)
    assert torch.equal(task.targets.generators[0].get_state(), before)
