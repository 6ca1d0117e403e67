"""A whole evaluation: every edit of every run looked at, estimated, compared, shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from fice.batch.folders import photos_under
from fice.bundle.bundle import Bundle, load_bundle
from fice.device import resolve
from fice.errors import InputError, UsageError, WeightsError
from fice.evaluation.columns import MEASURES
from fice.evaluation.intervals import difference, estimate
from fice.evaluation.observer import Observer
from fice.evaluation.realism import Features, clip_features, inception_features, realism
from fice.evaluation.study import Difference, Estimate, Row, Study
from fice.evaluation.triples import Triple, read_run
from fice.extras import need
from fice.language.clip import Semantics
from fice.order import Order

Runs = Mapping[str, Sequence[str | Path]]
Tell = Callable[[str], None]
Progress = Callable[[int, int], None]  # pictures looked at, and of how many
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Judging:
    """Who looks at edits, and beside what.

    Attributes:
        bundle: whose networks find garments, heads and parts of the body.
        judge: whose CLIP compares edits with their texts; one that has guided them is told.
        real: a folder of photographs to which the edits' people are compared; by default those that were edited.
        features: "clip" (the judge's) or "inception", in which realism is measured.
        device: "auto", "cpu", "cuda[:n]" or "mps".
        resamples: of the bootstrap.

    >>> from fice import Judging
    >>> Judging(real="photos", features="inception").judge
    'street-judge'
    """

    bundle: str | Path | Bundle = "street"
    judge: str | Path | Bundle = "street-judge"
    real: str | Path | None = None
    features: str = "clip"
    device: str = "auto"
    resamples: int = 2000


def evaluate(
    runs: str | Path | Sequence[str | Path] | Runs,
    *,
    output: str | Path | None = None,
    judging: Judging | None = None,
    meanings: Mapping[str, str] | None = None,
    tell: Tell = lambda _: None,
    progress: Progress = lambda *_: None,
) -> Study:
    """Scores edits and compares runs with the first of them.

    Args:
        runs: folders that a batch has written, or csv tables (columns source, edit, text; if wished those of a batch's
            tables), one or several; or name -> the parts of one run.
        output: a folder for tables, plots and a page; None writes nothing.
        judging: who looks; the bundled networks when not given.
        meanings: of the runs, in one sentence each.

    Raises InputError for a run without edits and a folder without photographs, UsageError for what makes no sense and
    for missing libraries, WeightsError for missing networks. An edit that cannot be scored has reasons, not numbers.

    >>> import fice
    >>> study = fice.evaluate("theirs.csv")  # columns source, edit, text
    >>> 0 <= study.table["theirs"]["identical"].mean <= 1
    True
    """
    named = runs if isinstance(runs, Mapping) else _named([runs] if isinstance(runs, (str, Path)) else runs)
    judging = judging or Judging()
    features, real, resamples = judging.features, judging.real, judging.resamples
    if features not in ("clip", "inception"):
        raise UsageError(f"Realism is measured in the features of clip or inception, not of {features!r}.")
    check_extras(plots=output is not None)
    triples = {name: [triple for part in parts for triple in read_run(Path(part))] for name, parts in named.items()}
    where = resolve(judging.device)[0]
    networks, judge = load_bundle(judging.bundle), load_bundle(judging.judge)
    clip = Semantics.from_bundle(judge, where)
    chosen = inception_features(where) if features == "inception" else _of_judge(clip, judge)
    observer = Observer(networks, clip, where)
    photographs = _photographs(real, triples.values())
    wishes = [(name, triple) for name, all_of in triples.items() for triple in all_of]
    looks = _Looks(progress, len(wishes) + len(photographs))
    rows, people = _look(observer, chosen, wishes, looks)
    wanted, seen = _of_photographs(observer, chosen, photographs, looks)
    unseen = len(photographs) - len(seen)
    shown = [(row, person) for row, person in zip(rows, people, strict=True) if person is not None]
    whole = {name: _realism([each for each in shown if each[0].run == name], wanted, seen, resamples) for name in named}
    notes = [*_on_judge(judge, triples.values()), *_on_networks(networks, triples.values())]
    compared = f"the {len(photographs)} photographs of {real}" if real else "the photographs that were edited"
    notes.append(f"Realism: people on white in the features of {chosen.name} ({chosen.trained_on}), beside {compared}.")
    if unseen:
        notes.append(f"In {unseen} of {len(photographs)} photographs nobody was found; they are left out.")
    first = next(iter(named))
    study = Study(
        title=Path(output).resolve().name if output else first,
        runs={name: (meanings or {}).get(name, "") for name in named},
        measures=MEASURES,
        rows=rows,
        table={name: _table([row for row in rows if row.run == name], resamples) | whole[name] for name in named},
        differences={name: _differences(rows, first, name, resamples) for name in named if name != first},
        notes=tuple(notes),
    )
    if output:
        write(study, Path(output), tell)
    return study


def write(study: Study, out: Path, tell: Tell = lambda _: None) -> None:
    """Tables, plots and page of a study in the folder `out`."""
    from fice.evaluation.page import write_study_page
    from fice.evaluation.plots import write_plots
    from fice.evaluation.table import write_tables

    out.mkdir(parents=True, exist_ok=True)
    tables, plots = write_tables(study, out), write_plots(study, out)
    page = write_study_page(study, out, plots)
    tell(f"{page} shows it; the numbers are in {', '.join(path.name for path in tables)}.")


def check_extras(plots: bool = True) -> None:
    """Raises UsageError, with the command that installs it, where a library of an evaluation is missing."""
    need("evaluate", "skimage", *(["matplotlib"] if plots else []))


def _named(paths: Sequence[str | Path]) -> dict[str, list[str | Path]]:
    """A name for each run: that of its folder or file, longer where two are alike."""
    if not paths:
        raise UsageError("There is no run to evaluate: give a folder of a batch, or a csv of source, edit and text.")
    resolved = [Path(path).resolve() for path in paths]
    for depth in range(1, 1 + max(len(path.parts) for path in resolved)):
        names = ["/".join([*path.parts[-depth:-1], path.stem]) for path in resolved]
        if len(set(names)) == len(names):
            return dict(zip(names, ([path] for path in paths), strict=True))
    raise UsageError("One run was given twice: name each once.")


class _Looks:
    """Counts what has been looked at."""

    def __init__(self, progress: Progress, total: int):
        self.progress, self.total, self.done = progress, total, 0
        progress(0, total)

    def __call__(self, seen: Seen) -> Seen:
        self.done += 1
        self.progress(self.done, self.total)
        return seen


def _photographs(real: str | Path | None, triples: Iterable[Sequence[Triple]]) -> list[Path]:
    """Real pictures to compare with."""
    if real is None:
        return sorted({triple.source for all_of in triples for triple in all_of if triple.error is None})
    if not Path(real).is_dir():
        raise InputError(f"{real} is not a folder of photographs; check its name.")
    found = [Path(photo.path) for photo in photos_under(str(real), "") if not photo.is_folder]
    if not found:
        raise InputError(f"There are no photographs in {real}; check its name.")
    return found


def _of_photographs(
    observer: Observer, features: Features, photographs: Sequence[Path], looks: _Looks
) -> tuple[Tensor, list[Path]]:
    """Features (N, D) of the people in photographs, and the photographs in which there is somebody."""
    people = {path: looks(_person(observer, path)) for path in photographs}
    found = {path: features(person) for path, person in people.items() if person is not None}
    return torch.cat([*found.values()]) if found else torch.zeros(0, 1), [*found]


def _person(observer: Observer, path: Path) -> Tensor | None:
    try:
        return observer.person(path)
    except InputError:
        return None


def _look(
    observer: Observer, features: Features, wishes: Sequence[tuple[str, Triple]], looks: _Looks
) -> tuple[tuple[Row, ...], list[Tensor | None]]:
    """A row and the features (1, D) of the person for each edit; edits of one photograph are looked at together."""
    found: dict[int, tuple[Row, Tensor | None]] = {}
    for i in sorted(range(len(wishes)), key=lambda i: str(wishes[i][1].source)):
        row, person = observer.observe(*wishes[i]), observer.person_of(wishes[i][1])
        found[i] = looks((row, None if person is None else features(person)))
    return tuple(found[i][0] for i in range(len(wishes))), [found[i][1] for i in range(len(wishes))]


def _realism(
    shown: Sequence[tuple[Row, Tensor]], wanted: Tensor, origins: Sequence[Path], resamples: int
) -> dict[str, Estimate]:
    """How far the people of a run's edits are from real ones."""
    edited = torch.cat([person for _, person in shown]) if shown else wanted[:0]
    groups = [str(row.source) for row, _ in shown]
    return realism(edited, wanted, groups, resamples, origins=[str(path) for path in origins])


def _table(rows: Sequence[Row], resamples: int) -> dict[str, Estimate]:
    groups = [str(row.source) for row in rows]
    return {
        measure.name: estimate(
            [row.values.get(measure.name) for row in rows],
            groups,
            [row.reasons.get(measure.name, "") for row in rows],
            resamples,
        )
        for measure in MEASURES
        if not measure.whole
    }


def _differences(rows: Sequence[Row], first: str, other: str, resamples: int) -> dict[str, Difference]:
    groups = {row.partner: str(row.source) for row in rows}

    def numbers(run: str, measure: str) -> dict[tuple[str, Order], float]:
        return {row.partner: row.values[measure] for row in rows if row.run == run and measure in row.values}

    return {
        measure.name: difference(numbers(first, measure.name), numbers(other, measure.name), groups, resamples)
        for measure in MEASURES
        if not measure.whole
    }


def _of_judge(clip: Semantics, judging: Bundle) -> Features:
    return clip_features(clip, f"the CLIP of {judging.name}", f"trained on: {judging.data or 'not said'}")


def _guides(triples: Iterable[Sequence[Triple]]) -> set[str]:
    """The bundles that edits say they were made with; "" where one does not say."""
    return {str(triple.report.get("bundle") or "") for all_of in triples for triple in all_of if triple.error is None}


def _on_judge(judging: Bundle, triples: Iterable[Sequence[Triple]]) -> list[str]:
    """Who judges likeness to the text, and whether it may."""
    notes = [f"Similarity: the CLIP of {judging.name}, trained on: {judging.data or 'not said'}."]
    sha256 = judging.parts["clip"].sha256
    for name in sorted(_guides(triples)):
        if not name:
            notes.append("Some edits do not say what guided them; if this CLIP did, their similarity is too high.")
        elif name == judging.name or _clip_of(name) == sha256:
            notes.append(
                f"Warning: this CLIP guided the edits of {name}, so similarity and realism flatter them; "
                "--judge street-judge never guides."
            )
    return notes


def _clip_of(name: str) -> str:
    try:
        return load_bundle(name).parts["clip"].sha256
    except (WeightsError, KeyError):
        return ""


def _on_networks(networks: Bundle, triples: Iterable[Sequence[Triple]]) -> list[str]:
    """Who finds garments, heads and body parts."""
    note = f"Garments, heads and parts of the body: the networks of {networks.name}"
    return [f"{note}, which guided these edits too." if networks.name in _guides(triples) else f"{note}."]
