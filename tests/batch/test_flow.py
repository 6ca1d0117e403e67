"""Pictures through one editor: together as alone, with the bundled weights on generated people."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from asking import batch
from PIL import Image
from torch.nn import functional as F

from fice.batch import batch_size
from fice.batch.batch_size import best_batch_size
from fice.batch.run import run_batch
from fice.editor import Editor
from fice.inversion.loop import evaluate
from fice.inversion.sample import people
from fice.inversion.term import bind
from fice.inversion.tuning import join, synthesis_of
from fice.order import Garment, Order
from fice.settings import Settings

SETTINGS = Settings.preset("generated", steps=4, refine=0, tuning=3, views=2)
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
    return Editor("street", "cpu", SETTINGS)


@pytest.fixture(scope="module")
def photos(editor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i, seed in enumerate((36, 20, 11)):  # of the first, jacket and trousers are seen
        person = people(editor.engine.generator, 1, seed=seed)[0]
        Image.fromarray(person).resize((150, 300), Image.Resampling.BICUBIC).save(folder / f"{i}.png")
    return folder


def begun(editor, photos, order):
    """Runs of photos in this order, begun together."""
    subjects = editor.fit([editor.analyse(photos / f"{i}.png") for i in order])
    plans = [editor.plan(subject, WISHES[i]) for subject, i in zip(subjects, order, strict=True)]
    return editor.engine.begin(plans, [0] * len(plans))


def through(editor, runs):
    """Runs, after all their steps."""
    going = list(runs)
    while going:
        ended = editor.engine.step(going)
        going = [run for run in going if run not in ended]
    return runs


def together(editor, photos, order):
    """The edits of photos in this order, in one batch."""
    return [editor.finish(run) for run in through(editor, begun(editor, photos, order))]


def evaluated(editor, runs):
    """One step's pictures, terms, losses and slopes of runs together."""
    terms = bind(editor.engine.terms, [run.targets for run in runs])
    draw = synthesis_of(editor.engine.generator, join([run.weights for run in runs]))
    return evaluate(draw, terms, torch.cat([run.ws for run in runs]), torch.arange(len(runs)))


def doubled(value):
    """A value with all numbers of 32 bits, however deep, in 64."""
    if torch.is_tensor(value):
        return value.double() if value.dtype == torch.float32 else value
    if isinstance(value, dict):
        return {name: doubled(each) for name, each in value.items()}
    return type(value)(map(doubled, value)) if isinstance(value, (list, tuple)) else value


def test_together_each_picture_has_the_loss_and_the_slope_that_it_has_alone(photos):
    """In 64 bits: the rounding of 32 turns gradients of some ReLUs, and with them the slope by a few hundredths."""
    editor = Editor("street", "cpu", SETTINGS)
    runs = begun(editor, photos, [0, 1, 2])
    engine = editor.engine
    for network in (engine.generator, engine.semantics.network, engine.regions.network, engine.pose.network):
        network.double()

    def fresh(run):
        again = engine.again(run)
        again = replace(again, weights=doubled(again.weights), targets=doubled(again.targets))
        again.ws = run.ws.double()
        return again

    drawn, values, totals, slopes = evaluated(editor, [fresh(run) for run in runs])
    for i, run in enumerate(runs):
        picture, terms, total, slope = evaluated(editor, [fresh(run)])
        torch.testing.assert_close(drawn[i : i + 1], picture, rtol=0, atol=1e-9)
        for name, value in terms.items():
            torch.testing.assert_close(values[name][i : i + 1], value, rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(totals[i : i + 1], total)
        assert F.cosine_similarity(slopes[i].flatten(), slope.flatten(), dim=0) > 0.999999


def test_neighbours_do_not_matter_at_all(editor, photos):
    one, other = together(editor, photos, [0, 1, 2]), together(editor, photos, [0, 2, 1])
    assert torch.equal(one[0].latent, other[0].latent) and (one[0].pixels == other[0].pixels).all()


def test_who_joins_later_changes_nothing(editor, photos):
    """Pictures come at different steps, and each takes all of its own."""

    def ends(runs):
        going = []
        for run in runs:
            going.append(run)
            editor.engine.step(going)
        return through(editor, runs)

    one, other = ends(begun(editor, photos, [0, 1, 2])), ends(begun(editor, photos, [0, 2, 1]))
    assert [run.steps for run in (*one, *other)] == [4] * 6
    assert torch.equal(one[0].ws, other[0].ws) and torch.equal(one[0].picture, other[0].picture)


def test_a_run_writes_what_edit_would(photos, tmp_path):
    table = tmp_path / "orders.jsonl"
    rows = [{"photo": str(photos / f"{i}.png"), "text": text} for i, text in enumerate(WISHES)]
    table.write_text("\n".join(map(json.dumps, [*rows, {"photo": str(photos / "0.png"), "text": "xyzzy"}])))
    asked = batch(table, (), tmp_path / "out", batch_size=2, device="cpu", keep=["mask", "compare"])
    summary = run_batch(asked)
    assert summary.done == 3 and sum(summary.failed.values()) == 1
    lines = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    editor = Editor("street", "cpu")
    for i, text in enumerate(WISHES):
        (line,) = (one for one in lines if one["report"]["text"] == text)
        single = editor.edit(editor.analyse(photos / f"{i}.png"), text)
        assert (np.asarray(Image.open(tmp_path / "out" / line["key"])) == single.pixels).all()
        assert line["status"] == "done" and line["report"]["input"] == str(photos / f"{i}.png")
        for name in ("similarity", "check", "complaints", "colours", "steps"):
            assert line["report"][name] == single.facts[name]
        assert (tmp_path / "out" / f"{line['key']}.mask.png").exists()
        assert (tmp_path / "out" / f"{line['key']}.compare.png").exists()
    (failed,) = (one for one in lines if one["status"] == "failed")
    assert failed["exit_code"] == 3 and "xyzzy" in failed["error"]
    assert run_batch(asked).skipped == 3


def test_candidates_and_several_texts_share_one_analysis(photos, tmp_path, monkeypatch):
    fitted = []
    fit = Editor.fit
    monkeypatch.setattr(
        Editor, "fit", lambda self, subjects, *rest: fitted.append(len(subjects)) or fit(self, subjects, *rest)
    )
    asked = batch(photos / "0.png", WISHES[:2], tmp_path / "out", batch_size=4, candidates=2, device="cpu")
    assert run_batch(asked).done == 2 and fitted == [1]


def test_the_width_is_measured_without_disturbing_the_run(editor, photos):
    (run,) = begun(editor, photos, [0])
    chance = run.targets["semantic"]["generators"][0]
    before = chance.get_state()
    assert best_batch_size(editor.engine, run, editor.device) in (1, 2, 4, 8, 16)
    assert torch.equal(chance.get_state(), before) and run.steps == 0


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({1: 1.0, 2: 1.05, 4: 1.3, 8: 1.5, 16: 1.55}, 8),  # a doubling that brings nothing does not end the search
        ({1: 1.0, 2: 1.05, 4: 1.09}, 1),  # two do
        ({1: 1.0, 2: 0.5, 4: 0.25}, 1),
        ({1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0, 16: 16.0}, 16),
    ],
    ids=str,
)
def test_the_fewest_that_are_nearly_fastest_are_edited_together(rates, best, monkeypatch):
    monkeypatch.setattr(batch_size, "rate_of", lambda engine, run, width, device: rates[width])
    monkeypatch.setattr(batch_size, "free_memory", lambda _: float("inf"))
    assert best_batch_size(None, None, torch.device("cpu")) == best


def test_a_batch_may_mix_plans_of_any_kind(editor, photos):
    """One garment beside two, and one that is not held to painted cloth: each as it is alone."""
    subject = editor.prepare(photos / "0.png")
    sentences = [(Garment("blue shirt"),), (Garment("red shirt"), Garment("green trousers"))]
    plans = [editor.plan(subject, Order(garments)) for garments in sentences]
    assert [len(plan.pieces) for plan in plans] == [1, 2]
    runs = editor.engine.begin(plans, [0, 0])
    runs[0].targets = {**runs[0].targets, "cloth": None}
    painted = runs[1].targets["cloth"]  # which the first step begins with: the term were 0
    runs[1].targets = {**runs[1].targets, "cloth": {**painted, "recoloured": painted["recoloured"] / 2}}
    _, values, totals, _ = evaluated(editor, [editor.engine.again(run) for run in runs])
    for i, run in enumerate(runs):
        _, alone, total, _ = evaluated(editor, [run])
        for name, value in alone.items():
            torch.testing.assert_close(values[name][i : i + 1], value, rtol=0.01, atol=1e-5)
        assert totals[i].item() == pytest.approx(total.item(), rel=0.01)
    assert values["cloth"][0] == 0 and values["cloth"][1] > 0
