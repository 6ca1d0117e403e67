"""Tables of studies that were made up, with every kind of hole."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fice.evaluation import table
from fice.evaluation.study import Difference, Estimate, Measure, Row, Study
from fice.evaluation.table import as_csv, as_json, as_markdown, as_rows_csv, as_text, write_tables
from fice.order import Garment, Order

HOSTILE = 'a <b> | & "quoted" *star* `code` $x$ \N{DRESS} \u7ea2\u8272 \u2028 </script>\x1b[31m'
MEASURES = (
    Measure("similarity before", "", 0, "Cosine of text and garment in the source."),
    Measure("similarity", "", 1, "Cosine of text and garment in the edit."),
    Measure("gain", "", 1, "Similarity of the edit minus that of the source."),
    Measure("colour error", "\N{GREEK CAPITAL LETTER DELTA}E", -1, "CIE76 distance to the colour of the text."),
    Measure("identical", "share", 1, "Pixels outside the region that are the same."),
    Measure("psnr outside", "dB", 1, "Peak signal to noise ratio outside the region."),
    Measure("ssim outside", "", 1, "Structural similarity outside the region."),
    Measure("head psnr", "dB", 1, "Peak signal to noise ratio in the head."),
    Measure("head ssim", "", 1, "Structural similarity in the head."),
    Measure("part iou", "", 1, "Mean intersection over union of body parts."),
    Measure("part distance", "%", -1, "Mean distance of the parts' centres."),
    Measure("seconds", "s", -1, "Time that the edit took."),
    Measure("frechet", "", -1, "Distance of the edits to real pictures.", whole=True),
    Measure("kernel", "", -1, "Squared maximum mean discrepancy to real pictures.", whole=True),
)
USUAL = {
    "similarity before": (0.21, 0.01),
    "similarity": (0.33, 0.03),
    "gain": (0.12, 0.03),
    "colour error": (18, 6),
    "identical": (0.97, 0.02),
    "psnr outside": (36, 3),
    "ssim outside": (0.96, 0.02),
    "head psnr": (38, 3),
    "head ssim": (0.98, 0.01),
    "part iou": (0.81, 0.05),
    "part distance": (1.4, 0.4),
    "seconds": (14, 2),
    "frechet": (61, 5),
    "kernel": (0.021, 0.004),
}
VARIANTS = (
    "default",
    "no pose",
    "no head",
    "no latent",
    "no image term",
    "no augmentation",
    "one view",
    "steps 50",
    "steps 100",
    "steps 400",
    "lr 0.01",
    "lr 0.1",
    "W only",
    "no stitch",
    "hard seam",
    "no detail",
    "no tuning",
    "paper",
    "recolouring by mask alone (baseline)",
    "candidates 4",
)
TEXTS = ("a red dress", "a blue striped shirt with long sleeves", "\u7ea2\u8272\u8fde\u8863\u88d9", HOSTILE)


def around(values: list[float]) -> Estimate:
    if len(values) < 2:
        return Estimate(values[0] if values else None, None, None, len(values), "One photograph gives no interval.")
    mean, half = float(np.mean(values)), 2 * float(np.std(values)) / len(values) ** 0.5
    return Estimate(mean, mean - half, mean + half, len(values))


def many(folder: Path, runs: int = 20, photos: int = 6, texts: int = 2, seed: int = 0) -> Study:
    """A study like real ones; of each run the second edit has no colour error and the last run no curves."""
    random = np.random.default_rng(seed)
    names = VARIANTS[:runs]
    rows, estimates, differences = [], {}, {}
    wishes = [(folder / "photos" / f"{i}.png", TEXTS[k], 7) for i in range(photos) for k in range(texts)]
    noise = {name: random.normal(0, 1, len(wishes)) for name in USUAL}
    for run in names:
        shift = {name: 0 if run == names[0] else random.normal(0, 0.5) for name in USUAL}
        for i, (source, text, number) in enumerate(wishes):
            values = {}
            for measure in MEASURES:
                if not measure.whole:
                    mean, spread = USUAL[measure.name]
                    own = noise[measure.name][i] + shift[measure.name] + random.normal(0, 0.4)
                    values[measure.name] = mean + spread * float(own if measure.better else noise[measure.name][i])
            reasons = {}
            if i == 1:
                del values["colour error"]
                reasons["colour error"] = "The text names no colour."
            steps = np.arange(0, 50 if run == "steps 50" else 200, 5)
            falling = 0.6 + 0.5 * np.exp(-steps / 40) + 0.02 * random.normal(0, 1, len(steps)) + 0.05 * shift["gain"]
            curve = () if run == names[-1] else tuple((int(s), float(v)) for s, v in zip(steps, falling, strict=True))
            edit = folder / run / f"{i}.png"
            rows.append(Row(run, source, edit, Order.of(text, seed=number), values, reasons, curve))
        mine = {row.partner: row for row in rows if row.run == run}
        first = {row.partner: row for row in rows if row.run == names[0]}
        estimates[run], differences[run] = {}, {}
        for measure in MEASURES:
            name = measure.name
            if measure.whole:
                mean, spread = USUAL[name]
                mean += shift[name] * spread
                estimates[run][name] = Estimate(mean, mean - spread, mean + spread, len(wishes))
                differences[run][name] = Difference(None, None, None, 0, None, "A whole run has no pairs.")
                continue
            estimates[run][name] = around([row.values[name] for row in mine.values() if name in row.values])
            pairs = [mine[key].values[name] - first[key].values[name] for key in mine if name in mine[key].values]
            apart = around(pairs)
            more = float(np.mean([pair > 0 for pair in pairs])) if pairs else None
            differences[run][name] = Difference(apart.mean, apart.low, apart.high, len(pairs), more, apart.reason)
    if names:
        del differences[names[0]]
    notes = ("The judge is street (trained on 1,900 photographs).", "The judge also guided the edits.")
    about = {run: f"The default settings with {run}." for run in names}
    return Study("Ablation of fice", about, MEASURES, tuple(rows), estimates, differences, notes)


def holes(folder: Path) -> Study:
    """One photo, no curves, no numbers in half of the measures, hostile names, a run whose edit is missing."""
    study = many(folder, runs=2, photos=1, texts=1)
    bad, worse = HOSTILE, "=" + "very long name of a run " * 6
    lost = Estimate(None, None, None, 0, "No edit could be read.")
    rows = [replace(study.rows[0], run=run, curve=()) for run in (bad, worse)]
    rows[0] = replace(rows[0], source=Path("-a\udcff.png"), order=Order.of(HOSTILE, seed=3))
    rows[1] = replace(rows[1], values={}, reasons={each.name: "The edit cannot be read." for each in MEASURES})
    known = {each.name: study.table["default"][each.name] for each in MEASURES[:7]}
    known |= {each.name: lost for each in MEASURES[7:]}
    apart = {each.name: Difference(None, None, None, 0, None, "No pairs.") for each in MEASURES}
    return Study(
        HOSTILE,
        {bad: HOSTILE, worse: ""},
        MEASURES,
        tuple(rows),
        {bad: known, worse: {each.name: lost for each in MEASURES}},
        {worse: apart},
        (HOSTILE,),
    )


def empty() -> Study:
    return Study("Nothing", {}, MEASURES, (), {}, {}, ())


def tiny(low: float, better: int = 1) -> tuple[Study, Measure]:
    """Two runs, one measure, the second a tenth larger, with `low` as the lower end of the difference."""
    measure = Measure("m", "", better, "")
    found = {"a": {"m": Estimate(0.5, 0.4, 0.6, 9)}, "b": {"m": Estimate(0.6, 0.5, 0.7, 9)}}
    apart = {"b": {"m": Difference(0.1, low, 0.2, 9, 0.9)}}
    return Study("t", {"a": "", "b": ""}, (measure,), (), found, apart, ()), measure


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_long_form(tmp_path):
    study = many(tmp_path, runs=3)
    lines = read(as_csv(study))
    assert [(line["run"], line["measure"]) for line in lines] == [(r, m.name) for r in study.runs for m in MEASURES]
    line = next(each for each in lines if (each["run"], each["measure"]) == ("no pose", "colour error"))
    found, apart = study.table["no pose"]["colour error"], study.differences["no pose"]["colour error"]
    assert math.isclose(float(line["mean"]), found.mean, rel_tol=1e-5) and int(line["count"]) == found.count == 11
    assert math.isclose(float(line["difference low"]), apart.low, rel_tol=1e-5) and int(line["pairs"]) == 11
    assert lines[1]["difference"] == lines[1]["pairs"] == ""  # the first run is compared with nothing
    assert lines[-1]["reason"] == "A whole run has no pairs."


def test_a_line_an_edit(tmp_path):
    lines = read(as_rows_csv(many(tmp_path, runs=2)))
    assert len(lines) == 24 and "kernel" not in lines[0]
    assert (lines[1]["colour error"], lines[1]["reasons"]) == ("", "colour error: The text names no colour.")
    assert lines[0]["seed"] == "7" and float(lines[0]["seconds"]) > 0


def test_nothing_is_a_formula(tmp_path):
    study = holes(tmp_path)
    for text in (as_csv(study), as_rows_csv(study)):
        cells = [cell for line in read(text) for cell in line.values()]
        numbers = [cell for cell in cells if cell[:1] in ("-", "+", "=", "@")]
        assert all(math.isfinite(float(cell)) for cell in numbers)
    first, second = read(as_rows_csv(study))
    assert first["source"] == "'-a\udcff.png" and first["text"] == HOSTILE and second["run"].startswith("'=very")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", " =1"])
def test_starts_that_are_guarded(start):
    study = replace(tiny(0.1)[0], rows=(Row(start, Path("a"), Path("b"), Order((Garment(start),))),))
    (line,) = read(as_rows_csv(study))
    assert (line["run"], line["text"]) == (f"'{start}", f"'{start.strip()}")


def test_markdown(tmp_path):
    text = as_markdown(many(tmp_path))
    assert text.count("\n## ") == 3 and text.count("| --- |") == 3
    for line in text.splitlines():
        assert len(line) < 250
    assert "| similarity before | similarity \N{UPWARDS ARROW} |" in text
    assert "(\N{GREEK CAPITAL LETTER DELTA}E) \N{DOWNWARDS ARROW} |" in text
    few = replace(many(tmp_path, runs=3), measures=MEASURES[:3])
    assert "\n## " not in as_markdown(few)


def test_markdown_of_holes(tmp_path):
    text = as_markdown(holes(tmp_path))
    assert "kernel: No edit could be read." in text and "kernel |" not in text  # no column without a number
    assert "ssim outside of a " in text and ": One photograph gives no interval." in text
    assert "<b>" not in text.replace("\\<b\\>", "") and r"\| \& " in text and not set("\u2028\x1b") & set(text)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows if "similarity" in line} == {6}


@pytest.mark.parametrize(
    ("low", "better", "verdict", "best"),
    [(0.05, 1, "better", "b"), (0.05, -1, "worse", "a"), (-0.05, 1, "", None), (0.0, 1, "", None), (0.05, 0, "", None)],
)
def test_best_and_not_by_chance(low, better, verdict, best):
    study, measure = tiny(low, better)
    assert table.verdict(measure, study.differences["b"]["m"]) == verdict
    assert [run for run in "ab" if table.is_best(study, run, measure)] == ([best] if best else [])
    bold = {"a": "**0.500** [0.400, 0.600]", "b": "**0.600** [0.500, 0.700] +0.100"}
    assert [run for run in "ab" if bold[run] in as_markdown(study)] == ([best] if best else [])


def test_digits():
    for mean, shown in ((0.0213, "0.0213"), (1.0, "1.000"), (4.2, "4.20"), (36, "36.0"), (412, "412"), (0, "0.000")):
        study, measure = tiny(0.1)
        study = replace(study, table={"a": {"m": Estimate(mean, None, None, 1, "One.")}})
        assert table.figure(mean, table.digits(study, measure)) == shown
    assert table.figure(-0.0001, 3) == table.figure(0.0001, 3, sign=True) == "0.000"
    assert table.figure(0.1, 2, sign=True) == "+0.10"


def test_terminal(tmp_path):
    for study in (many(tmp_path), holes(tmp_path)):
        text = as_text(study)
        lines = text.split("\n\n")[:-1]
        assert all(table._width(line) <= 100 for block in lines for line in block.splitlines())
        assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "recolouring by mask alone (\N{HORIZONTAL ELLIPSIS}" not in as_text(many(tmp_path))
    assert "default  " in as_text(many(tmp_path)) and "candidates 4" in as_text(many(tmp_path))


def test_json(tmp_path):
    told = json.loads(as_json(many(tmp_path, runs=2)))
    assert told["table"]["default"]["gain"]["count"] == 12 and told["measures"][3]["better"] == -1
    assert len(told["rows"]) == 24 and "curve" not in told["rows"][0]
    assert json.loads(as_json(holes(tmp_path)))["rows"][0]["source"] == "-a\udcff.png"


def test_written(tmp_path):
    for study in (many(tmp_path), holes(tmp_path), empty()):
        paths = write_tables(study, tmp_path)
        assert [path.name for path in paths] == ["table.csv", "edits.csv", "table.md", "study.json"]
        before = [path.read_bytes() for path in paths]
        assert [path.read_bytes() for path in write_tables(study, tmp_path)] == before
        as_text(study)
