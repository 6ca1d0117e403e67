"""What was found, in tables: for spreadsheets, for papers, for programs, for a terminal."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from fice.evaluation.study import Difference, Estimate, Measure, Study
from fice.files import whole_file

THEMES = {
    "Text": ("similarity before", "similarity", "gain", "colour error"),
    "What should stay": ("identical", "psnr outside", "ssim outside", "head psnr", "head ssim"),
    "What people see": ("changed", "spill", "painted", "rim", "cut", "print left", "doubt", "instead", "lost"),
    "Swatches": ("swatch colour", "swatch period", "swatch turn", "swatch detail"),
    "Pictures of garments": ("clip-i", "clip-i*", "confusion", "right garment", "dists"),
    "Body, realism, time": (),  # and every other measure
}
MOST_COLUMNS = 6  # of one block of the table for people
TERMINAL = 100  # columns of letters
LONGEST_NAME = 28  # of a run, in a terminal
NONE = "\N{EM DASH}"
MARKS = {"better": "\N{BLACK UP-POINTING TRIANGLE}", "worse": "\N{BLACK DOWN-POINTING TRIANGLE}", "": ""}
NO_ESTIMATE = Estimate(None, None, None, 0, "It was not measured.")
NO_DIFFERENCE = Difference(None, None, None, 0, None, "It was not compared.")


def write_tables(study: Study, out: Path) -> list[Path]:
    """Write table.csv, edits.csv, table.md and study.json to the folder `out`; FiceError when the disk refuses."""
    for name, text in FILES.items():
        with whole_file(out / name) as stream:
            stream.write(text(study).encode("utf-8", "replace"))  # a file's name may be no text
    return [out / name for name in FILES]


def as_csv(study: Study) -> str:
    """One line a run and measure: the estimate, and the paired difference to the first run."""
    head = ["run", "measure", "unit", "mean", "low", "high", "count"]
    head += ["difference", "difference low", "difference high", "pairs", "more", "reason"]
    lines: list[list] = [head]
    for run in study.runs:
        for measure in study.measures:
            found = estimate(study, run, measure)
            line: list = [run, measure.name, measure.unit, found.mean, found.low, found.high, found.count]
            reasons = [found.reason]
            if run == first_run(study):
                line += [None] * 5
            else:
                apart = difference(study, run, measure)
                line += [apart.mean, apart.low, apart.high, apart.pairs, apart.more]
                reasons.append(apart.reason)
            lines.append([*line, " ".join(dict.fromkeys(filter(None, reasons)))])
    return _csv(lines)


def as_rows_csv(study: Study) -> str:
    """One line an edit: what was asked for, every measure of an edit, and why numbers are missing."""
    names = [measure.name for measure in study.measures if not measure.whole]
    lines: list[list] = [["run", "source", "edit", "text", "seed", *names, "reasons"]]
    for row in study.rows:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in row.reasons.items())
        values = [row.values.get(name) for name in names]
        lines.append([row.run, str(row.source), str(row.edit), row.text, row.seed, *values, reasons])
    return _csv(lines)


def as_markdown(study: Study) -> str:
    """A line a run, a column a measure; several tables by theme where there are many measures."""
    parts = [f"# {_escaped(study.title)}"]
    for theme, measures in blocks(study):
        lines = [["", *(_escaped(heading(measure)) for measure in measures)], ["---", *["---:"] * len(measures)]]
        for run in study.runs:
            lines.append([_escaped(run), *(_markdown_cell(study, run, measure) for measure in measures)])
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        parts.append(f"## {theme}\n\n{table}" if theme else table)
    about = [f"**{_escaped(run)}**: {_escaped(sentence)}" for run, sentence in study.runs.items() if sentence]
    shifts = [f"After the brackets: the difference to {first_run(study)} on the same edits."] if study.runs else []
    about += [_escaped(note) for note in [*legend(study, bold=True), *shifts, *gaps(study), *study.notes]]
    about += [f"*{_escaped(measure.name)}*: {_escaped(measure.meaning)}" for measure in study.measures]
    parts.append("\n".join(f"- {line}" for line in about))
    return "\n\n".join(parts) + "\n"


def as_text(study: Study) -> str:
    """For a terminal of 100 columns: as many tables as it takes."""
    names = [_cut(plain(run), LONGEST_NAME) for run in study.runs]
    first = max([_width(name) for name in names], default=0)
    columns: list[list[str]] = []
    for measure in study.measures:
        cells = [_cell(study, run, measure) for run in study.runs]
        if any(cell != NONE for cell in cells):
            columns.append([plain(heading(measure)), *cells])
    tables: list[list[list[str]]] = []
    room = 0
    for column in columns:
        wide = 2 + max(_width(cell) for cell in column)
        if not tables or wide > room:
            tables.append([])
            room = TERMINAL - first
        tables[-1].append(column)
        room -= wide
    parts = []
    for table in tables:
        widths = [max(_width(cell) for cell in column) for column in table]
        lines = []
        for i, name in enumerate(["", *names]):
            cells = [" " * (wide - _width(column[i])) + column[i] for column, wide in zip(table, widths, strict=True)]
            lines.append("  ".join([name + " " * (first - _width(name)), *cells]).rstrip())
        parts.append("\n".join(lines))
    notes = [plain(note) for note in [*legend(study), *gaps(study), *study.notes]]
    parts.append("\n".join(textwrap.fill(note, TERMINAL, subsequent_indent="  ") for note in notes))
    return "\n\n".join(filter(None, parts)) + "\n"


def as_json(study: Study) -> str:
    """Everything but the curves."""
    rows = [row.as_json() for row in study.rows]
    return json.dumps(asdict(study) | {"rows": rows}, indent=1, allow_nan=False) + "\n"


FILES = {"table.csv": as_csv, "edits.csv": as_rows_csv, "table.md": as_markdown, "study.json": as_json}


def first_run(study: Study) -> str | None:
    """The run that others are compared with."""
    return next(iter(study.runs), None)


def estimate(study: Study, run: str, measure: Measure) -> Estimate:
    return study.table.get(run, {}).get(measure.name, NO_ESTIMATE)


def difference(study: Study, run: str, measure: Measure) -> Difference:
    return study.differences.get(run, {}).get(measure.name, NO_DIFFERENCE)


def verdict(measure: Measure, apart: Difference) -> str:
    """Whether a run is "better" or "worse" than the first, "" where the interval of the difference covers 0."""
    if not measure.better or apart.low is None or apart.high is None or apart.low <= 0 <= apart.high:
        return ""
    return "better" if (apart.low > 0) == (measure.better > 0) else "worse"


def is_best(study: Study, run: str, measure: Measure) -> bool:
    """Whether a run has the best mean of a measure, and not by chance.

    That is: its paired difference to the first run is decided; the first run itself is best where every other is
    decidedly worse.
    """
    means = {each: estimate(study, each, measure).mean for each in study.runs}
    known = {each: measure.better * mean for each, mean in means.items() if mean is not None}
    if not measure.better or run not in known or known[run] < max(known.values()):
        return False
    first = first_run(study)
    if run != first:
        return verdict(measure, difference(study, run, measure)) == "better"
    others = [each for each in known if each != first]
    return bool(others) and all(verdict(measure, difference(study, each, measure)) == "worse" for each in others)


def blocks(study: Study) -> Iterator[tuple[str, list[Measure]]]:
    """(theme, its measures that have a number anywhere); one block without a theme where they are few."""
    known = [measure for measure in study.measures if has_numbers(study, measure)]
    if len(known) <= MOST_COLUMNS:
        if known:
            yield "", known
        return
    themed = {name for names in THEMES.values() for name in names}
    for theme, names in THEMES.items():
        measures = [each for each in known if (each.name in names if names else each.name not in themed)]
        if measures:
            yield theme, measures


def has_numbers(study: Study, measure: Measure) -> bool:
    return any(estimate(study, run, measure).mean is not None for run in study.runs)


def heading(measure: Measure) -> str:
    """Name, unit, and an arrow to the better side."""
    arrow = {1: " \N{UPWARDS ARROW}", -1: " \N{DOWNWARDS ARROW}"}.get(measure.better, "")
    unit = f" ({measure.unit})" if measure.unit and measure.unit != "share" else ""
    return f"{measure.name}{unit}{arrow}"


def digits(study: Study, measure: Measure) -> int:
    """Decimals with which the largest mean of a column has three digits."""
    means = [estimate(study, run, measure).mean for run in study.runs]
    largest = max((abs(mean) for mean in means if mean is not None), default=0.0)
    return min(5, max(0, 3 - math.ceil(math.log10(largest)))) if largest else 3


def figure(value: float, decimals: int, sign: bool = False) -> str:
    """A number for people; what is rounded to zero has no sign."""
    text = f"{value:+.{decimals}f}" if sign else f"{value:.{decimals}f}"
    return text if float(text) else text.lstrip("+-")


def interval(found: Estimate | Difference, decimals: int, sign: bool = False) -> str:
    """As "[0.48, 0.56]", or "" where there is none."""
    if found.low is None or found.high is None:
        return ""
    return f"[{figure(found.low, decimals, sign)}, {figure(found.high, decimals, sign)}]"


def legend(study: Study, bold: bool = False) -> list[str]:
    """How the table is to be read."""
    lines = ["In brackets: 95 % intervals. An arrow beside the name of a measure points to what is better."]
    if len(study.runs) > 1:
        lines.append(
            f"{MARKS['better']} better, {MARKS['worse']} worse than {first_run(study)} on the same edits: the interval "
            "of the paired difference excludes 0."
        )
    if bold and len(study.runs) > 1:
        lines.append(f"Bold: the best of a column, if it is {MARKS['better']} or all others are {MARKS['worse']}.")
    return lines


def gaps(study: Study) -> list[str]:
    """Why numbers or intervals are missing, a line for each reason and the runs and measures that it holds for."""
    runs: dict[tuple[str, str], list[str]] = {}
    for measure in study.measures:
        for run in study.runs:
            found = estimate(study, run, measure)
            if found.mean is None or found.low is None:
                runs.setdefault((measure.name, found.reason or "No reason is known."), []).append(run)
    names: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (name, reason), where in runs.items():
        names.setdefault((reason, tuple(where)), []).append(name)
    return [
        f"{', '.join(measures)}{'' if len(where) == len(study.runs) else ' of ' + ', '.join(where)}: {reason}"
        for (reason, where), measures in names.items()
    ]


def _cell(study: Study, run: str, measure: Measure, apart: bool = False) -> str:
    """As "0.523 [0.48, 0.56] ▲", with the difference before the mark if asked; an em dash where there is no number."""
    found, decimals = estimate(study, run, measure), digits(study, measure)
    if found.mean is None:
        return NONE
    to_first = difference(study, run, measure)
    shift = figure(to_first.mean, decimals, sign=True) if apart and to_first.mean is not None else ""
    mark = MARKS[verdict(measure, to_first)]
    return " ".join(filter(None, [figure(found.mean, decimals), interval(found, decimals), shift, mark]))


def _markdown_cell(study: Study, run: str, measure: Measure) -> str:
    mean, space, rest = _cell(study, run, measure, apart=True).partition(" ")
    return f"**{mean}**{space}{rest}" if is_best(study, run, measure) else mean + space + rest


def _csv(lines: Iterable[list]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([_guarded(cell) for cell in line] for line in lines)
    return stream.getvalue()


def _guarded(cell: object) -> object:
    """Texts that a spreadsheet would take for a formula get an apostrophe in front; numbers have six digits."""
    if isinstance(cell, float):
        return f"{cell:.6g}"
    return f"'{cell}" if isinstance(cell, str) and re.match(r"\s*[=+\-@]|[\t\r]", cell) else cell


def _escaped(text: str) -> str:
    """Text in which markdown and html mean nothing, on one line."""
    return re.sub(r"([\\`*_\[\]<>|&#~$])", r"\\\1", plain(text))


def plain(text: str) -> str:
    """One line without anything that a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return wide - sum(1 for letter in text if unicodedata.combining(letter))


def _cut(text: str, width: int) -> str:
    """A text that takes no more than `width` columns; its middle is left out, as ends of names tell them apart."""
    head, tail = text, ""
    while _width(head) + _width(tail) > width - bool(tail):
        if not tail:
            tail = head[len(head) // 2 :]
            head = head[: len(head) // 2]
        elif _width(head) >= _width(tail):
            head = head[:-1]
        else:
            tail = tail[1:]
    return f"{head}\N{HORIZONTAL ELLIPSIS}{tail}" if tail else head
