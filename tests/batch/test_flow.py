"""Pictures through one editor: together as alone, with the bundled weights on generated people."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from fice.batch.run import run_batch
from fice.batch.width import best_width
from fice.editor import Editor
from fice.inversion.sample import people
from fice.settings import Settings

SHORT = ("refine=0", "tuning=3", "views=2")
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


def begun(editor, photos, order):
    """Tasks of photos in this order, begun together."""
    subjects = editor.settle([editor.look(photos / f"{i}.png") for i in order])
    return editor.begin([(s, editor.plan(s, WISHES[i]), 0) for s, i in zip(subjects, order, strict=True)])


def together(editor, photos, order):
    """The edits of photos in this order, in one batch."""
    descent = editor.descent()
    slots = [descent.add(task, task.ws) for task in begun(editor, photos, order)]
    while descent.slots:
        descent.step()
    return [editor.finish(slot) for slot in slots]


def test_together_each_picture_has_the_loss_and_the_slope_that_it_has_alone(editor, photos):
    """Up to rounding, which turns a few gradients of ReLUs; what Adam makes of that is not promised."""
    tasks, descent = begun(editor, photos, [0, 1, 2]), editor.descent()
    chances = [task.targets.generators[0].get_state() for task in tasks]
    drawn, values, totals, slopes = descent.evaluate(tasks, torch.cat([task.ws for task in tasks]))
    for i, task in enumerate(tasks):
        task.targets.generators[0].set_state(chances[i])  # the same views
        picture, terms, total, slope = descent.evaluate([task], task.ws)
        torch.testing.assert_close(drawn[i : i + 1], picture, rtol=0, atol=1e-3)
        for name, value in terms.items():
            torch.testing.assert_close(values[name][i : i + 1], value, rtol=0.01, atol=1e-5)
        assert totals[i].item() == pytest.approx(total.item(), rel=0.01)
        assert F.cosine_similarity(slopes[i].flatten(), slope.flatten(), dim=0) > 0.999


def test_neighbours_do_not_matter_at_all(editor, photos):
    one, other = together(editor, photos, [0, 1, 2]), together(editor, photos, [0, 2, 1])
    assert torch.equal(one[0].ws, other[0].ws) and (one[0].pixels == other[0].pixels).all()


def test_who_joins_later_changes_nothing(editor, photos):
    """Pictures come at different steps, and each takes all of its own."""

    def ends(tasks):
        descent, slots = editor.descent(), []
        for task in tasks:
            slots.append(descent.add(task, task.ws))
            descent.step()
        while descent.slots:
            descent.step()
        return slots

    one, other = ends(begun(editor, photos, [0, 1, 2])), ends(begun(editor, photos, [0, 2, 1]))
    assert [slot.steps for slot in (*one, *other)] == [4] * 6
    assert torch.equal(one[0].ws, other[0].ws) and torch.equal(one[0].picture, other[0].picture)


def test_a_run_writes_what_edit_would(photos, alone, tmp_path):
    table = tmp_path / "orders.jsonl"
    rows = [{"photo": str(photos / f"{i}.png"), "text": text} for i, text in enumerate(WISHES)]
    table.write_text("\n".join(map(json.dumps, [*rows, {"photo": str(photos / "0.png"), "text": "xyzzy"}])))
    summary = run_batch(table, output=tmp_path / "out", width=1, steps=4, assignments=SHORT, device="cpu",
                        keep=["mask", "latent"])  # fmt: skip
    assert summary.done == 3 and sum(summary.failed.values()) == 1
    lines = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    for i, (text, single) in enumerate(zip(WISHES, alone, strict=True)):
        (line,) = (one for one in lines if one["report"]["text"] == text)
        assert (np.asarray(Image.open(tmp_path / "out" / line["key"])) == single.pixels).all()
        assert line["status"] == "done" and line["report"]["input"] == str(photos / f"{i}.png")
        assert line["report"]["similarity"].keys() == {"before", "after"} and line["report"]["steps"] == 4
        assert (tmp_path / "out" / f"{line['key']}.mask.png").exists()
        assert (tmp_path / "out" / f"{line['key']}.latent.safetensors").exists()
    (failed,) = (one for one in lines if one["status"] == "failed")
    assert failed["exit_code"] == 3 and "xyzzy" in failed["error"]
    assert run_batch(table, output=tmp_path / "out", width=1, steps=4, assignments=SHORT, device="cpu",
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
