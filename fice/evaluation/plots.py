"""What was found, in pictures: estimates, differences to the first run, losses, and what an edit costs elsewhere."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fice.evaluation.study import Difference, Estimate, Measure, Study
from fice.evaluation.table import difference, digits, estimate, figure, first_run, has_numbers, heading, plain, verdict
from fice.extras import need
from fice.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE = "#1c1b19", "#6a6761", "#dedbd5"
FIRST, DARK = "#d55e00", "#33516b"
VERDICTS = {"better": "#0072b2", "worse": "#d55e00", "": "#9a968e"}  # of Okabe and Ito, safe for the colour-blind
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d00", "#7a4fa3")
DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
STYLE: Any = {
    "font.size": 9,
    "text.parse_math": False,  # a name may have dollars
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}
DPI = 120
LONGEST_NAME = 34
LINE_HEIGHT = 0.21  # inches
ACROSS = 4  # panels


def write_plots(study: Study, out: Path) -> list[Path]:
    """Write bars.png, differences.png, losses.png and tradeoff.png to `out`, each where there is something to show.

    UsageError without matplotlib, FiceError when the disk refuses.
    """
    plots: dict[str, Callable[[Study], Figure | None]] = {
        "bars.png": bars,
        "differences.png": differences,
        "losses.png": losses,
        "tradeoff.png": tradeoff,
    }
    paths = []
    with _style():
        for name, plot in plots.items():
            if (drawn := plot(study)) is not None:
                with whole_file(out / name) as stream:
                    drawn.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
                paths.append(out / name)
    return paths


def bars(study: Study) -> Figure | None:
    """A panel a measure, a line a run: means with their 95 % intervals."""
    measures = [measure for measure in study.measures if has_numbers(study, measure)]
    return _panels(study, measures, list(study.runs), _bar_panel) if measures else None


def differences(study: Study) -> Figure | None:
    """A panel a directed measure, a line a run but the first: paired differences to the first run."""
    runs = list(study.runs)[1:]
    measures = [
        measure
        for measure in study.measures
        if measure.better and any(difference(study, run, measure).mean is not None for run in runs)
    ]
    if not measures:
        return None
    drawn = _panels(study, measures, runs, _difference_panel)
    labels = {"better": "better", "worse": "worse", "": "undecided: the interval covers 0"}
    handles = [_handle(VERDICTS[name], label) for name, label in labels.items()]
    title = _short(f"Difference to {first_run(study)}", 60)
    drawn.legend(handles=handles, title=title, alignment="left", loc="outside upper left", ncols=3, handletextpad=0.4)
    return drawn


def losses(study: Study) -> Figure | None:
    """The mean loss of each run by step; an edit that ended early keeps its last."""
    curves = {run: curve for run in study.runs if (curve := _mean_curve(study, run)) is not None}
    if not curves:
        return None
    drawn = _figure(10, max(4.5, 0.9 + LINE_HEIGHT * len(curves)))
    axes = drawn.add_subplot()
    for i, (run, (steps, values)) in enumerate(curves.items()):
        is_first = run == first_run(study)
        colour, dash = (INK, "-") if is_first else (COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS) % len(DASHES)])
        width = 2.2 if is_first else 1.3
        marker = "o" if len(steps) == 1 else None
        axes.plot(steps, values, color=colour, linestyle=dash, linewidth=width, marker=marker, label=_short(run))
    everything = np.concatenate([values for _, values in curves.values()])
    if everything.min() > 0 and everything.max() > 10 * everything.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda *_: "")
    axes.grid(True)
    axes.set_xlabel("Step")
    axes.set_ylabel("Loss, mean of the edits")
    axes.set_title("Loss")
    drawn.legend(loc="outside right upper", labelspacing=0.35, handlelength=2.6)
    return drawn


def tradeoff(study: Study) -> Figure | None:
    """How well the text is met against how much is kept, a point a run."""
    measures = {measure.name: measure for measure in study.measures if has_numbers(study, measure)}
    met = measures.get("similarity") or measures.get("gain")
    kept = measures.get("psnr outside") or measures.get("identical")
    if met is None or kept is None:
        return None
    found = {run: (estimate(study, run, met), estimate(study, run, kept)) for run in study.runs}
    points = [(run, x.mean, y.mean, x, y) for run, (x, y) in found.items() if x.mean is not None and y.mean is not None]
    if not points:
        return None
    drawn = _figure(9, 7)
    axes = drawn.add_subplot()
    for run, across, up, x, y in points:
        colour = FIRST if run == first_run(study) else DARK
        for estimates, line in ((x, axes.hlines), (y, axes.vlines)):
            if estimates.low is not None and estimates.high is not None:
                line(up if estimates is x else across, estimates.low, estimates.high, colour, linewidth=1, alpha=0.3)
        axes.plot(across, up, "o", color=colour, markersize=6)
    axes.grid(True)
    axes.margins(0.08)
    axes.set_xlabel(heading(met))
    axes.set_ylabel(heading(kept))
    axes.set_title("What the text gains, and what stays")
    names, colours = [], []
    for run, *_ in points:
        names.append(_short(run))
        colours.append(FIRST if run == first_run(study) else INK)
    _label(drawn, axes, names, [(across, up) for _, across, up, _, _ in points], colours)
    return drawn


@contextmanager
def _style() -> Iterator[None]:
    """matplotlib as it is delivered, with our style, whatever its user has set."""
    need("evaluate", "matplotlib")
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # boxes stand for letters that the font has not
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawn)
    return drawn


def _panels(study: Study, measures: list[Measure], runs: list[str], panel: Callable[..., None]) -> Figure:
    """Panels in rows of `ACROSS`; the runs are named at the left of each row."""
    across = min(ACROSS, len(measures))
    down = -(-len(measures) // across)
    drawn = _figure(2.2 + 2.9 * across, 0.6 + down * (0.75 + LINE_HEIGHT * max(2, len(runs))))
    for i, measure in enumerate(measures):
        axes = drawn.add_subplot(down, across, i + 1)
        panel(axes, study, measure, runs)
        axes.set_title(heading(measure))
        axes.set_ylim(len(runs) - 0.4, -0.6)
        axes.set_yticks(range(len(runs)), [_short(run) for run in runs] if i % across == 0 else [""] * len(runs))
        axes.tick_params(axis="y", length=0)
        for text, run in zip(axes.get_yticklabels(), runs, strict=True):
            if run == first_run(study):
                text.set_color(FIRST)
                text.set_fontweight("bold")
        axes.spines["left"].set_visible(False)
        axes.grid(True, axis="x")
        axes.locator_params(axis="x", nbins=4)
    return drawn


def _bar_panel(axes: Axes, study: Study, measure: Measure, runs: list[str]) -> None:
    """Bars from 0; dots without it, where from 0 all would look alike."""
    found = [estimate(study, run, measure) for run in runs]
    means = [each.mean for each in found if each.mean is not None]
    alike = min(means) > 0.4 * max(means) > 0
    decimals = digits(study, measure)
    for i, (run, each) in enumerate(zip(runs, found, strict=True)):
        shown = "none" if each.mean is None else figure(each.mean, decimals)
        axes.text(1.02, i, shown, transform=axes.get_yaxis_transform(), va="center", fontsize=7, color=SOFT)
        if each.mean is None:
            continue
        is_first = run == first_run(study)
        colour = FIRST if is_first else VERDICTS["better"]
        if alike:
            axes.plot(each.mean, i, "o", color=colour, markersize=4.5)
        else:
            axes.barh(i, each.mean, height=0.62, color=colour, alpha=0.5)
        _whisker(axes, each, i, colour if alike else INK)
        if is_first:
            axes.axvline(each.mean, color=FIRST, linewidth=0.8, alpha=0.6, zorder=0.9)
    if not alike:
        axes.axvline(0, color=SOFT, linewidth=0.8)


def _difference_panel(axes: Axes, study: Study, measure: Measure, runs: list[str]) -> None:
    axes.axvline(0, color=SOFT, linewidth=0.8)
    for i, run in enumerate(runs):
        apart = difference(study, run, measure)
        colour = VERDICTS[verdict(measure, apart)]
        if apart.mean is not None:
            axes.plot(apart.mean, i, "o", color=colour, markersize=4.5)
        _whisker(axes, apart, i, colour)


def _whisker(axes: Axes, found: Estimate | Difference, y: int, colour: str) -> None:
    if found.low is not None and found.high is not None:
        axes.plot([found.low, found.high], [y, y], color=colour, linewidth=1.3, solid_capstyle="butt")


def _handle(colour: str, label: str):
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, marker="o", linewidth=1.3, markersize=4.5, label=label)


def _mean_curve(study: Study, run: str) -> tuple[np.ndarray, np.ndarray] | None:
    curves = [np.array(sorted(row.curve)) for row in study.rows if row.run == run and row.curve]
    curves = [curve[np.isfinite(curve).all(1)] for curve in curves]
    curves = [curve for curve in curves if len(curve)]
    if not curves:
        return None
    steps = np.unique(np.concatenate([curve[:, 0] for curve in curves]))
    return steps, np.mean([np.interp(steps, curve[:, 0], curve[:, 1]) for curve in curves], axis=0)


def _label(drawn: Figure, axes: Axes, names: list[str], points: list[tuple[float, float]], colours: list[str]) -> None:
    """A name beside each point, where it covers least and is nearest to its own point."""
    from matplotlib.patheffects import withStroke

    drawn.draw_without_rendering()  # fixes where the axes lie
    drawn.set_layout_engine("none")
    at = axes.transData.transform(points)
    pixels = drawn.dpi / 72  # of a typographic point
    taken: list[np.ndarray] = []
    for i, (name, point, colour) in enumerate(zip(names, points, colours, strict=True)):
        halo = [withStroke(linewidth=2, foreground="white")]
        place: Any = {"textcoords": "offset points", "ha": "center", "va": "center", "path_effects": halo}
        line = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.6, "shrinkB": 3}
        text = axes.annotate(name, point, (0, 0), fontsize=8, color=colour, **place)
        half = np.array(text.get_window_extent().size) / 2 + 1
        tried: list[tuple[float, int, int, np.ndarray]] = []
        for far in (8, 16, 28, 42, 60):
            for angle in range(0, 360, 30):
                way = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))]).round(3)
                middle = at[i] + far * pixels * way + half * np.clip(2 * way, -1, 1)
                box = np.stack([middle - half, middle + half])
                tried.append((far + _cost(box, taken, at, i, axes.bbox.get_points()), len(tried), far, box))
        _, _, far, box = min(tried, key=lambda each: each[:2])
        taken.append(box)
        text.remove()
        shift = (box.mean(0) - at[i]) / pixels
        axes.annotate(name, point, shift, fontsize=8, color=colour, arrowprops=line if far > 8 else None, **place)


def _cost(box: np.ndarray, taken: list[np.ndarray], points: np.ndarray, own: int, room: np.ndarray) -> float:
    """Of a name in `box`, low and high corner in pixels: for what it covers, what is nearer to it, leaving the axes."""
    gaps = np.hypot(*np.maximum(0, np.maximum(box[0] - points, points - box[1])).T)
    others = np.delete(gaps, own)
    names = sum(bool((box[0] < other[1]).all() and (other[0] < box[1]).all()) for other in taken)
    outside = np.maximum(0, np.maximum(room[0] - box[0], box[1] - room[1])).sum()
    return float(200 * names + 80 * (others < 6).sum() + 25 * (others < gaps[own]).sum() + 20 * outside)


def _short(name: str, longest: int = LONGEST_NAME) -> str:
    """A name on one line; its middle is left out, as ends tell names apart."""
    name = plain(name)
    half = longest // 2
    return name if len(name) <= longest else f"{name[:half]}\N{HORIZONTAL ELLIPSIS}{name[1 - half :]}"
