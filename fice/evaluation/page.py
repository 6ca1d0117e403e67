"""One page of a study: the table, the plots, and the pictures of all runs side by side.

A single html file without outside requests, beside the plots and the thumbnails that it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fice.evaluation.study import Measure, Row, Study
from fice.evaluation.table import (
    FILES,
    blocks,
    difference,
    digits,
    estimate,
    figure,
    first_run,
    gaps,
    heading,
    interval,
    is_best,
    legend,
    verdict,
)
from fice.order import Order
from fice.pages.thumbnails import Thumbnail, link, thumbnails
from fice.pages.webpage import write_page

PLOTS = {
    "bars": "Means with their 95 % intervals",
    "differences": "Paired differences to the first run",
    "losses": "Loss by step",
    "tradeoff": "Similarity against what stays",
}
UNDER = ("similarity", "colour error")  # each picture
ROOM = Path(__file__).parent


def write_study_page(study: Study, out: Path, plots: Sequence[Path]) -> Path:
    """Write OUT/index.html with `plots` (files of `fice.evaluation.plots`) and return its path.

    Tables of `fice.evaluation.table` that lie in OUT are linked. Pictures that are missing or broken become grey
    boxes with the reason. FiceError when the disk refuses.
    """
    return write_page(
        out / "index.html",
        ROOM / "study.html.j2",
        ROOM / "study.css",
        title=study.title,
        runs=study.runs,
        first=first_run(study),
        notes=study.notes,
        legend=legend(study, bold=True),
        gaps=gaps(study),
        blocks=[(theme, [_column(study, measure) for measure in each]) for theme, each in blocks(study)],
        measures=[(heading(measure), measure.meaning) for measure in study.measures],
        plots=[(link(out, path), PLOTS.get(path.stem, path.stem)) for path in plots],
        tables=[name for name in FILES if (out / name).is_file()],
        wishes=_wishes(study, out),
    )


def _column(study: Study, measure: Measure) -> dict[str, Any]:
    """A measure and its cell for each run."""
    return {
        "heading": heading(measure),
        "meaning": measure.meaning,
        "cells": [_cell(study, run, measure) for run in study.runs],
    }


def _cell(study: Study, run: str, measure: Measure) -> dict[str, Any]:
    found, apart, decimals = estimate(study, run, measure), difference(study, run, measure), digits(study, measure)
    about = [f"{found.count} edits." if found.mean is not None else "", found.reason]
    if apart.mean is not None:
        about.append(f"Difference to {first_run(study)}: {figure(apart.mean, decimals, sign=True)}")
        about.append(f"{interval(apart, decimals, sign=True)} over {apart.pairs} pairs.")
    return {
        "mean": None if found.mean is None else _typeset(figure(found.mean, decimals)),
        "interval": _typeset(interval(found, decimals)),
        "about": _typeset(" ".join(filter(None, about))),
        "verdict": verdict(measure, apart),
        "best": is_best(study, run, measure),
    }


def _wishes(study: Study, out: Path) -> list[dict[str, Any]]:
    """A row of pictures for each photo, text and seed: the source, and what each run made of it."""
    found: dict[tuple[str, Order], dict[str, Row]] = {}
    for row in study.rows:
        found.setdefault(row.partner, {})[row.run] = row
    wished = [next(iter(rows.values())) for rows in found.values()]
    sources = [row.source for row in wished]
    edits = [row.edit for rows in found.values() for row in rows.values()]
    small = dict(zip([*sources, *edits], thumbnails(out, [*sources, *edits]), strict=True))
    seeds = {row.seed for row in study.rows}
    under = [(each, digits(study, each)) for each in study.measures if each.name in UNDER]
    return [
        {
            "text": row.text,
            "name": row.source.name,
            "seed": row.seed if len(seeds) > 1 else None,
            "source": _picture(out, row.source, small[row.source], "The photo is missing or broken.")
            | {"about": row.source.name},
            "edits": [_edit(out, run, rows.get(run), small, under) for run in study.runs],
        }
        for row, rows in zip(wished, found.values(), strict=True)
    ]


def _edit(
    out: Path, run: str, row: Row | None, small: dict[Path, Thumbnail | None], under: list[tuple[Measure, int]]
) -> dict[str, Any]:
    if row is None:
        return {"link": None, "reason": "This run has no such edit.", "figures": []}
    why = next(iter(row.reasons.values()), "") if not row.values else ""
    figures = [
        (measure.name, measure.unit, _typeset(figure(row.values[measure.name], decimals)))
        for measure, decimals in under
        if measure.name in row.values
    ]
    shown = _picture(out, row.edit, small[row.edit], why or "The picture is missing or broken.")
    numbers = [" ".join(filter(None, (name, value, unit))) for name, unit, value in figures]
    about = ", ".join([f"{run}: {row.text} ({row.source.name})", *numbers])
    return shown | {"figures": figures, "about": about}


def _picture(out: Path, path: Path, small: Thumbnail | None, reason: str) -> dict[str, Any]:
    """Links to a picture and its thumbnail, or why there are none."""
    if small is None:
        return {"link": None, "reason": reason}
    return {"link": link(out, path), "small": small.link(), "ratio": round(small.ratio, 4)}


def _typeset(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
