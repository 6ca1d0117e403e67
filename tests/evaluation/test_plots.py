"""Plots of made-up studies: which are written, and that they say what the numbers say."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from evaluation.test_table import HOSTILE, MEASURES, empty, holes, many, tiny
from PIL import Image

from fice.errors import UsageError
from fice.evaluation import plots
from fice.evaluation.plots import write_plots
from fice.evaluation.study import Difference, Estimate, Row
from fice.order import Order

FEW = ("similarity", "psnr outside", "frechet")


def few(folder, runs):
    """A study with three measures, since drawing takes time for each."""
    study = many(folder, runs)
    return replace(study, measures=tuple(each for each in MEASURES if each.name in FEW))


def test_all_four(tmp_path):
    study = few(tmp_path, runs=3)
    paths = write_plots(study, tmp_path)
    assert [path.name for path in paths] == ["bars.png", "differences.png", "losses.png", "tradeoff.png"]
    for path in paths:
        with Image.open(path) as image:
            assert min(image.size) > 200 and "Software" not in image.info
            assert np.ptp(np.asarray(image.convert("L"))) > 200
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_plots(study, tmp_path)] == before


def test_only_what_there_is(tmp_path):
    assert write_plots(empty(), tmp_path) == []
    measures = few(tmp_path, runs=1).measures
    one = replace(few(tmp_path, runs=1), rows=())
    assert [path.name for path in write_plots(one, tmp_path)] == ["bars.png", "tradeoff.png"]
    assert [path.name for path in write_plots(replace(holes(tmp_path), measures=measures), tmp_path)] == [
        "bars.png",
        "tradeoff.png",
    ]
    speed = replace(many(tmp_path, runs=2), measures=MEASURES[11:12], rows=())
    assert [path.name for path in write_plots(speed, tmp_path)] == ["bars.png", "differences.png"]


@pytest.mark.filterwarnings("error")
def test_names_that_are_no_latin(tmp_path):
    """Neither dollars nor letters that the font has not stop a plot, and nothing is said about them."""
    name = HOSTILE + " $\\frac{1}$ _x_ " + "\N{COMBINING ACUTE ACCENT}" * 9
    study = few(tmp_path, runs=2)
    found = {name: study.table["default"], "$": study.table["no pose"]}
    odd = replace(study, runs={name: "", "$": ""}, table=found, differences={"$": study.differences["no pose"]})
    assert len(write_plots(odd, tmp_path)) == 3
    assert all(letter.isprintable() for letter in plots._short(name)) and len(plots._short(name)) <= 34


def test_what_is_drawn():
    for low, better, name in ((0.05, 1, "better"), (0.05, -1, "worse"), (-0.05, 1, ""), (-0.05, -1, "")):
        study, _ = tiny(low, better)
        with plots._style():
            axes = plots.differences(study).axes[0]
            dot = next(line for line in axes.lines if line.get_marker() == "o")
            assert dot.get_color() == plots.VERDICTS[name]
            whisker = next(line for line in axes.lines if list(line.get_xdata()) == [low, 0.2])
            assert whisker.get_color() == plots.VERDICTS[name]
    with plots._style():
        study, _ = tiny(0.05)
        assert not plots.bars(study).axes[0].patches  # 0.5 and 0.6 would look alike
        found = {"a": {"m": Estimate(-0.5, -0.6, -0.4, 9)}, "b": {"m": Estimate(0.1, 0, 0.2, 9)}}
        bars = plots.bars(replace(study, table=found)).axes[0].patches
        assert [bar.get_width() for bar in bars] == [-0.5, 0.1]
        assert plots.differences(replace(study, measures=(replace(study.measures[0], better=0),))) is None


def test_numbers_alone():
    """Nothing but means, some of them zero or the same."""
    study, _ = tiny(0.05)
    zero = {"a": {"m": Estimate(0.0, None, None, 1, "One.")}, "b": {"m": Estimate(0.0, None, None, 1, "One.")}}
    apart = {"b": {"m": Difference(0.0, None, None, 1, 0.0, "One.")}}
    with plots._style():
        for drawn in (plots.bars, plots.differences):
            drawn(replace(study, table=zero, differences=apart)).draw_without_rendering()


def test_mean_loss(tmp_path):
    study, _ = tiny(0.05)
    rows = (
        Row("a", tmp_path, tmp_path, Order.of("x"), curve=((0, 4.0), (10, 2.0))),
        Row("a", tmp_path, tmp_path, Order.of("y"), curve=((0, 2.0), (5, 0.0))),  # ended early, keeps its last
        Row("a", tmp_path, tmp_path, Order.of("z"), curve=()),
        Row("b", tmp_path, tmp_path, Order.of("x"), curve=((3, float("nan")),)),
    )
    steps, means = plots._mean_curve(replace(study, rows=rows), "a")
    assert list(steps) == [0, 5, 10] and list(means) == [3.0, 1.5, 1.0]
    assert plots._mean_curve(replace(study, rows=rows), "b") is None
    with plots._style():
        (line,) = plots.losses(replace(study, rows=rows)).axes[0].lines
        assert line.get_label() == "a" and line.axes.get_yscale() == "linear"
        steep = (replace(rows[0], curve=((0, 40.0), (10, 2.0))),)
        assert plots.losses(replace(study, rows=steep)).axes[0].get_yscale() == "log"


def test_labels_lie_apart(tmp_path):
    with plots._style():
        drawn = plots.tradeoff(many(tmp_path))
        drawn.draw_without_rendering()
        names = drawn.axes[0].texts
        boxes = [name.get_bbox_patch() or super(type(name), name).get_window_extent() for name in names]
    assert len(names) == 20
    assert not [(i, j) for i, one in enumerate(boxes) for j, two in enumerate(boxes[:i]) if one.overlaps(two)]


def test_users_own_style_is_kept(tmp_path):
    import matplotlib

    before = matplotlib.rcParams.copy()
    write_plots(few(tmp_path, runs=2), tmp_path)
    assert matplotlib.rcParams.copy() == before


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"pip install '.\[evaluate\]'"):
        write_plots(many(tmp_path, runs=1), tmp_path)
